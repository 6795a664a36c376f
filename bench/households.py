"""What hangs on the homes of the benchmark: keys, cards, meters with their readings, moves, visits."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from residents.models import (
    Credential,
    HomeVisit,
    KeyLoan,
    KeyMove,
    KeySet,
    Lift,
    Meter,
    MoveBooking,
    Reading,
    ReadingRound,
    VisitPlan,
)
from servicedesk.core import bulk
from servicedesk.desk.demo.inhabitants import SURNAMES

# One of so many homes: a key is in the cabinet, one of these is out; somebody moved; somebody was visited.
OF_KEYS, OF_LOANS, OF_MOVES, OF_VISITS = 2, 40, 10, 3
# Months whose rounds are closed; one more is open and half of it is read.
ROUNDS = 3
USED = Decimal("8.5")


class Households:
    """Makes the rows of one community; its homes are (unit, person) pairs that are in the database by then."""

    def __init__(self, garden, homes, now, clerk):
        self.garden, self.now, self.clerk = garden, now, clerk
        self.homes = homes
        self.units = list({unit.pk: (unit, person) for unit, person in reversed(homes)}.values())
        self.today = garden.local(now).date()

    def rows(self):
        """Yield lists of rows, each of one model, in an order in which what they point to is there."""
        yield from self._keys()
        yield self._cards()
        yield from self._meters()
        yield self._moves()
        yield self._visits()

    def _keys(self):
        kept = [unit for unit, _person in self.units if unit.pk % OF_KEYS == 0]
        sets = [
            KeySet(
                pk=key, community=self.garden, unit=unit, tag=f"K{key:06}", kind=KeySet.Kind.RESIDENT_CUSTODY,
                what="入户门", slot=f"{key:06}", copies=2, on_loan=int(unit.pk % OF_LOANS == 0),
                in_cabinet=2 - int(unit.pk % OF_LOANS == 0),
            )
            for key, unit in zip(bulk.keys_for(KeySet, len(kept)), kept, strict=True)
        ]  # fmt: skip
        yield sets
        out = [one for one in sets if one.on_loan]
        loans = [
            KeyLoan(
                pk=key, community=self.garden, key_set=one, copies=1, status=KeyLoan.Status.OUT, borrower="contractor",
                name="顺达维修", reason="入户维修", due_back_at=self.now + timedelta(hours=key % 40 - 20),
                asked_by=self.clerk, asked_at=self.now - timedelta(days=1), lent_at=self.now - timedelta(days=1),
                lent_by=self.clerk,
            )
            for key, one in zip(bulk.keys_for(KeyLoan, len(out)), out, strict=True)
        ]  # fmt: skip
        yield loans
        facts = {"community": self.garden, "by": self.clerk, "signature": KeyMove.Signature.PAPER}
        yield [
            KeyMove(key_set=one, action="receive", copies=2, at=self.now - timedelta(days=300), **facts) for one in sets
        ]
        yield [
            KeyMove(key_set_id=loan.key_set_id, loan=loan, action="loan", copies=1, at=loan.lent_at, **facts)
            for loan in loans
        ]

    def _cards(self):
        return [
            Credential(
                community=self.garden, kind=Credential.Kind.RESIDENT_CARD, number=f"C{n:07}", unit=unit, person=person,
                valid_from=date(2024, 1, 1), valid_to=self.today + timedelta(days=n % 700), deposit=Decimal(20),
                issued_at=self.now - timedelta(minutes=n), issued_by=self.clerk,
            )
            for n, (unit, person) in enumerate(self.homes, 1)
        ]  # fmt: skip

    def _meters(self):
        keys = bulk.keys_for(Meter, len(self.units))
        yield [
            Meter(
                pk=key, community=self.garden, unit=unit, building_id=unit.building_id, resource="water",
                serial=f"W{key:07}", max_value=Decimal("99999.99"), route_order=n,
            )
            for n, (key, (unit, _person)) in enumerate(zip(keys, self.units, strict=True), 1)
        ]  # fmt: skip
        first = self.today.replace(day=1)
        months = [_back(first, n) for n in range(ROUNDS, -1, -1)]
        ends = [self.now - timedelta(days=30 * n + 1) for n in range(ROUNDS, -1, -1)]
        facts = {"community": self.garden, "resource": "water", "opened_by": self.clerk}
        rounds = [
            ReadingRound(
                pk=key, period=month, opened_at=end - timedelta(days=5), **facts,
                **({"closed_at": end, "closed_by": self.clerk} if month != first else {}),
            )
            for key, month, end in zip(bulk.keys_for(ReadingRound, len(months)), months, ends, strict=True)
        ]  # fmt: skip
        yield rounds
        yield [self._reading(key, "base", self.now - timedelta(days=400), None, 0) for key in keys]
        for n, (one, end) in enumerate(zip(rounds, ends, strict=True), 1):
            read = keys if one.closed_at else islice(keys, len(keys) // 2)
            yield [self._reading(key, "periodic", end - timedelta(days=2), one, n) for key in read]

    def _reading(self, meter, kind, at, entered, n):
        return Reading(
            community=self.garden, meter_id=meter, round=entered, kind=kind, at=at, value=USED * n,
            consumption=USED if n else 0, source="phone", by=self.clerk, recorded_at=at,
        )  # fmt: skip

    def _moves(self):
        lifts = {}
        for unit, _person in self.units:
            if unit.section_id not in lifts:
                lifts[unit.section_id] = Lift.objects.create(
                    community=self.garden,
                    building_id=unit.building_id,
                    section_id=unit.section_id,
                    name=f"货梯 {unit.section_id}",
                )
        moved = [(unit, person) for unit, person in self.units if unit.pk % OF_MOVES == 0]
        begin = self.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2 * len(moved) - 24 * 7)
        slots = [begin + timedelta(hours=2 * n) for n in range(len(moved))]
        return [
            MoveBooking(
                community=self.garden, unit=unit, applicant=person, applicant_name=person.name, relation="owner",
                kind="in", status="done" if at < self.now else "confirmed", lift=lifts[unit.section_id],
                window=DateTimeTZRange(at, at + timedelta(hours=2)), booked_by=self.clerk, booked_at=self.now,
            )
            for at, (unit, person) in zip(slots, moved, strict=True)
        ]  # fmt: skip

    def _visits(self):
        plan = VisitPlan.objects.create(
            community=self.garden, name="年度走访", starts_on=self.today - timedelta(days=300),
            ends_on=self.today + timedelta(days=60), made_by=self.clerk, made_at=self.now - timedelta(days=301),
        )  # fmt: skip
        plan.buildings.set(self.garden.buildings.all())
        plan.staff.set([self.clerk])
        seen = [(unit, person) for unit, person in self.units if unit.pk % OF_VISITS == 0]
        return [
            HomeVisit(
                community=self.garden, plan=plan, unit=unit, status="done", made_by=self.clerk,
                made_at=self.now - timedelta(days=301), visited_by=self.clerk, person=person,
                planned_on=self.today - timedelta(days=n % 300), done_at=self.now - timedelta(days=n % 300),
                notes=f"{SURNAMES[n % len(SURNAMES)]}家一切正常",
            )
            for n, (unit, person) in enumerate(seen)
        ]  # fmt: skip


def _back(first, months):
    """Return the first of the month so many months before `first`."""
    for _n in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first
