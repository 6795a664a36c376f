"""Verbs of deposits (section 20): asked for under the rule of the place, voided unpaid, and what the payer is told."""

from django.db import transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from billing.actions.settling import lock_unit
from billing.amounts import NOTHING
from billing.models import Deposit, DepositRule, MoneyRequest
from billing.numbering import DEPOSITS
from residents.actions import register_person
from residents.models import Person
from servicedesk.core import events, moves, once
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role

ASKERS = (Role.CLERK, Role.CASHIER, Role.FINANCE)
Verdict = DepositRule.Verdict


def demand_allowed(community, kind, amount):
    """Raise Refused, with the source, where the rule of the place forbids a deposit of this kind, or so much of it for
    one unit together with what is asked for or held already (ruling 17). Without a rule nothing is forbidden: it is
    not for us to assume law. One query."""
    rule = DepositRule.objects.filter(community=community, kind=kind).first()
    facts = {"kind": rule.get_kind_display(), "source": rule.source, "most": rule.most} if rule else {}
    if rule and rule.verdict == Verdict.FORBIDDEN:
        raise Refused(_("A deposit for “%(kind)s” may not be taken here: %(source)s") % facts)
    if rule and rule.verdict == Verdict.CAPPED and amount > rule.most:
        raise Refused(_("A deposit for “%(kind)s” may be at most %(most)s yuan here: %(source)s") % facts)


@transaction.atomic
def ask_for_deposit(
    unit, *, kind, amount, note, by, now, payer=None, name="", phone="", refund_due_on=None, submission=None
):
    """Ask for a deposit and return it, with its number; it is paid at the cashier. A payer who is not in the register,
    for example the firm that renovates, is entered by `name` and `phone`. Raises Refused where the rule of the place
    does not allow it."""
    if not has_role(by, unit.community_id, *ASKERS):
        raise NotAllowed(_("The desk, the cashier or finance asks for a deposit."))
    who = {"payer": payer} if payer else {"payer__name": name}
    if made := once.made_by(submission, Deposit.objects.filter(unit=unit), kind=kind, amount=amount, **who):
        return made
    community = unit.community
    lock_unit(unit.pk)
    there = Deposit.objects.filter(unit=unit, kind=kind, voided_at=None)
    held = there.aggregate(sum=Sum(F("amount") - F("deducted") - F("refunded")))["sum"] or NOTHING
    demand_allowed(community, kind, amount + held)
    payer = payer or _payer_called(community, name, phone, by=by, now=now)
    deposit = Deposit(
        community=community,
        submission=submission,
        unit=unit,
        kind=kind,
        payer=payer,
        amount=amount,
        note=note,
        refund_due_on=refund_due_on,
        asked_by=by,
        asked_at=now,
    )
    deposit.number = DEPOSITS.next(community, now)
    deposit.save(force_insert=True)
    events.log(deposit, "deposit_asked", by=by, now=now, data={"kind": str(kind), "amount": str(amount)})
    return deposit


def _payer_called(community, name, phone, *, by, now):
    """Return the entry of the register with this name and telephone, or a new one."""
    known = Person.objects.known().filter(community=community, name=name, phone=phone).order_by("pk").first()
    return known or register_person(community, name=name, phone=phone, by=by, now=now)


@transaction.atomic
def void_deposit(deposit, *, by, now, reason):
    """Void a deposit of which nothing was paid."""
    if not has_role(by, deposit.community_id, *ASKERS):
        raise NotAllowed(_("The desk, the cashier or finance asks for a deposit."))
    lock_unit(deposit.unit_id)
    if Deposit.objects.filter(pk=deposit.pk, received__gt=0).exists():
        raise Refused(_("Something of this deposit is paid. Take the receipt back, or give it back, instead."))
    if deposit.voided_at:
        raise Refused(_("Deposit %(number)s is void.") % {"number": deposit.number})
    moves.write(deposit, voided_at=now, void_reason=reason)
    events.log(deposit, "deposit_voided", by=by, now=now, note=reason)


@transaction.atomic
def set_refund_day(deposit, *, by, now, refund_due_on):
    """Say from which day on a deposit is to be given back, for example a month after the work was accepted."""
    if not has_role(by, deposit.community_id, *ASKERS):
        raise NotAllowed(_("The desk, the cashier or finance asks for a deposit."))
    moves.write(deposit, refund_due_on=refund_due_on)
    events.log(deposit, "deposit_due", by=by, now=now, data={"day": str(refund_due_on)})


def untold(deposit):
    """Return the deductions from a deposit of which the payer was not told yet, oldest first. Two queries."""
    told = [event.data.get("request") for event in events.Event.objects.about(deposit).filter(verb="deposit_told")]
    rows = MoneyRequest.objects.filter(deposit=deposit, kind=MoneyRequest.Kind.DEDUCTION)
    return list(rows.filter(carried_out_at__isnull=False).exclude(pk__in=told).order_by("pk"))


@transaction.atomic
def tell_payer(deposit, *, by, now, how, note=""):
    """Record that the payer was told of every deduction that was made, and how (section 20: "payer told")."""
    if not has_role(by, deposit.community_id, *ASKERS):
        raise NotAllowed(_("The desk, the cashier or finance asks for a deposit."))
    lock_unit(deposit.unit_id)
    found = untold(deposit)
    if not found:
        raise Refused(_("The payer was told of every deduction already."))
    for one in found:
        data = {"request": one.pk, "how": str(how), "amount": str(one.amount)}
        events.log(deposit, "deposit_told", by=by, now=now, note=note, data=data)


@transaction.atomic
def set_deposit_rule(community, *, kind, verdict, most, source, by, now):
    """Set what holds here for one kind of deposit, or change it, and return the DepositRule; an administrator does."""
    if not has_role(by, community.pk, Role.ADMIN):
        raise NotAllowed(_("An administrator sets the rules for deposits."))
    facts = {"verdict": verdict, "most": most, "source": source}
    rule = DepositRule.objects.select_for_update().filter(community=community, kind=kind).first()
    if rule is None:
        rule = DepositRule.objects.create(community=community, kind=kind, **facts)
    else:
        moves.write(rule, **facts)
    data = {"kind": str(kind), "verdict": str(verdict), "most": str(most or "")}
    events.log(rule, "deposit_rule_set", by=by, now=now, data=data)
    return rule


@transaction.atomic
def take_rule_pack(community, pack, *, by, now):
    """Set every rule of a pack of billing.deposit_rules for a community and return them."""
    return [set_deposit_rule(community, by=by, now=now, **facts) for facts in pack.rules]
