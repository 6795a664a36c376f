"""Fills a database with one community of a given size: people, homes, cases with their history, what staff were told.

Everything is invented and drawn from one seed. The desk's own rules decide what they can: the search terms, the level
that the clock has brought a case to, and when it brings it further; so a sweep finds nothing to put right.
"""

import random
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice

from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from bench import words
from bench.households import Households
from bench.papers import Papers
from complaints import deadlines, ladder
from complaints.actions.receiving import terms_of
from complaints.models import Case, Category, Channel, Concern, Escalation, Kind, Pause, Reply, Status, Validity
from complaints.models.cases import DEPARTMENTS, ENDED, LETTERS, SETTLED
from residents.actions import build_person, build_unit
from residents.models import Building, Occupancy, Section
from servicedesk.core import bulk
from servicedesk.core.calendar import calendar_of
from servicedesk.core.events import digest
from servicedesk.core.models import Community, Event, Membership, Notification, NumberSeries, Role, User
from servicedesk.core.models.notifications import Channel as By
from servicedesk.desk.demo import places, staff
from servicedesk.desk.demo.inhabitants import SURNAMES

CHUNK = 5000
SPAN = timedelta(days=730)
MOST_PEOPLE = 100_000
MOST_OPEN = 20_000
UNITS_OF_A_SECTION = 80
# Besides the demo's people: a desk and departments for forty thousand units.
MORE_STAFF = [(Role.CLERK, None, 6), (Role.SUPERVISOR, None, 2), (Role.WORKER, "engineering", 12)]
MORE_STAFF += [(Role.WORKER, "security", 6), (Role.WORKER, "cleaning", 6)]
TOLD, UNREAD = 200, 20
OPEN_STATUSES = {
    Status.RECEIVED: 8,
    Status.TAKEN: 15,
    Status.HANDED: 20,
    Status.IN_HAND: 32,
    Status.WAITING: 5,
    Status.RESOLVED: 10,
    Status.REPLIED: 10,
}
TO_DECIDE = 0.03
ENDED_STATUSES = {Status.ARCHIVED: 95, Status.VOID: 3, Status.MERGED: 2}
# What a department works on, for the cases that a sweep will find late.
DUE_STATUSES = {Status.TAKEN: 2, Status.HANDED: 3, Status.IN_HAND: 5}


@dataclass(frozen=True)
class Size:
    """How much is in a database. With `all_due` every case is open and falls due a millisecond after the other."""

    name: str
    cases: int
    all_due: bool = False

    @property
    def open(self):
        return self.cases if self.all_due else min(self.cases // 5, MOST_OPEN)

    @property
    def people(self):
        return min(max(self.cases, 1000), MOST_PEOPLE)

    @property
    def units(self):
        return self.people * 2 // 5


def fill(size, now):
    """Fill the empty, migrated database of the connection as the desk would have left it at `now`.

    Takes about a minute for 100,000 cases.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
    with transaction.atomic():
        garden, tower = places.build(now)
        staff.hire(garden, tower, now)
        _hire_more(garden)
        homes = _settle(garden, size, random.Random(size.name))
    clerk = User.objects.filter(memberships__role=Role.CLERK, memberships__community=garden).order_by("pk").first()
    with transaction.atomic():
        for rows in Households(garden, homes, now, clerk).rows():
            _copy(rows)
    _Register(garden, size, homes, now).write()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout; RESET idle_in_transaction_session_timeout")


def _copy(rows):
    """Insert rows of one model, with the keys that they have, by COPY."""
    rows = list(rows)
    if rows:
        fields = [field for field in rows[0]._meta.concrete_fields if not field.generated]
        names = [field.attname for field in fields if field.attname != "id" or rows[0].pk]
        bulk.copy_values(type(rows[0]), [{name: getattr(row, name) for name in names} for row in rows])


def _hire_more(garden):
    departments = {department.code: department for department in garden.departments.all()}
    nobody, number = make_password(None), count(1)
    for role, department, heads in MORE_STAFF:
        for _ in range(heads):
            n = next(number)
            name = SURNAMES[n] + words.GIVEN[n]
            user = User.objects.create(username=f"staff{n}", name=name, surname=name[0], password=nobody)
            where = departments[department] if department else None
            Membership.objects.create(user=user, community=garden, role=role, department=where)
    # Those who are told of late cases read mail, too, so that the outbox has rows to send.
    for user in User.objects.filter(memberships__role__in=[Role.SUPERVISOR, Role.DEPUTY_GM]).distinct():
        User.objects.filter(pk=user.pk).update(email=f"{user.username}@desk.example")


def _settle(garden, size, draw):
    """Make the buildings, units and people, and return a (unit, person) pair for everybody who lives there."""
    units = []
    sections = -(-size.units // UNITS_OF_A_SECTION)
    for number in range(1, -(-sections // 2) + 1):
        building = Building.objects.create(community=garden, code=str(number), name=f"{number} 栋")
        for code in ("1", "2"):
            section = Section.objects.create(building=building, code=code)
            for place in range(UNITS_OF_A_SECTION):
                floor = place // 4 + 1
                units.append(build_unit(building, section, f"{floor}{place % 4 + 1:02}", floor=floor))
    units = units[: size.units]
    people = [_person(garden, draw) for _ in range(size.people)]
    for rows in (units, people):
        for key, row in zip(bulk.keys_for(type(rows[0]), len(rows)), rows, strict=True):
            row.pk = key
        _copy(rows)
    homes = [(units[n % len(units)], person) for n, person in enumerate(people)]
    others = [Occupancy.Kind.LESSEE, Occupancy.Kind.HOUSEHOLD]
    since = DateRange(date(2019, 5, 1), None)
    _copy(
        Occupancy(
            unit=unit, person=person, period=since, kind=Occupancy.Kind.OWNER if n < len(units) else others[n % 2]
        )
        for n, (unit, person) in enumerate(homes)
    )
    return homes


def _person(garden, draw):
    name = draw.choice(SURNAMES) + "".join(draw.choices(words.GIVEN, k=draw.choice((1, 2, 2, 2))))
    return build_person(garden, name, f"100{draw.randrange(10**8):08}")


class _Register:
    """The cases of one community with all that hangs on them, written chunk by chunk."""

    def __init__(self, garden, size, homes, now):
        self.garden = Community.objects.get(pk=garden.pk)
        self.size, self.homes, self.now = size, homes, now
        self.draw = random.Random(f"cases of {size.name}")
        self.calendar = calendar_of(self.garden)
        self.subject = ContentType.objects.get_for_model(Case)
        self.categories = list(Category.objects.filter(community=garden).select_related("department", "policy"))
        self.clerks = self._staff(Role.CLERK)
        self.supervisors, self.gms = self._staff(Role.SUPERVISOR), self._staff(Role.DEPUTY_GM)
        self.workers = {d.pk: self._staff(Role.WORKER, department=d) for d in garden.departments.all()}
        self.papers = Papers(self.garden, now, self.clerks)
        self.sequences, self.seals = {}, count(1)
        self.explained = {}

    def _staff(self, role, **facts):
        rows = User.objects.filter(memberships__role=role, memberships__community=self.garden, **self._of(facts))
        return list(rows.order_by("pk"))

    @staticmethod
    def _of(facts):
        return {f"memberships__{name}": value for name, value in facts.items()}

    def write(self):
        times = iter(self._times())
        left_open, written = self.size.open, 0
        while chunk := list(islice(times, CHUNK)):
            cases = []
            for key, received_at in zip(bulk.keys_for(Case, len(chunk)), chunk, strict=True):
                is_open = self.draw.random() < self._share(written, left_open)
                left_open -= is_open
                written += 1
                cases.append(self._case(key, received_at, is_open, written))
            with transaction.atomic():
                self._write_chunk(cases)
        with transaction.atomic():
            _copy(NumberSeries(community=self.garden, key=key, last=last) for key, last in self.sequences.items())
            self._write_inboxes(cases)

    def _times(self):
        """Return the moments of receipt, the oldest first, by day rather than by night."""
        last = self.now - timedelta(days=1 if self.size.all_due else 0, minutes=1)
        times = []
        for _ in range(self.size.cases):
            at = last - SPAN * self.draw.random()
            hour = self.garden.local(at).hour
            if not 7 <= hour < 22 and self.draw.random() < 0.9:
                at -= timedelta(hours=self.draw.randrange(8, 14))
            times.append(at)
        return sorted(times)

    def _share(self, written, left_open):
        """Return how likely the next case is open: half of the open ones are among the newest, the rest anywhere."""
        left = self.size.cases - written
        newest = self.size.open * 5 // 8
        if self.size.all_due or left <= left_open:
            return 1
        if left <= newest:
            return left_open / left
        return max(left_open - self.size.open / 2, 0) / (left - newest)

    def _case(self, key, received_at, is_open, nth):
        draw = self.draw
        category = draw.choice(self.categories)
        kind = Kind(category.kind) if draw.random() < 0.8 else draw.choice(list(Kind))
        weights = DUE_STATUSES if self.size.all_due else OPEN_STATUSES if is_open else ENDED_STATUSES
        status = draw.choices(list(weights), weights.values())[0]
        # What waits for a second person is a few a day of the complaints that were just taken.
        if status == Status.TAKEN and kind == Kind.COMPLAINT and draw.random() < TO_DECIDE and not self.size.all_due:
            status = Status.PROPOSED
        is_web = status == Status.RECEIVED or draw.random() < 0.2
        unit, person = draw.choice(self.homes) if draw.random() < 0.9 else (None, None)
        rare = draw.randrange(5000) == 0 or nth == 1
        case = Case(
            pk=key,
            community=self.garden,
            number=self._number(kind, received_at),
            kind=kind,
            channel=Channel.WEB if is_web else draw.choice([Channel.PHONE, Channel.PHONE, Channel.VISIT]),
            status=status,
            category=category,
            department=category.department,
            reporter=person,
            reporter_name=person.name if person else "",
            reporter_phone=person.phone if person else "",
            anonymous_reason="" if person else "不愿留名",
            no_phone_reason="" if person else "不愿留号",
            unit=unit,
            building=unit.building if unit else None,
            place="" if unit else draw.choice(words.PLACES),
            summary=words.RARE if rare else draw.choice(words.MATTERS),
            description="，".join(draw.sample(words.PARTS, draw.randrange(2, 6))) + "。",
            wish=draw.choice(words.WISHES),
            recorded_by=None if is_web else draw.choice(self.clerks),
            first_responsible=None if status == Status.RECEIVED else draw.choice(self.clerks),
            received_at=received_at,
            recorded_at=received_at,
            clock_started_at=received_at,
            level_from_at=received_at - timedelta(microseconds=1),
            level_since=received_at,
            submission=uuid.UUID(int=draw.getrandbits(128)),
            token_digest=f"{draw.getrandbits(256):064x}",
            code_digest=f"{draw.getrandbits(256):064x}",
        )
        case.terms = terms_of(case)
        self._clock(case, is_open, nth)
        self._progress(case, key)
        self._climb(case)
        return case

    def _number(self, kind, received_at):
        day = f"{self.garden.local(received_at):%y%m%d}"
        self.sequences[f"case-{day}"] = sequence = self.sequences.get(f"case-{day}", 0) + 1
        return f"{self.garden.code}-{LETTERS[kind]}{day}-{sequence:04}"

    def _clock(self, case, is_open, nth):
        draw, received_at = self.draw, case.received_at
        case.policy = (
            deadlines.policy_for(
                self.garden, case.category, case.department, severity=case.severity, urgency=case.urgency
            )
            if case.category_id not in self.explained
            else self.explained[case.category_id][0]
        )
        if case.category_id not in self.explained:
            self.explained[case.category_id] = case.policy, list(deadlines.count(case, case.policy).explanation)
        case.explanation = self.explained[case.category_id][1]
        if self.size.all_due:
            case.due_at = self.now + timedelta(milliseconds=nth)
        elif not is_open:
            case.due_at = received_at + timedelta(days=draw.randrange(1, 4))
        elif draw.random() < 0.25:
            case.due_at = received_at + (self.now - received_at) * max(draw.random(), 0.01)
        else:
            case.due_at = self.now + timedelta(minutes=1, days=draw.expovariate(1 / 4))

    def _progress(self, case, key):
        """Put down what has been done since: by whom, when, and what is owed."""
        draw, status, received_at = self.draw, case.status, case.received_at
        after = lambda most: received_at + min(timedelta(hours=draw.uniform(0.5, most)), self.now - received_at)  # noqa: E731
        if status in (Status.IN_HAND, Status.WAITING, *SETTLED) or (status == Status.HANDED and draw.random() < 0.5):
            case.assigned_to = draw.choice(self.workers[case.department_id] or self.clerks)
        if status in (Status.IN_HAND, Status.WAITING):
            case.accepted_at = after(4)
        if status in (*DEPARTMENTS, *SETTLED) and case.needs_approval:
            case.validity, case.approved_at = Validity.VALID, after(1)
        if status == Status.PROPOSED:
            case.validity = Validity.VALID
        if status in SETTLED:
            case.resolved_at = after(60)
            case.remedy = draw.choice(words.REMEDIES)
        if status == Status.RESOLVED:
            late = draw.random() < 0.2
            case.reply_due_at = self.now + timedelta(hours=-20 if late else 20)
            case.reply_raises_to = 2
        if status in (Status.REPLIED, Status.ARCHIVED):
            case.replied_at = case.resolved_at + (self.now - case.resolved_at) * 0.05
        if status == Status.ARCHIVED:
            case.archived_at = case.replied_at + (self.now - case.replied_at) * 0.05
        if status == Status.VOID:
            case.void_reason, case.void_asked_by, case.void_asked_at = "重复来电", draw.choice(self.clerks), after(4)
            case.voided_by = draw.choice(self.supervisors)
        if status == Status.MERGED:
            case.merged_into_id = key - 1

    def _climb(self, case):
        """Bring the case to the level that the clock holds for it, as the sweeps of the past would have."""
        if case.status in ENDED or case.status == Status.REPLIED:
            case.holder = case.first_responsible
            return
        facts = (case, self.calendar, self.garden.take_minutes)
        case.reached = [step for step in ladder.pending(*facts) if step.at <= self.now]
        if case.reached:
            case.level, case.level_since = case.reached[-1].to_level, case.reached[-1].at
        case.holder = {1: case.first_responsible, 2: self.supervisors[0], 3: self.gms[0]}[case.level]
        case.next_escalation_at = ladder.next_at(*facts)

    def _write_chunk(self, cases):
        _copy(cases)
        _copy(self._escalations(cases))
        bulk.copy_values(Event, [event for case in cases for event in self._history(case)])
        _copy(Concern(case=case, user=self.clerks[-1]) for case in cases if case.pk % 997 == 0)
        _copy(
            Pause(case=case, cycle=1, reason="material", starts_at=case.accepted_at, until=case.due_at + SPAN,
                  by=case.first_responsible)
            for case in cases
            if case.status == Status.WAITING
        )  # fmt: skip
        _copy(
            Reply(case=case, cycle=1, channel=Channel.PHONE, text="已电话告知处理结果", by=case.first_responsible,
                  at=case.replied_at, told_at=case.replied_at, person_told=case.reporter_name or "来电人")
            for case in cases
            if case.replied_at
        )  # fmt: skip
        for rows in self.papers.of(cases) if not self.size.all_due else ():
            _copy(rows)

    def _escalations(self, cases):
        for case in cases:
            level = 1
            for step in getattr(case, "reached", ()):
                yield Escalation(
                    case=case, level_cycle=1, from_level=level, to_level=step.to_level, trigger=step.trigger,
                    due_at=step.at, at=step.at, holder=case.holder,
                )  # fmt: skip
                level = step.to_level

    def _history(self, case):
        first, department = case.first_responsible, {"department": case.department.name}
        yield self._event(case, "received", case.recorded_by, case.received_at, note=case.description)
        if self.size.all_due:
            return
        if first and case.recorded_by is None:
            yield self._event(case, "taken", first, case.received_at + timedelta(minutes=9), {"who": first.surname})
        if case.assigned_to:
            yield self._event(case, "handed", first, case.received_at + timedelta(minutes=15), department)
            who = department | {"who": case.assigned_to.surname}
            yield self._event(case, "accepted", case.assigned_to, case.received_at + timedelta(minutes=25), who)
        level = 1
        for step in getattr(case, "reached", ()):
            data = {"from_level": level, "to_level": step.to_level, "trigger": str(step.trigger)}
            yield self._event(case, "escalated", None, step.at, data)
            level = step.to_level
        if case.resolved_at:
            yield self._event(case, "resolved", case.assigned_to, case.resolved_at, note=case.remedy)
        if case.replied_at:
            yield self._event(case, "replied", first, case.replied_at, {"channel": "phone"}, "已电话告知处理结果")

    def _event(self, case, verb, by, at, data=None, note=""):
        salt = f"{self.draw.getrandbits(64):016x}"
        return {
            "community_id": self.garden.pk,
            "subject_type_id": self.subject.pk,
            "subject_id": case.pk,
            "verb": verb,
            "by_id": by.pk if by else None,
            "by_name": str(by) if by else "",
            "at": at,
            "note": note,
            "salt": salt,
            "note_digest": digest(salt, note),
            "data": {"version": 0} | (data or {}),
            "is_public": verb != "escalated",
            "seal": next(self.seals),
            "previous_hash": f"{self.draw.getrandbits(256):064x}",
            "hash": f"{self.draw.getrandbits(256):064x}",
        }

    def _write_inboxes(self, cases):
        """Tell the desk of the last cases: most of it read, some not."""
        people = {user.pk: user for user in [*self.clerks, *self.supervisors, *self.gms]}.values()
        _copy(
            Notification(
                community=self.garden, recipient=user, channel=By.INBOX, kind="case_arrived", subject_type=self.subject,
                subject_id=case.pk, key=f"case_arrived:{case.pk}:1", created_at=case.received_at,
                not_before=case.received_at, read_at=None if n < UNREAD else self.now,
                data={"number": case.short_number, "summary": case.summary, "path": case.get_absolute_url()},
            )
            for user in people
            for n, case in enumerate(reversed(cases[-TOLD:]))
        )  # fmt: skip


def morning_of(now, community):
    """Return ten o'clock of the day before `now`: the desk is open, and its next opening is a night away."""
    day = community.local(now).date() - timedelta(days=1)
    return datetime(day.year, day.month, day.day, 10, tzinfo=community.tz).astimezone(UTC)
