import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Func, Q, Value
from django.utils.translation import gettext_lazy as _

from residents.models.people import Person
from residents.models.places import Unit
from servicedesk.core.models import Community


class VehicleQuerySet(models.QuerySet):
    def on(self, day):
        """Return the vehicles that are kept here on `day`."""
        return self.filter(period__contains=day)


class Vehicle(models.Model):
    """A vehicle (车辆) of somebody in a unit, from when to when. How its plate is written: `residents.plates`."""

    class Kind(models.TextChoices):
        CAR = "car", _("car")
        NEW_ENERGY = "new_energy", _("new-energy car")
        MOTORCYCLE = "motorcycle", _("motorcycle")
        EBIKE = "ebike", _("electric bicycle")
        OTHER = "other", _("other vehicle")

    community = models.ForeignKey(Community, models.PROTECT, related_name="vehicles")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="vehicles")
    person = models.ForeignKey(Person, models.PROTECT, related_name="vehicles")
    plate = models.CharField(_("number plate"), max_length=20, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.CAR)
    colour = models.CharField(_("colour"), max_length=20, blank=True)
    period = DateRangeField(_("from and to"))

    objects = VehicleQuerySet.as_manager()

    class Meta:
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")
        ordering = ["id"]
        constraints = [
            # Text has no range: two plates meet where their digests do.
            ExclusionConstraint(
                name="vehicle_plate_once_in_community",
                expressions=[
                    (Func("community_id", "community_id", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (
                        Func(
                            Func("plate", Value(0), function="hashtextextended"),
                            Func("plate", Value(0), function="hashtextextended"),
                            Value("[]"),
                            function="int8range",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=~Q(plate=""),
            ),
            models.CheckConstraint(condition=Q(period__startswith__isnull=False), name="vehicle_has_start"),
            # Without a plate it is one whose keeper's data was erased.
            models.CheckConstraint(
                condition=~Q(plate="") | Q(period__endswith__isnull=False), name="vehicle_kept_has_plate"
            ),
        ]
        indexes = [models.Index(fields=["community", "plate"], name="vehicle_plate")]

    def __str__(self):
        return self.plate

    @property
    def last_day(self):
        """The last day on which it is kept here, or None while no end is known."""
        return self.period.upper - datetime.timedelta(days=1) if self.period.upper else None
