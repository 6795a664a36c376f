"""What every form of a step on a thing has: the version of what it was made for."""

from django import forms

INLINE = {"class": "inline"}


def few_lines(rows=2):
    return forms.Textarea(attrs={"rows": rows})


class StepForm(forms.Form):
    """A step on `thing`; a page that is out of date, or a form that is sent twice, is told so by `version`."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)

    def __init__(self, *args, thing, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.thing, self.now = thing, now
        self.initial.setdefault("version", thing.version)
        self.prepare()

    def prepare(self):
        """Fill in what depends on the thing: choices and first values."""

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}
