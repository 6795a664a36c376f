import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from residents.models.people import Person
from residents.models.places import Unit

IN_FORCE = Q(united_into=None, voided_at=None)
# The oldest homes were let in the year in which the country was founded; nobody is expected two years ahead.
EARLIEST, DAYS_AHEAD = datetime.date(1949, 10, 1), 731
# A lease lasts twenty years at most (Civil Code 705).
LEASE_DAYS = 20 * 366


def is_day_of_a_life(day, today, days_ahead=DAYS_AHEAD):
    """Return whether somebody may have come or gone on `day`: from 1949 to so many days after `today`."""
    return EARLIEST <= day <= today + datetime.timedelta(days=days_ahead)


class OccupancyQuerySet(models.QuerySet):
    def on(self, day):
        """Return who occupies what on `day`."""
        return self.in_force().filter(period__contains=day)

    def in_force(self):
        """Return those that were neither entered by mistake nor united with another when entries were merged."""
        return self.filter(IN_FORCE)

    def known(self):
        """Return those of people whom the desk may find."""
        return self.filter(person__sealed_at=None, person__erased_at=None, person__merged_into=None)

    def with_people(self):
        return self.select_related("person", "company", "unit__building", "unit__section")


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
    share = models.DecimalField(
        _("share of ownership in %"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Of an owner, where several own the unit. Empty: not known."),
    )
    company = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="members", verbose_name=_("company")
    )
    # Two entries of one person for the same time become one when the person's entries are merged; this one then stays
    # and counts no more.
    united_into = models.ForeignKey("self", models.PROTECT, null=True, editable=False, related_name="united")
    # Entered by mistake: who said so and why is an event.
    voided_at = models.DateTimeField(null=True, editable=False)

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
                condition=IN_FORCE,
            ),
            models.CheckConstraint(condition=Q(period__startswith__isnull=False), name="occupancy_has_start"),
            # That the shares of one day are 100 % at most is held by a trigger: `0011_shares_are_a_whole_at_most`.
            models.CheckConstraint(
                condition=Q(share=None) | Q(kind="owner", share__gt=0, share__lte=100),
                name="occupancy_share_is_of_an_owner",
            ),
            models.CheckConstraint(
                condition=Q(company=None) | (Q(kind="staff") & ~Q(company=F("person"))),
                name="occupancy_company_is_of_its_staff",
            ),
            models.CheckConstraint(condition=~Q(united_into=F("id")), name="occupancy_is_not_united_into_itself"),
        ]

    def __str__(self):
        return f"{self.unit} {self.person}"

    @property
    def last_day(self):
        """The last day of it, or None while no end is known."""
        return self.period.upper - datetime.timedelta(days=1) if self.period.upper else None

    def is_on(self, day):
        """Return whether it counts on `day`."""
        return self.period.lower <= day and (self.period.upper is None or day < self.period.upper)
