from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from servicedesk.core.models.community import Community
from servicedesk.core.models.people import User


class EventQuerySet(models.QuerySet):
    def about(self, subject):
        """Return the history of one thing, newest first."""
        return self.filter(subject_type=ContentType.objects.get_for_model(subject), subject_id=subject.pk).order_by(
            "-at", "-id"
        )

    def unsealed(self):
        return self.filter(seal=None)

    def public(self):
        return self.filter(is_public=True)


class Event(models.Model):
    """One fact of history: who did what to which thing, when and why.

    Only added to. The database refuses every change but two: sealing it into the community's chain, and blanking the
    words (`note`, `salt`) when a person's data is erased; the chain holds only their digest, so it stays whole.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="events")
    subject_type = models.ForeignKey(ContentType, models.PROTECT)
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    verb = models.CharField(max_length=40)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="events")
    by_name = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()
    note = models.TextField(blank=True)
    salt = models.CharField(max_length=32)
    note_digest = models.CharField(max_length=64)
    data = models.JSONField(default=dict)
    is_public = models.BooleanField(default=False)
    seal = models.PositiveBigIntegerField(null=True, editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    hash = models.CharField(max_length=64, blank=True, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(fields=["community", "seal"], name="event_seal_once_in_community"),
            models.CheckConstraint(
                condition=Q(seal=None, hash="") | (Q(seal__isnull=False) & ~Q(hash="")), name="event_sealed_has_hash"
            ),
        ]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-at", "-id"], name="event_about"),
            models.Index(fields=["community", "id"], condition=Q(seal=None), name="event_unsealed"),
        ]

    def __str__(self):
        return f"{self.verb} {self.at:%Y-%m-%d %H:%M}"
