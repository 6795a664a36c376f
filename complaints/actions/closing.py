"""Signing: the day with its explanations, the week and the month with their figures. Signed once, never edited."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from complaints import closing, figures, telling
from complaints.models import DayClose, Explanation, Report
from complaints.permissions import demand_in
from servicedesk.core import events
from servicedesk.core.duty import holders
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Role


@transaction.atomic
def explain(community, *, date, lines, by, now):
    """Write a line about each thing that the check of a day found, and return how many.

    `lines` are (check, row, text) with the Check and the Row that were found for `by`. A line about a case is an event
    of the case, any other one of the community. What says the same as before is passed over. Raises Refused once the
    day is signed.
    """
    demand_in(by, "explain", community)
    if DayClose.objects.filter(community=community, date=date).exists():
        raise Refused(_("This day is signed; nothing is added to it. Write your line on the case itself."))
    written = 0
    for check, row, text in lines:
        if row.explained is not None and row.explained.text == text:
            continue
        if row.case is not None and row.case.concerned.filter(user=by).exists():
            raise NotAllowed(_("This step belongs to somebody else. Ask your supervisor if it cannot wait."))
        Explanation.objects.create(
            community=community,
            date=date,
            case=row.case,
            check_key=check.key,
            row_key=row.key,
            text=text,
            by=by,
            at=now,
        )
        data = {"day": date.isoformat(), "check": check.key}
        data |= {"version": row.case.version} if row.case else {"row": row.key}
        events.log(row.case or community, "explained", by=by, now=now, note=text, data=data)
        written += 1
    return written


@transaction.atomic
def sign_day(community, *, date, summary, exceptions, by, now):
    """Sign a day and return its DayClose, with the figures and the end of the chain of events frozen in it.

    Raises Refused before the last hour of service of the day, where it is signed already, and where a red check has a
    row without a line and `exceptions` does not say why it is signed all the same. Who signs answers for what they
    see; what is frozen is all of it (see `closing.seen_by`). About fifteen queries.
    """
    demand_in(by, "sign_day", community)
    day = closing.Day(community, date, user=by, now=now)
    if now < day.may_be_signed_at:
        at = f"{community.local(day.may_be_signed_at):%m-%d %H:%M}"
        raise Refused(_("This day can be signed from %(at)s on. What you typed is kept.") % {"at": at})
    if day.blocking and not exceptions:
        raise Refused(
            _("Red rows without a line: %(count)s. Explain each, or write why you sign all the same.")
            % {"count": day.blocking}
        )
    last = Event.objects.filter(community=community, seal__isnull=False).order_by("-seal").first()
    close = DayClose(
        community=community,
        date=date,
        summary=summary,
        exceptions=exceptions if day.blocking else "",
        unexplained=day.blocking,
        snapshot=closing.frozen(community, date, now=now),
        seal=last.seal if last else 0,
        seal_hash=last.hash if last else "",
        signed_by=by,
        signed_at=now,
    )
    try:
        with transaction.atomic():
            close.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("Somebody else has signed this day already. What you typed is kept on this page.")) from None
    data = {"day": date.isoformat(), "unexplained": day.blocking, "seal": close.seal}
    events.log(close, "day_signed", by=by, now=now, note=summary, data=data)
    if day.blocking:
        telling.tell_deputy(close, "day_signed_open", date, by=by, now=now)
    return close


@transaction.atomic
def sign_report(community, period, *, text, by, now):
    """Sign the report of a week or a month and return it, with all its figures frozen; the deputy GM is told.

    Raises Refused before the period is over and where it is signed already. Figures are those of everybody: see
    `figures.is_about` for whom a case of the period is about.
    """
    demand_in(by, "sign_report", community)
    if not period.is_over(community, now):
        raise Refused(_("This report can be signed when its time is over. What you typed is kept."))
    deputies = holders(community, Role.DEPUTY_GM)
    report = Report(
        community=community,
        span=period.span,
        starts_on=period.starts_on,
        text=text,
        addressee=addressee(community, period, deputies),
        snapshot=figures.count(figures.Scope(community, None, period, now)),
        signed_by=by,
        signed_at=now,
    )
    try:
        with transaction.atomic():
            report.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("Somebody else has signed this report already. What you typed is kept on this page.")) from None
    data = {"span": period.span, "day": period.starts_on.isoformat()}
    events.log(report, "report_signed", by=by, now=now, note=text, data=data)
    telling.tell_deputy(report, f"{period.span}_signed", period.starts_on, by=by, now=now)
    return report


def addressee(community, period, deputies):
    """Return the name of whom a report goes to: the department manager named in the settings for a month, the deputy
    GM (the first of `deputies`) where nobody is named and for every week."""
    named = community.report_to if period.span == Report.Span.MONTH else ""
    return named or (str(deputies[0]) if deputies else "")


@transaction.atomic
def read_report(report, *, by, now):
    """Mark a signed report as read; only the first reading is kept. Two statements."""
    demand_in(by, "read_report", report.community)
    if Report.objects.filter(pk=report.pk, read_at=None).update(read_by=by, read_at=now):
        data = {"span": str(report.span), "day": report.starts_on.isoformat()}
        events.log(report, "report_read", by=by, now=now, data=data)
