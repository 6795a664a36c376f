from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from servicedesk.core.models.community import Community
from servicedesk.core.models.people import User


class Channel(models.TextChoices):
    INBOX = "inbox", _("inbox")
    EMAIL = "email", _("e-mail")
    PUSH = "push", _("work messenger")


class NotificationQuerySet(models.QuerySet):
    def inbox_of(self, user, now):
        """Return what `user` has been told in the app so far, newest first; what was undone in time is not told."""
        return self.filter(recipient=user, channel=Channel.INBOX, not_before__lte=now, dead_at=None).order_by("-id")

    def unread(self):
        return self.filter(read_at=None)

    def to_send(self, now):
        return self.filter(sent_at=None, dead_at=None, not_before__lte=now).exclude(channel=Channel.INBOX)


class Notification(models.Model):
    """One message owed to one person over one channel: the outbox row, written with the fact that it tells.

    The person is a member of staff, or the outside holder, who has no account and is known by an e-mail address.

    The words are made from `kind` and `data` when it is read or sent, in the reader's language.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="notifications")
    recipient = models.ForeignKey(User, models.PROTECT, null=True, related_name="notifications")
    address = models.EmailField(blank=True, default="", db_default="", help_text="Of somebody without an account.")
    channel = models.CharField(max_length=5, choices=Channel)
    kind = models.CharField(max_length=40)
    subject_type = models.ForeignKey(ContentType, models.PROTECT)
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    key = models.CharField(max_length=80, help_text="What makes the same message the same: told once.")
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_error = models.CharField(max_length=300, blank=True, default="", db_default="")
    dead_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            models.UniqueConstraint(fields=["recipient", "channel", "key"], name="notification_told_once"),
            models.UniqueConstraint(
                fields=["address", "key"], condition=Q(recipient=None), name="notification_told_outside_once"
            ),
            models.CheckConstraint(
                condition=Q(recipient__isnull=False, address="") | Q(recipient=None, channel="email") & ~Q(address=""),
                name="notification_has_one_addressee",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=Q(sent_at=None, dead_at=None) & ~Q(channel="inbox"),
                name="notification_to_send",
            ),
            models.Index(
                fields=["recipient", "-id"], condition=Q(channel="inbox", read_at=None), name="notification_unread"
            ),
            models.Index(fields=["recipient", "-id"], condition=Q(channel="inbox"), name="notification_inbox"),
        ]

    def __str__(self):
        return f"{self.kind} → {self.recipient_id or self.address}"
