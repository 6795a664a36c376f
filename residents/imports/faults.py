"""What was wrong with the rows of a file: kept in a file beside it and erased with it, for it repeats its words."""

import json
from dataclasses import dataclass
from itertools import islice

from django.apps import apps
from django.utils.translation import gettext as _

from residents.imports.registry import TARGETS


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where, what stands there and why. `ordinal` is the place of its row in the file."""

    ordinal: int
    line: int
    column: str
    value: str
    reason: str
    params: dict

    @property
    def cause(self):
        """The reason in the language of who reads it; what is counted is named by its model."""
        return _(self.reason) % {
            name: _("; ").join(map(_counted, part)) if isinstance(part, list) else part
            for name, part in self.params.items()
        }


def _counted(part):
    label, count = part
    return _("%(name)s (%(count)s)") % {"name": apps.get_model(label)._meta.verbose_name_plural, "count": count}


def write(path, faults, *, anew=False):
    """Add faults to the list at `path`, or begin it `anew`."""
    with path.open("w" if anew else "a", encoding="utf-8") as file:
        for fault in faults:
            cells = [fault.ordinal, fault.line, fault.column, fault.value, fault.reason, fault.params]
            file.write(json.dumps(cells, ensure_ascii=False) + "\n")


def read(path, most=None):
    """Yield the faults of a list, at most so many; none where there is no list."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in islice(file, most):
            yield Fault(*json.loads(line))


def keep_until(path, done):
    """Leave out what was listed of rows behind the first `done`: their chunk was not written, and comes again."""
    kept = [fault for fault in read(path) if fault.ordinal < done]
    write(path, kept, anew=True)


def labels_of(run):
    """Return {key: label} of the columns of a run's target."""
    return {column.key: column.label for column in TARGETS[run.target].columns}
