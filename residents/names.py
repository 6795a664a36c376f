"""Chinese names for the finder: full pinyin and initials, so that `wxm` and `wangxiaomei` find 王小梅."""

# The package is loaded with the first name: its readings take 58 MB, which a web worker that only looks people up by
# their initials has no use for.
# Two-part surnames and readings that differ in names are pypinyin's own; a name is short, so no phrase data is needed.


def pinyin_of(name):
    """Return a name's pinyin without blanks or tones, lower case: `wangxiaomei`."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(name, errors=_keep)).lower()[:400]


def initials_of(name):
    """Return the first letters of a name's syllables, lower case: `wxm`."""
    from pypinyin import Style, lazy_pinyin

    return "".join(part[:1] for part in lazy_pinyin(name, style=Style.FIRST_LETTER, errors=_keep)).lower()[:120]


def _keep(text):
    return "".join(c if c.isascii() and c.isalnum() else " " for c in text).split()
