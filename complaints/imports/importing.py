"""The action: rows of a foreign table become cases of one community, in chunks, each with its events."""

import contextlib
import csv
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

import psycopg
from django.db import connection, transaction
from django.utils.translation import gettext as _

from complaints import ladder
from complaints.imports.register import Register, number_of
from complaints.imports.rows import Bad, Reader
from complaints.models import Case, Status
from servicedesk.core import bulk, events, search, worktime
from servicedesk.core import calendar as calendars
from servicedesk.core.alone import importing_alone
from servicedesk.core.errors import Refused
from servicedesk.core.models import CalendarDay, ServiceHours
from servicedesk.core.spreadsheets import safe_text

CHUNK = 1000
# Deadlines that differ from the source's by no more than this are the same rule seen through its own clock.
AGREES = timedelta(minutes=3)


@dataclass
class Report:
    """What a run did, or in a dry run would have done. `deviations`: department → [agree, compared]."""

    read: int = 0
    new: int = 0
    there: int = 0
    refused: int = 0
    open: int = 0
    closed_early: int = 0
    deviations: dict[str, list[int]] = field(default_factory=dict)


class Rejects:
    """The rows that were not imported: line, column, reason, value. Safe to open in a spreadsheet."""

    def __init__(self, stream):
        self.count = 0
        self.writer = csv.writer(stream)
        self.writer.writerow([_("line"), _("column"), _("reason"), _("value")])

    def add(self, line, column, reason, value=""):
        self.count += 1
        self.writer.writerow([safe_text(cell) for cell in (line, column, reason, value)])


def import_cases(table, mapping, *, community, now, rejects, by=None, dry_run=False, load_calendar=False, seen=None):
    """Import every row of a checked Table and return the Report; `seen(rows)` is told of the progress.

    A row is known by its source and its id there, so that a second run adds nothing. Each chunk of 1,000 is one
    transaction with its cases, events, buildings and categories: what was interrupted is repeated, and goes on. A row
    that cannot be read, or that the database refuses, goes to `rejects` and stops nothing. A dry run does everything
    and takes it back. Raises Refused before anything is written where the file, the mapping or the community does
    not fit, and where an import of this community is running already.

    History keeps its own times. Closed matters are archived; open ones wait to be taken and join the ladder as from
    `now`: what they missed before raises nobody, what they miss from now on does.
    """
    reader = Reader(mapping, table.header, now=now)
    with importing_alone(community), transaction.atomic() if dry_run else contextlib.nullcontext():
        if load_calendar:
            load_service_days(community, mapping)
        run = _Run(community, mapping, now=now, by=by, rejects=rejects)
        rows = iter(table)
        done = 0
        while chunk := list(islice(rows, CHUNK)):
            run.write(run.entries(reader, chunk))
            done += len(chunk)
            if seen:
                seen(done)
        if dry_run:
            transaction.set_rollback(True)
    return run.report


@transaction.atomic
def load_service_days(community, mapping):
    """Give the community the hours, holidays and time zone of the mapping.

    Raises Refused where the mapping has none, or where the community has cases of its own: their deadlines were
    promised by the present calendar.
    """
    if mapping.calendar is None:
        raise Refused(_("This mapping has no [calendar] to load."))
    if Case.objects.filter(community=community, is_imported=False).exists():
        raise Refused(_("The community has cases of its own. Change its hours and days in the settings instead."))
    ServiceHours.objects.filter(community=community).delete()
    ServiceHours.objects.bulk_create(
        ServiceHours(community=community, weekday=weekday, opens=opens, closes=closes)
        for weekday, windows in mapping.calendar.hours.items()
        for opens, closes in windows
    )
    CalendarDay.objects.bulk_create(
        [
            CalendarDay(community=community, date=day, kind=worktime.DayKind.STATUTORY.value, is_closed=True)
            for day in mapping.calendar.holidays
        ],
        ignore_conflicts=True,
    )
    type(community).objects.filter(pk=community.pk).update(time_zone=mapping.time_zone.key)
    calendars.changed(community)
    community.refresh_from_db()


class _Run:
    """One run: what it knows, what it counts."""

    def __init__(self, community, mapping, *, now, by, rejects):
        self.community, self.mapping, self.now, self.by, self.rejects = community, mapping, now, by, rejects
        self.report = Report()
        # Read from the rows and not from the process's memory, which must not learn what a dry run takes back.
        self.calendar = calendars.read_calendar(community)
        self.known = {}
        self.register = Register(community, mapping, now=now)
        self._try_policies()

    def _try_policies(self):
        for rule in self.mapping.policies.values():
            try:
                worktime.due(self.now, rule, self.calendar)
            except worktime.NoServiceDays as error:
                text = _("The community has no service hours to count in. Enter them, or load those of the mapping.")
                raise Refused(text) from error

    def entries(self, reader, rows):
        """Return the entries of a chunk that are new in this file; the others are counted and, if bad, listed."""
        found = []
        for row in rows:
            self.report.read += 1
            try:
                entry = reader.entry(row)
            except Bad as bad:
                lines = row.line if row.last_line == row.line else f"{row.line}–{row.last_line}"
                self._refuse(lines, bad.column, bad.reason, bad.value)
                continue
            key, words = hash((entry.source, entry.source_id)), hash(tuple(row.values))
            if key not in self.known:
                self.known[key] = words
                found.append(entry)
            elif self.known[key] == words:
                self.report.there += 1
            else:
                reason = _("This number stands in an earlier row of the file with other words.")
                self._refuse(row.line, reader.first_column.get("source_id", ""), reason, entry.source_id)
        return found

    @transaction.atomic
    def write(self, entries):
        """Write the entries that are not there yet, with their events."""
        with connection.cursor() as cursor:
            # The limit is for pages, where somebody waits; a chunk of long texts may take longer on a busy server.
            cursor.execute("SET LOCAL statement_timeout = 0")
        there = self._there(entries)
        self.report.there += len(there)
        entries = [entry for entry in entries if (entry.source, entry.source_id) not in there]
        numbers = self._numbers(entries)
        places = self.register.places(entries)
        keys = bulk.keys_for(Case, len(entries))
        facts = map(self._facts, entries, numbers, places, keys)
        self._copy(list(zip(entries, facts, strict=True)))

    def _there(self, entries):
        """Return the (source, id) of those that the community has already."""
        ids = {}
        for entry in entries:
            ids.setdefault(entry.source, []).append(entry.source_id)
        there = set()
        with connection.cursor() as cursor:
            for source, wanted in ids.items():
                cursor.execute(
                    "SELECT source_id FROM complaints_case"
                    " WHERE community_id = %s AND source = %s AND source <> '' AND source_id = ANY(%s)",
                    [self.community.pk, source, wanted],
                )
                there.update((source, source_id) for (source_id,) in cursor.fetchall())
        return there

    def _numbers(self, entries):
        """Return the number of each entry; what a case of another source has already is told apart."""
        numbers = [number_of(self.community, entry.source, entry.source_id) for entry in entries]
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM complaints_case WHERE number = ANY(%s)", [numbers])
            taken = {number for (number,) in cursor.fetchall()}
        for index, entry in enumerate(entries):
            if numbers[index] in taken:
                numbers[index] = number_of(self.community, entry.source, entry.source_id, taken=True)
            taken.add(numbers[index])
        return numbers

    def _facts(self, entry, number, place, key):
        """Return the columns of the case of an entry, the same for every one."""
        department = self.register.department(entry.department)
        policy = self.register.policy(entry.policy)
        category = self.register.category(entry, department, policy)
        building, unit, label = place
        return {
            "id": key,
            "community_id": self.community.pk,
            "number": number,
            "kind": entry.kind or category.kind,
            "channel": entry.channel,
            "status": Status.ARCHIVED.value if entry.is_closed else Status.RECEIVED.value,
            "reporter_name": entry.reporter_name,
            "reporter_phone": entry.reporter_phone,
            "building_id": building,
            "unit_id": unit,
            "place": entry.place.said,
            "category_id": category.pk,
            "summary": entry.summary,
            "description": entry.description,
            "department_id": department.pk,
            "received_at": entry.received_at,
            "recorded_at": self.now,
            "clock_started_at": entry.received_at,
            "resolved_at": entry.closed_at if entry.is_closed else None,
            "replied_at": entry.closed_at if entry.is_closed else None,
            "archived_at": (entry.closed_at or self.now) if entry.is_closed else None,
            "remedy": entry.outcome,
            "level_from_at": self.now,
            "level_since": self.now,
            "source": entry.source,
            "source_id": entry.source_id,
            "is_imported": True,
            "imported_facts": entry.facts,
            "terms": search.terms(
                number,
                entry.summary,
                entry.description,
                entry.reporter_name,
                entry.reporter_phone,
                entry.place.said,
                label,
                entry.place.name,
                entry.source_id,
            ),
            **self._clock(entry, policy or category.policy, department),
        }

    def _clock(self, entry, policy, department):
        """Return the columns of the clock. Where nobody can say when a closed matter was closed, nobody can say that
        it was late, so nothing is due."""
        clock = {"policy_id": None, "due_at": None, "after_hours": False, "explanation": [], "next_escalation_at": None}
        if entry.is_closed and entry.closed_at is None:
            return clock
        if self.mapping.due == "source" and entry.due_at is not None:
            clock |= {"due_at": entry.due_at, "explanation": _told(entry, self.community.tz)}
        elif self.mapping.due == "computed" and policy is not None:
            deadline = worktime.due(entry.received_at, self.register.rule(policy), self.calendar)
            clock |= {
                "policy_id": policy.pk,
                "due_at": deadline.due_at,
                "after_hours": deadline.after_hours,
                "explanation": deadline.explanation,
            }
            if entry.due_at is not None:
                count = self.report.deviations.setdefault(str(department), [0, 0])
                count[0] += abs(entry.due_at - deadline.due_at) <= AGREES
                count[1] += 1
        if not entry.is_closed:
            clock["next_escalation_at"] = self._next_step(entry, clock["due_at"])
        return clock

    def _next_step(self, entry, due_at):
        """Return when the ladder raises an open case next; what lies before the import raises nobody."""
        # No step follows its cause by more than the calendar is searched for: most of history needs no more thought.
        if max(entry.received_at, due_at or entry.received_at) < self.now - timedelta(days=worktime.SEARCH_DAYS):
            return None
        case = Case(
            status=Status.RECEIVED,
            received_at=entry.received_at,
            clock_started_at=entry.received_at,
            due_at=due_at,
            level_from_at=self.now,
        )
        return ladder.next_at(case, self.calendar, self.community.take_minutes)

    def _copy(self, pairs):
        """Copy the cases with their events; where the database refuses one, halve until that one stands alone."""
        if not pairs:
            return
        try:
            with transaction.atomic():
                bulk.copy_values(Case, [facts for _entry, facts in pairs])
                about = {
                    facts["id"]: {"version": 0, "source": entry.source, "line": entry.line} for entry, facts in pairs
                }
                events.log_many(Case, about.items(), "imported", community=self.community, by=self.by, now=self.now)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(pairs) == 1:
                reason = _("The database refuses it: %(why)s") % {"why": error.diag.message_primary}
                self._refuse(pairs[0][0].line, "", reason)
                return
            half = len(pairs) // 2
            self._copy(pairs[:half])
            self._copy(pairs[half:])
            return
        entries = [entry for entry, _facts in pairs]
        self.report.new += len(entries)
        self.report.open += sum(not entry.is_closed for entry in entries)
        self.report.closed_early += sum(bool(e.closed_at and e.closed_at < e.received_at) for e in entries)

    def _refuse(self, lines, column, reason, value=""):
        self.report.refused += 1
        self.rejects.add(lines, column, reason, value)


def _told(entry, tz):
    """Return the explanation of a deadline that the source told us."""
    return [
        {"fact": "received", "at": entry.received_at.astimezone(tz).isoformat()},
        {"fact": "ends", "at": entry.due_at.astimezone(tz).isoformat(), "rule": "source"},
    ]
