"""What finance types about fees: a new one, a tariff, who is enrolled, what a common thing cost."""

from decimal import Decimal

from django import forms
from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing import pricing
from billing.forms.fields import BuildingField, MonthField, NumberField, WholeField
from billing.formula import LONGEST, parse
from billing.models import Fee, Tariff
from residents.forms.fields import LifeDayField
from residents.forms.steps import RoomField
from residents.models import Building, Resource, Unit
from servicedesk.core.choices import RowField
from servicedesk.core.money import MoneyField
from servicedesk.core.steps import INLINE, StepForm, few_lines
from servicedesk.core.text import TextField

MOST_STEPS = 8
HIGHEST_PRICE = 1_000_000
HIGHEST_USE = 999_999_999


class FeeForm(forms.Form):
    """A new fee."""

    name = TextField(label=pgettext_lazy("money", "Name"), max_length=60, help_text=_("As it stands on bills."))
    name_en = TextField(label=_("Name in English"), max_length=60, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=Fee.Kind.choices)
    applies_to = forms.ChoiceField(
        label=_("Charged to"),
        choices=Fee.AppliesTo.choices,
        initial=Fee.AppliesTo.EVERY_UNIT,
        widget=forms.RadioSelect(attrs=INLINE),
        help_text=_("Parking places and the like are paid by those who are enrolled, and for so many."),
    )
    position = WholeField(
        label=_("Place on bills"),
        required=False,
        most=999,
        help_text=_("Empty: the last. Money pays what was due first, and of one day in this order."),
    )

    @property
    def facts(self):
        return self.cleaned_data


class RoomForm(forms.Form):
    """The room whose fees somebody wants to see."""

    room = RoomField(required=False)

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["room"].community = community


class TariffForm(forms.Form):
    """A price of a fee from a month on. Which fields it has depends on how it is counted."""

    since = MonthField(label=_("From the first of the month"))
    unit_price = NumberField(label=_("Price in yuan"), places=6, most=HIGHEST_PRICE, more_than=0)
    resource = forms.ChoiceField(label=_("What is measured"), choices=Resource.choices)
    measure = forms.ChoiceField(
        label=_("Shared out"), choices=Tariff.Measure.choices, widget=forms.RadioSelect(attrs=INLINE)
    )
    formula = TextField(
        label=_("Formula"),
        max_length=LONGEST,
        widget=few_lines(),
        help_text=_(
            "The yuan for one period: numbers, + - * / ( ), min, max and the names area, floor, quantity, consumption,"
            " months. For example: min(area, 144) * 2.50 * months."
        ),
    )
    tier_span = forms.ChoiceField(
        label=_("Steps are counted"),
        choices=Tariff.TierSpan.choices,
        initial=Tariff.TierSpan.PERIOD,
        required=False,
        widget=forms.RadioSelect(attrs=INLINE),
    )
    months = forms.TypedChoiceField(label=_("Billed for each"), choices=Tariff.MONTHS, coerce=int, initial=1)
    start_rule = forms.ChoiceField(label=_("Begins after a handover"), choices=Tariff.StartRule.choices)
    due_days = WholeField(
        label=_("Days to pay"),
        most=366,
        initial=25,
        help_text=_("From the first day of the period: a bill of October with 25 is due on the 26th."),
    )
    price_basis = TextField(
        label=_("What the price rests on"),
        max_length=300,
        widget=few_lines(),
        help_text=_("The contract, price list or notice, with its date."),
    )
    sample_room = RoomField(
        label=_("Room of the example"), required=False, help_text=_("Empty: a unit of 100 m² on the first floor.")
    )
    sample_use = NumberField(
        label=_("Consumption of the example"), places=3, most=HIGHEST_USE, required=False, initial="10"
    )

    OF_BASIS = {
        Tariff.Basis.AREA: {"unit_price"},
        Tariff.Basis.FIXED: {"unit_price"},
        Tariff.Basis.METER: {"unit_price", "resource", "tier_span", "sample_use"},
        Tariff.Basis.SHARE: {"measure"},
        Tariff.Basis.FORMULA: {"formula", "sample_use"},
    }
    OF_ANY = {"since", "months", "start_rule", "due_days", "price_basis", "sample_room"}
    COLUMNS = ("unit_price", "resource", "measure", "formula", "months", "start_rule", "due_days")

    def __init__(self, *args, fee, basis, **kwargs):
        super().__init__(*args, **kwargs)
        self.fee, self.basis = fee, basis
        for name in set(self.fields) - self.OF_ANY - self.OF_BASIS[basis]:
            del self.fields[name]
        self.fields["sample_room"].community = fee.community
        if basis == Tariff.Basis.METER:
            self.fields["unit_price"].required = False
            self.fields["unit_price"].help_text = _("One price for all of it. Leave it empty if there are steps.")
            for number in range(1, MOST_STEPS + 1):
                up_to = NumberField(label=_("Up to"), places=3, most=HIGHEST_USE, more_than=0, required=False)
                price = NumberField(label=_("Price in yuan"), places=6, most=HIGHEST_PRICE, required=False)
                self.fields |= {f"up_to_{number}": up_to, f"price_of_{number}": price}
        elif basis in (Tariff.Basis.AREA, Tariff.Basis.FIXED):
            self.fields["unit_price"].help_text = _("For each month, with at most six decimals.")

    @property
    def is_by_meter(self):
        return self.basis == Tariff.Basis.METER

    @property
    def plain_fields(self):
        """What stands above the steps of a price."""
        return [self[name] for name in self.fields if not name.startswith(("up_to_", "price_of_", "sample_"))]

    @property
    def sample_fields(self):
        return [self[name] for name in self.fields if name.startswith("sample_")]

    @property
    def step_rows(self):
        """The rows of the table of steps, as (number, the fields of its end and of its price)."""
        return [(n, [self[f"up_to_{n}"], self[f"price_of_{n}"]]) for n in range(1, MOST_STEPS + 1)]

    def clean_formula(self):
        return parse(self.cleaned_data["formula"]).text

    def clean(self):
        cleaned = super().clean()
        if self.is_by_meter and not self.errors:
            self._clean_steps(cleaned)
        return cleaned

    def _clean_steps(self, cleaned):
        """Read the steps into cleaned["tiers"]: rising, the last without an end, and no single price beside them."""
        rows = [(n, cleaned[f"up_to_{n}"], cleaned[f"price_of_{n}"]) for n in range(1, MOST_STEPS + 1)]
        typed = [row for row in rows if row[1:] != (None, None)]
        cleaned["tiers"] = [(up_to, price) for _n, up_to, price in typed]
        if not typed:
            if cleaned["unit_price"] is None:
                self.add_error("unit_price", _("Write one price, or the steps below."))
            return
        if cleaned["unit_price"] is not None:
            self.add_error("unit_price", _("There is a price and there are steps. Leave one of them empty."))
        if len(typed) == 1:
            self.add_error("price_of_1", _("One step is one price. Write it above, or add a second step."))
        if not cleaned["tier_span"]:
            self.add_error("tier_span", _("Choose whether the steps are counted anew each period or over the year."))
        before = Decimal(0)
        for place, (n, up_to, price) in enumerate(typed, 1):
            if price is None:
                self.add_error(f"price_of_{n}", _("Step %(n)s has no price.") % {"n": n})
            if place == len(typed) and up_to is not None:
                self.add_error(f"up_to_{n}", _("The last step has no end. Leave it empty, or add one more step."))
            elif place < len(typed) and (up_to is None or up_to <= before):
                self.add_error(
                    f"up_to_{n}",
                    _("Step %(n)s ends above %(before)s, where the one before it ends.")
                    % {"n": n, "before": pricing.plain(before)},
                )
            before = up_to or before

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        cleaned = self.cleaned_data
        tiers = cleaned.get("tiers", [])
        facts = {name: cleaned[name] for name in self.COLUMNS if name in cleaned}
        facts |= {"basis": self.basis, "since": cleaned["since"], "price_basis": cleaned["price_basis"], "tiers": tiers}
        return facts | ({"tier_span": cleaned["tier_span"]} if tiers else {})

    def example(self):
        """Return (Sample, its lines, their sum) of one period. Two queries where a cost is shared, else none."""
        facts, unit = self.facts, self.cleaned_data["sample_room"]
        used = self.cleaned_data.get("sample_use")
        words = {"label": unit.label if unit else "100 m²"}
        words |= {"area": unit.area, "floor": unit.floor} if unit else {"area": Decimal(100)}
        words |= {"consumption": used} if used is not None else {}
        if self.basis == Tariff.Basis.SHARE:
            units = Unit.objects.filter(community=self.fee.community)
            words |= units.aggregate(all_area=Sum("area", default=Decimal(0)), all_units=Count("pk"))
        names = ("basis", "months", "unit_price", "tiers", "measure", "formula", "resource")
        sample = pricing.Sample(**words)
        lines = pricing.lines_of(sample, **{name: facts[name] for name in names if name in facts})
        return sample, lines, pricing.total_of(lines)


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = TextField(label=_("Reason"), max_length=300, widget=few_lines())


class EnrolmentFields(forms.Form):
    """For how many a unit pays a fee, and from when until when."""

    quantity = NumberField(label=pgettext_lazy("money", "How many"), places=2, most=9999, more_than=0, initial="1")
    since = LifeDayField(label=_("From"), help_text=_("It pays for each period that begins from this day on."))
    last_day = LifeDayField(label=_("Last day"), required=False, help_text=_("Empty: until further notice."))
    note = TextField(
        label=_("Note"), required=False, max_length=200, help_text=_("For example the number of the place.")
    )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("since") and cleaned.get("last_day") and cleaned["last_day"] < cleaned["since"]:
            self.add_error("last_day", _("The last day lies before the first. Look at both."))
        return cleaned


class UnitEnrolForm(EnrolmentFields):
    """A fee that a unit pays from a day on: the same, begun at the unit."""

    fee = RowField(Fee.objects.none(), label=_("Fee"))
    field_order = ["fee"]

    def __init__(self, *args, unit, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.unit = unit
        fees = Fee.objects.filter(community=unit.community_id, is_active=True, applies_to=Fee.AppliesTo.ENROLLED)
        self.fields["fee"].queryset = fees
        self.initial.setdefault("since", today)

    @property
    def facts(self):
        return self.cleaned_data | {"unit": self.unit}


# Steps on a fee -------------------------------------------------------------------------------------------------------


class SwitchForm(StepForm):
    """Whether a fee is charged: nothing to type, only to confirm."""


class RenameForm(StepForm):
    """What a fee is called from now on."""

    name = TextField(
        label=pgettext_lazy("money", "Name"),
        max_length=60,
        help_text=_("Bills that were issued keep the name they have."),
    )
    name_en = TextField(label=_("Name in English"), max_length=60, required=False)

    def prepare(self):
        self.initial.setdefault("name", self.thing.name)
        self.initial.setdefault("name_en", self.thing.name_en)


class EnrolForm(EnrolmentFields, StepForm):
    """A unit that pays a fee from a day on."""

    unit = RoomField(label=_("Room"), help_text=_("For example 3-2-1201."))
    field_order = ["version", "unit"]

    def prepare(self):
        self.fields["unit"].community = self.thing.community
        self.initial.setdefault("since", self.thing.community.local(self.now).date())


class EndEnrolmentForm(StepForm):
    last_day = LifeDayField(label=_("Last day"))

    def prepare(self):
        self.initial.setdefault("last_day", self.thing.community.local(self.now).date())


class CostForm(StepForm):
    """What a common thing cost in a month."""

    month = MonthField(label=_("Month"))
    building = BuildingField(
        Building.objects.none(), label=_("Shared by"), required=False, empty_label=_("all units of the community")
    )
    amount = MoneyField(label=_("Amount in yuan"))
    evidence = TextField(
        label=_("Bill or meter it comes from"),
        max_length=200,
        help_text=_("For example: bill 20261103 of the power company."),
    )

    def prepare(self):
        self.fields["building"].queryset = Building.objects.filter(community=self.thing.community).order_by("pk")
