"""Hours and holidays: the service calendar of a community, each change with what it would move before it is saved."""

from functools import partial

from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from complaints.setting_changes import CALENDAR_VERBS, MOST_CHANGES
from complaints.views.settings import settle, show
from servicedesk.core import actions as core_actions
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.forms import DayForm, HoursForm
from servicedesk.core.models import CalendarDay, Community, Event, Role, ServiceHours
from servicedesk.core.models.calendar import DAY_KINDS
from servicedesk.core.roles import role_required
from servicedesk.core.templatetags.calendar_tags import clock as as_time


@require_GET
@role_required(Role.ADMIN)
def calendar(request):
    """Service hours by weekday, and the days that differ."""
    return _calendar(request, DayForm(today=_today(request)), HoursForm())


@require_POST
@role_required(Role.ADMIN)
def set_day(request):
    """Set what kind of day a date is."""
    form = DayForm(request.POST, today=_today(request))
    page = partial(_calendar, request, form, HoursForm())
    if "back" in request.POST:
        return page()
    if not form.is_valid():
        return page(status=422)
    facts = form.cleaned_data
    before = CalendarDay.objects.filter(community=request.community, date=facts["date"]).first()
    after = CalendarDay(**facts)
    changes = [("day", facts["date"], _day_line(before), _day_line(after))]
    act = partial(core_actions.set_day, _own(request), by=request.user, now=clock.now(), **facts)
    return settle(request, act, changes=changes) or redirect("complaints:calendar")


@require_POST
@role_required(Role.ADMIN)
def unset_day(request, pk):
    """Make a day like any other of its weekday again."""
    day = get_object_or_404(CalendarDay, pk=pk, community=request.community)
    if "back" in request.POST:
        return redirect("complaints:calendar")
    changes = [("day", day.date, _day_line(day), _day_line(None))]
    act = _unless_gone(CalendarDay, pk, partial(core_actions.unset_day, by=request.user, now=clock.now()))
    return settle(request, act, changes=changes) or redirect("complaints:calendar")


@require_POST
@role_required(Role.ADMIN)
def open_hours(request):
    """Add a window of service hours to a weekday."""
    form = HoursForm(request.POST)
    page = partial(_calendar, request, DayForm(today=_today(request)), form)
    if "back" in request.POST:
        return page()
    if form.is_valid():
        facts = form.cleaned_data
        changes = [("hours", dict(ServiceHours.weekday.field.choices)[facts["weekday"]], "–", _hours(**facts))]
        act = partial(core_actions.open_hours, _own(request), by=request.user, now=clock.now(), **facts)
        try:
            return settle(request, act, changes=changes) or redirect("complaints:calendar")
        except Refused as refused:
            form.add_error("opens", str(refused))
    return page(status=422)


@require_POST
@role_required(Role.ADMIN)
def close_hours(request, pk):
    """Remove a window of service hours."""
    hours = get_object_or_404(ServiceHours, pk=pk, community=request.community)
    if "back" in request.POST:
        return redirect("complaints:calendar")
    line = _hours(opens=hours.opens, closes=hours.closes)
    act = _unless_gone(ServiceHours, pk, partial(core_actions.close_hours, by=request.user, now=clock.now()))
    changes = [("hours", hours.get_weekday_display(), line, "–")]
    return settle(request, act, changes=changes) or redirect("complaints:calendar")


def _own(request):
    """Return the community as an object of its own: what a preview takes back must not stay in the request's."""
    return Community.objects.get(pk=request.community.pk)


def _unless_gone(model, pk, act):
    """Return `act` on the row as it is by then; a row that is gone needs nothing more."""

    def done():
        if row := model.objects.select_related("community").filter(pk=pk).first():
            act(row)

    return done


def _hours(*, opens, closes, weekday=None):
    return f"{as_time(opens)}–{as_time(closes)}"


def _day_line(day):
    """Return a day in a few words."""
    if day is None:
        return _("as the weekday")
    hours = _("closed") if day.is_closed else "" if day.opens is None else _hours(opens=day.opens, closes=day.closes)
    return " ".join(filter(None, [str(dict(DAY_KINDS)[day.kind]), day.name, hours]))


def _today(request):
    return request.community.local(clock.now()).date()


def _calendar(request, day_form, hours_form, status=200):
    ahead = CalendarDay.objects.filter(community=request.community, date__gte=_today(request))
    found = Event.objects.about(request.community).filter(verb__in=CALENDAR_VERBS)[:MOST_CHANGES]
    context = {
        "form": hours_form if hours_form.is_bound else day_form,
        "day_form": day_form,
        "hours_form": hours_form,
        "hours": ServiceHours.objects.filter(community=request.community),
        "days": ahead.order_by("date")[:120],
        "changes": [{"event": event, "words": CALENDAR_VERBS[event.verb], "name": _which(event)} for event in found],
        "now": clock.now(),
    }
    return show(request, "complaints/settings/calendar.html", context, status=status)


def _which(event):
    """Return which day or weekday an event of the calendar is about."""
    if "weekday" in event.data:
        line = _hours(opens=event.data["opens"], closes=event.data["closes"])
        return f"{dict(ServiceHours.weekday.field.choices)[event.data['weekday']]} {line}"
    return event.data.get("date", "")
