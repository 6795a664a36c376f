"""An administrator sets the desk (S35): policies, categories, departments, times, rules. Each change has its event."""

import hashlib
import json
from datetime import time
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints.models import Case, Category, DeadlinePolicy, Incident, RepeatRule, Status, VisitRule, WarrantyTerm
from complaints.models.cases import LADDERED
from servicedesk.core import events
from servicedesk.core.actions import COUNTED_WITH
from servicedesk.core.calendar import changed
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.models import Community, Department

SETTINGS = {
    Community: "community",
    Department: "department",
    DeadlinePolicy: "policy",
    Category: "category",
    VisitRule: "visit_rule",
    RepeatRule: "repeat_rule",
    WarrantyTerm: "warranty_term",
}
# A change of one of these reaches every open case; all else is decided at receipt (ruling 3) or said in words.
COUNTED = {DeadlinePolicy: set(DeadlinePolicy.COUNTED_WITH), Community: set(COUNTED_WITH)}
# An address of a group carries the key to write there: history says that it changed, not what it is.
KEPT_OUT = {"notify_url"}
# What the database refuses twice: the field in which it was typed, and the sentence.
TAKEN = {
    "policy_code_once_in_community": ("code", _("There is a policy with this code already. Choose another code.")),
    "category_code_once_in_community": ("code", _("There is a category with this code already. Choose another code.")),
    "category_digit_once_in_community": (
        "digit",
        _("Another category in use has this digit. Choose a free one, or leave it empty."),
    ),
    "department_code_once_in_community": (
        "code",
        _("There is a department with this code already. Choose another code."),
    ),
    "visit_rule_code_once_in_community": ("code", _("There is a rule with this code already. Choose another code.")),
    "warranty_term_code_once_in_community": (
        "code",
        _("There is a warranty period with this code already. Choose another code."),
    ),
    "department_one_centre_in_community": (
        "is_centre",
        _("This community has its customer service centre already. There is only one."),
    ),
}


class Taken(Refused):
    """What was typed into `field` stands elsewhere already."""

    def __init__(self, field, sentence):
        super().__init__(sentence)
        self.field = field


class Outdated(Stale):
    """The rules that a preview was counted with were changed since."""

    def __init__(self):
        super().__init__(
            _("The settings were changed in the meantime, so other cases would move now. Look again, then save.")
        )


def fingerprint(row):
    """Return what tells two states of a row of settings apart, in sixteen characters. No query."""
    values = [f"{field.attname}={getattr(row, field.attname)}" for field in row._meta.concrete_fields]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def shown(name, value):
    """Return a value as it stands in an event: plain, and without what history may not hold."""
    if name in KEPT_OUT:
        return "•••" if value else ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return value if isinstance(value, bool | int | list) else str("" if value is None else value)


@transaction.atomic
def settle(community, act, *, counted):
    """Do `act` if deadlines are still counted with what its preview was counted with: the version `counted` of the
    calendar. Raises Outdated where another change came between. One query beside those of `act`."""
    if _locked(community).calendar_version != counted:
        raise Outdated
    return act()


@transaction.atomic
def add_setting(model, community, *, by, now, **facts):
    """Add a row of settings and return it. Raises Taken for a code or digit that stands there, and Refused for a
    department or policy that is out of use. Four statements."""
    community = _locked(community)
    row = model(community=community, **facts)
    _demand_in_use(row)
    _save(row, force_insert=True)
    data = {"name": str(row), "now": {name: shown(name, value) for name, value in facts.items()}}
    events.log(row, f"{SETTINGS[model]}_added", by=by, now=now, data=data)
    return row


@transaction.atomic
def change_setting(row, *, by, now, seen="", **facts):
    """Write what an administrator changed in one row; old and new values are in the event. Return whether anything was.

    `row` itself stays as it is. `seen` is the fingerprint of the row that the page showed: raises Stale where it was
    changed since, unless by the very same change. Raises Taken as adding does, and Refused for taking out of use what
    is used. What deadlines are counted with reaches the open cases by the sweep within a minute (ruling 5): counted
    from the same receipt, and a level that was reached stays. At most nine statements.
    """
    community = _locked(row)
    row = type(row).objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    was = {name: getattr(row, name) for name, value in facts.items() if getattr(row, name) != value}
    if not was:
        return False
    if seen and seen != fingerprint(row):
        raise Stale
    for name in was:
        setattr(row, name, facts[name])
    if "is_active" in was and not row.is_active:
        _demand_unused(row)
    _demand_in_use(row)
    _save(row, update_fields=list(was))
    data = {
        "name": str(row),
        "was": {name: shown(name, value) for name, value in was.items()},
        "now": {name: shown(name, facts[name]) for name in was},
    }
    events.log(row, f"{SETTINGS[type(row)]}_changed", by=by, now=now, data=data)
    if COUNTED.get(type(row), set()) & set(was):
        changed(community)
    return True


def _locked(row):
    """Return the community of `row`, locked: changes of its settings come one after the other."""
    return Community.objects.select_for_update(no_key=True).get(pk=row.community_id)


def _save(row, **how):
    try:
        with transaction.atomic():
            row.save(**how)
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if diagnosis is None or diagnosis.constraint_name not in TAKEN:
            raise
        raise Taken(*TAKEN[diagnosis.constraint_name]) from error


def _demand_unused(row):
    """Raise Refused where something in use rests on `row`: each has somewhere to go first."""
    if isinstance(row, DeadlinePolicy):
        if row.is_of_the_rules:
            raise Refused(_("The rules of the desk name this policy, so it stays in use. Its days can be changed."))
        if Case.objects.filter(policy=row, status__in=LADDERED).exists():
            raise Refused(_("Open cases are counted with this policy. It can be taken out of use once they are done."))
    elif isinstance(row, Department):
        if row.is_centre:
            raise Refused(_("The customer service centre itself stays in use."))
        proposed = Q(status__in=[Status.PROPOSED, Status.APPROVED], proposals__department=row)
        if Case.objects.open().filter(Q(department=row) | proposed).exists():
            raise Refused(
                _("Open cases are with this department. Have them finished or handed over first, then switch it off.")
            )
        if Incident.objects.filter(department=row, ended_at=None).exists():
            raise Refused(_("A known event that is not over is with this department. End it first."))
    if isinstance(row, DeadlinePolicy | Department):
        pointing = Category.objects.filter(
            is_active=True, **{"policy" if isinstance(row, DeadlinePolicy) else "department": row}
        )
        if names := list(pointing.values_list("name", flat=True)):
            raise Refused(
                _("Categories in use point to it: %(names)s. Change or switch these off first.")
                % {"names": " / ".join(names)}
            )


def _demand_in_use(row):
    """Raise Refused where a category in use would point to what is out of use."""
    if not isinstance(row, Category) or not row.is_active:
        return
    for name in ("department", "policy", "warranty"):
        if (other := getattr(row, name)) and not other.is_active:
            raise Refused(
                _("%(name)s is out of use. Put it back into use, or choose another for this category.")
                % {"name": other}
            )
