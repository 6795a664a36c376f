"""What the style guide shows: made-up cases, so that every component stands on one page in each of its states."""

import datetime

from django import forms, template
from django.utils.translation import gettext_lazy as _

from servicedesk.core.templatetags.desk_tags import deadline_cell

register = template.Library()

KINDS = [("noise", _("Noise")), ("plant", _("Shared facilities")), ("home", _("Repairs at home")), ("mail", _("Mail"))]


class SampleForm(forms.Form):
    """One field of each kind."""

    who = forms.CharField(label=_("Name"), help_text=_("As the person gives it."), max_length=40)
    phone = forms.CharField(
        label=_("Telephone"),
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off", "class": "w-phone"}),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS, widget=forms.RadioSelect(attrs={"class": "digits"}))
    urgent = forms.ChoiceField(
        label=_("Urgency"),
        choices=[("no", _("Ordinary")), ("yes", _("Special"))],
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    matter = forms.CharField(
        label=_("Matter"),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "200", "data-phrases": "#sample-phrases"}),
    )
    department = forms.ChoiceField(label=_("Department"), choices=KINDS, required=False)
    due = forms.DateField(
        label=_("Date"), required=False, widget=forms.DateInput(attrs={"type": "date", "class": "w-date"})
    )
    amount = forms.DecimalField(
        label=_("Amount"), required=False, widget=forms.TextInput(attrs={"class": "num w-num", "inputmode": "decimal"})
    )
    photo = forms.FileField(
        label=_("Photo"),
        required=False,
        help_text=_("At most 10 MB."),
        widget=forms.FileInput(attrs={"accept": "image/*", "data-shrink": ""}),
    )
    stars = forms.ChoiceField(
        label=_("Rating"),
        choices=[("5", _("very good")), ("4", _("good")), ("3", _("fair")), ("2", _("poor")), ("1", _("very poor"))],
        widget=forms.RadioSelect(attrs={"class": "stars"}),
        required=False,
    )
    told = forms.BooleanField(label=_("Read back to the caller"), required=False)


@register.simple_tag
def samples(now):
    """Return the style guide's data, keyed by component, as seen at `now`."""
    hour = datetime.timedelta(hours=1)
    return {
        "form": SampleForm(prefix="good", initial={"kind": "home", "urgent": "no"}),
        "bad_form": SampleForm({"bad-amount": "x"}, prefix="bad"),
        "tags": [
            ("new", _("To be taken")),
            ("work", _("In hand")),
            ("wait", _("Waiting")),
            ("done", _("Reply owed")),
            ("visit", _("Return visit owed")),
            ("closed", _("Archived")),
            ("void", _("Void")),
        ],
        "deadlines": [
            deadline_cell(now + 30 * hour, now=now),
            deadline_cell(now + 1.2 * hour, now=now),
            deadline_cell(now - 17.4 * hour, now=now),
            deadline_cell(now - 41 * hour, now=now),
            deadline_cell(now, now=now, done_at=now - hour),
            deadline_cell(now - 5 * hour, now=now, done_at=now - 3 * hour),
            deadline_cell(None, now=now),
        ],
        "ladder": [
            {"label": _("Level 1"), "name": "陈静", "since": now - 40 * hour, "state": "done"},
            {"label": _("Level 2"), "name": "周敏", "since": now - 17 * hour, "state": "current"},
            {"label": _("Level 3"), "name": "郭建国", "since": None, "state": "next"},
        ],
        "clears": [
            {"label": _("Listened"), "done": True},
            {"label": _("Asked"), "done": True},
            {"label": _("Written down"), "done": True},
            {"label": _("Read back"), "done": False},
            {"label": _("Followed up"), "done": False},
        ],
        "facts": [
            {"label": _("Open cases"), "value": "2", "url": "#tables"},
            {"label": _("Since"), "value": "2019-05", "url": ""},
        ],
        "entries": [
            {
                "at": now - hour,
                "who": "周敏",
                "kind": "inner",
                "title": _("wrote a note"),
                "badge": _("inside"),
                "text": "已联系装修负责人,14 点面谈。",
            },
            {
                "at": now - 3 * hour,
                "who": "陈静",
                "kind": "outer",
                "title": _("told the resident"),
                "badge": _("to the resident"),
                "text": "您反映的装修噪音已受理,保安部 9 点前到场。",
            },
            {"at": now - 17 * hour, "who": "", "kind": "system", "title": _("raised to level 2"), "text": ""},
        ],
        "stages": [
            {"label": _("Received"), "state": "done", "at": now - 3 * hour},
            {"label": _("Taken"), "state": "done", "at": now - 2.9 * hour},
            {"label": _("In hand"), "state": "current", "at": now - 2 * hour, "note": _("Next news before 15:00.")},
            {"label": _("To be rated"), "state": "todo"},
            {"label": _("Finished"), "state": "todo"},
        ],
        "tasks": [
            {"label": _("Keys"), "url": "#", "hint": _("4 of 4 handed over"), "key": "done", "status": _("done")},
            {"label": _("Meter readings"), "url": "#", "hint": "", "key": "new", "status": _("to do")},
        ],
        "answers": [
            {"label": _("Where"), "value": "3-2-1201", "change_url": "#"},
            {"label": _("Matter"), "value": "厨房水管漏水", "change_url": "#"},
        ],
        "chips": [
            {"label": _("Overdue"), "remove_url": "#tables"},
            {"label": _("Repairs at home"), "remove_url": "#tables"},
        ],
        "rows": [
            {
                "number": "TS261122-0017",
                "matter": "装修噪音扰民",
                "place": "3-2-1201",
                "state": "over",
                "level": 2,
                "due_at": now - 17.4 * hour,
                "tag": ("work", _("In hand")),
            },
            {
                "number": "BX261123-0027",
                "matter": "公共区域灯不亮",
                "place": "2-1-0000",
                "state": "soon",
                "level": 1,
                "due_at": now + 1.2 * hour,
                "tag": ("new", _("To be taken")),
            },
            {
                "number": "BX261123-0031",
                "matter": "厨房水管漏水",
                "place": "3-2-1201",
                "state": "",
                "level": 1,
                "due_at": now + 27 * hour,
                "tag": ("wait", _("Waiting")),
            },
        ],
        "course": [31, 28, 35, 40, 33, 45, 42],
        "ageing": [
            {"label": "< 4 h", "count": 12, "url": "#"},
            {"label": "4–24 h", "count": 5, "url": "#"},
            {"label": "1–3 d", "count": 3, "url": ""},
            {"label": "> 3 d", "count": 1, "url": ""},
        ],
        "departments": [
            {"label": _("Security"), "count": 3, "url": "#"},
            {"label": _("Engineering"), "count": 8, "url": "#"},
            {"label": _("Cleaning"), "count": 2, "url": ""},
        ],
        "hours": ["8", "9", "10", "11", "14", "15"],
        # Every step of the ramp, in two digits: axe does not measure the contrast of a single character.
        "week": [
            {"label": _("Mon"), "values": [36, 84, 54, 24, 30, 42]},
            {"label": _("Tue"), "values": [12, 48, 42, 18, 0, 24]},
        ],
        "people": [{"name": "周敏", "state": "editing"}, {"name": "陈静", "state": "viewing"}],
        "phrases": [{"text": "请您不要着急", "code": "1"}, {"text": "谢谢您的理解", "code": "2"}],
        "taboos": [{"text": "急什么", "suggestion": "请您不要着急"}],
        "until": now + datetime.timedelta(minutes=10),
        "links": [{"label": _("Print"), "url": "#"}],
        "hits": [
            {"id": "s1", "value": 1, "label": "3-2-1201 王小梅", "mark": _("owner"), "meta": "138****1234"},
            {"id": "s2", "value": 2, "label": "3-2-1201 李大伟", "mark": _("tenant"), "meta": "139****8842"},
        ],
        "views": [
            {"label": _("Mine"), "url": "#", "count": 4, "current": True},
            {"label": _("Overdue"), "url": "#", "count": 7},
            {"label": _("Return visits"), "url": "#", "count": 0},
        ],
    }
