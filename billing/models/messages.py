"""What residents are told of their bills by e-mail: one row for each message, beside its row of the outbox."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.arrears import ArrearsCase, DunningStep, StepKind
from billing.models.bills import BillRun
from billing.models.cash import Receipt
from residents.models import Person, Unit
from servicedesk.core.models import Community, Notification, User

# Why a message was not sent any more, as `Notification.last_error` keeps it; whatever else stands there is a failure.
WITHDRAWN = {
    "paid": _("paid meanwhile"),
    "void": _("void meanwhile"),
    "silent": _("wants no e-mails any more"),
    "waits": _("the ladder waits: paused, promised or a step was taken"),
    "late": _("the day had passed"),
    "erased": _("their data was erased"),
}


class MessageQuerySet(models.QuerySet):
    def waiting(self):
        """Return those that were neither sent nor given up."""
        return self.filter(notification__sent_at=None, notification__dead_at=None)

    def failed(self):
        """Return those that could not be delivered: a person has to do it another way."""
        return self.filter(notification__dead_at__isnull=False).exclude(notification__last_error__in=WITHDRAWN)

    def reached(self):
        """Return those that were sent or still will be, so that nobody needs the same on paper."""
        return self.filter(notification__dead_at=None)


class Message(models.Model):
    """That one person was told something about one home; when it was sent is on its row of the outbox.

    The words are made at the moment of sending, from what is owed by then.
    """

    class Kind(models.TextChoices):
        BILLS = "bills", _("bills")
        BEFORE_DUE = "before_due", _("reminder before the due day")
        LADDER = "ladder", _("step of the ladder")
        RECEIPT = "receipt", _("receipt")

    community = models.ForeignKey(Community, models.PROTECT, related_name="messages")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="messages", verbose_name=_("unit"))
    person = models.ForeignKey(Person, models.PROTECT, related_name="messages", verbose_name=_("resident"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    # What makes the same message the same: told once.
    key = models.CharField(max_length=80, unique=True)
    notification = models.OneToOneField(Notification, models.PROTECT, related_name="message")
    run = models.ForeignKey(BillRun, models.PROTECT, null=True, related_name="messages")
    month = models.DateField(_("month"), null=True)
    arrears = models.ForeignKey(ArrearsCase, models.PROTECT, null=True, related_name="messages")
    # Of a reminder or a step: which of the ladder it is, and the day on which the bills are due.
    step_kind = models.CharField(_("step"), max_length=13, choices=StepKind, blank=True)
    days = models.SmallIntegerField(null=True)
    due_on = models.DateField(_("due on"), null=True)
    receipt = models.ForeignKey(Receipt, models.PROTECT, null=True, related_name="messages")
    # Of a step of the ladder: what is on record of it, once it was sent or could not be.
    step = models.OneToOneField(DunningStep, models.PROTECT, null=True, related_name="message")
    created_at = models.DateTimeField()
    # None where the clock or a billing run told it.
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message to a resident")
        verbose_name_plural = _("messages to residents")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="bills", run__isnull=False, month__isnull=False, arrears=None, receipt=None)
                | Q(kind="before_due", due_on__isnull=False, days__lte=0, arrears=None, receipt=None, run=None)
                | Q(kind="ladder", arrears__isnull=False, days__gt=0, receipt=None, run=None)
                | Q(kind="receipt", receipt__isnull=False, arrears=None, run=None),
                name="message_knows_what_it_is_about",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["bills", "receipt"], step_kind="", days=None)
                | (Q(kind__in=["before_due", "ladder"], days__isnull=False) & ~Q(step_kind="")),
                name="message_of_the_ladder_has_its_step",
            ),
            models.CheckConstraint(
                condition=Q(step=None) | Q(kind="ladder"), name="message_with_step_is_of_the_ladder"
            ),
        ]
        indexes = [
            models.Index(fields=["community", "-id"], name="message_latest"),
            models.Index(fields=["unit", "-id"], name="message_of_unit"),
            models.Index(fields=["community", "month"], condition=Q(kind="bills"), name="message_of_month"),
            # What the sweep has to put on record.
            models.Index(fields=["community"], condition=Q(kind="ladder", step=None), name="message_without_step"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.unit_id}"

    @property
    def state(self):
        """Return "sent", "waiting", "withdrawn" or "failed"."""
        told = self.notification
        if told.sent_at:
            return "sent"
        if told.dead_at is None:
            return "waiting"
        return "withdrawn" if told.last_error in WITHDRAWN else "failed"

    @property
    def is_on_its_way(self):
        """Whether it stands for the next step of a ladder and nothing is on record of it yet."""
        return self.kind == self.Kind.LADDER and self.step_id is None and self.state in ("sent", "waiting")

    @property
    def why_withdrawn(self):
        return WITHDRAWN.get(self.notification.last_error, "")
