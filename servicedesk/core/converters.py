"""What may stand in an address. With anything else there is no such address: 404, before a view or a query sees it."""


class Word:
    """A file name or a signed value of ours."""

    regex = r"[A-Za-z0-9._:=-]+"

    def to_python(self, value):
        return value

    def to_url(self, value):
        return str(value)


class Number(Word):
    """The number of a case. Numbers of an old system may have any letters, but no character that cannot be stored."""

    regex = r"[^/\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]+"
