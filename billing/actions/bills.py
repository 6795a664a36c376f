"""Verbs of single bills: one by hand, one that replaces a voided one, and what was owed in the former books."""

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from billing import charging
from billing.actions.closing import demand_open_month, month_to_bill
from billing.actions.issuing import issue
from billing.actions.ledger import post
from billing.actions.prepayments import carry_over
from billing.amounts import NOTHING
from billing.models import Account, Bill, Exemption, Fee, Tariff
from billing.numbering import next_bill_number
from residents.models import ImportRun, Occupancy, OpeningBalance, Unit
from servicedesk.core import events, once
from servicedesk.core.alone import count_bills_alone
from servicedesk.core.errors import Refused

# The fee of what the former books owed under a name that is none of ours.
FORMER_FEE = "former-books"


@transaction.atomic
def make_bill(unit, *, fee, text, amount, from_on, to_on, due_on, by, now, submission=None):
    """Write one bill by hand and return it: of a fee of the kind “other”, for what no tariff counts.

    `amount` is in yuan. Owed by the owner on the first day, else the lessee. A form that is sent twice makes one bill:
    the lock on the unit lets one in, and the bill keeps the key of its form. For a closed month it is billed in the
    current one. Raises Refused for another kind of fee, and for a due day that is past: nobody owes a late charge for
    days on which there was no bill.
    """
    if fee.kind != Fee.Kind.OTHER:
        raise Refused(_("This fee is billed by its tariff. Choose a fee of the kind “other fee”."))
    unit = Unit.objects.select_for_update(of=("self",), no_key=True).select_related("community").get(pk=unit.pk)
    key = str(submission or "")
    if key and (made := Bill.objects.filter(unit=unit, tariff=None, lines__0__form=key).first()):
        if (made.fee_id, made.amount, made.lines[0]["text"]) != (fee.pk, amount, text):
            raise once.used_already(made)
        return made
    if due_on < unit.community.local(now).date():
        raise Refused(_("A bill is due on the day on which it is written or later. Choose today or a later day."))
    month = month_to_bill(unit.community, charging.first_of(from_on), now=now)
    person, kind = debtor_on(unit, from_on)
    bill = Bill.objects.create(
        community=unit.community,
        unit=unit,
        fee=fee,
        debtor=person,
        debtor_kind=kind,
        month=month,
        from_on=from_on,
        to_on=to_on,
        amount=amount,
        lines=[{"code": "manual", "text": text, "amount": str(amount), "form": key}],
        issued_on=unit.community.local(now).date(),
        due_on=due_on,
        claim_until=charging.claim_until(due_on),
        created_at=now,
        by=by,
        number=next_bill_number(unit.community, month),
    )
    post("billed", about=bill, lines={Account.RECEIVABLE: amount, Account.INCOME: -amount}, by=by, now=now)
    events.log(bill, "issued", by=by, now=now, data={"amount": str(amount)})
    return bill


def debtor_on(unit, day):
    """Return (person or None, kind) of who owes what a unit is charged on `day`: as the runs find it. One query."""
    rows = Occupancy.objects.on(day).filter(unit=unit, kind__in=("owner", "lessee")).select_related("person")
    found = sorted(
        rows, key=lambda one: (one.kind != Occupancy.Kind.OWNER, -(one.share or 0), one.period.lower, one.pk)
    )
    if found:
        return found[0].person, found[0].kind
    is_unsold = unit.handed_over_on is None or unit.handed_over_on > day
    return None, Bill.DebtorKind.DEVELOPER if is_unsold else Bill.DebtorKind.UNKNOWN


@transaction.atomic
def replace_bill(bill, *, by, now):
    """Bill anew what a voided bill was about, from the register as it is now; return the new bill, `replaces` set. What
    the voided one had been paid pays it at once.

    Where its days are by now those of the developer and of who has the unit since, both parts are billed.
    By the tariff of the voided one, or, where that was entered by mistake, by the one in force. Raises Refused for a
    bill that stands or is replaced, for one written by hand, for a closed month, and where there is nothing to bill.
    """
    unit = Unit.objects.select_for_update(of=("self",), no_key=True).select_related("community").get(pk=bill.unit_id)
    bill = Bill.objects.select_for_update(of=("self",), no_key=True).select_related("community", "fee").get(pk=bill.pk)
    if not bill.is_void:
        raise Refused(_("This bill is not void, so it is not replaced. Have it voided first."))
    if Bill.objects.filter(replaces=bill).exists():
        raise Refused(_("This bill has been replaced already. Nothing was billed twice."))
    tariff = _tariff_for(bill)
    demand_open_month(bill.community, bill.month)
    count_bills_alone(bill.community)
    found = charging.charging(bill.community, tariff, bill.month, replaced=bill)
    is_developers = bill.debtor_kind == Bill.DebtorKind.DEVELOPER
    made = []
    for side in (is_developers, not is_developers):
        facts = {"by": by, "now": now, "replaces": None if made else bill, "by_developer": side}
        issued = issue(found, tariff, bill.month, issued_on=bill.community.local(now).date(), **facts)
        if issued.bills:
            made.append(Bill.objects.select_related("community").get(pk=issued.last))
    if not made:
        raise Refused(_why_not(found, is_developers))
    for one in made:
        lines = {Account.RECEIVABLE: one.amount, Account.INCOME: -one.amount}
        post("billed", about=one, lines=lines, by=by, now=now)
        events.log(one, "issued", by=by, now=now, data={"amount": str(one.amount), "replaces": bill.number})
        if carry_over(bill, one, unit, by=by, now=now):
            one.refresh_from_db()
    return made[0]


def _tariff_for(bill):
    rows = Tariff.objects.select_related("fee").prefetch_related("tiers")
    if bill.tariff_id is None:
        raise Refused(_("This bill was written by hand. Write a new one by hand instead of it."))
    tariff = rows.get(pk=bill.tariff_id)
    if tariff.voided_at:
        tariff = rows.on(bill.month).filter(fee=bill.fee_id).first()
    if tariff is None or not charging.begins_in(tariff, bill.month):
        raise Refused(_("No tariff of this fee holds for that month any more, so there is nothing to bill."))
    return tariff


def _why_not(found, is_developers):
    with connection.cursor() as cursor:
        cursor.execute(f"{found.sql} SELECT reason, by_developer FROM charges", found.params)
        rows = cursor.fetchall()
    reason = next((reason for reason, developers in rows if reason and developers == is_developers), "")
    if reason:
        text = _("Nothing can be billed: %(reason)s. Put the register right, and try again.")
        return text % {"reason": Exemption.Reason(reason).label}
    return _("By the register as it is now, nothing is owed for this any more, or it is billed already.")


@transaction.atomic
def take_over_balances(community, *, by, now):
    """Make a bill of every opening balance that has none; return (how many, their sum in yuan).

    A balance is billed under our fee of the same name, or under one fee for all others. Done twice it makes nothing
    new. Owed by whoever owned the unit on the day of the balance, due on that day.
    """
    # One at a time: whoever comes second finds what the first has written.
    type(community).objects.select_for_update(no_key=True).get(pk=community.pk)
    taken = _taken(community)
    owed = (
        OpeningBalance.objects.in_force().filter(community=community, amount__gt=0).select_related("unit", "community")
    )
    rows = [row for row in owed.order_by("as_of", "unit_id", "id") if row.pk not in taken]
    fees = {fee.name: fee for fee in Fee.objects.filter(community=community)}
    months = {first: month_to_bill(community, first, now=now) for first in {row.as_of.replace(day=1) for row in rows}}
    bills = [_former_bill(row, fees.get(row.label) or _former_fee(community, fees), months, by, now) for row in rows]
    Bill.objects.bulk_create(bills, batch_size=1000)
    totals = {}
    for row in rows:
        totals[row.run_id] = totals.get(row.run_id, 0) + row.amount
    for run in ImportRun.objects.filter(pk__in=totals).select_related("community").order_by("pk"):
        amount = totals[run.pk]
        post("opening", about=run, lines={Account.RECEIVABLE: amount, Account.INCOME: -amount}, by=by, now=now)
        events.log(run, "balances_billed", by=by, now=now, data={"amount": str(amount)})
    total = sum(totals.values(), NOTHING)
    return len(bills), total


def _taken(community):
    """Return the keys of the opening balances that have a bill, voided or not."""
    bills = Bill.objects.filter(community=community, tariff=None, lines__0__has_key="opening")
    return {lines[0]["opening"] for lines in bills.values_list("lines", flat=True)}


def _former_fee(community, fees):
    """Return the fee of what has none of ours, made when it is needed."""
    if FORMER_FEE not in fees:
        # In the language of the centre and in English, whoever it is that bills them.
        with translation.override(settings.LANGUAGE_CODE):
            name = _("Owed from the former books")
        with translation.override("en"):
            facts = {"name": name, "name_en": _("Owed from the former books")}
        facts |= {"kind": Fee.Kind.OTHER, "position": 900}
        facts |= {"applies_to": Fee.AppliesTo.ENROLLED}
        fees[FORMER_FEE], _made = Fee.objects.get_or_create(community=community, code=FORMER_FEE, defaults=facts)
    return fees[FORMER_FEE]


def _former_bill(row, fee, months, by, now):
    month = months[row.as_of.replace(day=1)]
    person, kind = debtor_on(row.unit, row.as_of)
    line = {"code": "opening", "opening": row.pk, "text": row.label, "on": row.as_of.isoformat()}
    return Bill(
        community_id=row.community_id,
        unit=row.unit,
        fee=fee,
        debtor=person,
        debtor_kind=kind,
        month=month,
        from_on=row.as_of,
        to_on=row.as_of,
        amount=row.amount,
        lines=[line | {"amount": str(row.amount)}],
        issued_on=row.as_of,
        due_on=row.as_of,
        claim_until=charging.claim_until(row.as_of),
        created_at=now,
        by=by,
        number=next_bill_number(row.community, month),
    )
