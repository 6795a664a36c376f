from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Case, Exists, Func, OuterRef, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from servicedesk.core.masking import mask_room
from servicedesk.core.models import Community


class Building(models.Model):
    """A building (楼栋) of a community."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="buildings")
    code = models.CharField(_("code"), max_length=60, help_text=_("As it is spoken, for example 3."))
    name = models.CharField(_("name"), max_length=80)
    accepted_on = models.DateField(
        _("completion acceptance"), null=True, blank=True, help_text=_("The warranty is counted from this day.")
    )
    address = models.CharField(_("address"), max_length=200, blank=True, default="", db_default="")
    year_built = models.PositiveSmallIntegerField(_("year built"), null=True, blank=True)
    storeys = models.PositiveSmallIntegerField(_("storeys"), null=True, blank=True)
    # As the papers of the building say; how many of them the register knows is counted there.
    unit_count = models.PositiveIntegerField(_("number of units"), null=True, blank=True)

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        ordering = ["community", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="building_code_once_in_community"),
            models.CheckConstraint(
                condition=Q(year_built=None) | Q(year_built__gte=1700, year_built__lte=2200),
                name="building_year_sane",
            ),
        ]

    def __str__(self):
        return self.name


class Section(models.Model):
    """An entrance (单元) of a building."""

    building = models.ForeignKey(Building, models.PROTECT, related_name="sections")
    code = models.CharField(_("code"), max_length=10)

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["building", "id"]
        constraints = [models.UniqueConstraint(fields=["building", "code"], name="section_code_once_in_building")]

    def __str__(self):
        return f"{self.building.code}-{self.code}"


def _padded(column):
    """Return `column` with five noughts before each number, less those beyond six digits."""
    every = Value("g")
    longer = Func(column, Value(r"(\d+)"), Value(r"00000\1"), every, function="regexp_replace")
    return Func(longer, Value(r"0+(\d{6})(?!\d)"), Value(r"\1"), every, function="regexp_replace")


class UnitQuerySet(models.QuerySet):
    def by_room(self, key):
        """Return the units that answer to a normalised room such as `3-2-1201`, `3-1201` or `1201`."""
        return self.filter(room_keys__contains=[key])

    def with_state(self, today):
        """Add `state`, one of Unit.State, as it follows from who occupies a unit on `today`; nobody sets it.

        Who occupies a unit has been given it, whatever its handover was written down as: registers taken over know
        no day of it.
        """
        states = [When(condition, then=Value(state)) for state, condition in _states(today).items()]
        return self.annotate(state=Case(*states, output_field=models.CharField()))

    def in_state(self, state, today):
        """Return the units in one state: the same rule, as joins that the database can order by what is rare."""
        return self.filter(_states(today)[state])


def _states(today):
    """Return {state: condition of a unit}, of which exactly one holds."""
    living = apps.get_model("residents.Occupancy").objects.on(today).filter(unit=OuterRef("pk"))
    is_let, is_lived_in = Exists(living.filter(kind="lessee")), Exists(living)
    return {
        Unit.State.LET: Q(is_let),
        Unit.State.OCCUPIED: Q(is_lived_in) & ~Q(is_let),
        Unit.State.NOT_HANDED_OVER: ~Q(is_lived_in) & Q(handed_over_on=None),
        Unit.State.VACANT: ~Q(is_lived_in) & Q(handed_over_on__isnull=False),
    }


class Unit(models.Model):
    """A dwelling or office (房屋, 户): what is occupied, billed and renovated."""

    class State(models.TextChoices):
        """What a unit is on a day. It is no column: it follows from facts, see `UnitQuerySet.with_state`."""

        NOT_HANDED_OVER = "not_handed_over", _("not handed over")
        OCCUPIED = "occupied", _("occupied")
        LET = "let", _("let")
        VACANT = "vacant", _("vacant")

    community = models.ForeignKey(Community, models.PROTECT, related_name="units")
    building = models.ForeignKey(Building, models.PROTECT, related_name="units")
    section = models.ForeignKey(Section, models.PROTECT, null=True, blank=True, related_name="units")
    number = models.CharField(_("number"), max_length=20)
    label = models.CharField(_("room"), max_length=100, help_text=_("As it is written, for example 3-2-1201."))
    floor = models.SmallIntegerField(_("floor"), null=True, blank=True)
    area = models.DecimalField(_("area in m²"), max_digits=9, decimal_places=2, null=True, blank=True)
    # The first handover to whoever bought it; the state of a unit follows from this and from who occupies it.
    handed_over_on = models.DateField(_("handed over on"), null=True, blank=True, editable=False)
    # The room with its numbers as long as six digits, so that 3-1-901 stands before 3-1-1001.
    room_order = models.GeneratedField(
        expression=_padded("label"), output_field=models.CharField(max_length=400), db_persist=True
    )
    room_keys = ArrayField(models.CharField(max_length=100), default=list, editable=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ["community", "label"]
        constraints = [
            models.UniqueConstraint(fields=["building", "section", "number"], name="unit_number_once_in_section"),
            models.UniqueConstraint(
                fields=["building", "number"], condition=Q(section=None), name="unit_number_once_in_building"
            ),
            models.CheckConstraint(condition=Q(area=None) | Q(area__gt=0, area__lt=1_000_000), name="unit_area_sane"),
        ]
        indexes = [
            GinIndex(fields=["room_keys"], name="unit_room_keys", fastupdate=False),
            models.Index(fields=["community", "building", "room_order"], name="unit_by_building"),
        ]

    def __str__(self):
        return self.label

    def get_absolute_url(self):
        return reverse("desk:unit", args=[self.pk])

    @property
    def masked(self):
        """The room as a public page may show it: 3-2-12**."""
        head, dash, number = self.label.rpartition("-")
        return f"{head}{dash}{mask_room(number)}"
