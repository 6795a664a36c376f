"""What an e-mail to a resident says, and whether it is still to be said: asked at the moment of sending.

So nobody is reminded of what they have paid, promised or disputed meanwhile, nobody who wants no e-mails gets one, and
no retry falls into the night.
"""

import datetime

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, Sum

from billing.models import Bill, Dispute, DunningRule, Message, PromiseToPay
from servicedesk.core.calendar import calendar_of
from servicedesk.core.notifications import Later, Never

# Nobody is written to before eight and after eight in the evening, by the clock of the community (proposal).
OPENS, CLOSES = datetime.time(8), datetime.time(20)
DAY = datetime.timedelta(days=1)
# A rest longer than this is a fault of the calendar and holds nothing up.
MOST_DAYS = 31


def first_allowed(community, now, *, workdays_only=False):
    """Return the first moment from `now` on at which residents are written to; `workdays_only` not on rest days.

    Two queries the first time in a process where working days count, else none.
    """
    local = community.local(now)
    day, start = local.date(), local.timetz().replace(tzinfo=None)
    if start >= CLOSES:
        day, start = day + DAY, OPENS
    calendar = calendar_of(community) if workdays_only else None
    for _day in range(MOST_DAYS):
        if calendar is None or calendar.is_working(day):
            break
        day, start = day + DAY, OPENS
    wanted = datetime.datetime.combine(day, max(start, OPENS), community.tz)
    return max(now, wanted.astimezone(datetime.UTC))


def check_bills(row, now):
    """Of the bills of a run: what is left of them by now. Once they are overdue the ladder speaks."""
    message = _message(row)
    if answer := _silent(row, message) or _too_early(message.community, now):
        return answer
    facts = _facts(message, Bill.objects.owed().filter(run=message.run_id))
    if not facts:
        return Never("paid")
    return Never("late") if facts["due_on"] < message.community.local(now).date().isoformat() else facts


def check_before_due(row, now):
    """Of a reminder before the due day: what is left to pay on that day."""
    message = _message(row)
    if answer := _silent(row, message) or _too_early(message.community, now, of=message):
        return answer
    if message.community.local(now).date() > message.due_on:
        return Never("late")
    if _waits(message):
        return Never("waits")
    return _facts(message, _undisputed().filter(due_on=message.due_on)) or Never("paid")


def check_ladder(row, now):
    """Of a step of the ladder: what this person has overdue by now, as long as the ladder has come no further."""
    message = _message(row)
    if answer := _silent(row, message) or _too_early(message.community, now, of=message):
        return answer
    arrears = message.arrears
    facts = _facts(message, _undisputed().filter(due_on__lt=message.community.local(now).date()))
    if not arrears.is_open or not facts:
        return Never("paid")
    if (arrears.next_kind, arrears.next_days) != (message.step_kind, message.days) or _waits(message):
        return Never("waits")
    return facts


def check_receipt(row, now):
    """Of a receipt: it goes at once, unless it was taken back meanwhile."""
    message = _message(row)
    if answer := _silent(row, message):
        return answer
    receipt = message.receipt
    if receipt.is_void:
        return Never("void")
    facts = {"number": receipt.number, "amount": f"{receipt.amount:,.2f}", "unit": message.unit.masked}
    return facts | {"phone": message.community.phone, "link": link_to(f"/p/bills/receipts/{receipt.pk}/")}


def link_to(path):
    return f"{settings.SITE_URL}{path}"


def _message(row):
    rows = Message.objects.select_related("community", "unit", "person", "arrears", "receipt")
    return rows.get(notification=row)


def _silent(row, message):
    """Return Never where the person has not agreed, or not for the address to which this would go."""
    person = message.person
    return None if person.is_told_by_mail and person.email == row.address else Never("silent")


def _too_early(community, now, of=None):
    rule = of and DunningRule.objects.filter(community=community, kind=of.step_kind).first()
    until = first_allowed(community, now, workdays_only=bool(rule and rule.workdays_only))
    return Later(until) if until > now else None


def _waits(message):
    """Return whether the ladder of the home is paused or waits for a promise."""
    of_unit = {"arrears__unit": message.unit_id, "arrears__closed_on": None}
    promised = PromiseToPay.objects.filter(status=PromiseToPay.Status.OPEN, **of_unit).exists()
    return promised or message.unit.arrears.open().exclude(paused_reason="").exists()


def _undisputed():
    disputes = Dispute.objects.filter(bill=OuterRef("pk"), ended_at=None)
    return Bill.objects.owed().filter(~Exists(disputes))


def _facts(message, bills):
    """Return what the words are filled with, None where nothing of `bills` is left to pay for this person and home."""
    found = bills.filter(unit=message.unit_id, debtor=message.person_id).aggregate(
        yuan=Sum("balance"), bills=Count("pk"), due_on=Min("due_on"), first=Min("month"), last=Max("month")
    )
    if not found["bills"]:
        return None
    first, last = f"{found['first']:%Y-%m}", f"{found['last']:%Y-%m}"
    return {
        "amount": f"{found['yuan']:,.2f}",
        "due_on": found["due_on"].isoformat(),
        "months": first if first == last else f"{first} – {last}",
        "unit": message.unit.masked,
        "phone": message.community.phone,
        "link": link_to("/p/bills/"),
    }
