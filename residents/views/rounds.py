"""Rounds of reading (抄表批次): open, see what is missing, type in a building's readings, print, take out, close."""

from django.contrib import messages
from django.http import FileResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from residents import actions, metering
from residents.forms import meters as forms
from residents.metering import ENTERS, EXPLAINS, KEEPS, OFFICE, SEES
from residents.models import Meter, MissedReading, Reading, ReadingRound
from residents.views.meters import may, number_of, tabs, taken, turns
from servicedesk.core import clock, spreadsheets
from servicedesk.core.doors import part_of
from servicedesk.core.errors import Refused
from servicedesk.core.roles import role_required

HERE = "residents:rounds"


def find(request, pk):
    """Return a round of the community."""
    row = get_object_or_404(
        ReadingRound.objects.select_related("opened_by", "closed_by"), pk=pk, community=request.community
    )
    row.community = request.community
    return row


@require_http_methods(["GET", "POST"])
@role_required(*SEES)
def rounds(request):
    """The rounds, the newest first; who keeps the meters opens one."""
    now, allowed = clock.now(), may(request)
    month = f"{request.community.local(now):%Y-%m}"
    form = None
    if allowed["keep"]:
        form = forms.RoundForm(request.POST or None, initial={"month": month})
    if request.method == "POST" and form is not None and form.is_valid():
        facts = {"resource": form.cleaned_data["resource"], "period": form.cleaned_data["month"]}
        made = []

        def act():
            made.append(actions.open_round(request.community, by=request.user, now=now, **facts))

        if taken(form, act, field="month"):
            messages.success(request, _("The round is open. It stands on the phones of engineering now."))
            return redirect(made[0])
    part = part_of(request.community.reading_rounds.select_related("opened_by", "closed_by"), request)
    context = {"now": now, "part": part, "form": form, "may": allowed, "tabs": tabs(request, HERE)}
    with timezone.override(request.community.tz):
        return render(request, "residents/meters/rounds.html", context, status=422 if form and form.errors else 200)


def building_of(request):
    """Return the key of the building that the address asks for: 0 for those in none, None for all."""
    asked = request.GET.get("building", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 12 else None


def missing_of(row, building):
    """Return the meters that a round has not read, of one building where one is asked for, in walking order."""
    rows = Meter.objects.not_entered_in(row)
    return (rows if building is None else metering.in_building(rows, building)).with_place().on_route()


def show(request, row, *, bad=None, export=None, refusal="", status=200):
    """Render one round: how far it is by building, and what is missing with the reasons; `bad` are the forms by meter
    that came back."""
    building, now, allowed = building_of(request), clock.now(), may(request)
    rows = metering.with_last(metering.with_reason(missing_of(row, building), row))
    found, before, after = metering.page_of(rows, number_of(request))
    progress = metering.progress(row, now)
    context = {
        "now": now,
        "round": row,
        "buildings": part_of(sorted(progress, key=lambda one: one.missing == 0), request, "buildings"),
        "owed": sum(one.owed for one in progress),
        "missing": sum(one.missing for one in progress),
        "unexplained": sum(one.missing - one.explained for one in progress),
        "lines": [
            {"meter": meter, "reason": metering.reason_words(meter.missed_reason), "form": (bad or {}).get(meter.pk)}
            for meter in found
        ],
        "reasons": MissedReading.Reason.choices,
        # Reasons are chosen a building at a time, unless one page has everything that is missing.
        "asks": row.is_open and allowed["explain"] and (building is not None or bool(bad) or not (before or after)),
        "building": building,
        "may": allowed,
        "refusal": refusal,
        "export_form": export or (forms.ExportForm() if "export" in request.GET else None),
        "tabs": tabs(request, HERE),
        **turns(request, before, after),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/meters/round.html", context, status=status)


@require_GET
@role_required(*SEES)
def reading_round(request, pk):
    """One round: how far it is, what is not entered, and why."""
    return show(request, find(request, pk))


def _reasons(request):
    """Yield (meter, its form) for each reason that was chosen in the list. One query."""
    chosen = {name.partition("-")[2]: value for name, value in request.POST.items() if name.startswith("reason-")}
    keys = [int(key) for key, value in chosen.items() if value and key.isascii() and key.isdigit() and len(key) < 12]
    for meter in Meter.objects.filter(community=request.community, pk__in=keys).with_place():
        yield (
            meter,
            forms.MissedForm({"reason": chosen[str(meter.pk)], "note": request.POST.get(f"note-{meter.pk}", "")}),
        )


@require_POST
@role_required(*EXPLAINS)
def round_missed(request, pk):
    """Record the reasons that were chosen for meters that could not be read."""
    row, now = find(request, pk), clock.now()
    bad, done = {}, 0
    for meter, form in _reasons(request):

        def act(meter=meter, form=form):
            facts = {name: form.cleaned_data[name] for name in ("reason", "note")}
            actions.miss_reading(row, meter, by=request.user, now=now, **facts)

        if form.is_valid() and taken(form, act, field="reason"):
            done += 1
        else:
            bad[meter.pk] = form
    if done:
        messages.success(request, ngettext("%(n)s reason recorded.", "%(n)s reasons recorded.", done) % {"n": done})
    if bad:
        return show(request, row, bad=bad, status=422)
    building = building_of(request)
    return redirect(row if building is None else f"{row.get_absolute_url()}?building={building}#missing")


@require_POST
@role_required(*KEEPS)
def round_close(request, pk):
    """Close a round; refused while a meter has neither a reading nor a reason."""
    row = find(request, pk)
    try:
        actions.close_round(row, by=request.user, now=clock.now())
    except Refused as refused:
        return show(request, row, refusal=str(refused), status=refused.status_code)
    messages.success(request, _("The round is closed."))
    return redirect(row)


@require_http_methods(["GET", "POST"])
@role_required(*ENTERS)
def round_entry(request, pk):
    """Type in what is missing, a building at a time: a number, Enter, the next."""
    row, now = find(request, pk), clock.now()
    building = building_of(request)
    found = list(metering.with_last(missing_of(row, building))[: metering.PAGE])
    with timezone.override(request.community.tz):
        form = forms.TableForm(request.POST or None, meters=found, now=now, community=request.community)
        if request.method == "POST" and form.is_valid():
            done = _enter(request, form, now)
            if done:
                text = ngettext("%(n)s reading recorded.", "%(n)s readings recorded.", done) % {"n": done}
                messages.success(request, text)
            if not form.errors:
                return redirect(request.get_full_path())
        context = {
            "now": now,
            "round": row,
            "form": form,
            "building": building,
            "progress": metering.progress(row, now),
        }
        status = 422 if form.is_bound and form.errors else 200
        return render(request, "residents/meters/entry.html", context, status=status)


def _enter(request, form, now):
    """Record what was typed, each number on its own; return how many were taken. The others say why in their rows."""
    done = []
    for meter, value, said, key in list(form.entered()):
        meter.community = request.community
        facts = {
            "value": value,
            "kind": Reading.Kind.PERIODIC,
            "at": form.cleaned_data["at"],
            "source": Reading.Source.DESK,
        }
        try:
            actions.record_reading(meter, by=request.user, now=now, submission=key, **said, **facts)
        except actions.AskAgain as asked:
            form.ask(asked, meter)
        except Refused as refused:
            form.refuse(refused, meter)
        else:
            done.append(meter)
    form.meters = [meter for meter in form.meters if meter not in done]
    return len(done)


@require_GET
@role_required(*SEES)
def round_sheet(request, pk):
    """The list to walk with (抄表单): what is not entered, in the order of the route, with room for the new reading."""
    row, building = find(request, pk), building_of(request)
    context = {
        "round": row,
        "meters": list(metering.with_last(missing_of(row, building))),
        "building": request.community.buildings.filter(pk=building or 0).first(),
        "now": clock.now(),
        "community": request.community,
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/meters/sheet.html", context)


@require_POST
@role_required(*OFFICE)
def round_export(request, pk):
    """Hand out the readings of a round as a file, with the reason on record."""
    row, now, community = find(request, pk), clock.now(), request.community
    form = forms.ExportForm(request.POST)
    if not form.is_valid():
        return show(request, row, export=form, status=422)
    lines = metering.export_rows(row)
    reason, kind = form.cleaned_data["reason"], form.cleaned_data["format"]
    actions.log_round_export(row, by=request.user, now=now, reason=reason, count=len(lines), form=kind)
    name = f"{community.code}-{row.resource}-{row.period:%Y%m}.{kind}"
    header = metering.export_header()
    if kind == "csv":
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(
            spreadsheets.csv_lines(header, lines), content_type=spreadsheets.CSV_TYPE, headers=disposition
        )
    about = [
        (_("Community"), community.name),
        (_("Taken out by"), str(request.user)),
        (_("At"), community.local(now)),
        (_("What for"), reason),
        (_("Meters"), len(lines)),
    ]
    file = spreadsheets.xlsx_file(header, lines, title=str(row), about=about)
    return FileResponse(file, as_attachment=True, filename=name, content_type=spreadsheets.XLSX_TYPE)
