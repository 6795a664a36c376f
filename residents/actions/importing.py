"""Verbs of an import: upload, choose columns, check all rows, run, stop, go on, take back, forget the file.

What takes long is done in slices by a worker (`work_on_import`): in chunks of 1,000 rows, each one transaction with
its rows, its events and the progress of the run. Whatever is cut short goes on behind the last chunk that was written.
"""

import itertools
import logging
import time
from datetime import timedelta

import psycopg
from django.apps import apps
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models.functions import Coalesce
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from residents.imports import faults, files, mapping
from residents.imports.cells import BadCell
from residents.imports.faults import Fault
from residents.imports.registry import TARGETS
from residents.imports.undoing import take_back
from residents.models import ImportAdded, ImportMapping, ImportRun
from servicedesk.core import clock, events, tables
from servicedesk.core.alone import importing_alone
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.moves import move, write

logger = logging.getLogger(__name__)

Status = ImportRun.Status
CHUNK = 1000
# A worker does other things, too: after so long it puts the rest behind them.
SLICE_SECONDS = 20
# A run that has said nothing for so long is taken for interrupted.
SILENT = timedelta(seconds=30)
MOST_ATTEMPTS = 3
KEPT_DAYS = 7
REFUSES = (psycopg.DataError, psycopg.IntegrityError, DataError, IntegrityError)
# What the database says is English and names rows by their keys: it is for who looks after the program.
REFUSED_BY_DATABASE = gettext_noop(
    "It does not go together with what is in the register by now. Compare the two, and check the file again."
)
NOTHING = {"done": 0, "new": 0, "there": 0, "differing": 0, "refused": 0}
BUSY = gettext_noop("Another import into this community is running. Wait until it has finished.")


def upload_register(community, *, target, upload, by, now):
    """Keep an uploaded file and return its ImportRun. Raises Refused with a sentence for what is no table."""
    name = files.store(upload)
    try:
        run = ImportRun(community=community, target=target, file_name=upload.name[-200:], stored=name, by=by)
        look = tables.look_at(files.path_of(run))
        run.sheets, run.encoding, run.delimiter = list(look.sheets), look.encoding, look.delimiter
        run.sheet, run.created_at = (look.sheets[0] if look.sheets else ""), now
        # A workbook of several sheets may begin with an empty one: its sender chooses.
        run.header = _header(run) if len(look.sheets) < 2 else []
        with transaction.atomic():
            run.save(force_insert=True)
            events.log(run, "uploaded", by=by, now=now, data={"target": str(target)})
    except BaseException as error:
        files.discard(name)
        if isinstance(error, tables.TooLarge):
            raise Refused(_("Unpacked, this workbook would be larger than 60 MB. Save it as CSV.")) from error
        raise
    return run


def _header(run):
    rows = files.first_rows(run, 1)
    if not rows:
        raise Refused(_("The file is empty, or its first row is not a row of column names."))
    if len(rows[0].values) > tables.MOST_COLUMNS:
        raise Refused(_("The first row has more than a thousand columns. Is this the right file?"))
    return [mapping.plain(heading)[:200] for heading in rows[0].values]


def _locked(run, *statuses):
    """Return the row of a run, kept from others for this transaction. Raises Refused outside of `statuses`."""
    found = ImportRun.objects.select_for_update(of=("self",)).select_related("community", "by").get(pk=run.pk)
    if found.status not in statuses:
        text = _("This import is “%(state)s” by now, so nothing was changed. Look at it again.")
        raise Refused(text % {"state": found.get_status_display()})
    return found


@transaction.atomic
def choose_sheet(run, *, sheet, by, now):
    """Read another sheet of the workbook from now on; chosen columns are forgotten, for they were of the old one."""
    run = _locked(run, Status.UPLOADED, Status.MAPPED, Status.CHECKED)
    run.sheet = sheet
    facts = {"sheet": sheet, "header": _header(run), "mapping": {}, "rows": None, **NOTHING}
    files.plain_of(run).unlink(missing_ok=True)
    if run.status == Status.UPLOADED:
        write(run, **facts)
        events.log(run, "sheet_chosen", by=by, now=now)
    else:
        move(run, Status.UPLOADED, by=by, now=now, verb="sheet_chosen", **facts)


@transaction.atomic
def map_columns(run, *, chosen, remember="", by, now):
    """Say which column of the file is which of ours, and remember it for this community under a name."""
    run = _locked(run, Status.UPLOADED, Status.MAPPED, Status.CHECKED, Status.FAILED)
    files.path_of(run)
    move(run, Status.MAPPED, by=by, now=now, mapping=chosen, rows=None, ended_at=None, problem="", **NOTHING)
    if remember:
        facts = {"mapping": mapping.by_heading(chosen, run.header), "by": by, "saved_at": now}
        ImportMapping.objects.update_or_create(
            community=run.community, target=run.target, name=remember, defaults=facts
        )
    return run


@transaction.atomic
def check_import(run, *, by, now):
    """Have all rows of the file looked at; nothing is written to the register."""
    run = _locked(run, Status.MAPPED)
    files.path_of(run)
    move(run, Status.CHECKING, by=by, now=now, heartbeat_at=clock.now(), attempts=0, rows=None, **NOTHING)
    return run


@transaction.atomic
def start_import(run, *, only_good, by, now):
    """Have the rows written; with `only_good` those that are refused are left out, without it there must be none."""
    run = _locked(run, Status.CHECKED)
    if run.refused and not only_good:
        text = _("Rows are refused. Correct the file and upload it again, or import only the good rows.")
        raise Refused(text)
    if not run.new:
        raise Refused(_("Nothing in this file is new to the register, so there is nothing to import."))
    files.path_of(run)
    _move_to_work(run, Status.RUNNING, by=by, now=now, only_good=only_good, **NOTHING)
    return run


@transaction.atomic
def go_on_with_import(run, *, by, now):
    """Go on with a run that was stopped, or that its worker left."""
    run = _locked(run, *ImportRun.AT_WORK, Status.CANCELLED)
    if run.status == Status.CANCELLED:
        files.path_of(run)
        if run.rows is None or not run.mapping:
            raise Refused(_("This import was given up before it ran. Upload the file again."))
        _move_to_work(run, Status.RUNNING, by=by, now=now, verb="went_on", ended_at=None)
    return run


def _move_to_work(run, status, **facts):
    try:
        with transaction.atomic():
            move(run, status, heartbeat_at=clock.now(), attempts=0, **facts)
    except IntegrityError as error:
        raise Refused(_(BUSY)) from error


@transaction.atomic
def stop_import(run, *, by, now):
    """Stop what is at work behind its last chunk, or give up what has not run. What was added stays until undone."""
    steps = (Status.UPLOADED, Status.MAPPED, Status.CHECKED)
    run = _locked(run, *steps, Status.CHECKING, Status.RUNNING)
    if run.status == Status.CHECKING:
        move(run, Status.MAPPED, by=by, now=now, verb="check_stopped", rows=None, **NOTHING)
        return run
    given_up = run.status in steps and not run.added
    # What was counted in a check was not done, and would be left out by a run that goes on.
    counted = NOTHING if run.status in steps and run.added else {}
    move(run, Status.CANCELLED, by=by, now=now, ended_at=now, data={"done": run.done}, **counted)
    if given_up:
        _erase_files(run, now)
    return run


@transaction.atomic
def undo_import(run, *, by, now):
    """Have everything taken back that a run added, as far as nothing hangs on it. What stayed the last time is looked
    at again. Raises Refused where there is nothing left."""
    run = _locked(run, Status.DONE, Status.CANCELLED, Status.FAILED, Status.UNDONE)
    again = run.status == Status.UNDONE
    if not run.added:
        raise Refused(_("This import has added nothing, so there is nothing to take back."))
    if again and not run.kept:
        raise Refused(_("Everything that this import added has been taken back already."))
    if again:
        run.additions.exclude(keys=[]).update(is_settled=False)
    name = run.stored or files.new_name()
    files.discard(name, faults=False)
    facts = {"problem": "", "stored": name, "erased_at": None} | ({"kept": 0} if again else {})
    # One that failed on its way back goes on there: what it kept stays counted and listed.
    anew = again or not (run.taken_back or run.kept)
    _move_to_work(run, Status.UNDOING, by=by, now=now, ended_at=None, **facts)
    faults.write(files.begin_faults(run), [], anew=anew)
    return run


def _erase_files(run, now):
    """Forget the file of a run and what was wrong with it."""
    name = run.stored
    write(run, stored="", erased_at=now)
    transaction.on_commit(lambda: files.discard(name))


def forget_import_files(*, now):
    """Erase the files of runs that nobody has gone on with for a week; return how many."""
    old = now - timedelta(days=KEPT_DAYS)
    rows = ImportRun.objects.filter(erased_at=None).exclude(status__in=ImportRun.AT_WORK)
    keys = rows.annotate(last=Coalesce("ended_at", "created_at")).filter(last__lt=old).values_list("pk", flat=True)
    forgotten = 0
    for key in list(keys):
        with transaction.atomic():
            run = ImportRun.objects.select_for_update(of=("self",)).select_related("community").get(pk=key)
            if run.is_at_work or run.erased_at:
                continue
            if run.status in (Status.UPLOADED, Status.MAPPED, Status.CHECKED):
                move(run, Status.CANCELLED, by=None, now=now, ended_at=now)
            _erase_files(run, now)
            forgotten += 1
    return forgotten


def silent_imports(*, now):
    """Return the keys of runs that are at work and have said nothing for half a minute: their worker is gone."""
    silent = ImportRun.objects.filter(status__in=ImportRun.AT_WORK, heartbeat_at__lt=now - SILENT)
    return list(silent.order_by("pk").values_list("pk", flat=True))


# What a worker does --------------------------------------------------------------------------------------------------


def work_on_import(key, *, now, seconds=SLICE_SECONDS):
    """Work on a run for so many seconds; return whether there is more to do.

    Two workers at once do no harm: the lock lets one in, and the progress of a run is written by compare-and-set, so
    that a chunk of the other is taken back. One that is stopped meanwhile ends at its next chunk. A run whose workers
    die three times without a chunk written fails, and says so.
    """
    run = _at_work(key)
    if run is None:
        return False
    try:
        with importing_alone(run.community), translation.override(run.by.language):
            return _work(key, now, seconds)
    except Stale:
        return _at_work(key) is not None
    except Refused:
        # Somebody else is inside, perhaps with this very run.
        return True


def _at_work(key):
    rows = ImportRun.objects.filter(pk=key, status__in=ImportRun.AT_WORK)
    return rows.select_related("community", "by").first()


def _work(key, now, seconds):
    run = _at_work(key)
    if run is None:
        return False
    if run.attempts >= MOST_ATTEMPTS:
        _fail(run, now, _("The program was interrupted here three times. Tell whoever looks after it."))
        return False
    write(run, attempts=run.attempts + 1, heartbeat_at=clock.now())
    ends = time.monotonic() + seconds
    try:
        return _undo_slice(run, now, ends) if run.status == Status.UNDOING else _read_slice(run, now, ends)
    except Stale:
        raise
    except Refused as refused:
        _fail(run, now, str(refused))
        return False


@transaction.atomic
def _fail(run, now, sentence):
    move(run, Status.FAILED, by=None, now=now, ended_at=now, problem=sentence[:400])


def _read_slice(run, now, ends):
    """Read rows until the slice is over or the file is; return whether there is more."""
    if run.status == Status.CHECKING and run.done == 0:
        _read_whole(run)
    path = files.begin_faults(run)
    if run.done:
        faults.keep_until(path, run.done)
    else:
        faults.write(path, [], anew=True)
    dry = run.status == Status.CHECKING
    kind = TARGETS[run.target]
    target = kind(run, by=run.by, now=now, dry=dry)
    if dry and run.done:
        # What a check has seen as new is nowhere but in its memory: it begins again.
        write(run, **NOTHING)
        faults.write(path, [], anew=True)
    reader = mapping.Reader(kind, run.mapping)
    rows = itertools.islice(files.table_of(run), run.done, None)
    while chunk := list(itertools.islice(rows, CHUNK)):
        _Chunk(run, target, reader, chunk, path).write()
        if not dry and time.monotonic() > ends and run.done < run.rows:
            return True
    _finish(run, now)
    return False


def _read_whole(run):
    """Read the file from end to end before anything is made of its rows; tell how many there are."""
    if run.sheets and not files.plain_of(run).exists():
        files.make_plain(run, seen=lambda count: write(run, rows=count, heartbeat_at=clock.now()))
    table = files.table_of(run).check()
    if table.header and [heading[:200] for heading in table.header] != run.header:
        raise Refused(_("The file has changed since its columns were chosen. Upload it again."))
    write(run, rows=table.rows, heartbeat_at=clock.now())


@transaction.atomic
def _finish(run, now):
    counts = {name: getattr(run, name) for name in NOTHING}
    if run.status == Status.CHECKING:
        move(run, Status.CHECKED, by=run.by, now=now, data=counts)
        return
    move(run, Status.DONE, by=run.by, now=now, ended_at=now, data=counts)
    transaction.on_commit(lambda: files.discard(run.stored, faults=False))


class _Chunk:
    """A chunk of rows on its way: read, judged, written, counted."""

    def __init__(self, run, target, reader, rows, path):
        self.run, self.target, self.path = run, target, path
        self.faults = []
        self.counts = {"new": 0, "there": 0, "differing": 0, "refused": 0}
        self.rows = len(rows)
        self.entries = []
        for ordinal, row in enumerate(rows, start=run.done):
            entry, wrong = reader.entry(ordinal, row)
            if entry is None:
                self.counts["refused"] += 1
                self.faults += [_fault(ordinal, row.line, column, value, bad) for column, value, bad in wrong]
            else:
                self.entries.append(entry)

    def write(self):
        """Judge the rows, write what is new unless it is a check, and the progress with it. Raises Stale, Refused."""
        self.target.prepare(self.entries)
        new = [entry for entry in self.entries if self._is_new(entry)]
        with transaction.atomic():
            with connection.cursor() as cursor:
                # The limit is for pages, where somebody waits.
                cursor.execute("SET LOCAL statement_timeout = 0")
            if self.target.dry:
                self.counts["new"] += len(new)
                added = 0
            else:
                added = self._write(new)
                if self.counts["refused"] and not self.run.only_good:
                    text = _("A row is refused that was good when the file was checked. Check the file again.")
                    raise Refused(text)
            self._count(added)
            # Before the commit: what is listed of a chunk that was not written after all is left out when it comes
            # again.
            faults.write(self.path, sorted(self.faults, key=lambda fault: fault.ordinal))

    def _is_new(self, entry):
        """Count an entry that is there or refused; return whether it is new."""
        try:
            there = self.target.judge(entry)
        except BadCell as bad:
            self._refuse(entry, bad)
            return False
        if there is None:
            return True
        self.counts["differing" if there.column else "there"] += 1
        if remark := there.remark:
            self.faults.append(_fault(entry.ordinal, entry.line, there.column, there.value, remark))
        return False

    def _refuse(self, entry, bad):
        self.counts["refused"] += 1
        value = entry.facts.get(bad.column)
        value = "" if value is None else str(value)
        self.faults.append(_fault(entry.ordinal, entry.line, bad.column, value, bad))

    def _write(self, entries):
        """Write entries; where the database refuses one, halve until that one stands alone. Return how many rows."""
        if not entries:
            return 0
        try:
            with transaction.atomic():
                added = self.target.write(entries)
                ImportAdded.objects.bulk_create(
                    ImportAdded(run=self.run, table=model._meta.label, keys=keys) for model, keys in added
                )
                with connection.cursor() as cursor:
                    # What is checked at the end of a transaction is checked here, where one row can still be found.
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except REFUSES as error:
            self.target.refresh()
            if len(entries) == 1:
                logger.warning("import %s: line %s was refused: %s", self.run.pk, entries[0].line, _why(error))
                self._refuse(entries[0], BadCell(REFUSED_BY_DATABASE))
                return 0
            half = len(entries) // 2
            return self._write(entries[:half]) + self._write(entries[half:])
        self.counts["new"] += len(entries)
        return sum(len(keys) for _model, keys in added)

    def _count(self, added):
        counts = {name: getattr(self.run, name) + count for name, count in self.counts.items()}
        facts = {"done": self.run.done + self.rows, "added": self.run.added + added}
        # A check that does not end is no progress, however far it came: it begins anew each time.
        attempts = self.run.attempts if self.target.dry else 0
        write(self.run, heartbeat_at=clock.now(), attempts=attempts, **facts, **counts)


def _fault(ordinal, line, column, value, bad):
    return Fault(ordinal, line, bad.column or column, value[:200], bad.reason, bad.params)


def _why(error):
    found = error if isinstance(error, psycopg.Error) else error.__cause__
    return found.diag.message_primary if isinstance(found, psycopg.Error) else str(error)


def _undo_slice(run, now, ends):
    """Take back chunk by chunk, the last one first; return whether there is more."""
    path = files.begin_faults(run)
    left = run.additions.filter(is_settled=False).order_by("-id")
    while chunk := left.first():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 0")
            gone, kept = take_back(apps.get_model(chunk.table), chunk.keys, run=run, by=run.by, now=now)
            ImportAdded.objects.filter(pk=chunk.pk).update(is_settled=True, keys=[one.key for one in kept])
            facts = {"taken_back": run.taken_back + gone, "kept": run.kept + len(kept)}
            write(run, heartbeat_at=clock.now(), attempts=0, **facts)
        faults.write(path, [Fault(chunk.pk, 0, "", one.label, one.reason, one.params) for one in kept])
        if time.monotonic() > ends:
            return True
    with transaction.atomic():
        counts = {"taken_back": run.taken_back, "kept": run.kept}
        move(run, Status.UNDONE, by=run.by, now=now, ended_at=now, data=counts)
    return False
