from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from servicedesk.core.masking import mask_name, mask_phone
from servicedesk.core.models import Community


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
