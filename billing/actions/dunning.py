"""The sweep over arrears: what is overdue gets its ladder, what is paid leaves it, promises are kept or broken, finance
is told before a claim ends. Worked out from rows alone, so that after any outage one pass does it all."""

import logging

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import TruncDate

from billing.actions.messages import record_messages, tell_ladders
from billing.actions.prepayments import use_prepayments
from billing.actions.steps import NOT_PAUSED, open_disputes, plan
from billing.amounts import NOTHING
from billing.models import Allocation, ArrearsCase, Bill, LimitationAlarm, PromiseToPay
from servicedesk.core import events, moves
from servicedesk.core.calendar import calendar_of
from servicedesk.core.models import Community, Membership, Role, User
from servicedesk.core.notifications import notify
from servicedesk.core.worktime import NoServiceDays

logger = logging.getLogger(__name__)

OPEN = """
INSERT INTO billing_arrearscase (community_id, unit_id, opened_on, stage, next_kind, paused_reason, pause_note)
SELECT DISTINCT community_id, unit_id, %(today)s::date, '', '', '', '' FROM billing_bill
WHERE community_id = %(community)s AND voided_at IS NULL AND balance > 0 AND due_on < %(today)s
    AND NOT EXISTS (
        SELECT 1 FROM billing_arrearscase AS one WHERE one.unit_id = billing_bill.unit_id AND one.closed_on IS NULL
    )
ON CONFLICT DO NOTHING RETURNING id
"""
# A claim lasts at least three years from the day on which it was due, so what fell due later needs no look (188).
ALARM = """
INSERT INTO billing_limitationalarm (community_id, bill_id, days, claim_until, at)
SELECT community_id, bill.id, reached.days, claim_until, %(now)s
FROM billing_bill AS bill CROSS JOIN unnest(%(before)s::int[]) AS reached (days)
WHERE community_id = %(community)s AND voided_at IS NULL AND balance > 0
    AND due_on <= %(today)s::date + 180 - 1095
    AND claim_until >= %(today)s AND claim_until <= %(today)s::date + reached.days
ON CONFLICT DO NOTHING RETURNING bill_id
"""


PATHS = {"arrears_today": "/billing/arrears/?show=today", "claims_end": "/billing/arrears/?show=claims"}


def advance_arrears(*, now):
    """Bring the arrears of every community up to today; return how many homes wait for a step. Each community is one
    transaction of about ten statements, however many homes; one that fails is logged and passed over. Before it, what
    was prepaid pays what is due, home by home. Done twice it does nothing new."""
    waiting = 0
    for community in Community.objects.order_by("pk"):
        try:
            use_prepayments(community, now=now)
            waiting += _advance(community, now)
        except Exception:
            logger.exception("the arrears of %s could not be brought up to date", community)
    return waiting


@transaction.atomic
def _advance(community, now):
    if not Community.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=community.pk).exists():
        return 0
    today = community.local(now).date()
    facts = {"community": community.pk, "today": today}
    log = {"community": community, "by": None, "now": now}
    record_messages(community, now=now)
    _settle_promises(community, today, now)
    closed = list(_over(community, today).values_list("pk", flat=True))
    ended = {"next_kind": "", "next_days": None, "next_step_on": None, **NOT_PAUSED, "version": F("version") + 1}
    ArrearsCase.objects.filter(pk__in=closed).update(closed_on=today, **ended)
    events.log_many(ArrearsCase, [(key, {}) for key in closed], "arrears_closed", **log)
    opened = _rows(OPEN, facts)
    events.log_many(ArrearsCase, [(key, {}) for (key,) in opened], "arrears_opened", **log)
    over = ArrearsCase.objects.open().filter(community=community, paused_until__lt=today)
    # Locked, so that a dispute that is recorded meanwhile keeps its pause.
    resumed = list(over.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    ArrearsCase.objects.filter(pk__in=resumed).update(**NOT_PAUSED, version=F("version") + 1)
    _hold_disputed([*(key for (key,) in opened), *resumed])
    events.log_many(ArrearsCase, [(key, {}) for key in resumed], "arrears_resumed", **log)
    plan(community, today)
    tell_ladders(community, today, now=now)
    claims = {key for (key,) in _rows(ALARM, {**facts, "now": now, "before": list(LimitationAlarm.BEFORE)})}
    steps = ArrearsCase.objects.filter(community=community).to_do(today).count()
    _tell(community, today, now, steps=steps, claims=len(claims))
    return steps


def _hold_disputed(keys):
    """Pause those of the ladders with `keys`, which nothing holds, in whose unit a dispute is open. One statement."""
    disputes = open_disputes(OuterRef("unit"))
    facts = {"paused_reason": ArrearsCase.Pause.DISPUTED, "version": F("version") + 1}
    rows = ArrearsCase.objects.filter(Exists(disputes), pk__in=keys)
    rows.update(pause_note=Subquery(disputes.values("bill__number")[:1]), **facts)


def _rows(statement, facts):
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        return cursor.fetchall()


def _over(community, today):
    """Return the open ladders that are over: nothing is overdue any more, or nothing of what was when the last step was
    taken. What fell due since is another debt, and its ladder begins below, with a call and not with a lawyer."""
    overdue = Bill.objects.overdue(today).filter(unit=OuterRef("unit"))
    theirs = overdue.exclude(debtor_kind=Bill.DebtorKind.DEVELOPER)
    promised = PromiseToPay.objects.filter(arrears=OuterRef("pk"), status=PromiseToPay.Status.OPEN)
    is_another = Exists(theirs) & ~Exists(theirs.filter(due_on__lt=OuterRef("stage_on"))) & ~Exists(promised)
    is_over = ~Exists(overdue) | (Q(stage_on__isnull=False, paused_reason="") & is_another)
    return ArrearsCase.objects.open().filter(is_over, community=community)


def _settle_promises(community, today, now):
    """Say of each open promise whether it was kept: as much was paid since of what was overdue then, or nothing of that
    is left to pay."""
    made_on = TruncDate("made_at", tzinfo=community.tz)
    rows = PromiseToPay.objects.filter(community=community, status=PromiseToPay.Status.OPEN).annotate(made_on=made_on)
    promised = Bill.objects.owed().filter(unit=OuterRef("arrears__unit"), due_on__lt=OuterRef("made_on"))
    for promise in rows.annotate(owes=Exists(promised)).select_related("arrears", "community").order_by("pk"):
        if not promise.owes or paid_since(promise) >= promise.amount:
            moves.move(promise, PromiseToPay.Status.KEPT, by=None, now=now, verb="promise_kept", ended_at=now)
        elif promise.pay_on < today:
            moves.move(promise, PromiseToPay.Status.BROKEN, by=None, now=now, verb="promise_broken", ended_at=now)


def paid_since(promise):
    """Return how many yuan were paid since the promise was made of the bills that were overdue then.

    A receipt that was taken back paid nothing. Our own corrections change nothing: what a voided bill gives back had
    been paid all the same, and what pays another bill then is the same money, so no payment counts for more than it
    was. One query.
    """
    made_on = promise.community.local(promise.made_at).date()
    bills = {"bill__unit": promise.arrears.unit_id, "bill__due_on__lt": made_on}
    rows = Allocation.objects.filter(reverses=None, at__gte=promise.made_at, payment__receipt__voided_at=None, **bills)
    paid = rows.order_by().values_list("payment", "payment__amount").annotate(Sum("amount"))
    return sum((min(paid_by, most) for _payment, most, paid_by in paid), NOTHING)


def _tell(community, today, now, *, steps, claims):
    """Tell finance and the desk once a day of the steps that wait, and finance of claims that end soon, when the desk
    opens: one message a person, not one a home."""
    told = [("arrears_today", steps, [Role.FINANCE, Role.CLERK]), ("claims_end", claims, [Role.FINANCE])]
    for kind, count, roles in told:
        if not count:
            continue
        held = Membership.objects.active().filter(community=community, role__in=roles)
        people = User.objects.filter(pk__in=held.values("user")).order_by("pk")
        data = {"count": count, "path": PATHS[kind]}
        key = f"{kind}:{community.pk}:{today}"
        notify(people, kind, about=community, key=key, now=now, not_before=_opening(community, now), data=data)


def _opening(community, now):
    """Return when the desk is open next, or now where no hours are entered: nobody is disturbed at night."""
    try:
        return calendar_of(community).first_in_hours(now)
    except NoServiceDays:
        return now
