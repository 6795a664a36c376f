"""Statements of banks and apps: what they say that came in, line by line, and which payment of ours each line is."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.amounts import MOST, NOTHING, amount_field, total_field
from billing.models.cash import Method, Payment
from servicedesk.core.models import Community, User


class Channel(models.TextChoices):
    """Whose statement it is."""

    WECHAT = "wechat", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    BANK = "bank", _("bank")


# The means under which the cashier has recorded what stands on a statement. The one in front is what money is recorded
# under that is taken from it; and of that one each payment stands on the statement with a line of its own, while cards
# come in as one sum a day.
METHODS = {
    Channel.WECHAT: (Method.WECHAT,),
    Channel.ALIPAY: (Method.ALIPAY,),
    Channel.BANK: (Method.TRANSFER, Method.CARD),
}


class Statement(models.Model):
    """One file of a bank or an app: first only looked at, then its lines are taken. The same file is taken once."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("being checked")
        TAKEN = "taken", _("lines taken")
        GIVEN_UP = "given_up", _("given up")

    MOVES = {Status.DRAFT: {Status.TAKEN, Status.GIVEN_UP}, Status.TAKEN: set(), Status.GIVEN_UP: set()}

    community = models.ForeignKey(Community, models.PROTECT, related_name="statements")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    channel = models.CharField(_("statement of"), max_length=8, choices=Channel)
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT, db_default=Status.DRAFT)
    file_name = models.CharField(_("file"), max_length=200)
    # SHA-256 of its content: by it the same file is known again, whatever it is called.
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    # How the file is read. It is erased when its lines are taken or it is given up.
    stored = models.CharField(max_length=40, blank=True)
    sheets = models.JSONField(default=list)
    sheet = models.CharField(max_length=100, blank=True)
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    # Apps put lines of explanation above the names of the columns.
    heading_line = models.PositiveIntegerField(default=1)
    header = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    # What it came to.
    taken_at = models.DateTimeField(null=True)
    from_on = models.DateField(_("from"), null=True)
    to_on = models.DateField(_("to"), null=True)
    kept = models.PositiveIntegerField(default=0, db_default=0)
    known = models.PositiveIntegerField(default=0, db_default=0)
    refused = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "digest"], condition=~Q(status="given_up"), name="statement_file_once"
            ),
            models.CheckConstraint(
                condition=Q(status="taken", taken_at__isnull=False, from_on__isnull=False, to_on__isnull=False)
                | (~Q(status="taken") & Q(taken_at=None, from_on=None, to_on=None)),
                name="statement_taken_has_its_days",
            ),
        ]

    def __str__(self):
        return self.file_name

    def get_absolute_url(self):
        return reverse("billing:statement", args=[self.pk])

    @property
    def is_draft(self):
        return self.status == self.Status.DRAFT


class StatementLineQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(status=StatementLine.Status.WAITING)


class StatementLine(models.Model):
    """One line of a statement. It waits until it is known which payment it is, or why it is none of ours."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits")
        MATCHED = "matched", _("is a payment")
        SET_ASIDE = "set_aside", _("set aside")

    class Why(models.TextChoices):
        """Why a line is no payment of a home; the last two are found by reading the file."""

        NOT_OURS = "not_ours", _("not meant for us")
        SENT_BACK = "sent_back", _("sent back to the payer")
        OWN = "own", _("between our own accounts")
        OTHER = "other", _("another reason")
        OUTGOING = "outgoing", _("money going out")
        UNSETTLED = "unsettled", _("not paid, closed or given back, as the file says")

    BY_HAND = (Why.NOT_OURS, Why.SENT_BACK, Why.OWN, Why.OTHER)
    MOVES = {
        Status.WAITING: {Status.MATCHED, Status.SET_ASIDE},
        Status.MATCHED: {Status.WAITING},
        Status.SET_ASIDE: {Status.WAITING},
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="statement_lines")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    statement = models.ForeignKey(Statement, models.PROTECT, related_name="lines")
    channel = models.CharField(max_length=8, choices=Channel)
    row = models.PositiveIntegerField(_("line of the file"))
    at = models.DateTimeField()
    on = models.DateField(_("day"))
    # What came in is above nothing, what went out below.
    amount = amount_field(_("amount in yuan"))
    counterparty = models.CharField(_("payer"), max_length=120, blank=True)
    remark = models.CharField(_("remark"), max_length=300, blank=True)
    external_ref = models.CharField(_("reference"), max_length=64, blank=True)
    balance = total_field(_("balance of the account"), null=True)
    # The reference with the sign; where the file has none, a digest of the line: two files that overlap have it once.
    key = models.CharField(max_length=90)
    status = models.CharField(max_length=9, choices=Status)
    payment = models.OneToOneField(Payment, models.PROTECT, null=True, related_name="statement_line")
    why = models.CharField(_("why"), max_length=10, choices=Why, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = StatementLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a statement")
        verbose_name_plural = _("lines of statements")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "channel", "key"], name="statement_line_once"),
            models.CheckConstraint(
                condition=Q(amount__gte=-MOST, amount__lte=MOST) & ~Q(amount=NOTHING),
                name="statement_line_amount_is_sane",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", amount__gt=0, payment=None, why="", decided_at=None, decided_by=None)
                | Q(status="matched", amount__gt=0, payment__isnull=False, why="", decided_at__isnull=False)
                | (Q(status="set_aside", payment=None, decided_at__isnull=False) & ~Q(why="")),
                name="statement_line_state_has_its_facts",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(why="outgoing"), name="statement_line_going_out_is_no_payment"
            ),
        ]
        indexes = [
            models.Index(fields=["community", "at", "id"], condition=Q(status="waiting"), name="statement_line_waits"),
            models.Index(fields=["statement", "at", "id"], name="statement_line_of_statement"),
        ]

    def __str__(self):
        return self.external_ref or f"{self.on} {self.amount}"

    def get_absolute_url(self):
        return reverse("billing:statement_line", args=[self.pk])

    @property
    def is_waiting(self):
        return self.status == self.Status.WAITING

    @property
    def methods(self):
        """The means under which a payment of ours may stand for this line."""
        return METHODS[self.channel]
