"""Meters (能源表), their readings, and the rounds in which they are read (抄表)."""

import datetime
from decimal import Decimal

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.places import Building, Unit
from servicedesk.core.models import Community, User

# Whoever recorded a reading may take it back alone for so long (ruling 11); after that somebody else does.
TAKE_BACK = datetime.timedelta(minutes=10)


class Resource(models.TextChoices):
    """What a meter measures."""

    WATER = "water", _("water")
    ELECTRICITY = "electricity", _("electricity")
    GAS = "gas", _("gas")
    HEAT = "heat", _("heat")
    HOT_WATER = "hot_water", _("hot water")


# What a number on the dial counts.
MEASURES = {
    Resource.WATER: "m³",
    Resource.ELECTRICITY: "kWh",
    Resource.GAS: "m³",
    Resource.HEAT: "GJ",
    Resource.HOT_WATER: "m³",
}


class MeterQuerySet(models.QuerySet):
    def in_place(self):
        return self.filter(status=Meter.Status.IN_PLACE)

    def removed(self):
        return self.filter(status=Meter.Status.REMOVED)

    def for_unit(self, unit):
        """Return the meters of one home that are in place, by resource and route."""
        return self.in_place().filter(unit=unit).order_by("resource", "route_order", "id")

    def without_base(self):
        """Return the meters in place that have no reading to count from yet."""
        opening = Reading.objects.standing().filter(meter=OuterRef("pk"), kind__in=Reading.OPENING)
        return self.in_place().filter(~Exists(opening))

    def owed_in(self, reading_round):
        """Return the meters that a round has to read: of its resource and in place."""
        return self.in_place().filter(community=reading_round.community_id, resource=reading_round.resource)

    def not_entered_in(self, reading_round):
        """Return the meters that a round has to read and that have no reading in it.

        What is entered is one list that the database looks into: asked meter by meter along the route it would look
        for each that was read before it comes to the first that was not.
        """
        entered = Reading.objects.standing().filter(round=reading_round).order_by()
        return self.owed_in(reading_round).exclude(pk__in=entered.values("meter"))

    def not_entered(self):
        """Return the meters that a round that is open now has to read and has not."""
        opened = ReadingRound.objects.filter(
            community=OuterRef("community"), resource=OuterRef("resource"), closed_at=None
        )
        entered = Reading.objects.standing().filter(meter=OuterRef("pk"), round__isnull=False, round__closed_at=None)
        return self.in_place().filter(Exists(opened), ~Exists(entered))

    def odd(self):
        """Return the meters with a reading that is odd and not confirmed."""
        return self.filter(Exists(Reading.objects.odd().filter(meter=OuterRef("pk"))))

    def on_route(self):
        """Return the meters in the order in which they are walked."""
        return self.order_by("resource", "route_order", "building_id", "unit__label", "place", "id")

    def with_place(self):
        return self.select_related("unit", "building")


class Meter(models.Model):
    """One meter (表), of a home or of what is common. It stays in the register when it is removed."""

    class Status(models.TextChoices):
        IN_PLACE = "in_place", _("in place")
        REMOVED = "removed", _("removed")

    MOVES = {Status.IN_PLACE: {Status.REMOVED}, Status.REMOVED: set()}

    community = models.ForeignKey(Community, models.PROTECT, related_name="meters")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="meters", verbose_name=_("unit"))
    # The building of the unit, or where a common meter hangs.
    building = models.ForeignKey(
        Building, models.PROTECT, null=True, blank=True, related_name="meters", verbose_name=_("building")
    )
    place = models.CharField(_("place of a common meter"), max_length=80, blank=True)
    resource = models.CharField(_("resource"), max_length=11, choices=Resource)
    serial = models.CharField(_("serial number"), max_length=40)
    multiplier = models.DecimalField(_("multiplier"), max_digits=8, decimal_places=3, default=Decimal(1))
    max_value = models.DecimalField(_("highest value on the dial"), max_digits=12, decimal_places=3)
    # Places behind the point on the dial: after the highest value comes zero, one step of the last place further.
    decimals = models.PositiveSmallIntegerField(_("decimals on the dial"), default=2)
    route_order = models.PositiveIntegerField(_("place on the route"), default=0)
    status = models.CharField(max_length=8, choices=Status, default=Status.IN_PLACE)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)
    replaced_by = models.OneToOneField("self", models.PROTECT, null=True, editable=False, related_name="replaces")

    objects = MeterQuerySet.as_manager()

    class Meta:
        verbose_name = _("meter")
        verbose_name_plural = _("meters")
        ordering = ["route_order", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "resource", "serial"],
                condition=Q(status="in_place"),
                name="meter_serial_once_in_place",
            ),
            models.CheckConstraint(condition=~Q(serial=""), name="meter_has_a_serial"),
            models.CheckConstraint(
                condition=Q(unit__isnull=False, place="") | (Q(unit=None) & ~Q(place="")),
                name="meter_is_of_a_unit_or_has_a_place",
            ),
            models.CheckConstraint(condition=Q(multiplier__gt=0), name="meter_multiplier_is_more_than_nothing"),
            models.CheckConstraint(
                condition=Q(max_value__gt=0, decimals__lte=3), name="meter_dial_counts_to_something"
            ),
            models.CheckConstraint(
                condition=Q(status="in_place", removed_at=None, replaced_by=None)
                | Q(status="removed", removed_at__isnull=False),
                name="meter_removed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(replaced_by=None) | ~Q(replaced_by=F("id")), name="meter_is_not_replaced_by_itself"
            ),
        ]
        indexes = [
            models.Index(
                fields=["community", "resource", "route_order"], condition=Q(status="in_place"), name="meter_route"
            ),
        ]

    def __str__(self):
        return self.serial

    def get_absolute_url(self):
        return reverse("residents:meter", args=[self.pk])

    @property
    def where(self):
        """The room, or the place of a common meter as it is spoken. Reads the unit or building that was selected."""
        if self.unit_id:
            return self.unit.label
        return f"{self.building.name} {self.place}" if self.building_id else self.place

    @property
    def measure(self):
        """The unit in which its consumption is counted."""
        return MEASURES[self.resource]

    @property
    def is_in_place(self):
        return self.status == self.Status.IN_PLACE

    @property
    def step(self):
        """The smallest difference that the dial shows, for example 0.01."""
        return Decimal(1).scaleb(-self.decimals)


class MeterRule(models.Model):
    """When a reading of a community is odd and asked for again (domain 14: over 3 × the average)."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="meter_rule")
    outlier_factor = models.DecimalField(_("times the average"), max_digits=4, decimal_places=1, default=Decimal(3))
    looked_back = models.PositiveSmallIntegerField(_("readings that make the average"), default=6)
    ignored_below = models.DecimalField(
        _("consumption below which nothing is odd"), max_digits=8, decimal_places=3, default=Decimal(1)
    )

    class Meta:
        verbose_name = _("rule for odd readings")
        verbose_name_plural = _("rules for odd readings")
        constraints = [
            models.CheckConstraint(
                condition=Q(outlier_factor__gt=1, looked_back__range=(1, 36), ignored_below__gte=0),
                name="meter_rule_is_sane",
            ),
        ]

    def __str__(self):
        return f"× {self.outlier_factor}"


class ReadingRound(models.Model):
    """All meters of one resource, read once for a month (抄表批次)."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="reading_rounds")
    resource = models.CharField(_("resource"), max_length=11, choices=Resource)
    period = models.DateField(_("month"))
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("reading round")
        verbose_name_plural = _("reading rounds")
        ordering = ["-period", "resource", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "resource", "period"], name="reading_round_once_a_month"),
            models.UniqueConstraint(
                fields=["community", "resource"], condition=Q(closed_at=None), name="reading_round_one_open"
            ),
            models.CheckConstraint(condition=Q(period__day=1), name="reading_round_period_is_a_month"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None) | Q(closed_at__gte=F("opened_at"), closed_by__isnull=False),
                name="reading_round_closed_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.period:%Y-%m} {self.get_resource_display()}"

    def get_absolute_url(self):
        return reverse("residents:reading_round", args=[self.pk])

    @property
    def is_open(self):
        return self.closed_at is None


class ReadingQuerySet(models.QuerySet):
    def standing(self):
        """Return the readings that were not voided."""
        return self.filter(voided_at=None)

    def newest(self):
        return self.order_by("-at", "-id")

    def odd(self):
        """Return the odd readings that nobody has confirmed yet."""
        return self.standing().filter(is_outlier=True, confirmed_at=None)


class Reading(models.Model):
    """What one meter showed at one moment. Its facts never change: a mistake is voided and the meter read anew."""

    class Kind(models.TextChoices):
        BASE = "base", _("base reading")
        PERIODIC = "periodic", _("periodic reading")
        FINAL = "final", _("final reading")
        REPLACE_OUT = "replace_out", _("last of the old meter")
        REPLACE_IN = "replace_in", _("first of the new meter")

    class Source(models.TextChoices):
        DESK = "desk", _("at the desk")
        PHONE = "phone", _("on the phone")
        IMPORT = "import", _("imported")
        RESIDENT = "resident", _("told by the resident")

    # The kinds that a meter is counted from.
    OPENING = (Kind.BASE, Kind.REPLACE_IN)

    community = models.ForeignKey(Community, models.PROTECT, related_name="readings")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="readings")
    round = models.ForeignKey(ReadingRound, models.PROTECT, null=True, related_name="readings")
    kind = models.CharField(_("kind"), max_length=11, choices=Kind)
    at = models.DateTimeField(_("read at"))
    value = models.DecimalField(_("reading"), max_digits=12, decimal_places=3)
    # Of the readings before: counted once, when it is recorded, and never again.
    consumption = models.DecimalField(_("consumption"), max_digits=16, decimal_places=3)
    rolled_over = models.BooleanField(_("the dial went past its end"), default=False)
    is_outlier = models.BooleanField(_("odd"), default=False)
    source = models.CharField(_("how it came"), max_length=8, choices=Source)
    submission = models.UUIDField(null=True, unique=True, editable=False)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    voided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(_("why it is void"), max_length=200, blank=True)

    objects = ReadingQuerySet.as_manager()

    class Meta:
        verbose_name = _("meter reading")
        verbose_name_plural = _("meter readings")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["meter", "at"], condition=Q(voided_at=None), name="reading_one_at_a_moment"
            ),
            models.UniqueConstraint(
                fields=["meter"],
                condition=Q(voided_at=None, kind__in=["base", "replace_in"]),
                name="reading_counted_from_once",
            ),
            models.UniqueConstraint(
                fields=["meter"], condition=Q(voided_at=None, kind="replace_out"), name="reading_taken_out_once"
            ),
            models.UniqueConstraint(
                fields=["meter", "round"],
                condition=Q(voided_at=None, kind="periodic"),
                name="reading_once_in_a_round",
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="reading_is_not_negative"),
            models.CheckConstraint(
                condition=Q(consumption__gte=0) & (~Q(kind__in=["base", "replace_in"]) | Q(consumption=0)),
                name="reading_consumption_is_not_negative",
            ),
            models.CheckConstraint(condition=Q(recorded_at__gte=F("at")), name="reading_recorded_after_it_was_read"),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by=None)
                | (
                    Q(is_outlier=True, confirmed_at__isnull=False, confirmed_by__isnull=False)
                    & (Q(by=None) | ~Q(confirmed_by=F("by")))
                ),
                name="reading_odd_is_confirmed_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(voided_at=None, voided_by=None, void_reason="")
                | (Q(voided_at__isnull=False, voided_by__isnull=False) & ~Q(void_reason="")),
                name="reading_void_says_why",
            ),
            models.CheckConstraint(
                condition=Q(voided_by=None)
                | Q(by=None)
                | ~Q(voided_by=F("by"))
                | Q(voided_at__lte=F("recorded_at") + TAKE_BACK),
                name="reading_voided_by_a_second_person_or_at_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["community"],
                condition=Q(is_outlier=True, voided_at=None, confirmed_at=None),
                name="reading_odd",
            ),
        ]

    def __str__(self):
        return f"{self.value} {self.at:%Y-%m-%d}"

    @property
    def is_standing(self):
        return self.voided_at is None

    @property
    def is_odd(self):
        """Whether it is odd and nobody has confirmed it."""
        return self.is_outlier and self.is_standing and self.confirmed_at is None


class MissedReading(models.Model):
    """Why a meter could not be read in a round; one row for each time that somebody came in vain."""

    class Reason(models.TextChoices):
        NOBODY_IN = "nobody_in", _("nobody at home")
        LOCKED = "locked", _("the door is locked")
        COVERED = "covered", _("the meter cannot be reached")
        UNREADABLE = "unreadable", _("the dial cannot be read")
        BROKEN = "broken", _("the meter is broken")
        VACANT = "vacant", _("the home is vacant")
        OTHER = "other", _("another reason")

    community = models.ForeignKey(Community, models.PROTECT, related_name="missed_readings")
    round = models.ForeignKey(ReadingRound, models.PROTECT, related_name="missed")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="missed")
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    submission = models.UUIDField(null=True, unique=True, editable=False)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("missed reading")
        verbose_name_plural = _("missed readings")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="other") | ~Q(note=""), name="missed_reading_other_reason_is_named"
            ),
        ]

    def __str__(self):
        return self.get_reason_display()
