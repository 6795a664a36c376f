"""What the desk types about cards and passes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from residents.forms.steps import RoomField
from residents.models import Credential, Occupancy
from servicedesk.core.forms import NearDayField
from servicedesk.core.money import MoneyField
from servicedesk.core.steps import INLINE, StepForm, few_lines
from servicedesk.core.text import TextField


class FilterForm(forms.Form):
    """What narrows the list of cards: what was scanned or typed, the kind, the state."""

    SOON = "soon"

    q = TextField(label=_("Number, room or name"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *Credential.Kind.choices])
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), *Credential.Status.choices, (SOON, _("ends within 30 days"))],
    )

    @property
    def chosen(self):
        """What was chosen, {} where it cannot be read."""
        return self.cleaned_data if self.is_valid() else {}


class LookUpForm(forms.Form):
    """The number on a card that somebody shows at the gate."""

    number = TextField(label=_("Number on the card"), max_length=30, widget=forms.TextInput(attrs={"autofocus": True}))


class IssueForm(forms.Form):
    """A new card or pass."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Credential.Kind.choices, widget=forms.RadioSelect(attrs=INLINE))
    number = TextField(label=_("Number on the card"), max_length=30)
    unit = RoomField(required=False, help_text=_("Needed for cards of residents and lessees."))
    name = TextField(
        label=_("Holder"), max_length=60, help_text=_("For a resident, the name as it stands in the register.")
    )
    employer = TextField(label=_("Company"), required=False, max_length=120)
    for_number = TextField(label=_("For the permit"), required=False, max_length=40)
    valid_from = NearDayField(label=_("Valid from"))
    valid_to = NearDayField(
        label=_("Valid to"), required=False, help_text=_("The last day. Needed for workers and visitors.")
    )
    deposit = MoneyField(
        label=_("Deposit in yuan"), required=False, help_text=_("Only recorded here; the cashier takes it.")
    )

    def __init__(self, *args, community, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today, self.person = today, None
        self.fields["unit"].community = community
        self.initial.setdefault("valid_from", today)
        self.initial.setdefault("kind", Credential.Kind.RESIDENT_CARD)

    def clean(self):
        cleaned = super().clean()
        of_resident = cleaned.get("kind") in Credential.OF_RESIDENTS
        if of_resident and "unit" not in self.errors and not cleaned.get("unit"):
            self.add_error("unit", _("A card of a resident belongs to a room. Write which."))
        elif of_resident and cleaned.get("unit") and cleaned.get("name"):
            self._find_holder(cleaned["unit"], cleaned["name"])
        begins, ends = cleaned.get("valid_from"), cleaned.get("valid_to")
        if not of_resident and not ends and "valid_to" not in self.errors:
            self.add_error("valid_to", _("A pass of a worker or visitor ends with a day. Write which."))
        if begins and ends and ends < begins:
            self.add_error("valid_to", _("The last day must not lie before the first."))
        return cleaned

    def _find_holder(self, unit, name):
        living = Occupancy.objects.on(self.today).known().filter(unit=unit).select_related("person")
        people = {occupancy.person.name: occupancy.person for occupancy in living}
        self.person = people.get(name)
        if not people:
            self.add_error("unit", _("Nobody is recorded as living there. Record the move-in first."))
        elif self.person is None:
            known = " / ".join(people)
            sentence = _("Nobody of this name is recorded there. Living there: %(names)s.") % {"names": known}
            self.add_error("name", sentence)

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        return self.cleaned_data | {"person": self.person, "deposit": self.cleaned_data["deposit"] or 0}


class RenewForm(StepForm):
    valid_to = NearDayField(label=_("New last day"))


class ReasonForm(StepForm):
    reason = TextField(label=_("Reason"), max_length=300, widget=few_lines())


class ReturnForm(StepForm):
    reason = TextField(label=_("Note"), required=False, max_length=300)


class ReplaceForm(StepForm):
    number = TextField(label=_("Number on the new card"), max_length=30)
    reason = TextField(label=_("What became of the old one"), max_length=300)
    deposit = MoneyField(label=_("Deposit in yuan"), required=False)

    @property
    def facts(self):
        return super().facts | {"deposit": self.cleaned_data["deposit"] or 0}
