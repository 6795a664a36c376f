"""The route on a phone (S24): the meters of an open round in walking order; works without a line by the outbox."""

import uuid

from django.contrib import messages
from django.db.models import F
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from residents import actions, metering
from residents.forms import meters as forms
from residents.metering import ENGINEERS
from residents.models import MissedReading, Reading
from residents.views.meters import find, record, taken
from residents.views.rounds import building_of, missing_of
from servicedesk.core import clock
from servicedesk.core.roles import role_required


def _here(request):
    """Return (the open rounds, the one that is walked or None, the building that is asked for or None)."""
    opened = list(metering.open_rounds(request.community))
    for one in opened:
        one.community = request.community
    asked = request.GET.get("resource", "")
    return (
        opened,
        next((one for one in opened if one.resource == asked), opened[0] if opened else None),
        building_of(request),
    )


def show(request, *, meter=None, form=None, missed=None, status=200):
    """Render the route; `form` or `missed` is what came back about `meter`, which then stands on top."""
    opened, walked, building = _here(request)
    found, progress, now = [], [], clock.now()
    if walked:
        progress = metering.progress(walked, now)
        rows = metering.with_last(metering.with_reason(missing_of(walked, building), walked))
        # Where somebody came in vain today is tried again at the end.
        rows = rows.order_by(F("missed_at").asc(nulls_first=True), *rows.query.order_by)
        found = list(rows.exclude(pk=meter.pk if meter else 0)[: metering.PAGE])
    query = {"resource": walked.resource} if walked else {}
    context = {
        "now": now,
        "rounds": opened,
        "round": walked,
        "building": building,
        "query": urlencode(query | ({"building": building} if building is not None else {})),
        "progress": progress,
        "missing": sum(one.missing for one in progress),
        "lines": [
            {
                "meter": one,
                "key": uuid.uuid4(),
                "missed_key": uuid.uuid4(),
                "reason": metering.reason_words(one.missed_reason),
            }
            for one in found
        ],
        "reasons": [("", _("choose"), True), *((value, label, False) for value, label in MissedReading.Reason.choices)],
        "meter": meter,
        "last": metering.last_of(meter) if meter else None,
        "form": form or missed,
        "is_missed": missed is not None,
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/meters/route.html", context, status=status)


def _next(request):
    query = request.GET.urlencode()
    return redirect(f"{reverse('residents:route')}{query and '?'}{query}")


@require_GET
@role_required(*ENGINEERS)
def route(request):
    """What is still to be read, in the order of the route."""
    return show(request)


@require_POST
@role_required(*ENGINEERS)
def route_read(request, pk):
    """Record what a meter shows, with its photo; what is odd is asked for again."""
    now, meter = clock.now(), find(request, pk)
    form = forms.RouteForm(request.POST, request.FILES)
    facts = {"kind": Reading.Kind.PERIODIC, "at": now, "source": Reading.Source.PHONE}
    if record(request, form, meter, now, **facts):
        messages.success(request, _("%(place)s is recorded.") % {"place": meter.where})
        return _next(request)
    return show(request, meter=meter, form=form, status=422)


@require_POST
@role_required(*ENGINEERS)
def route_missed(request, pk):
    """Record why a meter could not be read."""
    meter, form = find(request, pk), forms.MissedForm(request.POST)
    walked = metering.open_rounds(request.community).filter(resource=meter.resource).first()
    is_valid = form.is_valid()
    if walked is None:
        form.add_error(None, _("No round is open for this meter any more."))
    elif is_valid:
        facts = {"by": request.user, "now": clock.now(), **form.cleaned_data}
        if taken(form, lambda: actions.miss_reading(walked, meter, **facts), field="reason"):
            messages.success(request, _("Noted."))
            return _next(request)
    return show(request, meter=meter, missed=form, status=422)
