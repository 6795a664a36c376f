"""What is typed about the people of the register and their homes."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from residents.forms.fields import LifeDayField, PlainField, RoomField, SubmissionField
from residents.identity import clean_number
from residents.models import Building, Contact, IdentityCopy, Occasion, Occupancy, Person, Unit, Vehicle
from residents.models.occupancies import LEASE_DAYS
from residents.plates import clean_plate
from residents.register import LETTERS
from servicedesk.core import photos
from servicedesk.core.choices import RowField
from servicedesk.core.forms import NearDayField, PhotoField
from servicedesk.core.text import MailField, PhoneField, TextField, clean_text

ANY = [("", _("any"))]
WHEN = [("now", _("lives here")), ("ended", _("has moved out")), ("none", _("without a home here")), ("all", _("all"))]
# Of the register, and so seen by whoever opens it: a matter of one case belongs on the case.
STANDING = _("Shown to the desk whenever they call.")
REASON_STAYS = _("Kept in the history. Write no number here.")


class FilterForm(forms.Form):
    """Which people of the register are listed."""

    q = TextField(label=_("Name, initials, room, telephone or identity number"), required=False, max_length=120)
    role = forms.ChoiceField(label=_("Capacity"), choices=[*ANY, *Occupancy.Kind.choices], required=False)
    building = RowField(Building.objects.none(), label=_("Building"), required=False, empty_label=_("any"))
    state = forms.ChoiceField(label=_("State of the unit"), choices=[*ANY, *Unit.State.choices], required=False)
    when = forms.ChoiceField(label=_("Who"), choices=WHEN, required=False)
    letter = forms.ChoiceField(
        choices=[("", ""), *((one, one) for one in LETTERS)], required=False, widget=forms.HiddenInput
    )

    def __init__(self, data, *, community):
        # Who is searched for may have moved out.
        super().__init__(
            {"when": "all" if data.get("q") else "now", **{name: one for name, one in data.items() if one}}
        )
        self.fields["building"].queryset = Building.objects.filter(community=community).order_by("id").only("name")

    @property
    def chosen(self):
        """What was chosen, without what cannot be."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def building_options(self):
        """The buildings as (value, words, whether chosen), drawn by the page itself: there may be hundreds."""
        chosen = self.data.get("building", "")
        return [(value, words, str(value) == chosen) for value, words in self.fields["building"].choices]


class PersonForm(forms.Form):
    """A new entry, with the first home where there is one."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=Person.Kind.choices,
        initial=Person.Kind.PERSON,
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    name = PlainField(label=_("Name"), max_length=120)
    title = PlainField(label=_("Form of address"), required=False, max_length=20, help_text=_("For example Ms."))
    phone = PhoneField(label=_("Telephone"), required=False, max_length=40)
    email = MailField(label=_("E-mail"), required=False, max_length=120)
    note = PlainField(
        label=_("Standing instruction"),
        required=False,
        max_length=500,
        help_text=STANDING,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class NewPersonForm(PersonForm):
    """An entry that is not there yet."""

    submission = SubmissionField()


class EditForm(PersonForm):
    """A changed entry: what is changed and why."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    drop_phone = forms.BooleanField(label=_("Has no number any more"), required=False)
    drop_email = forms.BooleanField(label=_("Has no e-mail address any more"), required=False)
    reason = PlainField(label=_("Reason"), max_length=300, help_text=REASON_STAYS)

    field_order = ["kind", "name", "title", "phone", "drop_phone", "email", "drop_email", "note", "reason"]

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person
        if person.phone:
            # The whole number is looked at for a reason and on record, and never on the way (ruling 13).
            self.fields["phone"].label = _("New telephone number")
            self.fields["phone"].help_text = _("Left empty, %(number)s stays.") % {"number": person.masked_phone}
        else:
            del self.fields["drop_phone"]
        if person.email:
            self.fields["email"].label = _("New e-mail address")
            self.fields["email"].help_text = _("Left empty, %(number)s stays.") % {"number": person.masked_email}
        else:
            del self.fields["drop_email"]

    def clean(self):
        cleaned = super().clean()
        drops = cleaned.pop("drop_phone", False)
        if drops and cleaned.get("phone"):
            self.add_error("phone", _("Give a new number, or tick that there is none any more: one of the two."))
        elif not drops and "phone" in cleaned and not cleaned["phone"]:
            cleaned["phone"] = self.person.phone
        drops = cleaned.pop("drop_email", False)
        if drops and cleaned.get("email"):
            self.add_error("email", _("Give a new address, or tick that there is none any more: one of the two."))
        elif not drops and "email" in cleaned and not cleaned["email"]:
            cleaned["email"] = self.person.email
        return cleaned


class StepForm(forms.Form):
    """A step on the entry of `person`."""

    def __init__(self, *args, person, today, homes=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.person, self.today, self.homes = person, today, homes


class MoveInForm(StepForm):
    """From when somebody occupies a unit, and as what."""

    unit = RoomField(label=_("Room"), max_length=60, help_text=_("As it is spoken: 3-2-1201, 3 1201."))
    kind = forms.ChoiceField(
        label=_("Capacity"), choices=Occupancy.Kind.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    starts_on = LifeDayField(label=_("From"))
    ends_on = LifeDayField(label=_("Last day, if it is known"), required=False, days_ahead=LEASE_DAYS)
    share = forms.DecimalField(
        label=_("Share of ownership in %"),
        required=False,
        max_digits=5,
        decimal_places=2,
        min_value=0,
        max_value=100,
        help_text=_("Of an owner, if several own it."),
    )
    company = PlainField(
        label=_("Company"), required=False, max_length=120, help_text=_("Of staff, if several are in the unit.")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["unit"].community = self.person.community
        self.initial.setdefault("starts_on", self.today)
        self.initial.setdefault("kind", Occupancy.Kind.OWNER)

    def clean_share(self):
        share = self.cleaned_data["share"]
        if share is not None and share <= 0:
            raise ValidationError(_("A share is more than 0 %."))
        return share

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        kind, typed = cleaned["kind"], cleaned["company"]
        cleaned["company"] = None
        if cleaned["share"] is not None and kind != Occupancy.Kind.OWNER:
            self.add_error("share", _("Only an owner has a share of a unit."))
        if cleaned["ends_on"] and cleaned["ends_on"] < cleaned["starts_on"]:
            self.add_error("ends_on", _("The last day cannot come before the first."))
        if kind == Occupancy.Kind.STAFF:
            self._find_company(cleaned, typed)
        elif typed:
            self.add_error("company", _("Only staff belong to a company."))
        return cleaned

    def _find_company(self, cleaned, typed):
        """Take the one company that occupies the unit on the first day, or the one whose name was typed."""
        there = Person.objects.known().filter(
            kind=Person.Kind.COMPANY,
            occupancies__in=Occupancy.objects.on(cleaned["starts_on"]).filter(unit=cleaned["unit"]),
        )
        found = list((there.filter(name__icontains=typed) if typed else there).distinct()[:5])
        if len(found) == 1:
            cleaned["company"] = found[0]
        elif found:
            names = ", ".join(company.name for company in found)
            self.add_error("company", _("Which one: %(names)s?") % {"names": names})
        else:
            self.add_error(
                "company", _("No such company occupies %(unit)s then. Enter it first.") % {"unit": cleaned["unit"]}
            )


class HomeForm(StepForm):
    """A step on one home of the person."""

    home = RowField(Occupancy.objects.none(), label=_("Room"), empty_label=None)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rows = Occupancy.objects.in_force().filter(person=self.person).select_related("unit").order_by("-period")
        self.fields["home"].queryset = rows
        self.fields["home"].label_from_instance = _home_words


def _home_words(home):
    return f"{home.unit} · {home.get_kind_display()} · {home.period.lower:%Y-%m-%d}"


class EndHomeForm(HomeForm):
    """The last day of an occupancy."""

    on = LifeDayField(label=_("Last day"), days_ahead=LEASE_DAYS)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["home"].queryset = self.fields["home"].queryset.filter(period__endswith=None)
        self.initial.setdefault("on", self.today)


class ChangeEndForm(HomeForm):
    """Another last day of an occupancy that has one: a lease that is renewed or given up early."""

    on = LifeDayField(
        label=_("New last day"),
        required=False,
        days_ahead=LEASE_DAYS,
        help_text=_("Empty: they stay, and no last day is known."),
    )
    reason = PlainField(label=_("Reason"), max_length=300, help_text=REASON_STAYS)
    # The ends that the page showed: whoever saves after somebody else is told so.
    seen = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rows = self.fields["home"].queryset.filter(period__endswith__isnull=False)
        self.fields["home"].queryset = rows
        self.fields["home"].label_from_instance = lambda home: f"{_home_words(home)} – {home.last_day:%Y-%m-%d}"
        self.initial["seen"] = " ".join(_end_of(home) for home in rows)

    def clean(self):
        cleaned = super().clean()
        home = cleaned.get("home")
        cleaned["is_seen"] = home is not None and _end_of(home) in cleaned.get("seen", "").split()
        # Should the form come back, it has the ends as they are now.
        self.data = self.data.copy()
        self.data["seen"] = self.initial["seen"]
        return cleaned


def _end_of(home):
    return f"{home.pk}:{home.period.upper}"


class VoidHomeForm(HomeForm):
    """An occupancy that was entered by mistake."""

    reason = PlainField(label=_("Reason"), max_length=300, help_text=REASON_STAYS)


class UnitOfPersonForm(StepForm):
    """A step that belongs to one of the units of the person."""

    unit = RowField(Unit.objects.none(), label=_("Room"), empty_label=None)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        current = Occupancy.objects.on(self.today).filter(person=self.person)
        self.fields["unit"].queryset = Unit.objects.filter(occupancies__in=current).distinct()
        self.fields["unit"].error_messages["required"] = _("They have no home here today. Move them in first.")


class AddContactForm(UnitOfPersonForm):
    """Whom to tell: somebody who lives there too, or a name with a number."""

    role = forms.ChoiceField(
        label=_("As"), choices=Contact.Role.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    person = RowField(
        Person.objects.none(),
        label=_("Somebody of the same home"),
        required=False,
        empty_label=_("somebody else"),
    )
    name = PlainField(label=_("Or their name"), required=False, max_length=120)
    phone = PhoneField(label=_("Telephone"), required=False, max_length=40)
    tell = forms.MultipleChoiceField(
        label=_("Is told about"),
        choices=Occasion.choices,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "inline"}),
        error_messages={"required": _("Choose what they are told about.")},
    )
    note = PlainField(label=_("Note"), required=False, max_length=200)
    submission = SubmissionField()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        units = Occupancy.objects.on(self.today).filter(person=self.person).values("unit")
        others = Occupancy.objects.on(self.today).known().filter(unit__in=units).exclude(person=self.person)
        self.fields["person"].queryset = Person.objects.filter(pk__in=others.values("person")).order_by("name")
        self.initial.setdefault("role", Contact.Role.EMERGENCY)
        self.initial.setdefault("tell", [Occasion.EMERGENCY])

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        if cleaned["person"] and (cleaned["name"] or cleaned["phone"]):
            self.add_error("name", _("Choose somebody, or write a name: one of the two."))
        elif not cleaned["person"] and not cleaned["name"]:
            self.add_error("name", _("Who is it? Choose somebody, or write the name."))
        elif not cleaned["person"] and not cleaned["phone"]:
            self.add_error("phone", _("Give the number on which they are told."))
        return cleaned


class EndContactForm(StepForm):
    """A contact who is told nothing any more."""

    contact = RowField(Contact.objects.none(), label=_("Contact"), empty_label=None)
    reason = PlainField(label=_("Reason"), max_length=300, help_text=REASON_STAYS)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["contact"].queryset = Contact.objects.active().filter(occupant=self.person).with_people()


class AddVehicleForm(UnitOfPersonForm):
    """A vehicle that is kept here."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=Vehicle.Kind.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    plate = TextField(label=_("Number plate"), max_length=30)
    colour = PlainField(label=_("Colour"), required=False, max_length=20)
    starts_on = LifeDayField(label=_("From"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("kind", Vehicle.Kind.CAR)
        self.initial.setdefault("starts_on", self.today)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("plate") and cleaned.get("kind"):
            try:
                cleaned["plate"] = clean_plate(cleaned["kind"], cleaned["plate"])
            except ValidationError as error:
                self.add_error("plate", error)
        return cleaned


class EndVehicleForm(StepForm):
    """The last day of a vehicle here."""

    vehicle = RowField(Vehicle.objects.none(), label=_("Vehicle"), empty_label=None)
    on = LifeDayField(label=_("Last day"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rows = Vehicle.objects.filter(person=self.person, period__endswith=None)
        self.fields["vehicle"].queryset = rows.select_related("person")
        self.initial.setdefault("on", self.today)


class RecordIdentityForm(StepForm):
    """The number of an identity paper; it is never shown again unless somebody asks for it with a reason."""

    kind = forms.ChoiceField(label=_("Kind of paper"), choices=Person.Identity.choices)
    number = TextField(
        label=_("Number of the paper"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        is_company = self.person.kind == Person.Kind.COMPANY
        self.initial.setdefault("kind", Person.Identity.LICENCE if is_company else Person.Identity.ID_CARD)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("number") and cleaned.get("kind"):
            try:
                cleaned["number"] = clean_number(cleaned["kind"], cleaned["number"])
            except ValidationError as error:
                self.add_error("number", error)
        return cleaned


class KeepCopyForm(StepForm):
    """Up to two pictures of a paper, and the day on which they are removed."""

    front = PhotoField(label=_("Picture of the front"))
    back = PhotoField(label=_("Picture of the back"), required=False)
    delete_on = NearDayField(
        label=_("Is removed on"), help_text=_("No later than it is needed: often the day after the handover.")
    )
    agreed = forms.BooleanField(
        label=_("The person has agreed to the copy (PIPL 29)"),
        error_messages={"required": _("A copy of a paper is kept only if the person agrees.")},
    )

    def clean(self):
        cleaned = super().clean()
        self.pictures = []
        for name in ("front", "back"):
            if upload := cleaned.get(name):
                upload.name = clean_text(upload.name) or "photo"
                try:
                    self.pictures.append(photos.reencode(upload))
                except ValidationError as error:
                    self.add_error(name, error)
        if cleaned.get("delete_on") and cleaned["delete_on"] <= self.today:
            self.add_error("delete_on", _("Choose a day after today on which the copy is removed."))
        return cleaned


class RemoveCopyForm(StepForm):
    """A copy that is removed before its day."""

    copy = RowField(IdentityCopy.objects.none(), label=_("Copy"), empty_label=None)
    reason = PlainField(label=_("Reason"), max_length=300, help_text=REASON_STAYS)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["copy"].queryset = IdentityCopy.objects.kept().filter(person=self.person).select_related("person")


class AgreeToMailForm(StepForm):
    """That somebody wants to be told of bills and reminders by e-mail."""

    email = MailField(label=_("E-mail"), max_length=120)
    mail_receipts = forms.BooleanField(label=_("Receipts by e-mail, too"), required=False)
    how = PlainField(
        label=_("How they agreed"),
        max_length=300,
        help_text=_("For example: in writing, at the counter. Recorded with your name and the day."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.person.email:
            self.fields["email"].required = False
            self.fields["email"].help_text = _("Left empty, %(number)s stays.") % {"number": self.person.masked_email}

    def clean_email(self):
        return self.cleaned_data["email"] or self.person.email


class WithdrawMailForm(StepForm):
    """That somebody wants no e-mails any more."""

    reason = PlainField(label=_("Reason"), max_length=300, help_text=REASON_STAYS)


class UnmaskForm(StepForm):
    """What is looked at, and why (ruling 13)."""

    WHAT = [
        ("phone", _("the telephone number")),
        ("email", _("the e-mail address")),
        ("identity", _("the identity number")),
        ("copies", _("the copies")),
    ]

    what = forms.ChoiceField(label=_("Show"), choices=WHAT, widget=forms.RadioSelect(attrs={"class": "inline"}))
    reason = PlainField(label=_("Reason"), max_length=300, help_text=_("Recorded with your name."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("what", "phone")
