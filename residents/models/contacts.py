from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from residents.models.people import Person
from residents.models.places import Unit
from servicedesk.core.masking import mask_phone
from servicedesk.core.models import Community, User


class Occasion(models.TextChoices):
    """What a contact is told about."""

    CASE = "case", _("progress of their cases")
    FEES = "fees", _("fees")
    EMERGENCY = "emergency", _("emergencies")
    VISIT = "visit", _("visits and appointments")
    NOTICE = "notice", _("notices")


class ContactQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True)

    def told_of(self, occasion):
        """Return who is told about one Occasion."""
        return self.active().filter(tell__contains=[occasion])

    def with_people(self):
        return self.select_related("occupant", "person", "unit")


class Contact(models.Model):
    """Who is told what for an occupant of a unit: in an emergency, about fees, as an agent or keeper of the key.

    The contact has an entry in the register (`person`) or is known by name and telephone number alone.
    """

    class Role(models.TextChoices):
        EMERGENCY = "emergency", _("emergency contact")
        FAMILY = "family", _("family")
        AGENT = "agent", _("agent")
        KEY_HOLDER = "key_holder", _("key holder")

    community = models.ForeignKey(Community, models.PROTECT, related_name="contacts")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="contacts")
    occupant = models.ForeignKey(Person, models.PROTECT, related_name="contacts")
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="contact_for")
    name = models.CharField(_("name"), max_length=120, blank=True)
    phone = models.CharField(_("telephone"), max_length=21, blank=True)
    role = models.CharField(_("as"), max_length=10, choices=Role)
    tell = ArrayField(models.CharField(max_length=9, choices=Occasion), verbose_name=_("is told about"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()
    # The key of the form that made it: sent twice, it makes one.
    submission = models.UUIDField(null=True, unique=True, editable=False)
    is_active = models.BooleanField(default=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["unit", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, name="", phone="") | (Q(person=None) & ~Q(name="")),
                name="contact_is_an_entry_or_a_name",
            ),
            models.CheckConstraint(
                condition=Q(is_active=False) | ~Q(tell=[]), name="contact_in_force_is_told_something"
            ),
            models.UniqueConstraint(
                fields=["unit", "occupant", "person", "role"],
                condition=Q(is_active=True, person__isnull=False),
                name="contact_once_in_each_role",
            ),
        ]

    def __str__(self):
        return str(self.person) if self.person else self.name

    @property
    def masked_phone(self):
        if self.person:
            return self.person.masked_phone
        return mask_phone(self.phone) if self.phone else ""

    @property
    def occasions(self):
        """The words for what they are told about, in the order of Occasion."""
        return [label for value, label in Occasion.choices if value in self.tell]
