import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Func, Q, Value
from django.utils.translation import gettext_lazy as _

from residents.models.people import Person
from residents.models.places import Unit


class OccupancyQuerySet(models.QuerySet):
    def on(self, day):
        """Return who occupies what on `day`."""
        return self.filter(period__contains=day)

    def known(self):
        """Return those of people whom the desk may find."""
        return self.filter(person__sealed_at=None, person__erased_at=None)

    def with_people(self):
        return self.select_related("person", "unit__building", "unit__section")


class Occupancy(models.Model):
    """Who occupies a unit (入住关系), in what capacity and from when to when."""

    class Kind(models.TextChoices):
        OWNER = "owner", _("owner")
        LESSEE = "lessee", _("lessee")
        HOUSEHOLD = "household", _("household member")
        STAFF = "staff", _("staff of a company")

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="occupancies")
    person = models.ForeignKey(Person, models.PROTECT, related_name="occupancies")
    kind = models.CharField(_("capacity"), max_length=9, choices=Kind)
    period = DateRangeField(_("from and to"))

    objects = OccupancyQuerySet.as_manager()

    class Meta:
        verbose_name = _("occupancy")
        verbose_name_plural = _("occupancies")
        ordering = ["unit", "id"]
        constraints = [
            ExclusionConstraint(
                name="occupancy_of_a_person_does_not_overlap",
                expressions=[
                    (Func("unit_id", "unit_id", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func("person_id", "person_id", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(period__startswith__isnull=False), name="occupancy_has_start"),
        ]

    def __str__(self):
        return f"{self.unit} {self.person}"

    @property
    def last_day(self):
        """The last day of the occupancy, None while it has no end."""
        return self.period.upper - datetime.timedelta(days=1) if self.period.upper else None
