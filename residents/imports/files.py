"""Where the files of an import lie: the upload under a random name, its rows as plain text, and what was wrong."""

import secrets
from pathlib import Path

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from servicedesk.core import tables
from servicedesk.core.errors import Refused

FOLDER = "imports"


def new_name():
    """Return a random name that nobody can guess."""
    return secrets.token_hex(16)


def store(upload):
    """Write an uploaded file under a new name and return the name. Do it before the transaction, never inside."""
    name = new_name()
    default_storage.save(f"{FOLDER}/{name}", upload)
    return name


def path_of(run):
    """Return the path of the upload. Raises Refused where it has been erased."""
    path = _path(run.stored)
    if not run.stored or not path.exists():
        raise Refused(_("The file of this import has been erased. Upload it again."))
    return path


def plain_of(run):
    """Return the path of the rows of a workbook as plain text, which is made when they are first read."""
    return _path(run.stored, ".plain")


def faults_of(run):
    """Return the path of the list of what was wrong."""
    return _path(run.stored, ".faults")


def discard(name, *, faults=True):
    """Remove the files of an import; the list of faults only where it is not needed any more either."""
    for ending in ("", ".plain", ".part", *([".faults"] if faults else [])):
        _path(name, ending).unlink(missing_ok=True)


def begin_faults(run):
    """Make sure that a list of faults can be written."""
    path = faults_of(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def look_of(run):
    """Return how the file of a run is read, as it was seen when it was uploaded."""
    return tables.Look(tuple(run.sheets), run.encoding, run.delimiter)


def first_rows(run, most):
    """Return the first rows of a run's file, its heading first. Raises Refused."""
    return tables.first_rows(path_of(run), look_of(run), sheet=run.sheet, most=most)


def table_of(run):
    """Return the Table of a run's file, whose rows can be read again and again. Raises Refused."""
    if run.sheets:
        return tables.plain_table(plain_of(run), encoding="utf-8", delimiter=",", numbered=True)
    return tables.plain_table(path_of(run), encoding=run.encoding, delimiter=run.delimiter)


def make_plain(run, *, seen):
    """Write the rows of a workbook as plain text, once and whole: what is cut short is not taken for it."""
    part = _path(run.stored, ".part")
    tables.write_plain(path_of(run), part, sheet=run.sheet, seen=seen)
    part.rename(plain_of(run))


def _path(name, ending=""):
    return Path(default_storage.path(f"{FOLDER}/{name}{ending}"))
