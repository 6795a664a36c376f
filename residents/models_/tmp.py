from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func, Q, Value
from django.utils.translation import gettext_lazy as _

from servicedesk.core.masking import mask_name, mask_phone, mask_room
from servicedesk.core.models import Community


class Building(models.Model):
    """A building (楼栋) of a community."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="buildings")
    code = models.CharField(_("code"), max_length=60, help_text=_("As it is spoken, for example 3."))
    name = models.CharField(_("name"), max_length=80)
    accepted_on = models.DateField(
        _("completion acceptance"), null=True, blank=True, help_text=_("The warranty is counted from this day.")
    )

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        ordering = ["community", "id"]
        constraints = [models.UniqueConstraint(fields=["community", "code"], name="building_code_once_in_community")]

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


class UnitQuerySet(models.QuerySet):
    def by_room(self, key):
        """Return the units that answer to a normalised room such as `3-2-1201`, `3-1201` or `1201`."""
        return self.filter(room_keys__contains=[key])


class Unit(models.Model):
    """A dwelling or office (房屋, 户): what is occupied, billed and renovated."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="units")
    building = models.ForeignKey(Building, models.PROTECT, related_name="units")
    section = models.ForeignKey(Section, models.PROTECT, null=True, blank=True, related_name="units")
    number = models.CharField(_("number"), max_length=20)
    label = models.CharField(_("room"), max_length=100, help_text=_("As it is written, for example 3-2-1201."))
    floor = models.SmallIntegerField(_("floor"), null=True, blank=True)
    area = models.DecimalField(_("area in m²"), max_digits=9, decimal_places=2, null=True, blank=True)
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
        indexes = [GinIndex(fields=["room_keys"], name="unit_room_keys", fastupdate=False)]

    def __str__(self):
        return self.label

    @property
    def masked(self):
        """The room as a public page may show it: 3-2-12**."""
        head, dash, number = self.label.rpartition("-")
        return f"{head}{dash}{mask_room(number)}"


class PersonQuerySet(models.QuerySet):
    def known(self):
        """Return whom the desk may find: neither sealed nor erased (PIPL 47)."""
        return self.filter(sealed_at=None, erased_at=None)


class Person(models.Model):
    """A person or company that occupies units: a resident (业户).

    Sealed, the row is kept and protected and nothing more; erased, nothing of the person stands in it.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        COMPANY = "company", _("company")

    community = models.ForeignKey(Community, models.PROTECT, related_name="people")
    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=120)
    title = models.CharField(_("form of address"), max_length=20, blank=True)
    phone = models.CharField(_("telephone"), max_length=21, blank=True)
    phone_reversed = models.CharField(max_length=21, blank=True, editable=False)
    pinyin = models.CharField(max_length=400, blank=True, editable=False)
    initials = models.CharField(max_length=120, blank=True, editable=False)
    note = models.TextField(_("standing instruction"), blank=True)
    masked_at = models.DateTimeField(null=True, editable=False)
    sealed_at = models.DateTimeField(null=True, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("resident")
        verbose_name_plural = _("residents")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(sealed_at=None, phone="", phone_reversed="", pinyin="", initials=""),
                name="person_erased_is_empty",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "name"], name="person_name", opclasses=["int8_ops", "text_pattern_ops"]),
            models.Index(
                fields=["community", "initials"], name="person_initials", opclasses=["int8_ops", "text_pattern_ops"]
            ),
            models.Index(
                fields=["community", "pinyin"], name="person_pinyin", opclasses=["int8_ops", "text_pattern_ops"]
            ),
            models.Index(
                fields=["community", "phone"], name="person_phone", opclasses=["int8_ops", "text_pattern_ops"]
            ),
            models.Index(
                fields=["community", "phone_reversed"],
                name="person_phone_end",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def masked_phone(self):
        return mask_phone(self.phone) if self.phone else ""

    @property
    def masked_name(self):
        return mask_name(self.name)


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
