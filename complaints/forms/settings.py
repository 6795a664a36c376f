"""What an administrator types to set the desk (S35). Every limit is also one of the database."""

import re
from datetime import time

from django import forms
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from complaints.models import Category, DeadlinePolicy, Kind, Severity, Urgency, VisitRule, WarrantyTerm
from servicedesk.core.choices import RowField
from servicedesk.core.models import Department
from servicedesk.core.text import TextField

DAYS = (DeadlinePolicy.Count.NATURAL_DAYS, DeadlinePolicy.Count.WORKING_DAYS)
MOST_DAYS = 3660
MOST_HOURS = 10_000
MOST_LINES = 30
A_DAY, A_WEEK = 1440, 10_080
NAME = _("Name as shown")
LEVELS = [
    (1, _("level 1, the desk")),
    (2, _("level 2, a supervisor")),
    (3, _("level 3, the deputy general manager")),
]


class NumberField(forms.IntegerField):
    """A whole number from `least` to `most`, both named in what it says."""

    default_error_messages = {"invalid": _("Enter a whole number.")}

    def __init__(self, *, least, most, **kwargs):
        super().__init__(**kwargs)
        self.least, self.most = least, most
        self.widget.attrs |= {"min": least, "max": most, "class": "w-num"}

    def validate(self, value):
        super().validate(value)
        if value is not None and not self.least <= value <= self.most:
            raise forms.ValidationError(
                _("Enter a number from %(least)d to %(most)d.") % {"least": self.least, "most": self.most}
            )


class CodeField(TextField):
    """The short name by which the program knows a row; it never changes."""

    def clean(self, value):
        code = super().clean(value).lower()
        if not re.fullmatch(r"[a-z0-9_-]+", code):
            raise forms.ValidationError(_("Small letters, digits, hyphens and underscores only, without blanks."))
        return code


class ClockField(forms.TimeField):
    """A time of day such as 18:00, the colon as any keyboard writes it."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "18:00", "class": "w-num"})
    default_error_messages = {"invalid": _("Enter a time such as 18:00.")}

    def prepare_value(self, value):
        return f"{value:%H:%M}" if isinstance(value, time) else value

    def to_python(self, value):
        return super().to_python(value.replace("：", ":") if isinstance(value, str) else value)


class LinesField(TextField):
    """Short texts, one a line, returned as a list without empty lines and repetitions."""

    def __init__(self, *, each, **kwargs):
        self.each = each
        super().__init__(
            required=False,
            max_length=(each + 2) * MOST_LINES,
            widget=forms.Textarea(attrs={"rows": 4}),
            help_text=format_lazy(_("One a line, at most {each} characters each."), each=each),
            **kwargs,
        )

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value):
        lines = [line.strip() for line in super().clean(value).splitlines()]
        lines = list(dict.fromkeys(filter(None, lines)))
        if long := next((line for line in lines if len(line) > self.each), None):
            raise forms.ValidationError(
                _("This line is longer than %(each)d characters: %(line)s") % {"each": self.each, "line": long}
            )
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(_("At most %(most)d lines.") % {"most": MOST_LINES})
        return lines


class SettingForm(forms.Form):
    """A row of settings of `community`; `row` where it is changed and not added. A code is given once."""

    def __init__(self, *args, community, row=None, **kwargs):
        if row is not None:
            kwargs["initial"] = {name: getattr(row, name) for name in self.base_fields if hasattr(row, name)}
        super().__init__(*args, **kwargs)
        self.community, self.row = community, row
        if row is not None and row.pk:
            self.fields.pop("code", None)

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        return self.cleaned_data


class PolicyForm(SettingForm):
    code = CodeField(label=_("Code"), max_length=60)
    name = TextField(label=NAME, max_length=120)
    article = TextField(
        label=_("Article it rests on"),
        max_length=120,
        required=False,
        help_text=_("Stands in the explanation of every deadline, as staff read it."),
    )
    count = forms.ChoiceField(label=_("Counted in"), choices=DeadlinePolicy.Count.choices)
    amount = forms.DecimalField(
        label=_("Days or hours"),
        required=False,
        max_digits=7,
        decimal_places=2,
        help_text=_("Whole days, or hours. Left empty for the same day."),
        error_messages={"invalid": _("Enter a number.")},
    )
    end = forms.ChoiceField(label=_("The last day ends"), choices=DeadlinePolicy.End.choices)
    roll_forward = forms.BooleanField(
        label=_("A last day that is a rest day moves to the next working day (Civil Code 203)"), required=False
    )
    after_hours_next_day = forms.BooleanField(
        label=_("What comes in after hours counts as received on the next service day"), required=False
    )
    can_pause = forms.BooleanField(label=_("The clock may be paused"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.row is None:
            self.initial |= {"after_hours_next_day": True, "can_pause": True, "count": "natural_days"}
        else:
            self.initial["amount"] = f"{self.row.amount.normalize():f}"
        self.fields["amount"].widget.attrs["class"] = "w-num"

    def clean(self):
        cleaned = super().clean()
        count, amount = cleaned.get("count"), cleaned.get("amount")
        if not count or "amount" in self.errors:
            return cleaned
        if count == DeadlinePolicy.Count.SAME_DAY:
            cleaned["amount"] = 0
            if cleaned.get("end") == DeadlinePolicy.End.SAME_TIME:
                self.add_error("end", _("The same day cannot end at the time of its own receipt. Choose another end."))
        elif count in DAYS and (amount is None or not 1 <= amount <= MOST_DAYS or amount != int(amount)):
            self.add_error(
                "amount", _("Enter whole days from 1 to %(most)d; for none, count the same day.") % {"most": MOST_DAYS}
            )
        elif count not in DAYS and (amount is None or not 0 < amount <= MOST_HOURS):
            self.add_error("amount", _("Enter more than 0 and at most %(most)d hours.") % {"most": MOST_HOURS})
        return cleaned


class CategoryForm(SettingForm):
    code = CodeField(label=_("Code"), max_length=60)
    digit = NumberField(
        label=_("Digit at the desk"),
        least=1,
        most=99,
        required=False,
        help_text=_("The key that chooses it at intake, 10 is the key 0. Without one it is not offered at the desk."),
    )
    name = TextField(label=NAME, max_length=120)
    name_en = TextField(label=_("Name in English"), max_length=120, required=False)
    department = RowField(Department.objects.none(), label=_("Department"))
    kind = forms.ChoiceField(label=_("Usual kind"), choices=Kind.choices)
    scope = forms.ChoiceField(label=_("Place"), choices=Category.Scope.choices)
    policy = RowField(
        DeadlinePolicy.objects.none(),
        label=_("Own deadline policy"),
        required=False,
        empty_label=_("as the rules say: same day or three days"),
    )
    warranty = RowField(
        WarrantyTerm.objects.none(),
        label=_("System under warranty"),
        required=False,
        empty_label=_("none"),
        help_text=_("What is reported here is claimed from the builder as long as its warranty runs."),
    )
    arrive_minutes = NumberField(label=_("Promised arrival in minutes"), least=1, most=A_WEEK, required=False)
    straight_to_level = forms.TypedChoiceField(label=_("Starts at"), coerce=int, choices=LEVELS)
    probes = LinesField(label=_("What to ask"), each=80)
    phrases = LinesField(label=_("Usual matters"), each=40)
    is_public = forms.BooleanField(label=_("Offered on the web form"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.row is None:
            self.initial["is_public"] = True
        for name, model in (("department", Department), ("policy", DeadlinePolicy), ("warranty", WarrantyTerm)):
            kept = getattr(self.row, f"{name}_id", None)
            rows = model.objects.filter(Q(is_active=True) | Q(pk=kept), community=self.community)
            self.fields[name].queryset = rows


class DepartmentForm(SettingForm):
    code = CodeField(label=_("Code"), max_length=20)
    name = TextField(label=NAME, max_length=40)
    name_en = TextField(label=_("Name in English"), max_length=40, required=False)
    notify_url = TextField(
        label=_("Group notice address"),
        max_length=300,
        required=False,
        help_text=_("Where notices to the group of the department are sent. It is a key: show it to nobody."),
    )
    is_centre = forms.BooleanField(
        label=_("The customer service centre itself"),
        required=False,
        help_text=_("Matters within the centre's own scope are due the same day."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.row is not None:
            del self.fields["is_centre"]


class VisitRuleForm(SettingForm):
    code = CodeField(label=_("Code"), max_length=40)
    name = TextField(label=NAME, max_length=80)
    source = TextField(
        label=_("Source"), max_length=200, help_text=_("What the rule rests on: an article, a standard or a custom.")
    )
    position = NumberField(label=_("Position"), least=1, most=999, help_text=_("The first rule that fits decides."))
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("any")), *Kind.choices])
    severity = forms.ChoiceField(label=_("Severity"), required=False, choices=[("", _("any")), *Severity.choices])
    urgency = forms.ChoiceField(label=_("Urgency"), required=False, choices=[("", _("any")), *Urgency.choices])
    categories = forms.MultipleChoiceField(
        label=_("Categories"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "inline", "data-user": True}),
    )
    words = LinesField(label=_("Words of the matter"), each=20)
    share = NumberField(
        label=_("Share in per cent"),
        least=0,
        most=100,
        help_text=_("How many of a hundred cases are visited. Each case's lot is worked out from its number."),
    )
    within = NumberField(label=_("Within"), least=1, most=366)
    unit = forms.ChoiceField(label=_("Counted in"), choices=VisitRule.Unit.choices)
    after_rain = forms.BooleanField(label=_("Waits for the first rain"), required=False)
    needs_senior = forms.BooleanField(label=_("By a supervisor or the deputy general manager"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.row is None:
            self.initial |= {"share": 100, "unit": VisitRule.Unit.DAYS}
        rows = Category.objects.filter(community=self.community)
        self.fields["categories"].choices = list(rows.values_list("code", "name"))


class SeasonDayField(TextField):
    """A day of the year as MM-DD, the same every year."""

    def __init__(self, **kwargs):
        super().__init__(required=False, max_length=5, **kwargs)
        self.widget.attrs |= {"placeholder": "11-15", "class": "w-num"}

    def clean(self, value):
        day = super().clean(value)
        if day and not re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])", day):
            raise forms.ValidationError(_("Enter month and day as 11-15, up to the 28th of a month."))
        return day


class WarrantyTermForm(SettingForm):
    code = CodeField(label=_("Code"), max_length=40)
    name = TextField(label=NAME, max_length=80)
    name_en = TextField(label=_("Name in English"), max_length=80, required=False)
    length = NumberField(label=_("How long"), least=1, most=70)
    unit = forms.ChoiceField(label=_("Counted in"), choices=WarrantyTerm.Unit.choices)
    season_from = SeasonDayField(
        label=_("Season begins"), help_text=_("For seasons only. It differs from city to city.")
    )
    season_to = SeasonDayField(label=_("Season ends"))
    source = TextField(
        label=_("Source"), max_length=200, help_text=_("What the period rests on: an article or a contract.")
    )
    answer_days = NumberField(label=_("Days in which they answer"), least=1, most=60)
    remind_days = NumberField(label=_("Days between two reminders"), least=1, most=60)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.row is None:
            self.initial |= {"unit": WarrantyTerm.Unit.YEARS, "answer_days": 3, "remind_days": 2}

    def clean(self):
        cleaned = super().clean()
        seasons = ("season_from", "season_to")
        if cleaned.get("unit") == WarrantyTerm.Unit.YEARS:
            return cleaned | dict.fromkeys(seasons, "")
        for name in seasons:
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("Say on which day of the year a season begins and ends."))
        return cleaned


class TimesForm(SettingForm):
    take_minutes = NumberField(
        label=_("Minutes to take a case"),
        least=1,
        most=A_DAY,
        help_text=_("What nobody has taken for so long goes to level 2: minutes of service, of the clock if urgent."),
    )
    soon_minutes = NumberField(
        label=_("Minutes before the deadline that count as soon"),
        least=1,
        most=A_WEEK,
        help_text=_("From then on a case is marked on lists and on the board."),
    )
    reopen_days = NumberField(
        label=_("Days in which an archived case may be reopened"),
        least=0,
        most=365,
        help_text=_("Later, the same matter is a new case that follows the old one."),
    )
    keeps_close = forms.BooleanField(
        label=_("Days end at the close of service"),
        required=False,
        help_text=_("If not, the last day of a deadline ends at 24:00 (Civil Code 203)."),
    )
    default_close = ClockField(label=_("Close on days without hours of their own"))

    def clean_default_close(self):
        close = self.cleaned_data["default_close"]
        if not (close.hour or close.minute):
            raise forms.ValidationError(_("A day cannot close as it begins. Enter a later time."))
        return close


class RepeatForm(SettingForm):
    duplicate_hours = NumberField(
        label=_("Hours in which an open case of the same unit and category may be the same"),
        least=0,
        most=8784,
        help_text=_("Our proposal; the desk decides each time."),
    )
    repeat_days = NumberField(
        label=_("Days after the answer in which the same matter has come back"),
        least=0,
        most=366,
        help_text=_("A repair that comes back within 30 days is done again without charge (custom of the trade)."),
    )
    third_days = NumberField(
        label=_("Days in which a third time starts at level 2"), least=0, most=366, help_text=_("Our proposal.")
    )


class FactsForm(SettingForm):
    name = TextField(label=NAME, max_length=80)
    name_en = TextField(label=_("Name in English"), max_length=80, required=False)
    phone = TextField(
        label=_("Desk telephone"), max_length=30, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
    )
    report_to = TextField(
        label=_("Month report goes to"),
        max_length=120,
        required=False,
        help_text=_("The department manager who receives it, by name; the deputy general manager if empty."),
    )
    outside_holder = TextField(
        label=_("Outside holder"),
        max_length=120,
        required=False,
        help_text=_("Who handles a complaint about the deputy general manager: a name and how to reach them."),
    )
    outside_email = forms.EmailField(
        label=_("E-mail of the outside holder"),
        required=False,
        max_length=254,
        error_messages={"invalid": _("Enter an e-mail address such as name@example.com.")},
    )
    is_public = forms.BooleanField(label=_("Takes requests on the web"), required=False)
