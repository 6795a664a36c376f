"""Verbs against arrears (section 19): the steps that people take, promises, pauses, disputes, letters, late charges.

Arrears never stop service (ruling 15), so none of these touches a repair, a door, water, power, heat or gas.
"""

import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import ageing
from billing.actions.closing import month_to_bill
from billing.actions.ledger import post
from billing.actions.steps import NOT_PAUSED, SPOKEN, demand_open, lock_ladders, plan, take_step, what_holds
from billing.amounts import NOTHING
from billing.models import (
    Account,
    ArrearsCase,
    Bill,
    DemandLetter,
    DemandLine,
    Dispute,
    DunningRule,
    DunningStep,
    Fee,
    LateClause,
    PromiseToPay,
    StepKind,
)
from billing.numbering import DEMANDS, next_bill_number
from complaints.actions import receive_case
from residents.models import Unit
from servicedesk.core import events, moves
from servicedesk.core.calendar import calendar_of
from servicedesk.core.errors import NotAllowed, Refused, Stale
from servicedesk.core.models import Role
from servicedesk.core.roles import roles_in

Pause = ArrearsCase.Pause
# What a dispute neither ends nor takes the place of.
HELD = (Pause.HARDSHIP, Pause.COURT)
PROPOSAL = "(proposal)"
LADDER = [
    (StepKind.REMINDER, -7, PROPOSAL, False),
    (StepKind.MESSAGE, 0, PROPOSAL, False),
    (StepKind.PHONE, 7, PROPOSAL, True),
    (StepKind.VISIT, 15, PROPOSAL, True),
    (StepKind.POSTED_NOTICE, 30, PROPOSAL, True),
    (StepKind.DEMAND_LETTER, 60, "民法典 944（合理期限）；天数 (proposal)", True),
    (StepKind.LAWYER_LETTER, 90, PROPOSAL, True),
]
# The least that is a reasonable period in which to pay (Civil Code 944 names none), and of what is proposed.
LEAST_DAYS, USUAL_DAYS = 7, 15
# Within how many days a late charge is to be paid.
LATE_DUE_DAYS = 15
_NO_LATE_CHARGE = gettext_lazy(
    "No late charge is due: nothing was paid late, no clause of a contract holds, or it is billed or disputed."
)


def demand(community_id, *roles, by):
    """Raise NotAllowed unless `by` holds one of `roles` in the community. No query of its own."""
    if not set(roles) & roles_in(by, community_id):
        raise NotAllowed(_("This is not among the tasks of your role. Ask finance."))


# The ladder -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def make_ladder(community, *, by, now):
    """Give a community that has no ladder the usual one and return its rules. Two or three statements."""
    rows = [
        DunningRule(community=community, kind=kind, days=days, source=source, is_active=is_active)
        for kind, days, source, is_active in LADDER
    ]
    if not DunningRule.objects.filter(community=community).exists():
        DunningRule.objects.bulk_create(rows, ignore_conflicts=True)
        events.log(community, "ladder_made", by=by, now=now)
    return list(DunningRule.objects.filter(community=community))


@transaction.atomic
def set_rule(rule, *, days, is_active, source, by, now, workdays_only=True):
    """Set on which day a step is due, whether it is in use, and whether its e-mails wait for a working day.

    Raises Refused where another step has that day, and where something firmer than a message would come before the
    bill is overdue.
    """
    demand(rule.community_id, Role.FINANCE, by=by)
    lock_ladders(rule.community)
    others = DunningRule.objects.filter(community=rule.community_id, is_active=True).exclude(pk=rule.pk)
    if is_active and others.filter(days=days).exists():
        raise Refused(_("Another step has this day already. Give each step a day of its own."))
    if days <= 0 and rule.kind not in (StepKind.REMINDER, StepKind.MESSAGE):
        raise Refused(_("Before a bill is overdue only a friendly reminder or a message may go out."))
    was = {"days": rule.days, "is_active": rule.is_active}
    moves.write(rule, days=days, is_active=is_active, workdays_only=workdays_only, source=source)
    data = {"kind": rule.kind, "was": was, "days": days, "is_active": is_active, "workdays_only": workdays_only}
    events.log(rule, "ladder_set", by=by, now=now, data=data)
    plan(rule.community, rule.community.local(now).date())


@transaction.atomic
def add_clause(community, *, fee, rate_per_day, grace_days, cap_percent, clause, valid, by, now, principal_first=False):
    """Enter the contract's clause on late charges and return it. `principal_first` is what the contract says of money
    that does not suffice; without a word of it the late charge is paid first (Civil Code 561). Raises Refused where a
    clause holds on those days."""
    demand(community.pk, Role.FINANCE, by=by)
    if LateClause.objects.in_force().filter(community=community, fee=fee, valid__overlap=valid).exists():
        raise Refused(
            _("Another clause holds on some of these days already. End or void that one first, or choose other days.")
        )
    facts = {"rate_per_day": rate_per_day, "grace_days": grace_days, "cap_percent": cap_percent}
    facts |= {"principal_first": principal_first}
    row = LateClause.objects.create(community=community, fee=fee, clause=clause, valid=valid, by=by, at=now, **facts)
    events.log(row, "clause_added", by=by, now=now, data={name: str(value) for name, value in facts.items()})
    return row


# Steps by hand --------------------------------------------------------------------------------------------------------


@transaction.atomic
def record_step(arrears, *, kind, evidence, by, now, result=""):
    """Record that a step was taken, with its evidence, and return the DunningStep; the next one follows from it.

    The desk records calls and visits, finance every step but the demand letter, which is written. Raises Refused for a
    notice or letter while the ladder is paused.
    """
    demand(arrears.community_id, *((Role.CLERK, Role.FINANCE) if kind in SPOKEN else (Role.FINANCE,)), by=by)
    if kind == StepKind.DEMAND_LETTER:
        raise Refused(_("Write the demand letter with the step for it, so that it gets a number and its bills."))
    return take_step(arrears, kind, by=by, now=now, evidence=evidence, result=result)


@transaction.atomic
def skip_step(arrears, *, reason, by, now):
    """Leave the next step out, with the reason. Raises Refused where none is to come."""
    demand(arrears.community_id, Role.FINANCE, by=by)
    if not arrears.next_kind:
        raise Refused(_("No step is to come, so none can be left out."))
    return take_step(arrears, arrears.next_kind, by=by, now=now, skipped=reason)


@transaction.atomic
def record_notices(community, *, units, evidence, by, now):
    """Record the posted notice for all of `units` that are in arrears and not paused; return how many.

    Those that were paid, paused or given a notice today meanwhile are left out, and those where none of who lives
    there owes anything. About six statements a unit.
    """
    demand(community.pk, Role.FINANCE, by=by)
    lock_ladders(community)
    today, count = community.local(now).date(), 0
    owing = ageing.at_the_door(Bill.objects.overdue(today).filter(unit__in=units), today)
    rows = ArrearsCase.objects.open().filter(community=community, unit__in=owing.values("unit"), paused_reason="")
    for arrears in rows.select_related("community", "unit").order_by("unit_id"):
        given = DunningStep.objects.filter(arrears=arrears, kind=StepKind.POSTED_NOTICE)
        if not any(community.local(step.done_at).date() == today for step in given):
            take_step(arrears, StepKind.POSTED_NOTICE, by=by, now=now, evidence=evidence)
            count += 1
    return count


# Promises and pauses --------------------------------------------------------------------------------------------------


@transaction.atomic
def promise_payment(arrears, *, amount, pay_on, by, now, note=""):
    """Record a promise to pay and return it; the ladder waits until that day. `amount` is yuan, at most what is owed of
    the home. Raises Refused for more, for a day that is past or more than three months off, and while another promise
    is open."""
    demand(arrears.community_id, Role.CLERK, Role.FINANCE, by=by)
    demand_open(arrears)
    today = arrears.community.local(now).date()
    if not today <= pay_on <= today + datetime.timedelta(days=92):
        raise Refused(_("A promise is for a day from today to three months from now. Agree on a nearer day."))
    if PromiseToPay.objects.filter(arrears=arrears, status=PromiseToPay.Status.OPEN).exists():
        raise Refused(_("A promise is open already. It ends by itself on its day; take it back where it is wrong."))
    owed = Bill.objects.owed().filter(unit=arrears.unit_id).exclude(debtor_kind=Bill.DebtorKind.DEVELOPER)
    most = owed.aggregate(yuan=Sum("balance"))["yuan"] or NOTHING
    if amount > most:
        raise Refused(
            _("¥%(most)s are owed of this home in all, so no more can be promised. Look at the amount again.")
            % {"most": f"{most:,.2f}"}
        )
    moves.write(arrears)
    facts = {"amount": amount, "pay_on": pay_on, "note": note}
    promise = PromiseToPay.objects.create(
        community_id=arrears.community_id, arrears=arrears, made_at=now, by=by, **facts
    )
    plan(arrears.community, today, arrears.unit)
    events.log(promise, "promised", by=by, now=now, data={"amount": str(amount), "pay_on": pay_on.isoformat()})
    return promise


@transaction.atomic
def withdraw_promise(arrears, *, reason, by, now):
    """Take back the promise that is open, because it was typed wrong or agreed on anew, with the reason; the ladder
    goes on, and another promise may be recorded. Raises Refused where none is open."""
    demand(arrears.community_id, Role.CLERK, Role.FINANCE, by=by)
    promise = PromiseToPay.objects.filter(arrears=arrears.pk, status=PromiseToPay.Status.OPEN).first()
    if promise is None:
        raise Refused(_("No promise is open, so none can be taken back. Reload the page."))
    moves.write(arrears)
    moves.move(
        promise, PromiseToPay.Status.WITHDRAWN, by=by, now=now, verb="promise_withdrawn", note=reason, ended_at=now
    )
    plan(arrears.community, arrears.community.local(now).date(), arrears.unit)


@transaction.atomic
def pause_arrears(arrears, *, reason, note, by, now, until=None):
    """Pause the ladder for hardship until a day, or while a court has it. Raises Refused for hardship without an end
    within half a year, and where one of them holds it already: neither writes over the other. A dispute pauses by
    itself, and holds again behind them as long as it is open."""
    demand(arrears.community_id, Role.FINANCE, Role.SUPERVISOR, Role.DEPUTY_GM, by=by)
    demand_open(arrears)
    if reason == Pause.COURT and Role.FINANCE not in roles_in(by, arrears.community_id):
        raise NotAllowed(_("Finance records what is at court. You may pause the ladder for hardship."))
    if arrears.paused_reason in HELD:
        raise Refused(
            _("The ladder is paused already: %(reason)s. Let it go on first, with the reason, and pause it anew.")
            % {"reason": arrears.get_paused_reason_display()}
        )
    today = arrears.community.local(now).date()
    if reason == Pause.HARDSHIP and until is None:
        raise Refused(_("A pause for hardship ends on a day. Write until when."))
    if until is not None and not today <= until <= today + datetime.timedelta(days=183):
        raise Refused(_("A pause ends within half a year. Write a nearer day; it can be paused again."))
    moves.write(arrears, paused_reason=reason, paused_until=until, pause_note=note)
    data = {"reason": reason, "until": until.isoformat() if until else "", "version": arrears.version}
    events.log(arrears, "arrears_paused", by=by, now=now, note=note, data=data)


@transaction.atomic
def resume_arrears(arrears, *, note, by, now):
    """End a pause before its time, with the reason. Behind hardship and court the ladder stays paused while a bill is
    disputed; a pause for a dispute ends for the other bills, and what is disputed stays out of notices and letters."""
    demand(arrears.community_id, Role.FINANCE, by=by)
    if not arrears.is_paused:
        raise Refused(_("The ladder is not paused."))
    moves.write(arrears, **(what_holds(arrears.unit) if arrears.paused_reason in HELD else NOT_PAUSED))
    plan(arrears.community, arrears.community.local(now).date(), arrears.unit)
    events.log(arrears, "arrears_resumed", by=by, now=now, note=note, data={"version": arrears.version})


# Disputes -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def dispute_bill(arrears, *, bill, by, now, case=None, category=None, matter="", submission=None):
    """Record that a bill is disputed, in a case that exists or in a new one, and return the Dispute. No late charge
    runs on the bill meanwhile, and the ladder of the unit is paused; where there is none yet it is paused when it
    opens, and hardship and court go on as they are.

    A case that a clerk opens is theirs; one that finance opens waits at the desk to be taken. Raises Refused for a bill
    that is disputed or settled, and for a case of another unit.
    """
    demand(arrears.community_id, Role.CLERK, Role.FINANCE, by=by)
    unit = Unit.objects.select_for_update(of=("self",), no_key=True).select_related("community").get(pk=arrears.unit_id)
    bill = Bill.objects.select_for_update(of=("self",), no_key=True).get(pk=bill.pk)
    if bill.unit_id != unit.pk or bill.is_void or bill.balance == 0:
        raise Refused(_("Nothing is owed on this bill any more, so it cannot be disputed here."))
    if Dispute.objects.filter(bill=bill, ended_at=None).exists():
        raise Refused(_("This bill is disputed already."))
    if case is not None and case.unit_id != unit.pk:
        raise Refused(_("That case is about another home. Choose one of this home, or open a new one."))
    if arrears.pk is not None and arrears.is_open:
        disputed = {"paused_reason": Pause.DISPUTED, "paused_until": None, "pause_note": bill.number}
        moves.write(arrears, **({} if arrears.paused_reason in HELD else disputed))
    if case is None:
        case = _case_about(bill, unit, category, matter, submission, by=by, now=now)
    dispute = Dispute.objects.create(community=unit.community, bill=bill, case=case, opened_at=now, by=by)
    plan(unit.community, unit.community.local(now).date(), unit)
    events.log(dispute, "disputed", by=by, now=now, data={"bill": bill.number, "case": case.pk})
    return dispute


def _case_about(bill, unit, category, matter, submission, *, by, now):
    is_clerk = Role.CLERK in roles_in(by, unit.community_id)
    case, _token = receive_case(
        unit.community,
        by=by if is_clerk else None,
        now=now,
        channel="other" if is_clerk else "web",
        kind="complaint",
        category=category,
        summary=_("Dispute about bill %(number)s") % {"number": bill.number},
        description=matter,
        submission=submission,
        reporter=bill.debtor,
        reporter_name=str(bill.debtor or ""),
        anonymous_reason="" if bill.debtor_id else _("recorded from the arrears of the home"),
        no_phone_reason=_("recorded from the arrears of the home"),
        unit=unit,
    )
    return case


@transaction.atomic
def end_dispute(dispute, *, outcome, note, by, now):
    """End a dispute with its outcome. With the last one of the unit the ladder goes on; the bill itself is mended by a
    void or a waiver, which a second person approves."""
    demand(dispute.community_id, Role.FINANCE, by=by)
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=dispute.bill.unit_id)
    if not Dispute.objects.filter(pk=dispute.pk, ended_at=None).exists():
        raise Stale
    _end(dispute, outcome=outcome, note=note, by=by, now=now)


def uphold_disputes(bill, *, note, by, now):
    """End the dispute about a bill that claims nothing any more, voided or waived as a whole: it was upheld. In the
    caller's transaction, which holds the unit. One query where there is none."""
    for dispute in Dispute.objects.filter(bill=bill, ended_at=None).select_related("bill__unit", "community"):
        _end(dispute, outcome=Dispute.Outcome.UPHELD, note=note, by=by, now=now)


def _end(dispute, *, outcome, note, by, now):
    moves.write(dispute, ended_at=now, ended_by=by, outcome=outcome, outcome_note=note)
    unit = dispute.bill.unit
    arrears = ArrearsCase.objects.open().filter(unit=unit, paused_reason=Pause.DISPUTED).first()
    if arrears:
        moves.write(arrears, **what_holds(unit))
    plan(dispute.community, dispute.community.local(now).date(), unit)
    events.log(dispute, "dispute_ended", by=by, now=now, note=note, data={"outcome": outcome})


# Demand letters -------------------------------------------------------------------------------------------------------


@transaction.atomic
def write_letter(arrears, *, bills, reply_by, pay_to, by, now):
    """Write a demand letter (催告函) over `bills` and return it; it is the step of the ladder as well.

    Leaves a reasonable period in which to pay (Civil Code 944): at least a week; what would end on a rest day ends on
    the working day after it (203). Each bill stands in it with what is
    left to pay now. It has one debtor: a demand interrupts limitation only where it reaches who owes (195), and nobody
    learns what others owe (T27). Raises Refused for bills of different debtors, and for one that is disputed, not
    overdue or not of this unit. A letter to the developer is no step of the ladder. Numbers have no gaps.
    """
    demand(arrears.community_id, Role.FINANCE, by=by)
    demand_open(arrears)
    community, unit = arrears.community, arrears.unit
    today = community.local(now).date()
    if reply_by < today + datetime.timedelta(days=LEAST_DAYS):
        raise Refused(_("Leave at least a week to pay: the law asks for a reasonable period (Civil Code 944)."))
    reply_by = calendar_of(community).rolled(reply_by)
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    keys = [bill.pk for bill in bills]
    locked = Bill.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys, unit=unit).order_by("pk")
    rows = [bill for bill in ageing.with_disputes(locked) if bill.is_overdue(today) and not bill.is_disputed]
    if not rows or len(rows) != len(set(keys)):
        raise Refused(_("One of these bills is paid or disputed meanwhile, or not overdue. Choose the bills again."))
    if len({bill.debtor_id or bill.debtor_kind for bill in rows}) > 1:
        raise Refused(_("These bills are owed by different people. Write one letter to each; nothing was written yet."))
    if arrears.is_paused:
        raise Refused(_("The ladder is paused, so nothing firmer than a talk goes out. End the pause first."))
    letter = DemandLetter(
        community=community,
        arrears=arrears,
        unit=unit,
        debtor_id=rows[-1].debtor_id,
        total=sum(bill.balance for bill in rows),
        issued_on=today,
        reply_by=reply_by,
        pay_to=pay_to,
        at=now,
        by=by,
    )
    letter.number = DEMANDS.next(community, now)
    letter.save(force_insert=True)
    DemandLine.objects.bulk_create(DemandLine(letter=letter, bill=bill, amount=bill.balance) for bill in rows)
    is_developers = rows[0].debtor_kind == Bill.DebtorKind.DEVELOPER
    facts = {"evidence": letter.number, "letter": letter, "climbs": not is_developers}
    take_step(arrears, StepKind.DEMAND_LETTER, by=by, now=now, **facts)
    events.log(letter, "demanded", by=by, now=now, data={"number": letter.number, "total": str(letter.total)})
    return letter


@transaction.atomic
def deliver_letter(letter, *, delivered_on, proof, proof_text, by, now):
    """Record how and when a letter was delivered; the claims in it begin their three years anew on that day.

    A demand interrupts limitation (Civil Code 195); a claim that had ended before does not come to life again, and
    none becomes shorter. Raises Refused for a day before the letter or to come.
    """
    demand(letter.community_id, Role.FINANCE, by=by)
    today = letter.community.local(now).date()
    if not letter.issued_on <= delivered_on <= today:
        raise Refused(_("A letter is delivered on a day from its date until today. Look at the day."))
    if letter.is_delivered:
        raise Refused(_("The delivery of this letter is on record already."))
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=letter.unit_id)
    lines = DemandLine.objects.filter(letter=letter)
    # Of who got it, and of nobody else: a letter of earlier times may hold what others owe.
    bills = Bill.objects.filter(pk__in=lines.values("bill"), debtor=letter.debtor_id).order_by("pk")
    keys = [bill.pk for bill in bills.select_for_update(of=("self",), no_key=True)]
    until = three_years_after(delivered_on)
    alive = Bill.objects.filter(pk__in=keys, claim_until__gte=delivered_on, claim_until__lt=until)
    renewed = alive.update(claim_until=until)
    facts = {"delivered_on": delivered_on, "proof": proof, "proof_text": proof_text}
    moves.write(letter, **facts, delivery_noted_by=by, delivery_noted_at=now)
    data = {"on": delivered_on.isoformat(), "proof": proof, "until": until.isoformat(), "bills": renewed}
    events.log(letter, "demand_delivered", by=by, now=now, data=data)


def three_years_after(day):
    """Return the same day three years on; of 29 February the last of that month (Civil Code 188, 202)."""
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day.replace(year=day.year + 3, day=last)


def log_arrears_file(community, *, count, by, now):
    """Record that the list of arrears left the desk as a file of `count` rows, and who took it. One INSERT."""
    return events.log(community, "arrears_exported", by=by, now=now, data={"count": count})


# Late charges ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def issue_late_charge(bills, *, by, now, arrears=None):
    """Bill what late charges have come to on `bills` of one unit up to today, also on those that were paid late, and
    return the new bills.

    Only by the contract's clause (ruling 15), simple, capped, without the days of a dispute; what was billed before is
    taken off, and a bill that is disputed waits for the outcome. `arrears` is the page that it was asked on: it rises
    by a version, so that a form sent twice is stale. Raises Refused where nothing is to be billed, and where there is
    no fee for it.
    """
    bills = list(bills)
    if not bills:
        raise Refused(_NO_LATE_CHARGE)
    community = bills[0].community
    demand(community.pk, Role.FINANCE, by=by)
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=bills[0].unit_id)
    rows = Bill.objects.standing().filter(pk__in=[bill.pk for bill in bills], unit=bills[0].unit_id).order_by("pk")
    rows = list(rows.select_for_update(of=("self",), no_key=True).select_related("fee", "community", "unit"))
    fee = Fee.objects.filter(community=community, kind=Fee.Kind.LATE, is_active=True).first()
    if fee is None:
        raise Refused(_("There is no fee of the kind “late charge” yet. Add it to the fees first."))
    today = community.local(now).date()
    disputed = set(Dispute.objects.filter(bill__in=rows, ended_at=None).values_list("bill", flat=True))
    due = {key: late for key, late in ageing.late_of(rows, today).items() if late.due > 0 and key not in disputed}
    if not due:
        raise Refused(_NO_LATE_CHARGE)
    if arrears is not None:
        moves.write(arrears)
    return [_bill_late(bill, due[bill.pk], fee, today, by=by, now=now) for bill in rows if bill.pk in due]


def _bill_late(bill, late, fee, today, *, by, now):
    from_on = late.charge.stretches[0].from_on
    month = month_to_bill(bill.community, from_on.replace(day=1), now=now)
    due_on = today + datetime.timedelta(days=LATE_DUE_DAYS)
    made = Bill.objects.create(
        community=bill.community,
        unit=bill.unit,
        fee=fee,
        debtor_id=bill.debtor_id,
        debtor_kind=bill.debtor_kind,
        month=month,
        from_on=from_on,
        to_on=late.charge.stretches[-1].to_on,
        amount=late.due,
        lines=[_arithmetic(bill, late, fee)],
        issued_on=today,
        due_on=due_on,
        claim_until=three_years_after(due_on),
        created_at=now,
        by=by,
        about=bill,
        number=next_bill_number(bill.community, month),
    )
    lines = {Account.RECEIVABLE: late.due, Account.INCOME: -late.due}
    post("billed", about=made, lines=lines, by=by, now=now)
    events.log(made, "issued", by=by, now=now, data={"amount": str(late.due), "about": bill.number})
    return made


def _arithmetic(bill, late, fee):
    """Return how a late charge was counted, as its bill keeps it (ruling 14)."""
    return {
        "code": "late",
        "text": f"{fee.name} {bill.number}",
        "amount": str(late.due),
        "clause": late.clause.clause,
        "rate": str(late.clause.rate_per_day),
        "cap": str(late.charge.cap),
        "is_capped": late.charge.is_capped,
        "principal_first": late.clause.principal_first,
        "billed_before": str(late.billed),
        "stretches": [
            {
                "from": one.from_on.isoformat(),
                "to": one.to_on.isoformat(),
                "days": one.days,
                "principal": str(one.principal),
            }
            for one in late.charge.stretches
        ],
    }
