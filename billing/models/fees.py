"""What is charged: fees, their tariffs by date, who is enrolled, what is shared out and what is reduced."""

import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.amounts import MOST, amount_field
from residents.models import Building, Handover, Resource, Unit
from servicedesk.core.models import Community, User


def same_value(column):
    """Return `column` as a range of one value: an exclusion constraint without btree_gist."""
    return (Func(column, column, Value("[]"), function="int8range"), RangeOperators.OVERLAPS)


def _day_before(day):
    return day - datetime.timedelta(days=1) if day else None


class Fee(models.Model):
    """One kind of charge (收费项目) of a community; its price is a tariff that holds on a day."""

    class Kind(models.TextChoices):
        SERVICE = "service", _("property service fee")
        UTILITY = "utility", _("utility charge")
        SHARED = "shared", _("shared cost")
        PARKING = "parking", _("parking")
        LATE = "late", _("late charge")
        OTHER = "other", _("other fee")

    class AppliesTo(models.TextChoices):
        EVERY_UNIT = "every_unit", _("every unit")
        ENROLLED = "enrolled", _("units that are enrolled")

    community = models.ForeignKey(Community, models.PROTECT, related_name="fees")
    code = models.SlugField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60, blank=True)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind)
    applies_to = models.CharField(_("charged to"), max_length=10, choices=AppliesTo, default=AppliesTo.EVERY_UNIT)
    position = models.PositiveSmallIntegerField(_("place on bills"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("fee")
        verbose_name_plural = _("fees")
        ordering = ["community", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="fee_code_once_in_community"),
            models.UniqueConstraint(fields=["community", "name"], name="fee_name_once_in_community"),
            models.UniqueConstraint(
                fields=["community"], condition=Q(kind="late"), name="fee_one_late_charge_in_community"
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("billing:fee", args=[self.pk])


class TariffQuerySet(models.QuerySet):
    def in_force(self):
        """Return those that were not entered by mistake."""
        return self.filter(voided_at=None)

    def on(self, day):
        """Return the tariffs that hold on `day`, one a fee at the most."""
        return self.in_force().filter(valid__contains=day)


class Tariff(models.Model):
    """What a fee costs from one day to another (收费标准); a new price is a new tariff, never an edit."""

    class Basis(models.TextChoices):
        AREA = "area", _("by area")
        FIXED = "fixed", _("a fixed amount")
        METER = "meter", _("by meter")
        SHARE = "share", _("a share of a common cost")
        FORMULA = "formula", _("by a formula")

    class Measure(models.TextChoices):
        AREA = "area", _("by area")
        UNIT = "unit", _("the same for each unit")

    class TierSpan(models.TextChoices):
        PERIOD = "period", _("each period by itself")
        YEAR = "year", _("over the calendar year")

    MONTHS = [(1, _("month")), (2, _("two months")), (3, _("quarter")), (6, _("half year")), (12, _("year"))]
    # What is charged without regard to how many a unit is enrolled for.
    NOT_BY_QUANTITY = (Basis.AREA, Basis.METER, Basis.SHARE)
    StartRule = Handover.FeeStart

    community = models.ForeignKey(Community, models.PROTECT, related_name="tariffs")
    fee = models.ForeignKey(Fee, models.PROTECT, related_name="tariffs", verbose_name=_("fee"))
    # From the first of a month to the first of another, which is not part of it; without end until the next one.
    valid = DateRangeField(_("valid from and to"))
    basis = models.CharField(_("how it is counted"), max_length=7, choices=Basis)
    # Yuan for each m², unit, or unit of consumption, and month where the basis is no meter.
    unit_price = models.DecimalField(_("unit price"), max_digits=13, decimal_places=6, null=True, blank=True)
    months = models.PositiveSmallIntegerField(_("billed for each"), choices=MONTHS, default=1)
    resource = models.CharField(_("resource"), max_length=11, choices=Resource, blank=True)
    measure = models.CharField(_("shared out"), max_length=4, choices=Measure, blank=True)
    formula = models.CharField(_("formula"), max_length=300, blank=True)
    tier_span = models.CharField(_("steps are counted"), max_length=6, choices=TierSpan, blank=True)
    start_rule = models.CharField(
        _("begins after a handover"), max_length=10, choices=StartRule, default=StartRule.NEXT_MONTH
    )
    # From the first day of the period: a bill of October with 25 is due on the 26th.
    due_days = models.PositiveSmallIntegerField(_("days to pay"), default=25)
    price_basis = models.CharField(
        _("what the price rests on"), max_length=300, help_text=_("The contract, price list or notice, with its date.")
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, editable=False)
    voided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    void_reason = models.CharField(_("why it is void"), max_length=300, blank=True)

    objects = TariffQuerySet.as_manager()

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        ordering = ["fee", "-valid"]
        constraints = [
            ExclusionConstraint(
                name="tariff_one_of_a_fee_at_a_time",
                expressions=[same_value("fee_id"), ("valid", RangeOperators.OVERLAPS)],
                condition=Q(voided_at=None),
            ),
            models.CheckConstraint(
                condition=Q(valid__startswith__isnull=False, valid__startswith__day=1)
                & (Q(valid__endswith=None) | Q(valid__endswith__day=1)),
                name="tariff_holds_for_whole_months",
            ),
            models.CheckConstraint(
                condition=Q(basis__in=["area", "fixed"], unit_price__isnull=False, resource="", measure="", formula="")
                | (Q(basis="meter", measure="", formula="") & ~Q(resource=""))
                | (Q(basis="share", unit_price=None, resource="", formula="") & ~Q(measure=""))
                | (Q(basis="formula", unit_price=None, measure="") & ~Q(formula="")),
                name="tariff_has_what_its_basis_needs",
            ),
            models.CheckConstraint(
                condition=Q(basis="meter") & (Q(unit_price=None) ^ Q(tier_span=""))
                | (~Q(basis="meter") & Q(tier_span="")),
                name="tariff_by_meter_has_a_price_or_steps",
            ),
            models.CheckConstraint(
                condition=Q(unit_price=None) | Q(unit_price__gte=0, unit_price__lte=1_000_000),
                name="tariff_price_is_sane",
            ),
            models.CheckConstraint(
                condition=Q(months__in=[1, 2, 3, 6, 12], due_days__lte=366), name="tariff_period_is_sane"
            ),
            models.CheckConstraint(condition=~Q(price_basis=""), name="tariff_rests_on_something"),
            models.CheckConstraint(
                condition=Q(voided_at=None, voided_by=None, void_reason="")
                | (Q(voided_at__isnull=False, voided_by__isnull=False) & ~Q(void_reason="")),
                name="tariff_void_says_why",
            ),
        ]

    def __str__(self):
        return f"{self.fee} {self.valid.lower:%Y-%m}"

    def get_absolute_url(self):
        return reverse("billing:tariff", args=[self.pk])

    @property
    def last_day(self):
        """The last day on which it holds, or None while no end is known."""
        return _day_before(self.valid.upper)


class TariffTier(models.Model):
    """One step of a price by consumption (阶梯价): so much for each unit up to `up_to`, the last without an end."""

    tariff = models.ForeignKey(Tariff, models.PROTECT, related_name="tiers")
    position = models.PositiveSmallIntegerField()
    up_to = models.DecimalField(_("up to"), max_digits=14, decimal_places=3, null=True, blank=True)
    unit_price = models.DecimalField(_("unit price"), max_digits=13, decimal_places=6)

    class Meta:
        verbose_name = _("price step")
        verbose_name_plural = _("price steps")
        ordering = ["tariff", "position"]
        constraints = [
            models.UniqueConstraint(fields=["tariff", "position"], name="tariff_tier_has_its_place"),
            models.UniqueConstraint(fields=["tariff"], condition=Q(up_to=None), name="tariff_tier_one_has_no_end"),
            models.CheckConstraint(
                condition=(Q(up_to=None) | Q(up_to__gt=0)) & Q(unit_price__gte=0, unit_price__lte=1_000_000),
                name="tariff_tier_is_sane",
            ),
        ]

    def __str__(self):
        return f"{self.position}: {self.unit_price}"


class EnrolmentQuerySet(models.QuerySet):
    def on(self, day):
        """Return those that hold on `day`."""
        return self.filter(period__contains=day)

    def with_places(self):
        return self.select_related("unit", "fee")


class Enrolment(models.Model):
    """A unit that pays a fee which not every unit pays, and for how many: two parking places, one mooring."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="enrolments")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="enrolments", verbose_name=_("unit"))
    fee = models.ForeignKey(Fee, models.PROTECT, related_name="enrolments", verbose_name=_("fee"))
    quantity = models.DecimalField(_("how many"), max_digits=8, decimal_places=2, default=1)
    period = DateRangeField(_("from and to"))
    note = models.CharField(_("note"), max_length=200, blank=True, help_text=_("For example the number of the place."))
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ["unit", "fee", "id"]
        constraints = [
            ExclusionConstraint(
                name="enrolment_once_at_a_time",
                expressions=[same_value("unit_id"), same_value("fee_id"), ("period", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(condition=Q(period__startswith__isnull=False), name="enrolment_has_start"),
            models.CheckConstraint(condition=Q(quantity__gt=0, quantity__lte=9999), name="enrolment_quantity_is_sane"),
        ]

    def __str__(self):
        return f"{self.unit} {self.fee}"

    def get_absolute_url(self):
        return reverse("billing:enrolment", args=[self.pk])

    @property
    def first_day(self):
        return self.period.lower

    @property
    def last_day(self):
        """The last day on which it holds, or None while no end is known."""
        return _day_before(self.period.upper)


class SharedCost(models.Model):
    """What a common thing cost in one month (公摊), to be shared out to the units of a building or of all."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="shared_costs")
    fee = models.ForeignKey(Fee, models.PROTECT, related_name="costs", verbose_name=_("fee"))
    building = models.ForeignKey(
        Building, models.PROTECT, null=True, blank=True, related_name="shared_costs", verbose_name=_("building")
    )
    month = models.DateField(_("month"))
    amount = amount_field(_("amount in yuan"))
    evidence = models.CharField(_("bill or meter it comes from"), max_length=200)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, editable=False)
    voided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)

    class Meta:
        verbose_name = _("shared cost")
        verbose_name_plural = _("shared costs")
        ordering = ["-month", "fee", "building"]
        constraints = [
            models.UniqueConstraint(
                fields=["fee", "building", "month"],
                condition=Q(voided_at=None, building__isnull=False),
                name="shared_cost_once_a_month_of_a_building",
            ),
            models.UniqueConstraint(
                fields=["fee", "month"],
                condition=Q(voided_at=None, building=None),
                name="shared_cost_once_a_month_of_all",
            ),
            models.CheckConstraint(
                condition=Q(month__day=1, amount__gte=0, amount__lte=MOST), name="shared_cost_is_of_a_month"
            ),
            models.CheckConstraint(
                condition=Q(voided_at=None, voided_by=None) | Q(voided_at__isnull=False, voided_by__isnull=False),
                name="shared_cost_void_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.fee} {self.month:%Y-%m}"

    def get_absolute_url(self):
        return reverse("billing:cost", args=[self.pk])


class DiscountQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(status=Discount.Status.ASKED)

    def running(self, today):
        """Return the approved ones that are not over on `today`, those to come among them."""
        return self.filter(status=Discount.Status.APPROVED, period__endswith__gt=today)

    def over(self, today):
        return self.filter(status=Discount.Status.APPROVED, period__endswith__lte=today)

    def rejected(self):
        """Return those that were refused or withdrawn."""
        return self.filter(status__in=[Discount.Status.REFUSED, Discount.Status.WITHDRAWN])

    def with_people(self):
        return self.select_related("unit", "fee", "asked_by", "decided_by")


class Discount(models.Model):
    """A reduction of one fee of one unit for a time (减免): asked for with evidence, approved by a second person."""

    class Kind(models.TextChoices):
        VACANCY = "vacancy", _("vacant home")
        HARDSHIP = "hardship", _("hardship")
        COMPENSATION = "compensation", _("service that was not given")
        OTHER = "other", _("another reason")

    class Status(models.TextChoices):
        ASKED = "asked", _("waits for approval")
        APPROVED = "approved", pgettext_lazy("money", "approved")
        REFUSED = "refused", _("not approved")
        WITHDRAWN = "withdrawn", _("withdrawn")

    MOVES = {
        Status.ASKED: {Status.APPROVED, Status.REFUSED, Status.WITHDRAWN},
        Status.APPROVED: set(),
        Status.REFUSED: set(),
        Status.WITHDRAWN: set(),
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="discounts")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="discounts", verbose_name=_("unit"))
    fee = models.ForeignKey(Fee, models.PROTECT, related_name="discounts", verbose_name=_("fee"))
    kind = models.CharField(_("reason"), max_length=12, choices=Kind)
    percent = models.DecimalField(_("reduced by %"), max_digits=5, decimal_places=2)
    # A discount that ends earlier than was approved has its end moved; the event says who did so and why.
    period = DateRangeField(_("from and to"))
    reason = models.CharField(_("why"), max_length=300)
    evidence = models.CharField(_("evidence"), max_length=300)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.ASKED)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(_("reason of the decision"), max_length=300, blank=True)

    objects = DiscountQuerySet.as_manager()

    class Meta:
        verbose_name = _("discount")
        verbose_name_plural = _("discounts")
        ordering = ["unit", "fee", "id"]
        constraints = [
            ExclusionConstraint(
                name="discount_one_at_a_time",
                expressions=[same_value("unit_id"), same_value("fee_id"), ("period", RangeOperators.OVERLAPS)],
                condition=Q(status__in=["asked", "approved"]),
            ),
            models.CheckConstraint(
                condition=Q(period__startswith__isnull=False, period__endswith__isnull=False),
                name="discount_has_start_and_end",
            ),
            models.CheckConstraint(condition=Q(percent__gt=0, percent__lte=100), name="discount_percent_is_sane"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(evidence=""), name="discount_has_evidence"),
            models.CheckConstraint(
                condition=Q(status="asked", decided_by=None, decided_at=None)
                | Q(status="withdrawn", decided_at__isnull=False)
                | Q(status="approved", decided_by__isnull=False, decided_at__isnull=False)
                | (Q(status="refused", decided_by__isnull=False, decided_at__isnull=False) & ~Q(decision_note="")),
                name="discount_decided_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(status="withdrawn") | Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                name="discount_is_decided_by_another",
            ),
        ]

    def __str__(self):
        return f"{self.unit} {self.fee} −{self.percent.normalize():f} %"

    def get_absolute_url(self):
        return reverse("billing:discount", args=[self.pk])

    @property
    def first_day(self):
        return self.period.lower

    @property
    def last_day(self):
        return _day_before(self.period.upper)
