"""The administrator sets the desk (S35), one community at a time. What open cases are counted with is shown before it
is saved: how many of them would move. There is no undo: changed back, it is counted again."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial

from django import forms as django_forms
from django.contrib import messages
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions, foresight, repeats
from complaints.forms import settings as forms
from complaints.models import Case, Category, Concern, DeadlinePolicy, Phrase, VisitRule
from complaints.models.cases import LADDERED
from servicedesk.core import actions as core_actions
from servicedesk.core import clock, worktime
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.forms import DayForm, HoursForm
from servicedesk.core.models import CalendarDay, Community, Department, Event, Membership, Role, ServiceHours
from servicedesk.core.models.calendar import DAY_KINDS
from servicedesk.core.roles import role_required, roles_in
from servicedesk.core.templatetags.calendar_tags import clock as as_time

MOST_CHANGES = 10
# What changed longer ago than so many changes is not said on the first page.
MOST_LOOKED_THROUGH = 300
# What a category gives to a case at receipt and an open case keeps (ruling 3).
GIVEN_AT_RECEIPT = {"department", "policy", "straight_to_level"}
OURS = {"csrfmiddlewaretoken", "sure", "back"}
CALENDAR_VERBS = {
    "hours_added": gettext_lazy("Hours added"),
    "hours_removed": gettext_lazy("Hours removed"),
    "day_set": gettext_lazy("Day set"),
    "day_unset": gettext_lazy("Day removed"),
    "clock_rules_set": gettext_lazy("Rules of the clock changed"),
}


@dataclass(frozen=True)
class Kind:
    """One list of settings: what its rows are, what they are edited with, and what it is called."""

    key: str
    model: type
    form: type
    title: str
    one: str
    hint: str

    @property
    def page(self):
        return reverse(f"complaints:{self.key}_list")


KINDS = {
    kind.key: kind
    for kind in [
        Kind(
            "policy",
            DeadlinePolicy,
            forms.PolicyForm,
            gettext_lazy("Deadline policies"),
            gettext_lazy("Deadline policy"),
            gettext_lazy(
                "How a deadline is counted. A change reaches every open case, counted from its own receipt: no clock"
                " starts anew, and a level that was reached stays."
            ),
        ),
        Kind(
            "category",
            Category,
            forms.CategoryForm,
            gettext_lazy("Categories"),
            gettext_lazy("Category"),
            gettext_lazy(
                "What a matter is about, in the order of the digits at the desk. A case keeps the department, the"
                " deadline and the level that it was given at receipt; a change holds for what comes in from now on."
            ),
        ),
        Kind(
            "department",
            Department,
            forms.DepartmentForm,
            gettext_lazy("Departments"),
            gettext_lazy("Department"),
            gettext_lazy("Whom cases are handed to. Who heads one or works there is set with the accounts."),
        ),
        Kind(
            "visit_rule",
            VisitRule,
            forms.VisitRuleForm,
            gettext_lazy("Rules of return visits"),
            gettext_lazy("Rule of return visits"),
            gettext_lazy("Which answered cases are visited, and by when. A visit that is owed already stays as it is."),
        ),
    ]
}


@dataclass(frozen=True)
class Single:
    """Settings of which a community has one row: what they are edited with, and what they are called."""

    form: type
    title: str
    hint: str


SINGLES = {
    "times": Single(
        forms.TimesForm,
        gettext_lazy("Escalation and times"),
        gettext_lazy(
            "When the clock raises a case. What is late goes to level 2 at once, and to level 3 at the next opening:"
            " that is the rule of the three levels and no setting."
        ),
    ),
    "repeats": Single(
        forms.RepeatForm,
        gettext_lazy("Rules for repeats"),
        gettext_lazy("When a matter counts as told twice or as come back. It is decided at receipt."),
    ),
    "facts": Single(
        forms.FactsForm,
        gettext_lazy("The community's own facts"),
        gettext_lazy("What residents and reports are told. Code and time zone are set with the accounts."),
    ),
}


@require_GET
@role_required(Role.ADMIN)
def index(request):
    """Every group of settings of one community, with what holds now and who changed it last."""
    community = request.community
    latest = _latest(community)
    cards = [
        {"url": url, "title": title, "now": now, "event": latest.get(key), "is_data": is_data}
        for key, url, title, now, is_data in _cards(request)
    ]
    return _render(request, "complaints/settings/index.html", {"cards": cards})


def _cards(request):
    community = request.community
    yield "calendar", reverse("complaints:calendar"), _("Hours and holidays"), _hours_line(community), False
    policies = DeadlinePolicy.objects.filter(community=community, is_active=True).values_list("name", flat=True)
    yield "policy", KINDS["policy"].page, KINDS["policy"].title, " / ".join(policies), True
    used = Counter(Category.objects.filter(community=community).values_list("is_active", flat=True))
    line = _("%(used)d in use, %(off)d switched off") % {"used": used[True], "off": used[False]}
    yield "category", KINDS["category"].page, KINDS["category"].title, line, False
    names = Department.objects.filter(community=community, is_active=True).values_list("name", flat=True)
    yield "department", KINDS["department"].page, KINDS["department"].title, " / ".join(names), True
    line = _("%(take)d min to take a case, soon from %(soon)d min, reopened within %(days)d days") % {
        "take": community.take_minutes,
        "soon": community.soon_minutes,
        "days": community.reopen_days,
    }
    yield "times", reverse("complaints:setting_times"), SINGLES["times"].title, line, False
    rule = repeats.rule_of(community)
    line = _("the same within %(hours)d h, come back within %(days)d days, third time in %(third)d days") % {
        "hours": rule.duplicate_hours,
        "days": rule.repeat_days,
        "third": rule.third_days,
    }
    yield "repeats", reverse("complaints:setting_repeats"), SINGLES["repeats"].title, line, False
    rules = VisitRule.objects.filter(community=community, is_active=True).count()
    line = ngettext("%(count)d rule in use", "%(count)d rules in use", rules) % {"count": rules}
    yield "visit_rule", KINDS["visit_rule"].page, KINDS["visit_rule"].title, line, False
    phrases = Phrase.objects.filter(community=community).in_use().count()
    line = ngettext(
        "%(count)d phrase in use; a supervisor keeps them",
        "%(count)d phrases in use; a supervisor keeps them",
        phrases,
    ) % {"count": phrases}
    reads = roles_in(request.user, community.pk) & {Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM}
    yield "phrases", reverse("complaints:phrases") if reads else "", _("Polite desk"), line, False
    line = " / ".join(filter(None, [community.name, community.phone, community.report_to, community.outside_holder]))
    yield "facts", reverse("complaints:setting_facts"), SINGLES["facts"].title, line, True


def _hours_line(community):
    """Return the hours of the week in one line, weekdays with the same hours together. One query."""
    windows = defaultdict(list)
    for hours in ServiceHours.objects.filter(community=community).order_by("weekday", "opens"):
        windows[hours.weekday].append(f"{as_time(hours.opens)}–{as_time(hours.closes)}")
    runs = []
    for day in range(7):
        if runs and runs[-1][2] == windows[day]:
            runs[-1][1] = day
        else:
            runs.append([day, day, windows[day]])
    parts = [
        f"{WEEKDAYS_ABBR[first]}{f'–{WEEKDAYS_ABBR[last]}' if last > first else ''} {', '.join(hours)}"
        for first, last, hours in runs
        if hours
    ]
    return "; ".join(parts) or _("No hours are set: days end at the default close.")


def _rows_of(kind, request):
    """Return (labels, rows) of a list; each row is (row, cells), each cell (text, whether it is data)."""
    return {"policy": _policies, "category": _categories, "department": _departments, "visit_rule": _visit_rules}[kind](
        request
    )


def _open_by(request, column):
    """Return {key: number} of open cases by `column`, without those that concern who asks (ruling 12). One query."""
    mine = Concern.objects.filter(user=request.user).values("case")
    rows = Case.objects.filter(community=request.community).open().exclude(pk__in=mine)
    return dict(rows.order_by().values_list(column).annotate(number=Count("pk")))


def _policies(request):
    rows = DeadlinePolicy.objects.filter(community=request.community).order_by("-is_active", "id")
    counted = _open_by(request, "policy")
    lines = [
        (row, [(row.name, True), (_rule_line(row), False), (row.article or "–", True), (counted.get(row.pk, 0), False)])
        for row in rows
    ]
    return [forms.NAME, _("Counted"), _("Article it rests on"), _("Open cases")], lines


def _rule_line(policy):
    """Return in a few words how a policy counts."""
    count = worktime.in_words(policy.count, f"{policy.amount.normalize():f}")
    if policy.rule().in_hours:
        return count
    return _("%(count)s, ends %(end)s") % {"count": count, "end": policy.get_end_display()}


def _categories(request):
    rows = (
        Category.objects.filter(community=request.community)
        .select_related("department", "policy")
        .order_by("-is_active", "digit", "id")
    )
    lines = [
        (
            row,
            [
                ("–" if row.digit is None else row.digit, False),
                (row.name, True),
                (row.department, True),
                (row.policy or _("as the rules say"), bool(row.policy)),
                ("–" if row.arrive_minutes is None else _("%(minutes)d min") % {"minutes": row.arrive_minutes}, False),
                (row.straight_to_level, False),
            ],
        )
        for row in rows
    ]
    return [_("Digit"), forms.NAME, _("Department"), _("Deadline"), _("Arrival"), _("Starts at level")], lines


def _departments(request):
    rows = Department.objects.filter(community=request.community).order_by("-is_active", "-is_centre", "id")
    heads = defaultdict(list)
    held = Membership.objects.active().holding(Role.HEAD).filter(community=request.community).select_related("user")
    for membership in held.order_by("id"):
        heads[membership.department_id].append(str(membership.user))
    counted = _open_by(request, "department")
    lines = [
        (
            row,
            [(row.name, True), (" / ".join(heads[row.pk]) or "–", True), (counted.get(row.pk, 0), False)],
        )
        for row in rows
    ]
    return [forms.NAME, _("Head"), _("Open cases")], lines


def _visit_rules(request):
    rows = VisitRule.objects.filter(community=request.community).order_by("-is_active", "position", "id")
    lines = [
        (
            row,
            [
                (row.position, False),
                (row.name, True),
                (f"{row.share} %", False),
                (_("after the first rain") if row.after_rain else f"{row.within} {row.get_unit_display()}", False),
                (row.source, True),
            ],
        )
        for row in rows
    ]
    return [_("Position"), forms.NAME, _("Share"), _("Within"), _("Source")], lines


@require_GET
@role_required(Role.ADMIN)
def rows(request, kind):
    """One list of settings, what is in use first."""
    labels, lines = _rows_of(kind, request)
    here = KINDS[kind]
    context = {
        "here": here,
        "labels": labels,
        "lines": [(row, list(zip(labels, cells, strict=True))) for row, cells in lines],
        "changes": _told(_history(request.community, here.model), here.form),
        "row_url": f"complaints:{kind}",
        "switch_url": f"complaints:{kind}_switch",
        "add_url": reverse(f"complaints:{kind}_add"),
    }
    return _render(request, "complaints/settings/rows.html", context)


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def add(request, kind):
    """Add a row to a list of settings."""
    here = KINDS[kind]
    form = here.form(request.POST or None, community=request.community)
    page = partial(_form_page, request, form, title=_("Add"), here=here)
    if request.method == "GET" or "back" in request.POST:
        return page()
    if not form.is_valid():
        return page(status=422)
    return _save(
        request,
        form,
        partial(
            actions.add_setting, here.model, request.community, by=request.user, now=clock.now(), **form.cleaned_data
        ),
        page=page,
        done=here.page,
    )


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def edit(request, kind, pk):
    """Change a row of a list of settings, after a page that says what moves where something does."""
    here = KINDS[kind]
    row = get_object_or_404(here.model, pk=pk, community=request.community)
    return _change(request, row, here.form, title=here.one, here=here, done=here.page)


@require_POST
@role_required(Role.ADMIN)
def switch(request, kind, pk):
    """Take a row out of use or put it back, as the button said."""
    here = KINDS[kind]
    row = get_object_or_404(here.model, pk=pk, community=request.community)
    is_active = request.POST.get("on") == "1"
    try:
        actions.change_setting(row, by=request.user, now=clock.now(), is_active=is_active)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("It is in use again.") if is_active else _("It is out of use."))
    return redirect(here.page)


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def single(request, what):
    """Change the times, the rules for repeats or the facts of the community."""
    here = SINGLES[what]
    row = repeats.rule_of(request.community) if what == "repeats" else Community.objects.get(pk=request.community.pk)
    return _change(request, row, here.form, title=here.title, here=here, done=reverse("complaints:settings"))


def _change(request, row, form_type, *, title, here, done):
    form = form_type(request.POST or None, community=request.community, row=row)
    page = partial(_form_page, request, form, title=title, here=here, row=row)
    if request.method == "GET" or "back" in request.POST:
        return page()
    if not form.is_valid():
        return page(status=422)
    facts = {"by": request.user, "now": clock.now(), **form.cleaned_data}
    act = (
        partial(actions.change_setting, row, seen=request.POST.get("seen", ""), **facts)
        if row.pk
        else partial(actions.add_setting, type(row), request.community, **facts)
    )
    changes = _changes(form, row)
    kept = 0
    if isinstance(row, Category) and GIVEN_AT_RECEIPT & {name for name, *_rest in changes}:
        kept = _open_by(request, "category").get(row.pk, 0)
    return _save(request, form, act, page=page, done=done, changes=changes, kept=kept)


def _save(request, form, act, *, page, done, changes=(), kept=0):
    """Do `act` and lead on to `done`; return the preview instead where it would move something, or the form where it is
    refused, with everything that was typed."""
    try:
        preview = _settle(request, act, changes=changes, kept=kept)
    except actions.Taken as taken:
        form.add_error(taken.field if taken.field in form.fields else None, str(taken))
        return page(status=422)
    except Stale as stale:
        return page(refusal=str(stale), changes=changes, status=409)
    except Refused as refused:
        return page(refusal=str(refused), status=409)
    return preview or redirect(done)


def _settle(request, act, *, changes, kept=0):
    """Do `act` and return None, or return the page that says first what it would move.

    `sure` in what was sent is the version that the preview was counted with. Where it is another by now, what would
    move is counted again and shown (409). What moves nothing is done at once. Raises what `act` raises.
    """
    sure, outdated = request.POST.get("sure", ""), None
    if sure.isascii() and sure.isdigit():
        try:
            actions.settle(request.community, act, counted=int(sure))
        except actions.Outdated as error:
            outdated = str(error)
        else:
            messages.success(request, _("Saved."))
            return None
    now = clock.now()
    moves = foresight.foresee(request.community, act, by=request.user, now=now)
    if not moves and not kept:
        act()
        messages.success(request, _("Saved. No open case moves."))
        return None
    context = {
        "moves": moves,
        "kept": kept,
        "changes": changes,
        "refusal": outdated,
        "sent": [(name, value) for name, values in request.POST.lists() if name not in OURS for value in values],
        "sure": Community.objects.values_list("calendar_version", flat=True).get(pk=request.community.pk),
        "now": now,
    }
    return _render(request, "complaints/settings/preview.html", context, status=409 if outdated else 200)


def _render(request, template, context, status=200):
    """Return a page of the settings; it says while open cases are still being counted again. One query."""
    version = request.community.calendar_version
    waiting = Case.objects.filter(community=request.community, status__in=LADDERED).exclude(counted_with=version)
    context = {"is_counting": waiting.exists(), "settings_url": reverse("complaints:settings"), **context}
    return render(request, template, context, status=status)


def _form_page(request, form, *, title, here, row=None, refusal="", changes=(), status=200):
    model = type(row) if row is not None else here.model
    history = _history(request.community, model, row=row) if row is not None and row.pk else []
    context = {
        "form": form,
        "title": title,
        "here": here,
        "row": row if not isinstance(here, Single) else None,
        "list_url": here.page if isinstance(here, Kind) else "",
        "seen": actions.fingerprint(row) if row is not None and row.pk else "",
        "refusal": refusal,
        "differences": changes,
        "changes": _told(history, type(form)),
    }
    return _render(request, "complaints/settings/form.html", context, status=status)


# What is said of a change ---------------------------------------------------------------------------------------------


def _text(field, value):
    """Return a value of a form's field, or of its event, as people read it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(field, django_forms.ChoiceField) and not hasattr(field, "queryset") and not isinstance(value, list):
        value = dict(field.choices).get(value, value)
    if isinstance(value, list):
        value = " / ".join(map(str, value))
    return "–" if value in ("", None) else str(value)


def _changes(form, row):
    """Return (name, label, was, now) of what a valid form would change in `row`."""
    return [
        (
            name,
            form.fields[name].label,
            _text(form.fields[name], actions.shown(name, was)),
            _text(form.fields[name], actions.shown(name, value)),
        )
        for name, value in form.cleaned_data.items()
        if name in form.fields and (was := getattr(row, name)) != value
    ]


def _verbs(model):
    name = actions.SETTINGS[model]
    return [f"{name}_added", f"{name}_changed"]


def _history(community, model, *, row=None):
    """Return the last changes of the rows of `model`, or of one row. One query."""
    subject = ContentType.objects.get_for_model(model)
    found = Event.objects.filter(community=community, subject_type=subject, verb__in=_verbs(model))
    if row is not None:
        found = found.filter(subject_id=row.pk)
    return found.order_by("-at", "-id")[:MOST_CHANGES]


def _told(events, form):
    """Return what each event says: when, who, which row, and each field as it was and is; fields of `form` alone."""
    lines = []
    for event in events:
        was, now = event.data.get("was") or {}, event.data.get("now") or {}
        fields = [
            (form.base_fields[name].label, _text(form.base_fields[name], was[name]), _text(form.base_fields[name], to))
            for name, to in now.items()
            if name in was and name in form.base_fields
        ]
        if "is_active" in now and "is_active" in was:
            words = {True: _("in use"), False: _("switched off")}
            fields.append((_("In use"), words[was["is_active"]], words[now["is_active"]]))
        if fields or event.verb.endswith("_added"):
            added = event.verb.endswith("_added")
            lines.append({"event": event, "name": event.data.get("name", ""), "fields": fields, "is_added": added})
    return lines


def _latest(community):
    """Return {card: the last event of its settings}. One query once the types of rows are known."""
    subjects = ContentType.objects.get_for_models(*actions.SETTINGS)
    verbs = [verb for model in actions.SETTINGS for verb in _verbs(model)]
    found = Event.objects.filter(
        community=community, subject_type__in=subjects.values(), verb__in=[*verbs, *CALENDAR_VERBS]
    )
    latest = {}
    for event in found.order_by("-at", "-id")[:MOST_LOOKED_THROUGH]:
        for card in _cards_of(event):
            latest.setdefault(card, event)
    return latest


def _cards_of(event):
    if event.verb in CALENDAR_VERBS:
        return ["calendar"]
    if event.verb != "community_changed":
        return [event.verb.rpartition("_")[0].replace("repeat_rule", "repeats")]
    return [what for what in ("times", "facts") if SINGLES[what].form.base_fields.keys() & event.data["now"].keys()]


# Hours and holidays ---------------------------------------------------------------------------------------------------


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
    return _settle(request, act, changes=changes) or redirect("complaints:calendar")


@require_POST
@role_required(Role.ADMIN)
def unset_day(request, pk):
    """Make a day like any other of its weekday again."""
    day = get_object_or_404(CalendarDay, pk=pk, community=request.community)
    if "back" in request.POST:
        return redirect("complaints:calendar")
    changes = [("day", day.date, _day_line(day), _day_line(None))]
    act = _unless_gone(CalendarDay, pk, partial(core_actions.unset_day, by=request.user, now=clock.now()))
    return _settle(request, act, changes=changes) or redirect("complaints:calendar")


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
            return _settle(request, act, changes=changes) or redirect("complaints:calendar")
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
    return _settle(request, act, changes=changes) or redirect("complaints:calendar")


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
    return _render(request, "complaints/settings/calendar.html", context, status=status)


def _which(event):
    """Return which day or weekday an event of the calendar is about."""
    if "weekday" in event.data:
        line = _hours(opens=event.data["opens"], closes=event.data["closes"])
        return f"{dict(ServiceHours.weekday.field.choices)[event.data['weekday']]} {line}"
    return event.data.get("date", "")
