"""What is said of a change of the settings: of one that a form would make, and of those that history holds."""

from django import forms as django_forms
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import actions
from complaints.setting_groups import SINGLES
from servicedesk.core.models import Event

MOST_CHANGES = 10
# What changed longer ago than so many changes is not said on the first page.
MOST_LOOKED_THROUGH = 300
CALENDAR_VERBS = {
    "hours_added": gettext_lazy("Hours added"),
    "hours_removed": gettext_lazy("Hours removed"),
    "day_set": gettext_lazy("Day set"),
    "day_unset": gettext_lazy("Day removed"),
    "clock_rules_set": gettext_lazy("Rules of the clock changed"),
}


def _text(field, value):
    """Return a value of a form's field, or of its event, as people read it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(field, django_forms.ChoiceField) and not hasattr(field, "queryset") and not isinstance(value, list):
        value = dict(field.choices).get(value, value)
    if isinstance(value, list):
        value = " / ".join(map(str, value))
    return "–" if value in ("", None) else str(value)


def differences(form, row):
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


def history(community, model, *, row=None):
    """Return the last changes of the rows of `model`, or of one row. One query."""
    subject = ContentType.objects.get_for_model(model)
    found = Event.objects.filter(community=community, subject_type=subject, verb__in=_verbs(model))
    if row is not None:
        found = found.filter(subject_id=row.pk)
    return found.order_by("-at", "-id")[:MOST_CHANGES]


def told(events, form):
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


def latest(community):
    """Return {card: the last event of its settings}. One query once the types of rows are known."""
    subjects = ContentType.objects.get_for_models(*actions.SETTINGS)
    verbs = [verb for model in actions.SETTINGS for verb in _verbs(model)]
    found = Event.objects.filter(
        community=community, subject_type__in=subjects.values(), verb__in=[*verbs, *CALENDAR_VERBS]
    )
    found_last = {}
    for event in found.order_by("-at", "-id")[:MOST_LOOKED_THROUGH]:
        for card in _cards_of(event):
            found_last.setdefault(card, event)
    return found_last


def _cards_of(event):
    if event.verb in CALENDAR_VERBS:
        return ["calendar"]
    if event.verb != "community_changed":
        return [event.verb.rpartition("_")[0].replace("repeat_rule", "repeats")]
    return [what for what in ("times", "facts") if SINGLES[what].form.base_fields.keys() & event.data["now"].keys()]
