"""How an app joins what stands below it: it adds to the lists kept there, from its `ready`; nothing calls back."""


class Joined(list):
    """A list to which apps above add their own when they are loaded; what is there already is passed over."""

    def join(self, *entries):
        self.extend(entry for entry in dict.fromkeys(entries) if entry not in self)
