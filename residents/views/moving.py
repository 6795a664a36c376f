"""Moves (搬家): the week by lift and slot, booking, and the steps of one move."""

import datetime

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from residents import actions, moving
from residents.forms import moving as forms
from residents.models import Lift, MoveBooking, ReleaseSlip, Unit
from residents.views.steps import door_to, steps_of
from servicedesk.core import clock
from servicedesk.core.doors import part_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in

DESK = (Role.CLERK, Role.SUPERVISOR)
OFFICE = (*DESK, Role.DEPUTY_GM)
RULERS = (Role.SUPERVISOR, Role.ADMIN)
Status = MoveBooking.Status
# The steps of a move: name, label, form. Those without a form are one button.
STEPS = [
    ("confirm", gettext_lazy("Confirm"), None),
    ("start", gettext_lazy("The move begins"), None),
    ("protect", gettext_lazy("Protection seen in place"), None),
    ("finish", gettext_lazy("The move is over"), forms.NoteForm),
    ("consent", gettext_lazy("Record the owner's consent"), forms.ConsentForm),
    ("change", gettext_lazy("Change"), forms.ChangeForm),
    ("unmask", gettext_lazy("Show the telephone number"), forms.UnmaskForm),
    ("miss", gettext_lazy("Nobody came"), None),
    ("cancel", gettext_lazy("Cancel the move"), forms.ReasonForm),
    ("take_back", gettext_lazy("Take the last step back"), forms.ReasonForm),
]


def tabs(request, here):
    """Return the pages about moves that this person may open."""
    pages = [
        ("residents:moves", _("Moves"), OFFICE),
        ("residents:slips", _("Goods release slips"), OFFICE),
        ("residents:move_rules", _("Lifts and hours"), RULERS),
    ]
    held = roles_in(request.user, request.community.pk)
    return [
        {"label": label, "url": reverse(name), "current": name == here}
        for name, label, roles in pages
        if held & set(roles)
    ]


def monday_of(request, today):
    """Return the Monday of the week in the address, of this week where it names none that can be."""
    try:
        day = parse_date(request.GET.get("week", "")) or today
    except ValueError:
        day = today
    day = day if abs(day - today) < datetime.timedelta(days=3660) else today
    return day - datetime.timedelta(days=day.weekday())


def _week(grid, monday=None):
    """Return the address of a week, of this one without a Monday, for the building that is looked at."""
    asked = {"week": monday, "building": grid.building and grid.building.pk}
    return f"{reverse('residents:moves')}?{urlencode({name: value for name, value in asked.items() if value})}"


@require_GET
@role_required(*OFFICE)
def moves(request):
    """The week by lift and slot, and below it the moves of the week one by one."""
    now, community = clock.now(), request.community
    monday = monday_of(request, community.local(now).date())
    rule = moving.rule_of(community)
    days = [monday + datetime.timedelta(days=n) for n in range(moving.WEEK)]
    first, after = moving.moment(community, days[0], 0), moving.moment(community, days[-1], 1440)
    bookings = MoveBooking.objects.filter(community=community).between(first, after).order_by("window", "pk")
    grid = moving.grid_of(community, bookings, request.GET.get("building", ""))
    context = {
        "now": now,
        "today": community.local(now).date(),
        "days": days,
        "grid": grid,
        "buildings": [(one.pk, one.name, one == grid.building) for one in grid.buildings],
        "lines": moving.week(rule, grid.lifts, days, grid.bookings.with_places(), now),
        "part": part_of(grid.listed.with_places(), request),
        "may_book": bool(roles_in(request.user, community.pk) & set(DESK)),
        "weeks": [_week(grid, monday + datetime.timedelta(days=n * moving.WEEK)) for n in (-1, 1)],
        "this_week": _week(grid),
        "tabs": tabs(request, "residents:moves"),
    }
    with timezone.override(community.tz):
        return render(request, "residents/moves/week.html", context)


def _asked_for(request):
    """Return what an address fills into the form: a home, and a slot of a lift."""
    initial = {"protects_floor": True, "protects_walls": True}
    key = request.GET.get("unit", "")
    unit = Unit.objects.filter(community=request.community, pk=key).first() if _is_key(key) else None
    initial |= {"unit": unit.label} if unit else {}
    lift = request.GET.get("lift", "")
    initial |= {"lift": lift} if _is_key(lift) else {}
    return initial | {name: request.GET[name] for name in ("day", "begins", "ends", "kind") if name in request.GET}


def _is_key(text):
    return text.isascii() and text.isdigit() and len(text) <= 15


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def move_book(request):
    """Book a move; a slot of the week fills in its lift and its time."""
    now, community, status = clock.now(), request.community, 200
    with timezone.override(community.tz):
        form = forms.BookForm(request.POST or None, community=community, initial=_asked_for(request))
        if request.method == "POST" and form.is_valid():
            try:
                booking = actions.book_move(by=request.user, now=now, **form.facts)
            except Refused as refused:
                form.add_error("begins", str(refused))
                status = refused.status_code
            else:
                messages.success(request, _("Booked. Confirm it when the lift and the protection are arranged."))
                return redirect(booking)
        elif request.method == "POST":
            status = 422
        rule = moving.rule_of(community)
        context = {"form": form, "rule": rule, "hours": moving.hours_in_words(rule)}
        return render(request, "residents/moves/book.html", context, status=status)


def find(request, pk):
    """Return a booking of the community, 404 for any other. One query."""
    rows = MoveBooking.objects.filter(community=request.community).with_places()
    rows = rows.select_related("unit__building", "lift__building", "booked_by", "consent_recorded_by")
    row = get_object_or_404(rows.select_related("protection_checked_by"), pk=pk)
    row.community = row.unit.community = request.community
    return row


def _allowed(request, row, now):
    """Return the steps that this person may take on this booking now."""
    if not roles_in(request.user, request.community.pk) & set(DESK):
        return set()
    allowed = {"unmask"} if row.shown_phone or row.mover_phone else set()
    allowed |= {
        Status.BOOKED: {"confirm", "change", "cancel", "consent"},
        Status.CONFIRMED: {"start", "change", "cancel", "consent"},
        Status.UNDER_WAY: {"finish", "take_back"},
        Status.DONE: {"take_back"},
        Status.NO_SHOW: {"take_back"},
        Status.CANCELLED: set(),
    }[row.status]
    if row.may_change and now >= row.window.lower:
        allowed |= {"miss"}
    if row.is_live and (row.protects_floor or row.protects_walls) and row.protection_checked_at is None:
        allowed |= {"protect"}
    if not row.needs_consent:
        allowed -= {"consent"}
    return allowed - {"confirm"} if row.lacks_consent else allowed


def show(request, row, *, bound=None, step="", refusal="", revealed=False, status=200):
    """Render the page of a booking, with a form that came back where there is one."""
    now = clock.now()
    rule = moving.rule_of(request.community)
    context = {
        **steps_of(
            request,
            row,
            STEPS,
            _allowed(request, row, now),
            bound=bound,
            step=step,
            refusal=refusal,
            initial=forms.initial_of(row) | {"agreed_at": request.community.local(now)},
        ),
        "now": now,
        "revealed": revealed,
        "slips": ReleaseSlip.objects.filter(booking=row),
        "short_notice": moving.notice_is_short(rule, row.kind, row.window, row.booked_at),
        "notice_days": rule.notice_days,
        "rung": (moving.clock_of(rule.contact_from), moving.clock_of(rule.contact_to)),
        "may_write": bool(roles_in(request.user, request.community.pk) & set(DESK)),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/moves/page.html", context, status=status)


@require_GET
@role_required(*OFFICE)
def move(request, pk):
    """One move with everything about it, and a button for each step that may be taken now."""
    return show(request, find(request, pk))


@door_to(find, show, *DESK, done=gettext_lazy("Confirmed."))
def confirm(request, row, facts, now):
    actions.confirm_move(row, by=request.user, now=now)


@door_to(find, show, *DESK, done=gettext_lazy("Recorded: the move has begun."))
def start(request, row, facts, now):
    actions.start_move(row, by=request.user, now=now)


@door_to(find, show, *DESK, form_class=forms.NoteForm, done=gettext_lazy("Recorded: the move is over."))
def finish(request, row, facts, now):
    actions.finish_move(row, by=request.user, now=now, **facts)


@door_to(find, show, *DESK, done=gettext_lazy("Recorded: nobody came. The lift is free again."))
def miss(request, row, facts, now):
    actions.miss_move(row, by=request.user, now=now)


@door_to(find, show, *DESK, done=gettext_lazy("Recorded: the protection is in place."))
def protect(request, row, facts, now):
    actions.check_protection(row, by=request.user, now=now)


@door_to(find, show, *DESK, form_class=forms.ReasonForm, done=gettext_lazy("Cancelled. The lift is free again."))
def cancel(request, row, facts, now):
    actions.cancel_move(row, by=request.user, now=now, **facts)


@door_to(find, show, *DESK, form_class=forms.ReasonForm, done=gettext_lazy("The last step is taken back."))
def take_back(request, row, facts, now):
    actions.take_back_move(row, by=request.user, now=now, **facts)


@door_to(find, show, *DESK, form_class=forms.ConsentForm, done=gettext_lazy("The owner's consent is recorded."))
def consent(request, row, facts, now):
    actions.record_consent(row, by=request.user, now=now, **facts)


@door_to(find, show, *DESK, form_class=forms.ChangeForm, done=gettext_lazy("Changed."))
def change(request, row, facts, now):
    actions.change_move(row, by=request.user, now=now, **facts)


@door_to(find, show, *DESK, form_class=forms.UnmaskForm)
def unmask(request, row, facts, now):
    actions.unmask_applicant(row, by=request.user, now=now, **facts)
    return show(request, row, revealed=True)


MOVE_STEPS = [confirm, start, finish, miss, protect, cancel, take_back, consent, change, unmask]


# The rule and the lifts ----------------------------------------------------------------------------------------------


def _rules(request, *, form=None, lift_form=None, status=200):
    community = request.community
    context = {
        "rule_form": form or forms.RuleForm(initial=forms.RuleForm.initial_of(moving.rule_of(community))),
        "lift_form": lift_form or forms.LiftForm(community=community),
        "form": form or lift_form,
        "lifts": Lift.objects.filter(community=community).select_related("building", "section"),
        "tabs": tabs(request, "residents:move_rules"),
    }
    return render(request, "residents/moves/rules.html", context, status=status)


@require_http_methods(["GET", "POST"])
@role_required(*RULERS)
def move_rules(request):
    """When moving is allowed, and the lifts that carry goods."""
    if request.method == "GET":
        return _rules(request)
    form = forms.RuleForm(request.POST)
    if not form.is_valid():
        return _rules(request, form=form, status=422)
    actions.set_move_rule(request.community, by=request.user, now=clock.now(), **form.cleaned_data)
    messages.success(request, _("Saved. What is booked already stays as it is."))
    return redirect("residents:move_rules")


@require_http_methods(["GET", "POST"])
@role_required(*RULERS)
def lift_add(request):
    """Add a lift."""
    if request.method == "GET":
        return redirect("residents:move_rules")
    form = forms.LiftForm(request.POST, community=request.community)
    if not form.is_valid():
        return _rules(request, lift_form=form, status=422)
    try:
        actions.add_lift(request.community, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error("name", str(refused))
        return _rules(request, lift_form=form, status=refused.status_code)
    messages.success(request, _("It is on the list."))
    return redirect("residents:move_rules")


@require_http_methods(["GET", "POST"])
@role_required(*RULERS)
def lift_switch(request, pk):
    """Take a lift out of use for goods, or put it back."""
    lift = get_object_or_404(Lift, pk=pk, community=request.community)
    if request.method == "POST":
        try:
            actions.switch_lift(lift, by=request.user, now=clock.now())
        except Refused as refused:
            messages.error(request, str(refused))
    return redirect("residents:move_rules")
