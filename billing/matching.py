"""Whose money a line of a statement may be: payments that have its reference, and homes that its words or its amount
point to, each with the reason in words. Reads only; a person decides (issue: nothing is posted by itself).
"""

import datetime
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _

from billing.amounts import NOTHING
from billing.cashing import payers_of
from billing.models import METHODS, Bill, Payment, StatementLine
from complaints.listing import midnight
from residents.models import Occupancy, Unit
from residents.rooms import key_of

# So many homes are shown for a line, the best first.
MOST = 3
# An amount that more homes owe than this says nothing about whose it is.
MOST_OF_AN_AMOUNT = 3
# A payment of the counter stands on the statement within so many days, or it is looked for by hand.
NEAR = datetime.timedelta(days=31)
MOST_PAYMENTS = 20
# 3-2-1201, 3—2—1201, 3栋2单元1201室, 3号楼1201, 12幢 301; a date such as 2026-11-03 answers to no room.
_ROOM = re.compile(
    r"(?<!\d)(?:\d{1,3}\s*(?:号楼|栋|幢|座|号)\s*(?:\d{1,2}\s*(?:单元|门|梯)\s*)?\d{2,5}"
    r"|\d{1,3}[-/#]\d{1,2}[-/#]\d{2,5}|\d{1,3}[-/#]\d{3,5})(?!\d)"
)
_PHONE = re.compile(r"(?<!\d)1\d{10}(?!\d)")
_TAIL = re.compile(r"(?:尾号|手机尾号|电话尾号)\D{0,3}(\d{4})(?!\d)")
# How much each reason weighs; a home is shown for the sum of its reasons.
ROOM, PHONE, NAME, TAIL, ALL, ONE, ALONE = 100, 60, 50, 20, 30, 25, 10


@dataclass
class Candidate:
    """A home that a line may be money of: what it owes, what the line would pay of it, and why."""

    unit: Unit
    bills: list = field(default_factory=list)
    reasons: list = field(default_factory=list)
    score: int = 0
    chosen: list = field(default_factory=list)
    rest: Decimal = NOTHING

    @property
    def owed(self):
        """What the home owes of bills, in yuan."""
        return sum((one.balance for one in self.bills), NOTHING)

    @property
    def ticks(self):
        """The bills that would be paid, as the form sends them."""
        return [f"b{one.pk}:{one.balance}" for one in self.chosen]

    @property
    def label(self):
        return self.unit.label


@dataclass
class Found:
    """What is known about a waiting line: a payment with its reference, what differs, and the homes, best first."""

    line: StatementLine
    payment: Payment | None = None
    difference: str = ""
    homes: list = field(default_factory=list)


def found_for(lines, *, today):
    """Return a Found for each of `lines` of one community, in their order. Seven queries at most, whatever their number
    and their words."""
    found = [Found(line) for line in lines]
    if not found:
        return found
    community_id = lines[0].community_id
    _add_payments(found, community_id)
    clues = _Clues(community_id, [one.line for one in found], today)
    for one in found:
        one.homes = clues.homes_of(one.line)
    return found


def _add_payments(found, community_id):
    """Say of each line which payment has its reference, and what differs where it cannot be the same money."""
    references = [one.line.external_ref for one in found if one.line.external_ref]
    rows = Payment.objects.filter(community=community_id, external_ref__in=references)
    rows = rows.select_related("receipt__unit", "statement_line").order_by("refunded", "pk")
    by_reference = defaultdict(list)
    for payment in rows if references else ():
        by_reference[payment.external_ref].append(payment)
    for one in found:
        same = [p for p in by_reference[one.line.external_ref] if p.method in one.line.methods]
        if not same:
            continue
        payment = next((p for p in same if may_be(p, one.line)), None)
        one.payment = payment
        one.difference = "" if payment else _difference(same[0], one.line)


def may_be(payment, line):
    """Return whether a payment may be the money of a line: of its means, as much, still ours, of no other line. The
    payment is loaded with its line."""
    return (
        payment.method in line.methods
        and payment.amount == line.amount
        and payment.refunded < payment.amount
        and getattr(payment, "statement_line", None) is None
    )


def _difference(payment, line):
    facts = {"receipt": payment.receipt, "unit": payment.receipt.unit, "amount": payment.amount, "line": line.amount}
    if payment.refunded >= payment.amount:
        return _("Receipt %(receipt)s of %(unit)s had this reference and was taken back.") % facts
    if payment.amount != line.amount:
        facts["by"] = abs(line.amount - payment.amount)
        if line.amount > payment.amount:
            text = _(
                "Receipt %(receipt)s of %(unit)s has this reference and %(amount)s yuan; here are %(by)s yuan more."
            )
        else:
            text = _(
                "Receipt %(receipt)s of %(unit)s has this reference and %(amount)s yuan; here are %(by)s yuan less."
            )
        return text % facts
    return _("Receipt %(receipt)s of %(unit)s has this reference; another line of a statement is that payment.") % facts


class _Clues:
    """What the words and amounts of some lines point to, looked up at once for all of them."""

    def __init__(self, community_id, lines, today):
        self.community_id, self.today = community_id, today
        self.rooms = {line: _rooms_in(line.remark) for line in lines}
        self.phones = {line: _PHONE.findall(_words(line)) for line in lines}
        self.tails = {line: _TAIL.findall(_words(line)) for line in lines}
        self.by_room = self._units_by_room()
        self.living = self._living(lines)
        self.by_amount = self._units_by_amount({line.amount for line in lines})
        self._load_homes(lines)

    def _units_by_room(self):
        keys = sorted({key for keys in self.rooms.values() for key in keys})
        found = defaultdict(set)
        rows = (
            Unit.objects.filter(community=self.community_id, room_keys__overlap=keys) if keys else Unit.objects.none()
        )
        for pk, known in rows.values_list("pk", "room_keys")[:500]:
            for key in set(known) & set(keys):
                found[key].add(pk)
        return found

    def _living(self, lines):
        """Return who lives here by the names, telephones and tails that the lines hold, as occupancies."""
        names = {line.counterparty for line in lines if len(line.counterparty) > 1}
        phones = {phone for phones in self.phones.values() for phone in phones}
        tails = {tail for tails in self.tails.values() for tail in tails}
        who = Q(person__name__in=names) | Q(person__phone__in=phones)
        for tail in sorted(tails):
            who |= Q(person__phone_reversed__startswith=tail[::-1])
        if not (names or phones or tails):
            return []
        rows = Occupancy.objects.on(self.today).known().filter(who, unit__community=self.community_id)
        return list(rows.select_related("person").order_by("id")[:500])

    def _units_by_amount(self, amounts):
        """Return {amount: the units that owe exactly so much, all together or on one bill}, where these are few."""
        owed = Bill.objects.filter(community=self.community_id).owed()
        single = owed.filter(balance__in=amounts).order_by().values_list("balance", "unit").distinct()[:2000]
        whole = owed.order_by().values("unit").annotate(owed=Sum("balance")).filter(owed__in=amounts)
        found = defaultdict(set)
        for amount, unit in [*single, *whole.values_list("owed", "unit")[:2000]]:
            found[amount].add(unit)
        return {amount: units for amount, units in found.items() if len(units) <= MOST_OF_AN_AMOUNT}

    def _load_homes(self, lines):
        wanted = {unit for line in lines for unit in self._pointed_to(line)}
        units = Unit.objects.filter(pk__in=wanted).select_related("building", "section") if wanted else ()
        self.units = {unit.pk: unit for unit in units}
        self.bills = defaultdict(list)
        for bill in Bill.objects.filter(unit__in=wanted).owed().select_related("fee").oldest_first() if wanted else ():
            self.bills[bill.unit_id].append(bill)

    def _pointed_to(self, line):
        """Return {unit: [(weight, reason)]} of what a line points to."""
        found = defaultdict(list)
        for key in self.rooms[line]:
            units = self.by_room.get(key, ())
            # A bare 1201 is in every building: of several homes none is meant more than the others.
            for unit in units:
                found[unit].append(
                    (ROOM if len(units) == 1 else ROOM // (1 + len(units)), _("The remark names the room."))
                )
        for home in self.living:
            who = home.person
            if who.phone and who.phone in self.phones[line]:
                found[home.unit_id].append((PHONE, _("The remark has the telephone of %(name)s.") % {"name": who.name}))
            if line.counterparty and who.name == line.counterparty:
                found[home.unit_id].append((NAME, _("%(name)s paid and lives there.") % {"name": who.name}))
            if any(who.phone.endswith(tail) for tail in self.tails[line]):
                found[home.unit_id].append((TAIL, _("The telephone of %(name)s ends so.") % {"name": who.name}))
        for unit in self.by_amount.get(line.amount, ()):
            found[unit].append((ALONE, ""))
        return found

    def homes_of(self, line):
        """Return the Candidates of a line, the best first. No query."""
        homes = []
        for key, reasons in self._pointed_to(line).items():
            if (unit := self.units.get(key)) is None:
                continue
            bills = self.bills[key]
            home = Candidate(unit, bills)
            home.chosen = chosen_of(bills, line.amount)
            home.rest = max(line.amount - sum((one.balance for one in home.chosen), NOTHING), NOTHING)
            reasons = reasons + _by_amount(home, line.amount)
            home.score = sum(weight for weight, _text in reasons)
            home.reasons = list(dict.fromkeys(text for _weight, text in reasons if text))
            homes.append(home)
        return sorted(homes, key=lambda one: (-one.score, one.unit.pk))[:MOST]


def _by_amount(home, amount):
    if home.bills and home.owed == amount:
        return [(ALL, _("It is exactly what the home owes."))]
    if any(one.balance == amount for one in home.bills):
        return [(ONE, _("It is exactly one bill of the home."))]
    return []


def chosen_of(bills, amount):
    """Return which of the `bills`, the oldest first, an amount most likely pays: the one that is exactly as much, where
    it is not all that is owed; else the oldest until it is used up (Civil Code 560)."""
    owed = sum((one.balance for one in bills), NOTHING)
    same = [one for one in bills if one.balance == amount]
    if same and owed != amount:
        return same[:1]
    chosen, left = [], amount
    for bill in bills:
        if left <= 0:
            break
        chosen.append(bill)
        left -= bill.balance
    return chosen


def _words(line):
    return f"{line.remark} {line.counterparty}"


def _rooms_in(text):
    """Return the keys of the rooms that a remark names, for example `3-2-1201`; a day is none."""
    text = unicodedata.normalize("NFKC", text).replace("—", "-").replace("–", "-")
    return [key_of(one) for one in _ROOM.findall(text)]


def payer_of(line, unit, bills, *, today):
    """Return the Person whose money a line of a home most likely is: who lives there and is called so, else whom
    the oldest of the `bills` names; None where neither is known. One query."""
    people = list(payers_of(unit, today))
    named = [one for one in people if one.name == line.counterparty]
    debtors = [one for bill in bills for one in people if one.pk == bill.debtor_id]
    return next(iter(named + debtors), None)


# A line on its own page -----------------------------------------------------------------------------------------------


def linkable(line):
    """Return the payments that a line may be, of which no line of a statement is known: as much, by its means, near its
    day; those of its reference first. One query."""
    near = Q(at__gte=line.at - NEAR, at__lte=line.at + NEAR)
    rows = Payment.objects.filter(
        near | (Q(external_ref=line.external_ref) & ~Q(external_ref="")),
        community=line.community_id,
        method__in=line.methods,
        amount=line.amount,
        refunded__lt=F("amount"),
        statement_line__isnull=True,
    )
    return rows.select_related("receipt__unit", "receipt__payer").order_by("at", "pk")


def unconfirmed(statement):
    """Return the payments recorded in the days of a statement that stand on no line of any: with its means of which
    each payment has a line of its own, the oldest first."""
    community = statement.community
    begins = midnight(statement.from_on, community)
    ends = midnight(statement.to_on + datetime.timedelta(days=1), community)
    rows = Payment.objects.filter(
        community=community,
        method=METHODS[statement.channel][0],
        at__gte=begins,
        at__lt=ends,
        refunded__lt=F("amount"),
        statement_line__isnull=True,
    )
    return rows.select_related("receipt__unit").order_by("at", "pk")


def waiting_in(community):
    """Return how many lines of statements wait. One query."""
    return StatementLine.objects.filter(community=community).waiting().count()


def counts_of(statement):
    """Return {status: how many lines of a statement have it}. One query."""
    return Counter(statement.lines.order_by().values_list("status", flat=True))
