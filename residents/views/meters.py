"""Meters (能源表): the list, one meter with its readings and what is done with it, and when a reading is odd."""

import contextlib

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from residents import actions, metering
from residents.forms import meters as forms
from residents.metering import ENGINEERS, ENTERS, EXPLAINS, JUDGES, KEEPS, OFFICE, SEES
from residents.models import Reading, Unit
from servicedesk.core import clock, photos
from servicedesk.core.errors import Refused
from servicedesk.core.models import Photo, Role
from servicedesk.core.roles import has_role, role_required
from servicedesk.core.views import back_to

RULERS = (Role.SUPERVISOR, Role.ADMIN)
# As many readings stand on the page of a meter, and as many are drawn.
SHOWN, DRAWN = 60, 12


def may(request):
    """Return what this person may do with meters, by name, for a page."""
    steps = {"enter": ENTERS, "keep": KEEPS, "judge": JUDGES, "office": OFFICE, "walk": ENGINEERS, "explain": EXPLAINS}
    return {step: has_role(request.user, request.community.pk, *roles) for step, roles in steps.items()}


def tabs(request, here):
    """Return the parts of the meter pages that this person may open."""
    pages = [("residents:meters", _("Meters"), SEES), ("residents:rounds", _("Rounds"), SEES)]
    pages += [("residents:meter_rule", _("Odd readings"), RULERS)]
    return [
        {"label": label, "url": reverse(name), "current": name == here}
        for name, label, roles in pages
        if has_role(request.user, request.community.pk, *roles)
    ]


def number_of(request):
    """Return the page that the address asks for, the first where it asks for none that can be."""
    asked = request.GET.get("page", "")
    return min(max(int(asked), 1), 10_000) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1


def turns(request, before, after):
    """Return the addresses of the pages before and after, "" for none, with the filters of this one."""
    asked = {name: value for name, value in request.GET.items() if name != "page" and value}
    return {
        name: f"?{urlencode({**asked, 'page': number})}" if number else ""
        for name, number in (("before_url", before), ("after_url", after))
    }


def taken(form, act, *, field="value"):
    """Do `act` and return whether it was taken; where it was not, the form says why beside `field` and keeps it all."""
    try:
        act()
    except actions.AskAgain as asked:
        form.ask(asked, field)
    except Refused as refused:
        form.add_error(field if field in form.fields else None, str(refused))
    else:
        return True
    return False


def record(request, form, meter, now, *, of_form=(), **facts):
    """Record what a form with a photo says of `meter` and return whether it was taken. A photo that came with a reading
    that was not taken is kept with the meter, unless the phone keeps it, and goes to the reading when that is taken."""
    if not form.is_valid():
        _keep_photo(request, form, meter, now)
        return False
    facts |= {name: form.cleaned_data[name] for name in of_form}
    kept = Photo.objects.about(meter).filter(name=form.cleaned_data["kept"])

    def act():
        with photos.stored(form.pictures or [photos.copy_of(photo) for photo in kept]) as stored:
            reading = actions.record_reading(
                meter,
                value=form.cleaned_data["value"],
                by=request.user,
                now=now,
                submission=form.cleaned_data["submission"],
                picture=stored[0] if stored else None,
                **form.said,
                **facts,
            )
            # Sent twice, it has its photo already.
            if stored and not Photo.objects.about(reading).filter(name=stored[0][1]).exists():
                photos.discard(stored[0][1])

    done = taken(form, act)
    if not done:
        _keep_photo(request, form, meter, now)
    return done


def _keep_photo(request, form, meter, now):
    if form.pictures and "X-Outbox" not in request.headers:
        with contextlib.suppress(Refused), photos.stored(form.pictures) as stored:
            actions.keep_picture(meter, picture=stored[0], by=request.user, now=now)
            form.keep(stored[0][1])
            messages.info(request, _("The photo is kept with the meter; you need not send it again."))
    elif form.data.get("kept"):
        form.keep(form.data["kept"])


@require_GET
@role_required(*SEES)
def meters(request):
    """The meters in the order of the route, fifty a page; those that a filter asks for."""
    form = forms.FilterForm(request.GET, community=request.community)
    chosen = form.chosen
    rows = metering.with_last(metering.asked_for(request.community, **chosen).with_place())
    found, before, after = metering.page_of(rows, number_of(request))
    context = {
        "now": clock.now(),
        "filter": form,
        "is_filtered": any(chosen.values()),
        "rows": found,
        "may": may(request),
        "tabs": tabs(request, "residents:meters"),
        **turns(request, before, after),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/meters/list.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*KEEPS)
def meter_add(request):
    """Put a meter into the register, with its base reading where it is known. The page that sent somebody here with a
    home is gone back to."""
    now, community = clock.now(), request.community
    form = forms.MeterForm(request.POST or None, community=community, initial=_asked_for(request))
    if request.method == "POST" and form.is_valid():
        made = []
        if taken(form, lambda: made.append(_add(request, form, now)), field="serial"):
            messages.success(request, _("The meter is in the register."))
            return redirect(back_to(request, made[0].get_absolute_url()))
    status = 422 if form.is_bound and form.errors else 200
    context = {"form": form, "next": back_to(request, "")}
    return render(request, "residents/meters/add.html", context, status=status)


def _asked_for(request):
    """Return what an address fills into the form of a meter: its home."""
    key = request.GET.get("unit", "")
    is_key = key.isascii() and key.isdigit() and len(key) <= 15
    unit = Unit.objects.filter(community=request.community, pk=key).first() if is_key else None
    return {"room": unit.label} if unit else {}


def _add(request, form, now):
    facts = {"by": request.user, "now": now, **form.facts}
    return actions.add_meter(request.community, base=form.cleaned_data["base"], **facts)


def find(request, pk):
    """Return a meter of the community; everybody who comes in here may see all of them."""
    rows = request.community.meters.with_place().select_related("replaced_by", "replaces")
    meter = get_object_or_404(rows, pk=pk)
    meter.community = request.community
    return meter


def show(request, meter, *, step="", form=None, chosen=None, status=200):
    """Render one meter; `step` names the panel that is open, `form` is one that came back."""
    now = clock.now()
    readings = list(meter.readings.newest().select_related("by", "confirmed_by", "voided_by", "round")[:SHOWN])
    for reading in readings:
        reading.meter = meter
    standing = [reading for reading in readings if reading.is_standing]
    allowed = may(request)
    step, chosen = _step(request, meter, step, chosen, standing, allowed)
    pictures = metering.photos_of(readings)
    context = {
        "now": now,
        "meter": meter,
        "lines": [_line(request, reading, standing, pictures, now) for reading in readings],
        "bars": [
            {"label": f"{request.community.local(one.at):%Y-%m-%d}", "count": one.consumption.normalize()}
            for one in reversed([r for r in standing if r.kind not in Reading.OPENING][:DRAWN])
        ],
        "last": standing[0] if standing else None,
        "photos": list(Photo.objects.about(meter)),
        "may": allowed,
        "step": step,
        "form": form or _form(step, meter, standing, now),
        "chosen": chosen,
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/meters/page.html", context, status=status)


# The panels of the page: what one has to be allowed.
PANELS = {"read": "enter", "replace": "keep", "remove": "keep"}


def _step(request, meter, step, chosen, standing, allowed):
    """Return (the panel to open, the reading that it is about) as the address asks and this person may."""
    if step:
        return step, chosen
    asked = request.GET.get("do", "")
    if asked == "void":
        chosen = next((one for one in standing if str(one.pk) == request.GET.get("reading")), None)
        return ("void", chosen) if chosen else ("", None)
    possible = meter.is_in_place and allowed.get(PANELS.get(asked), False)
    return (asked if possible else ""), None


def _form(step, meter, standing, now):
    if step == "read":
        return forms.ReadForm(meter=meter, has_base=bool(standing), now=now)
    if step == "replace":
        return forms.ReplaceForm(meter=meter, now=now)
    return {"remove": forms.RemoveForm, "void": forms.VoidForm}[step]() if step else None


def _line(request, reading, standing, pictures, now):
    """Return a reading with its photo and what this person may do with it."""
    is_last = bool(standing) and reading == standing[0]
    return {
        "reading": reading,
        "photo": pictures.get(reading.pk),
        "may_void": is_last and metering.may_void(reading, request.user, now),
        "may_confirm": reading.is_odd
        and reading.by_id != request.user.pk
        and metering.may_judge(request.user, request.community.pk),
    }


@require_GET
@role_required(*SEES)
def meter(request, pk):
    """One meter: where it hangs, what it showed, what was used, and the steps this person may take."""
    return show(request, find(request, pk))


@require_POST
@role_required(*ENTERS)
def meter_read(request, pk):
    """Type in a reading."""
    now, row = clock.now(), find(request, pk)
    with timezone.override(request.community.tz):
        form = forms.ReadForm(
            request.POST, request.FILES, meter=row, has_base=metering.last_of(row) is not None, now=now
        )
        if record(request, form, row, now, of_form=("at", "kind", "source")):
            messages.success(request, _("The reading is recorded."))
            return redirect(row)
    return show(request, row, step="read", form=form, status=422)


@require_POST
@role_required(*KEEPS)
def meter_replace(request, pk):
    """Record that a meter was replaced, with the last reading of the old and the first of the new one."""
    now, row = clock.now(), find(request, pk)
    with timezone.override(request.community.tz):
        form = forms.ReplaceForm(request.POST, meter=row, now=now)
        if form.is_valid():
            facts = {name: fact for name, fact in form.cleaned_data.items() if name not in forms.TICKS}
            made = []

            def act():
                made.append(actions.replace_meter(row, by=request.user, now=now, **form.said, **facts))

            if taken(form, act, field="last_value"):
                messages.success(request, _("Replaced. This is the new meter."))
                return redirect(made[0])
    return show(request, row, step="replace", form=form, status=422)


@require_POST
@role_required(*KEEPS)
def meter_remove(request, pk):
    """Record that a meter hangs there no more."""
    row = find(request, pk)
    form = forms.RemoveForm(request.POST)
    if form.is_valid():
        facts = {"by": request.user, "now": clock.now(), **form.cleaned_data}
        if taken(form, lambda: actions.remove_meter(row, **facts), field="reason"):
            messages.success(request, _("The meter is out of the register's rounds; its readings stay."))
            return redirect(row)
    return show(request, row, step="remove", form=form, status=422)


def _reading(request, pk):
    rows = request.community.readings.select_related("meter__unit", "meter__building", "by")
    reading = get_object_or_404(rows, pk=pk)
    reading.meter.community = request.community
    return reading


@require_POST
@role_required(*SEES)
def reading_void(request, pk):
    """Void a reading with its reason, and put the right one in its place where it is known."""
    row = _reading(request, pk)
    form = forms.VoidForm(request.POST)
    if form.is_valid():
        facts = {name: form.cleaned_data[name] for name in ("reason", "value")}
        facts |= {"by": request.user, "now": clock.now(), "rolled_over": form.said["rolled_over"]}
        if taken(form, lambda: actions.void_reading(row, **facts)):
            messages.success(request, _("The reading is void; it stays in the list with the reason."))
            return redirect(row.meter)
    return show(request, find(request, row.meter_id), step="void", form=form, chosen=row, status=422)


@require_POST
@role_required(*JUDGES)
def reading_confirm(request, pk):
    """Confirm that an odd reading is right."""
    row = _reading(request, pk)
    try:
        actions.confirm_reading(row, by=request.user, now=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The reading is confirmed."))
    return redirect(row.meter)


@require_http_methods(["GET", "HEAD"])
@role_required(*SEES)
def meter_photo(request, pk, name):
    """A photo of a meter or of one of its readings."""
    row = find(request, pk)
    of_readings = metering.photos_of(list(row.readings.only("pk"))).values()
    if not any(photo.name == name for photo in (*of_readings, *Photo.objects.about(row))):
        raise Http404
    return photos.serve(name)


@require_http_methods(["GET", "POST"])
@role_required(*RULERS)
def meter_rule(request):
    """When a reading is odd and asked for again."""
    rule = metering.rule_of(request.community.pk)
    form = forms.RuleForm(
        request.POST or None,
        initial={
            "outlier_factor": f"{rule.outlier_factor.normalize():f}",
            "looked_back": rule.looked_back,
            "ignored_below": f"{rule.ignored_below.normalize():f}",
        },
    )
    if request.method == "POST" and form.is_valid():
        actions.set_meter_rule(request.community, by=request.user, now=clock.now(), **form.cleaned_data)
        messages.success(request, _("Saved. It counts from the next reading on."))
        return redirect("residents:meter_rule")
    context = {"form": form, "tabs": tabs(request, "residents:meter_rule")}
    return render(request, "residents/meters/rule.html", context, status=422 if form.is_bound and form.errors else 200)
