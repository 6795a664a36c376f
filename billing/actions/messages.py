"""Telling residents of their bills, arrears and receipts by e-mail: written to the outbox with the fact, in sets; what
has become of a step of the ladder is put on record when it was sent or could not be (rulings 13, 15)."""

import datetime

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from billing.actions.steps import take_step
from billing.mailing import first_allowed
from billing.models import DunningRule, DunningStep, Message, StepKind
from billing.models.messages import WITHDRAWN
from residents.models import Person
from servicedesk.core import events
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.masking import mask_email

Kind = Message.Kind
# Whoever agreed has an address and an entry that is in use, by CHECK.
TELL = """
WITH addressed AS (
    SELECT found.*, person.email FROM ({who}) AS found JOIN residents_person AS person ON person.id = found.person_id
    WHERE person.mail_agreed_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM billing_message AS told WHERE told.key = found.key)
), told AS (
    INSERT INTO core_notification (community_id, address, channel, kind, subject_type_id, subject_id, key, data,
        created_at, not_before)
    SELECT %(community)s, email, 'email', %(words)s, %(people)s, person_id, key, '{{}}', %(now)s, %(not_before)s
    FROM addressed ON CONFLICT DO NOTHING RETURNING id, key
)
INSERT INTO billing_message (community_id, kind, key, created_at, notification_id, unit_id, person_id, run_id, month,
    arrears_id, step_kind, days, due_on, receipt_id, by_id)
SELECT %(community)s, %(kind)s, key, %(now)s, told.id, unit_id, person_id, run_id, month, arrears_id, step_kind, days,
    due_on, receipt_id, %(by)s FROM told JOIN addressed USING (key)
"""
OF_RUN = """
    SELECT 'bills:' || run_id || ':' || unit_id || ':' || debtor_id AS key, unit_id, debtor_id AS person_id, run_id,
        %(month)s::date AS month, NULL::bigint AS arrears_id, '' AS step_kind, NULL::smallint AS days,
        NULL::date AS due_on, NULL::bigint AS receipt_id
    FROM billing_bill
    WHERE run_id = %(run)s AND unit_id > %(after)s AND unit_id <= %(upto)s AND debtor_id IS NOT NULL
        AND voided_at IS NULL AND balance > 0
    GROUP BY run_id, unit_id, debtor_id
"""
NOT_DISPUTED = "NOT EXISTS (SELECT 1 FROM billing_dispute WHERE bill_id = bill.id AND ended_at IS NULL)"
# Told is who owes the oldest bill, from which the ladder counts. What failed is a step for a person, and what was held
# back meanwhile is told when the ladder goes on.
OF_LADDER = f"""
    SELECT 'ladder:' || arrears.id || ':' || next_days || ':' || %(today)s AS key, arrears.unit_id,
        oldest.debtor_id AS person_id, NULL::bigint AS run_id, NULL::date AS month, arrears.id AS arrears_id,
        next_kind AS step_kind, next_days AS days, oldest.due_on, NULL::bigint AS receipt_id
    FROM billing_arrearscase AS arrears JOIN LATERAL (
        SELECT debtor_id, due_on FROM billing_bill AS bill
        WHERE unit_id = arrears.unit_id AND voided_at IS NULL AND balance > 0 AND due_on < %(today)s AND {NOT_DISPUTED}
            AND debtor_kind <> 'developer'
        ORDER BY due_on, id LIMIT 1
    ) AS oldest ON oldest.debtor_id IS NOT NULL
    WHERE arrears.community_id = %(community)s AND closed_on IS NULL AND paused_reason = ''
        AND next_kind = %(step)s AND next_step_on <= %(today)s
        AND NOT EXISTS (
            SELECT 1 FROM billing_message AS sent JOIN core_notification AS row ON row.id = sent.notification_id
            WHERE sent.arrears_id = arrears.id AND sent.days = next_days
                AND (row.dead_at IS NULL OR row.last_error <> ALL(%(withdrawn)s))
        )
"""
# A bill that was written after the day of its reminder is told of by its run.
OF_DUE_DAY = f"""
    SELECT 'due:' || unit_id || ':' || debtor_id || ':' || due_on || ':' || %(step)s AS key, unit_id,
        debtor_id AS person_id, NULL::bigint AS run_id, NULL::date AS month, NULL::bigint AS arrears_id,
        %(step)s AS step_kind, %(days)s::smallint AS days, due_on, NULL::bigint AS receipt_id
    FROM billing_bill AS bill
    WHERE community_id = %(community)s AND voided_at IS NULL AND balance > 0 AND debtor_id IS NOT NULL
        AND due_on >= %(today)s AND due_on > %(beyond)s AND due_on <= %(until)s AND issued_on <= due_on + %(days)s
        AND {NOT_DISPUTED}
        AND NOT EXISTS (
            SELECT 1 FROM billing_arrearscase AS arrears LEFT JOIN billing_promisetopay AS promise
                ON promise.arrears_id = arrears.id AND promise.ended_at IS NULL
            WHERE arrears.unit_id = bill.unit_id AND closed_on IS NULL
                AND (paused_reason <> '' OR promise.id IS NOT NULL)
        )
    GROUP BY unit_id, debtor_id, due_on
"""
OF_RECEIPT = """
    SELECT 'receipt:' || id AS key, unit_id, payer_id AS person_id, NULL::bigint AS run_id, NULL::date AS month,
        NULL::bigint AS arrears_id, '' AS step_kind, NULL::smallint AS days, NULL::date AS due_on, id AS receipt_id
    FROM billing_receipt WHERE id = %(receipt)s
"""


def tell_run(run, *, after, upto, now):
    """Tell who has agreed of the bills of one chunk of a run, all of a home in one message, in its transaction.

    One query, and two statements where anybody of the community has agreed, however many homes. Told once."""
    facts = {"run": run.pk, "month": run.month, "after": after, "upto": upto}
    facts["not_before"] = first_allowed(run.community, now)
    _tell(run.community, OF_RUN, Kind.BILLS, "bills_issued", now=now, **facts)


def tell_ladders(community, today, *, now):
    """Tell who has agreed what is due soon or overdue, by the reminders and messages of the ladder whose day has come,
    in the transaction of the sweep. One query, and a statement for each of these steps that is in use."""
    rules = DunningRule.objects.filter(community=community, is_active=True)
    rules = list(rules.filter(kind__in=[StepKind.REMINDER, StepKind.MESSAGE]).order_by("days"))
    early = [rule for rule in rules if rule.days <= 0]
    for rule in rules:
        facts = {"step": rule.kind, "today": today, "now": now}
        facts["not_before"] = first_allowed(community, now, workdays_only=rule.workdays_only)
        if rule.days > 0:
            _tell(community, OF_LADDER, Kind.LADDER, "bills_overdue", withdrawn=list(WITHDRAWN), **facts)
            continue
        # Of two reminders whose days have come, as after an outage, the later one goes out.
        later = [other.days for other in early if other.days > rule.days]
        facts |= {"days": rule.days, "until": today - datetime.timedelta(days=rule.days)}
        facts["beyond"] = today - datetime.timedelta(days=later[0] if later else 1)
        _tell(community, OF_DUE_DAY, Kind.BEFORE_DUE, "bills_due", **facts)


def _tell(community, who, kind, words, *, now, not_before=None, by=None, **facts):
    """Write the messages that `who` finds and return how many."""
    if not Person.objects.told_by_mail().filter(community=community).exists():
        return 0
    params = facts | {
        "community": community.pk,
        "kind": kind,
        "words": words,
        "people": ContentType.objects.get_for_model(Person).pk,
        "now": now,
        "not_before": not_before or now,
        "by": by and by.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(TELL.format(who=who), params)
        return cursor.rowcount


@transaction.atomic
def mail_receipt(receipt, *, by, now):
    """Tell the payer of a receipt by e-mail where to see it; told once. Raises Refused where they have not agreed to
    e-mails, and for a receipt that was taken back. About four statements."""
    payer = receipt.payer
    if receipt.is_void:
        raise Refused(_("This receipt was taken back, so it is not sent. Look at the page again."))
    if payer is None or not payer.is_told_by_mail:
        raise Refused(
            _("The payer has not agreed to e-mails, so nothing was sent. Their consent is recorded on their entry.")
        )
    if not tell_receipt(receipt, by=by, now=now):
        raise Refused(_("This receipt is on its way or was sent already."))


def tell_receipt(receipt, *, by, now):
    """Tell the payer of a receipt, if they have agreed to e-mails, where to see it, in the caller's transaction; return
    whether this is new. Two or three statements."""
    told = _tell(receipt.community, OF_RECEIPT, Kind.RECEIPT, "receipt_made", receipt=receipt.pk, by=by, now=now)
    if told:
        events.log(receipt, "receipt_mailed", by=by, now=now)
    return bool(told)


def record_messages(community, *, now):
    """Put on record what has become of the steps that went out by e-mail, in the transaction of the sweep: sent, the
    ladder goes on; not delivered, it says so and the step waits for a person. Some eight statements for each."""
    rows = Message.objects.filter(community=community, kind=Kind.LADDER, step=None)
    dead = Q(notification__dead_at__isnull=False) & ~Q(notification__last_error__in=WITHDRAWN)
    rows = rows.filter(Q(notification__sent_at__isnull=False) | dead).order_by("pk")
    for message in rows.select_related("notification", "arrears__community", "arrears__unit"):
        message.arrears.community = community
        try:
            with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
                _record(message)
        except Stale:
            # Somebody works on this home right now; the next sweep comes.
            continue


def _record(message):
    told, arrears = message.notification, message.arrears
    to = {"to": mask_email(told.address)}
    is_next = arrears.is_open and (arrears.next_kind, arrears.next_days) == (message.step_kind, message.days)
    if told.sent_at and is_next:
        evidence = _("E-mail to %(to)s") % to
        step = take_step(arrears, message.step_kind, by=None, now=told.sent_at, evidence=evidence)
    else:
        text = _("E-mail to %(to)s") if told.sent_at else _("The e-mail to %(to)s could not be delivered")
        result = "" if told.sent_at else _("Tell them another way, and look at the address.")
        step = DunningStep.objects.create(
            community_id=message.community_id,
            arrears=arrears,
            kind=message.step_kind,
            done_at=told.sent_at or told.dead_at,
            evidence=text % to,
            result=result,
        )
        data = {"kind": message.step_kind, "days": None, "sent": bool(told.sent_at)}
        events.log(arrears, "arrears_step", by=None, now=step.done_at, data=data)
    Message.objects.filter(pk=message.pk).update(step=step)
