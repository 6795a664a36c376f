"""The close of a day (日清): what is looked through, explained and signed, and the papers of it."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from complaints import actions, closing
from complaints import unrecorded as hidden
from complaints.forms.closing import CloseForm, PeriodForm
from complaints.models import DayClose
from complaints.permissions import may_in
from servicedesk.core import clock
from servicedesk.core.calendar import calendar_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required
from servicedesk.core.worktime import ONE_DAY

READERS = (Role.SUPERVISOR, Role.DEPUTY_GM)
# What was typed about the day, kept while its lines are saved.
KEPT = ("summary", "exceptions")


def _begin(request, date):
    """Return (now, the DayClose of `date` or None). 404 for a day that has not begun."""
    now, community = clock.now(), request.community
    if date > calendar_of(community).day_of(now):
        raise Http404
    return now, DayClose.objects.filter(community=community, date=date).select_related("signed_by").first()


@require_GET
@role_required(*READERS)
def closeout(request, date):
    """One day: signed, as it was signed; else what is still to be explained before it is."""
    now, close = _begin(request, date)
    with timezone.override(request.community.tz):
        return _signed(request, close, now) if close else _unsigned(request, date, now)


def _unsigned(request, date, now, *, form=None, refusal="", status=200):
    day = closing.Day(request.community, date, user=request.user, now=now)
    figures = closing.counts(closing.figures(day))
    if form is None:
        kept = request.session.get("closeout", {})
        initial = kept if kept.get("date") == date.isoformat() else {"summary": closing.sentence(figures)}
        form = CloseForm(initial=initial, checks=day.checks)
    context = {
        **_around(date, now, request.community),
        "day": day,
        "form": form,
        "groups": form.groups(),
        "tiles": closing.tiles(figures),
        "refusal": refusal,
        "may_sign": may_in(request.user, "sign_day", request.community),
        "is_open": now >= day.may_be_signed_at,
    }
    return render(request, "complaints/closeout/page.html", context, status=status)


def _signed(request, close, now):
    close.community = request.community
    seen = closing.seen_by(close, request.user)
    context = {
        **_around(close.date, now, request.community),
        "close": close,
        "seen": seen,
        "tiles": closing.tiles(seen.figures),
        "lines": closing.explained(close, request.user),
    }
    return render(request, "complaints/closeout/signed.html", context)


def _around(date, now, community):
    today = calendar_of(community).day_of(now)
    return {
        "now": now,
        "date": date,
        "is_today": date == today,
        "earlier": date - ONE_DAY,
        "later": date + ONE_DAY if date < today else None,
    }


@require_POST
@role_required(Role.SUPERVISOR)
def sign_day(request, date):
    """Save the lines that were typed and, with the button that says so, sign the day: both or neither."""
    now, _close = _begin(request, date)
    signs = "sign" in request.POST
    with timezone.override(request.community.tz):
        day = closing.Day(request.community, date, user=request.user, now=now)
        form = CloseForm(request.POST, checks=day.checks, signs=signs)
        if not form.is_valid():
            return _unsigned(request, date, now, form=form, status=422)
        typed = {name: form.cleaned_data[name] for name in KEPT}
        try:
            with transaction.atomic():
                written = actions.explain(request.community, date=date, lines=form.typed, by=request.user, now=now)
                if signs:
                    actions.sign_day(request.community, date=date, by=request.user, now=now, **typed)
        except Refused as refused:
            return _unsigned(request, date, now, form=form, refusal=str(refused), status=refused.status_code)
    if signs:
        request.session.pop("closeout", None)
        messages.success(request, _("The day is signed."))
    else:
        request.session["closeout"] = {"date": date.isoformat(), **typed}
        messages.success(request, ngettext("%(n)s line saved.", "%(n)s lines saved.", written) % {"n": written})
    return redirect("complaints:closeout", date)


@require_GET
@role_required(*READERS)
def closeout_print(request, date):
    """The summary of a signed day (当日接诉总结) on A4, with lines to sign on. An unsigned day has none yet."""
    now, close = _begin(request, date)
    if close is None:
        return redirect("complaints:closeout", date)
    close.community = request.community
    with timezone.override(request.community.tz):
        seen = closing.seen_by(close, request.user)
        context = {
            "now": now,
            "close": close,
            "seen": seen,
            "tiles": closing.tiles(seen.figures),
            "lines": closing.explained(close, request.user),
        }
        return render(request, "complaints/closeout/print.html", context)


@require_GET
@role_required(Role.CLERK, *READERS)
def closing_sheet(request):
    """What must be done or excused before the close of today (关门前清单): a page for five o'clock, to tick by hand."""
    now, community = clock.now(), request.community
    with timezone.override(community.tz):
        day = closing.Day(community, calendar_of(community).day_of(now), user=request.user, now=now)
        context = {"now": now, "day": day, "checks": closing.to_do(day)}
        return render(request, "complaints/closeout/sheet.html", context)


@require_GET
@role_required(*READERS)
def unrecorded(request):
    """What may have been hidden or recorded late (漏记核对), in the days that are asked for: thirty if none are."""
    now, community = clock.now(), request.community
    today = calendar_of(community).day_of(now)
    usual = {"first": today - 29 * ONE_DAY, "last": today}
    form = PeriodForm(request.GET if {"first", "last"} & set(request.GET) else None, initial=usual)
    asked = form.cleaned_data if form.is_valid() else usual
    with timezone.override(community.tz):
        found = hidden.look(request.user, community, asked["first"], asked["last"], now=now)
        context = {"now": now, "form": form, "found": found, **asked}
        return render(request, "complaints/closeout/unrecorded.html", context, status=422 if form.errors else 200)
