"""The key register (钥匙): what hangs in the cabinet and how many copies are where (section 13)."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.places import Unit
from servicedesk.core.models import Community


class KeySetQuerySet(models.QuerySet):
    def for_unit(self, unit):
        """Return the key sets of one unit, by tag."""
        return self.filter(unit=unit)

    def with_unit(self):
        return self.select_related("unit")

    def kept(self):
        """Return the sets of which something hangs in the cabinet or is due back there."""
        return self.filter(Q(in_cabinet__gt=0) | Q(on_loan__gt=0))

    def by_slot(self):
        """Return the sets as one walks along the cabinet: slot 9 before slot 10. The index `key_set_by_slot` has this
        order."""
        return self.order_by(Length("slot"), "slot", "tag")


class KeySet(models.Model):
    """Equal keys under one tag: of a unit, or of a place such as a plant room.

    Every copy is in one of five states and the five add up to `copies`, by CHECK; what moves them is a KeyMove.
    """

    class Kind(models.TextChoices):
        RESIDENT_CUSTODY = "resident_custody", _("deposited by the resident")
        VACANT = "vacant", _("vacant unit")
        RETURN_FOR_REPAIR = "return_for_repair", _("left for a repair")
        PUBLIC = "public", _("public area")
        PLANT_ROOM = "plant_room", _("plant room")

    OF_UNITS = (Kind.RESIDENT_CUSTODY, Kind.VACANT, Kind.RETURN_FOR_REPAIR)
    # Where a copy can be.
    STATES = ("in_cabinet", "on_loan", "issued", "lost", "destroyed")

    community = models.ForeignKey(Community, models.PROTECT, related_name="key_sets")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="key_sets", verbose_name=_("room"))
    place = models.CharField(_("place"), max_length=120, blank=True)
    tag = models.CharField(_("tag"), max_length=30)
    kind = models.CharField(_("kind"), max_length=17, choices=Kind)
    what = models.CharField(_("what it opens"), max_length=120, blank=True)
    slot = models.CharField(_("slot in the cabinet"), max_length=12, blank=True)
    copies = models.PositiveSmallIntegerField(_("how many"), default=0)
    in_cabinet = models.PositiveSmallIntegerField(_("in the cabinet"), default=0)
    on_loan = models.PositiveSmallIntegerField(_("on loan"), default=0)
    issued = models.PositiveSmallIntegerField(_("given out for good"), default=0)
    lost = models.PositiveSmallIntegerField(_("lost"), default=0)
    destroyed = models.PositiveSmallIntegerField(_("destroyed"), default=0)

    objects = KeySetQuerySet.as_manager()

    class Meta:
        verbose_name = _("key set")
        verbose_name_plural = _("key sets")
        ordering = ["community", "tag"]
        constraints = [
            models.UniqueConstraint(fields=["community", "tag"], name="key_set_tag_once_in_community"),
            models.UniqueConstraint(
                fields=["community", "slot"], condition=~Q(slot=""), name="key_set_has_its_slot_to_itself"
            ),
            models.CheckConstraint(
                condition=Q(slot="") | Q(in_cabinet__gt=0) | Q(on_loan__gt=0), name="key_set_slot_is_free_when_empty"
            ),
            models.CheckConstraint(
                condition=Q(copies=F("in_cabinet") + F("on_loan") + F("issued") + F("lost") + F("destroyed")),
                name="key_set_copies_are_all_accounted_for",
            ),
            models.CheckConstraint(
                condition=Q(in_cabinet__gte=0, in_cabinet__lte=F("copies")), name="key_set_has_no_more_than_there_are"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["resident_custody", "vacant", "return_for_repair"], unit__isnull=False, place="")
                | (Q(kind__in=["public", "plant_room"], unit=None) & ~Q(place="")),
                name="key_set_is_of_a_unit_or_a_place",
            ),
        ]
        indexes = [models.Index("community", Length("slot"), "slot", "tag", name="key_set_by_slot")]

    def __str__(self):
        return self.tag

    def get_absolute_url(self):
        return reverse("residents:key_set", args=[self.pk])

    @property
    def where(self):
        """The room or the place that it opens; the unit is to be loaded with it."""
        return self.unit.label if self.unit_id else self.place

    @property
    def is_deposited(self):
        """Whether its owner left it with us in trust: using it without them is an emergency (section 13)."""
        return self.kind == self.Kind.RESIDENT_CUSTODY
