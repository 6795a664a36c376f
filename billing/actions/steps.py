"""The ladder of a home: which step is next, and a step that is taken (section 19)."""

from django.db import connection
from django.utils.translation import gettext as _

from billing.models import ArrearsCase, Dispute, DunningRule, DunningStep, StepKind
from servicedesk.core import events, moves
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community

# What is a talk or a word; letters and notices are written by finance.
SPOKEN = (StepKind.REMINDER, StepKind.MESSAGE, StepKind.PHONE, StepKind.VISIT)
NOT_PAUSED = {"paused_reason": "", "paused_until": None, "pause_note": ""}
# The next step is the first of the ladder behind the last that was taken. It never comes nearer to the one before it
# than the ladder says, so that nobody gets a demand letter because we were asleep, and it waits for a promise. The
# developer climbs no ladder: nobody is called or visited in a flat that was never handed over.
PLAN = """
WITH anchor AS (
    SELECT unit_id, min(due_on) AS since FROM billing_bill AS bill
    WHERE community_id = %(community)s AND voided_at IS NULL AND balance > 0 AND due_on < %(today)s
        AND debtor_kind <> 'developer' AND (%(unit)s::bigint IS NULL OR unit_id = %(unit)s)
        AND NOT EXISTS (SELECT 1 FROM billing_dispute WHERE bill_id = bill.id AND ended_at IS NULL)
    GROUP BY unit_id
), planned AS (
    SELECT arrears.id, coalesce(rule.kind, '') AS kind, rule.days, CASE WHEN rule.days IS NOT NULL THEN greatest(
        anchor.since + rule.days, arrears.stage_on + (rule.days - arrears.stage_days), promise.pay_on + 1) END AS day
    FROM billing_arrearscase AS arrears
    LEFT JOIN anchor ON anchor.unit_id = arrears.unit_id
    LEFT JOIN LATERAL (
        SELECT kind, days FROM billing_dunningrule
        WHERE community_id = arrears.community_id AND is_active AND days > coalesce(arrears.stage_days, 0)
        ORDER BY days LIMIT 1
    ) AS rule ON anchor.since IS NOT NULL
    LEFT JOIN billing_promisetopay AS promise ON promise.arrears_id = arrears.id AND promise.ended_at IS NULL
    WHERE arrears.community_id = %(community)s AND arrears.closed_on IS NULL
        AND (%(unit)s::bigint IS NULL OR arrears.unit_id = %(unit)s)
)
UPDATE billing_arrearscase AS arrears
SET next_kind = planned.kind, next_days = planned.days, next_step_on = planned.day, version = version + 1
FROM planned WHERE planned.id = arrears.id
    AND (arrears.next_kind, arrears.next_days, arrears.next_step_on)
    IS DISTINCT FROM (planned.kind, planned.days::smallint, planned.day)
"""


def lock_ladders(community):
    """Wait for whoever else changes many ladders of a community at once, in the caller's transaction: each takes the
    rows in an order of its own, and two would wait for each other. The sweep passes by meanwhile. One query."""
    Community.objects.select_for_update(no_key=True).get(pk=community.pk)


def plan(community, today, unit=None):
    """Work out the next step of every open ladder of a community, or of one unit, in the caller's transaction."""
    facts = {"community": community.pk, "today": today, "unit": unit.pk if unit else None}
    with connection.cursor() as cursor:
        cursor.execute(PLAN, facts)


def open_disputes(unit):
    """Return the disputes about bills of a unit that are open, the first one first."""
    return Dispute.objects.filter(bill__unit=unit, ended_at=None).order_by("pk")


def what_holds(unit):
    """Return how the ladder of a unit stands once hardship or a court holds it no more: paused while a dispute is open,
    as facts of its row. One query."""
    number = open_disputes(unit).values_list("bill__number", flat=True).first()
    return {**NOT_PAUSED, "paused_reason": ArrearsCase.Pause.DISPUTED, "pause_note": number} if number else NOT_PAUSED


def take_step(arrears, kind, *, by, now, climbs=True, **facts):
    """Write one step, in the caller's transaction, and work out the next. What does not climb is done beside the
    ladder."""
    demand_open(arrears)
    if arrears.is_paused and kind not in SPOKEN:
        raise Refused(_("The ladder is paused, so nothing firmer than a talk goes out. End the pause first."))
    today = arrears.community.local(now).date()
    rules = DunningRule.objects.filter(community=arrears.community_id, is_active=True, kind=kind)
    rule = rules.filter(days__gt=max(arrears.stage_days or 0, 0)).first()
    place = {}
    if climbs and rule is not None:
        place = {"days": rule.days, "due_on": arrears.next_step_on if kind == arrears.next_kind else today}
        moves.write(arrears, stage=kind, stage_days=rule.days, stage_on=today)
    else:
        moves.write(arrears)
    step = DunningStep.objects.create(
        community_id=arrears.community_id, arrears=arrears, kind=kind, done_at=now, by=by, **place, **facts
    )
    plan(arrears.community, today, arrears.unit)
    verb = "arrears_skipped" if step.skipped else "arrears_step"
    events.log(arrears, verb, by=by, now=now, data={"kind": kind, "days": step.days, "version": arrears.version})
    return step


def demand_open(arrears):
    if arrears.pk is None or not arrears.is_open:
        raise Refused(_("No arrears are open for this home: nothing is overdue. Nothing was recorded."))
