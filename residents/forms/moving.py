"""What is typed about moves: booking, changing, the steps of a move, the rule and the lifts."""

from django import forms
from django.utils.translation import gettext_lazy as _

from residents import moving
from residents.models import Building, ConsentHow, Lift, MoveBooking, Relation, Section, Unit
from residents.rooms import key_of
from servicedesk.core.choices import RowField
from servicedesk.core.forms import MinuteField, MomentField, NearDayField
from servicedesk.core.text import PhoneField, TextField

INLINE = {"class": "inline"}


class StepForm(forms.Form):
    """A step on a booking or a slip. It carries the version that its page was made from.

    One that `has_choices` among rows is given the community that they are of.
    """

    has_choices = False
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @property
    def facts(self):
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class ReasonForm(StepForm):
    reason = TextField(label=_("Why"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class NoteForm(StepForm):
    note = TextField(
        label=_("What was found"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )


class UnmaskForm(StepForm):
    reason = TextField(label=_("Why you need the number"), max_length=200)


class ConsentForm(StepForm):
    """How the owner agreed."""

    how = forms.ChoiceField(
        label=_("How the owner agreed"), choices=ConsentHow.choices, widget=forms.RadioSelect(attrs=INLINE)
    )
    who = TextField(label=_("Who agreed"), max_length=120, help_text=_("The owner's name, as in the register."))
    agreed_at = MomentField(label=_("When"), days_ahead=0)


class RoomField(TextField):
    """A room as it is spoken or typed; returned as the Unit of the community that its form names."""

    def __init__(self, **kwargs):
        super().__init__(max_length=60, **kwargs)
        self.community = None

    def clean(self, value):
        typed = super().clean(value)
        found = list(Unit.objects.filter(community=self.community).by_room(key_of(typed)).order_by("label")[:4])
        if not found:
            raise forms.ValidationError(
                _("There is no room “%(room)s” here. Type it as on the door, for example 3-2-1201."),
                params={"room": typed},
            )
        if len(found) > 1:
            rooms = "、".join(unit.label for unit in found)
            raise forms.ValidationError(_("Which one: %(rooms)s? Type the whole room."), params={"rooms": rooms})
        found[0].community = self.community
        return found[0]


class ApplicantForm(StepForm):
    """Who asks for a home."""

    applicant_name = TextField(label=_("Who asks"), max_length=120)
    applicant_phone = PhoneField(label=_("Telephone"), required=False, max_length=40)
    relation = forms.ChoiceField(
        label=_("Relation to the home"), choices=Relation.choices, widget=forms.RadioSelect(attrs=INLINE)
    )
    plate_no = TextField(label=_("Number plate"), required=False, max_length=20)


class ChangeForm(ApplicantForm):
    """What is booked, without the home."""

    has_choices = True
    kind = forms.ChoiceField(
        label=_("Kind of move"), choices=MoveBooking.Kind.choices, widget=forms.RadioSelect(attrs=INLINE)
    )
    lift = RowField(Lift.objects.none(), label=_("Lift"), required=False, empty_label=_("by the stairs"))
    day = NearDayField(label=_("Day"))
    begins = MinuteField(label=_("From"))
    ends = MinuteField(label=_("To"))
    route = TextField(
        label=_("Route"), required=False, max_length=200, help_text=_("By the stairs: which ones. Where the van stops.")
    )
    protects_floor = forms.BooleanField(label=_("Cover the floor"), required=False)
    protects_walls = forms.BooleanField(label=_("Cover walls and lift"), required=False)
    mover_company = TextField(label=_("Moving firm"), required=False, max_length=80)
    mover_phone = PhoneField(label=_("Telephone of the firm"), required=False, max_length=40)
    field_order = [
        "version",
        "unit",
        "kind",
        "lift",
        "day",
        "begins",
        "ends",
        "applicant_name",
        "applicant_phone",
        "relation",
        "route",
        "protects_floor",
        "protects_walls",
        "mover_company",
        "mover_phone",
        "plate_no",
    ]

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.community = community
        lifts = Lift.objects.filter(community=community, carries_goods=True).select_related("building")
        self.fields["lift"].queryset = lifts

    def clean(self):
        cleaned = super().clean()
        begins, ends = cleaned.get("begins"), cleaned.get("ends")
        if begins is not None and ends is not None and ends <= begins:
            self.add_error("ends", _("The move must end after it begins."))
        if "lift" in cleaned and cleaned["lift"] is None and not cleaned.get("route") and "route" not in self.errors:
            self.add_error("route", _("Without a lift, say which stairs it goes by."))
        return cleaned

    @property
    def facts(self):
        facts = super().facts
        day, begins, ends = (facts.pop(name) for name in ("day", "begins", "ends"))
        return facts | {
            "starts_at": moving.moment(self.community, day, begins),
            "ends_at": moving.moment(self.community, day, ends),
        }


class BookForm(ChangeForm):
    """A move of a home."""

    unit = RoomField(label=_("Room"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["unit"].community = self.community


def initial_of(booking):
    """Return what stands in the form of a booking that is there."""
    names = [name for name in ChangeForm.base_fields if hasattr(booking, name)]
    begins, ends = (booking.community.local(edge) for edge in (booking.window.lower, booking.window.upper))
    shown = {"applicant_name": "", "applicant_phone": "", "plate_no": ""} if booking.is_sealed else {}
    return (
        {name: getattr(booking, name) for name in names}
        | shown
        | {
            "day": begins.date(),
            "begins": f"{begins:%H:%M}",
            "ends": "24:00" if ends.date() > begins.date() else f"{ends:%H:%M}",
        }
    )


class RuleForm(forms.Form):
    """When moving is allowed."""

    work_opens = MinuteField(label=_("Working days from"))
    work_closes = MinuteField(label=_("Working days to"))
    rest_opens = MinuteField(label=_("Rest days from"))
    rest_closes = MinuteField(label=_("Rest days to"))
    quiet_from = MinuteField(label=_("Quiet hours from"), required=False)
    quiet_to = MinuteField(label=_("Quiet hours to"), required=False)
    quiet_source = TextField(
        label=_("Source of the quiet hours"),
        required=False,
        max_length=200,
        help_text=_("The rule of the city or the agreement that they rest on."),
    )
    slot_minutes = forms.IntegerField(label=_("Length of a slot in minutes"), min_value=15, max_value=720)
    notice_days = forms.IntegerField(label=_("Days of notice of a move out"), min_value=0, max_value=60)
    contact_from = MinuteField(label=_("Owners are rung from"))
    contact_to = MinuteField(label=_("Owners are rung until"))

    def clean(self):
        cleaned = super().clean()
        for name in ("work", "rest"):
            opens, closes = cleaned.get(f"{name}_opens"), cleaned.get(f"{name}_closes")
            if opens is not None and closes is not None and closes <= opens:
                self.add_error(f"{name}_closes", _("It must close after it opens."))
        for name in ("quiet", "contact"):
            begins, ends = cleaned.get(f"{name}_from"), cleaned.get(f"{name}_to")
            if begins is not None and ends is not None and ends <= begins:
                self.add_error(f"{name}_to", _("It must end after it begins."))
        if (cleaned.get("quiet_from") is None) != (cleaned.get("quiet_to") is None):
            self.add_error("quiet_to", _("Give both times or neither."))
        return cleaned

    @staticmethod
    def initial_of(rule):
        """Return what stands in the form of a rule: minutes as times."""
        shown = {}
        for name, field in RuleForm.base_fields.items():
            value = getattr(rule, name)
            shown[name] = moving.clock_of(value) if isinstance(field, MinuteField) and value is not None else value
        return shown


class LiftForm(forms.Form):
    """A lift that carries goods."""

    building = RowField(Building.objects.none(), label=_("Building"))
    section = TextField(
        label=_("Entrance"), required=False, max_length=10, help_text=_("Its code; empty where it serves all of them.")
    )
    name = TextField(label=_("Name of the lift"), max_length=40)

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = Building.objects.filter(community=community)

    def clean(self):
        cleaned = super().clean()
        building, code = cleaned.get("building"), cleaned.get("section")
        if code and building:
            cleaned["section"] = Section.objects.filter(building=building, code=code).first()
            if cleaned["section"] is None:
                self.add_error("section", _("This building has no such entrance. Look at the code again."))
        else:
            cleaned["section"] = None
        return cleaned
