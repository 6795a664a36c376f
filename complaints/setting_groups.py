"""The groups of settings of a community (S35): what their rows are, and what holds now in a few words."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from complaints import repeats
from complaints.forms import settings as forms
from complaints.models import Case, Category, Concern, DeadlinePolicy, Phrase, VisitRule, WarrantyTerm
from servicedesk.core import worktime
from servicedesk.core.models import Department, Membership, Role, ServiceHours
from servicedesk.core.roles import roles_in
from servicedesk.core.templatetags.calendar_tags import clock as as_time


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
        Kind(
            "warranty_term",
            WarrantyTerm,
            forms.WarrantyTermForm,
            gettext_lazy("Warranty periods"),
            gettext_lazy("Warranty period"),
            gettext_lazy(
                "How long the builder answers for a system of the house, from the completion acceptance of a building."
                " A claim that was sent keeps its days."
            ),
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


def cards(request):
    """Yield of each group its key, address, title, what holds now in one line, and whether that line is data."""
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
    names = WarrantyTerm.objects.filter(community=community, is_active=True).values_list("name", flat=True)
    yield "warranty_term", KINDS["warranty_term"].page, KINDS["warranty_term"].title, " / ".join(names), True
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


def rows_of(kind, request):
    """Return (labels, rows) of a list; each row is (row, cells), each cell (text, whether it is data)."""
    return {
        "policy": _policies,
        "category": _categories,
        "department": _departments,
        "visit_rule": _visit_rules,
        "warranty_term": _warranty_terms,
    }[kind](request)


def open_by(request, column):
    """Return {key: number} of open cases by `column`, without those that concern who asks (ruling 12). One query."""
    mine = Concern.objects.filter(user=request.user).values("case")
    rows = Case.objects.filter(community=request.community).open().exclude(pk__in=mine)
    return dict(rows.order_by().values_list(column).annotate(number=Count("pk")))


def _policies(request):
    rows = DeadlinePolicy.objects.filter(community=request.community).order_by("-is_active", "id")
    counted = open_by(request, "policy")
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
    counted = open_by(request, "department")
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


def _warranty_terms(request):
    rows = WarrantyTerm.objects.filter(community=request.community).order_by("-is_active", "id")
    lines = [
        (
            row,
            [
                (row.name, True),
                (f"{row.length} {row.get_unit_display()}", False),
                (_("%(days)d days") % {"days": row.answer_days}, False),
                (row.source, True),
            ],
        )
        for row in rows
    ]
    return [forms.NAME, _("How long"), _("They answer within"), _("Source")], lines
