"""What a file may hold: its columns with their words, and how a chunk of rows becomes rows of the register.

A target is made for one pass over a file. It is asked about each row in turn, and remembers what it said: the second
row of the same thing finds it there already. In a check nothing is written; in a run each chunk is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from django.utils.translation import gettext_noop

from residents.imports.cells import BadCell

REQUIRED = gettext_noop("This must not be empty.")
DIFFERS = gettext_noop("The register says “%(is)s”. It was left as it is.")
REPEATS = gettext_noop("The same as line %(line)s.")
DIFFERS_FROM_LINE = gettext_noop("Line %(line)s says “%(is)s”, and that counts.")


@dataclass(frozen=True)
class Column:
    """One column of ours: what stands in it, how it is read, and the headings by which it is known elsewhere.

    `choices` are its codes with their names; `words` says which words of the trade mean which code.
    """

    key: str
    label: str
    read: Callable
    example: str
    names: str
    about: str = ""
    required: bool = False
    choices: tuple = ()
    words: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One row that could be read: its place in the file, and what it says by our columns; what is empty is None."""

    ordinal: int
    line: int
    facts: dict


@dataclass(frozen=True)
class There:
    """The thing of a row is in the register, or in a `line` of the same file before it; with a `column`, it says
    something else there."""

    column: str = ""
    value: str = ""
    says: str = ""
    line: int | None = None

    @property
    def remark(self):
        """What is said of it in the list of what was noticed: a BadCell, or None where there is nothing to say."""
        if self.line is None:
            return BadCell(DIFFERS, **{"is": self.says}) if self.column else None
        return BadCell(DIFFERS_FROM_LINE if self.column else REPEATS, **{"line": self.line, "is": self.says})


class Target:
    """A kind of file. Subclasses say what its rows are, whether one is there, and write those that are new."""

    key: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    about: ClassVar[str] = ""
    # Of these columns at least one is given.
    one_of: ClassVar[tuple[str, ...]] = ()

    def __init__(self, run, *, by, now, dry):
        self.run, self.community, self.by, self.now, self.dry = run, run.community, by, now, dry
        # In which line of the file a thing stood first.
        self.lines = {}

    def prepare(self, entries):
        """Read what the register knows of the things that a chunk names. A fixed number of queries."""

    def judge(self, entry):
        """Return There for what the register has, None for what is new to it. Raises BadCell."""
        raise NotImplementedError

    def write(self, entries):
        """Write new entries with their events, in the transaction of the chunk; return [(model, keys)] added."""
        raise NotImplementedError

    def refresh(self):
        """Forget the keys of what was written, where the database has refused a chunk and taken it back."""

    @property
    def data(self):
        """What the events of the added rows say."""
        return {"run": self.run.pk}


def demand(facts, *keys):
    """Raise BadCell for the first of `keys` that a row leaves empty."""
    for key in keys:
        if facts.get(key) in (None, ""):
            raise BadCell(REQUIRED, key)


def compare(facts, *known, line=None):
    """Return There for a thing that is known, from the register or a `line` of the file; it names the first of
    (column, known value) that differs.

    What the file leaves empty says nothing against it.
    """
    for key, value in known:
        given = facts.get(key)
        if given not in (None, "") and given != value:
            return There(key, str(given), "–" if value in (None, "") else str(value), line)
    return There(line=line)
