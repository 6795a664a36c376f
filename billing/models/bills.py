"""Bills (账单), the runs that make them (出账), and what was left out and why."""

from django.db import models
from django.db.models import Case, ExpressionWrapper, F, Q, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.amounts import MOST, amount_field, total_field
from billing.models.fees import Fee, Tariff
from residents.models import Person, Unit
from servicedesk.core.models import Community, User


class BillRun(models.Model):
    """All bills of one month made at once; it can be stopped, goes on where it stopped, and finds what is there.

    `done`, the counts and `last_unit` are written with the bills of a chunk, so that a run that was cut short goes on.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", pgettext_lazy("billing run", "finished")
        CANCELLED = "cancelled", _("stopped")
        FAILED = "failed", _("failed")

    MOVES = {
        Status.RUNNING: {Status.DONE, Status.CANCELLED, Status.FAILED},
        Status.CANCELLED: {Status.RUNNING},
        Status.FAILED: {Status.RUNNING},
        Status.DONE: set(),
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="bill_runs")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    submission = models.UUIDField(null=True, unique=True, editable=False)
    month = models.DateField(_("month"))
    issued_on = models.DateField(_("date of the bills"))
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.RUNNING)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("money", "by"))
    created_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=400, blank=True)
    units = models.PositiveIntegerField(default=0, db_default=0)
    done = models.PositiveIntegerField(default=0, db_default=0)
    last_unit = models.BigIntegerField(default=0, db_default=0)
    made = models.PositiveIntegerField(default=0, db_default=0)
    there = models.PositiveIntegerField(default=0, db_default=0)
    left_out = models.PositiveIntegerField(default=0, db_default=0)
    amount = total_field(_("billed in yuan"), default=0, db_default=0)

    class Meta:
        verbose_name = _("billing run")
        verbose_name_plural = _("billing runs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["community"], condition=Q(status="running"), name="bill_run_one_at_work"),
            models.CheckConstraint(condition=Q(month__day=1), name="bill_run_is_of_a_month"),
            models.CheckConstraint(
                condition=Q(status="running", ended_at=None, heartbeat_at__isnull=False)
                | (~Q(status="running") & Q(ended_at__isnull=False)),
                name="bill_run_ended_has_time",
            ),
            models.CheckConstraint(
                condition=Q(done__lte=F("units")) & (~Q(status="done") | Q(done=F("units"))),
                name="bill_run_done_has_done_all",
            ),
        ]

    def __str__(self):
        return f"{self.month:%Y-%m}"

    def get_absolute_url(self):
        return reverse("billing:run", args=[self.pk])

    @property
    def is_running(self):
        return self.status == self.Status.RUNNING


class RunTariff(models.Model):
    """The tariff by which a run bills a fee: chosen when it began, so that a change meanwhile changes nothing (F28)."""

    run = models.ForeignKey(BillRun, models.PROTECT, related_name="tariffs")
    fee = models.ForeignKey(Fee, models.PROTECT, related_name="+")
    tariff = models.ForeignKey(Tariff, models.PROTECT, related_name="runs")

    class Meta:
        ordering = ["run", "id"]
        constraints = [models.UniqueConstraint(fields=["run", "fee"], name="run_tariff_one_of_a_fee")]

    def __str__(self):
        return f"{self.run} {self.tariff}"


class BillQuerySet(models.QuerySet):
    def standing(self):
        """Return the bills that were not voided."""
        return self.filter(voided_at=None)

    def owed(self):
        """Return the bills on which something is left to pay."""
        return self.standing().filter(balance__gt=0)

    def overdue(self, today):
        """Return what is owed and was due before `today`."""
        return self.owed().filter(due_on__lt=today)

    def oldest_first(self):
        """In the order in which money pays them (`Bill.paying_order`): what was due first goes first (Civil Code 560);
        of one day, as the fees stand on a bill, which is our own rule. A late charge goes directly before its bill
        (Civil Code 561), or directly behind it where the contract says principal first."""
        late = Case(When(about=None, then=1), When(lines__0__principal_first=True, then=2), default=0)
        place = Coalesce("about__fee__position", "fee__position")
        return self.order_by(Coalesce("about__due_on", "due_on"), place, Coalesce("about_id", "id"), late, "id")

    def with_places(self):
        return self.select_related("fee", "unit__building", "debtor")


class Bill(models.Model):
    """What one unit owes for one fee and period. Issued, it never changes: it is voided and replaced (ruling 14)."""

    class DebtorKind(models.TextChoices):
        OWNER = "owner", _("owner")
        LESSEE = "lessee", _("lessee")
        DEVELOPER = "developer", _("developer")
        UNKNOWN = "unknown", _("not known")

    community = models.ForeignKey(Community, models.PROTECT, related_name="bills")
    number = models.CharField(_("number"), max_length=24)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="bills", verbose_name=_("unit"))
    fee = models.ForeignKey(Fee, models.PROTECT, related_name="bills", verbose_name=_("fee"))
    # None for what was billed by hand or taken over from the former books.
    tariff = models.ForeignKey(Tariff, models.PROTECT, null=True, related_name="bills")
    run = models.ForeignKey(BillRun, models.PROTECT, null=True, related_name="bills")
    debtor_kind = models.CharField(_("owed by the"), max_length=9, choices=DebtorKind)
    debtor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="bills", verbose_name=_("owed by"))
    # The first of the month in which the period begins, and its first and last day as billed. What no tariff counts is
    # billed in a later month where that one is closed.
    month = models.DateField(_("month"))
    from_on = models.DateField(pgettext_lazy("money", "from"))
    to_on = models.DateField(_("to"))
    amount = amount_field(_("amount in yuan"))
    # Kept by the actions beside the rows that they sum up; `verify_invariants` compares (I1).
    paid = amount_field(_("paid"), default=0, db_default=0)
    waived = amount_field(_("waived"), default=0, db_default=0)
    balance = models.GeneratedField(
        expression=F("amount") - F("paid") - F("waived"),
        output_field=models.DecimalField(max_digits=9, decimal_places=2),
        db_persist=True,
    )
    # How it was counted: [{"text", "quantity", "measure", "price", "amount", ...}], the amounts adding up to `amount`.
    lines = models.JSONField(default=list)
    issued_on = models.DateField(_("date"))
    due_on = models.DateField(_("due on"))
    # Until when it can be claimed: three years after it was due or last demanded with proof (Civil Code 188, 195).
    claim_until = models.DateField(_("can be claimed until"))
    created_at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    voided_at = models.DateTimeField(null=True, editable=False)
    voided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    void_asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    void_reason = models.CharField(_("why it is void"), max_length=300, blank=True, default="", db_default="")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")
    # Of a late charge: the bill that was paid late.
    about = models.ForeignKey("self", models.PROTECT, null=True, related_name="late_charges")

    objects = BillQuerySet.as_manager()

    class Meta:
        verbose_name = _("bill")
        verbose_name_plural = _("bills")
        ordering = ["-month", "unit", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="bill_number_once"),
            # The month of a handover may have two: the developer's part and that of who has the unit since.
            models.UniqueConstraint(
                F("unit"),
                F("fee"),
                F("month"),
                ExpressionWrapper(Q(debtor_kind="developer"), models.BooleanField()),
                condition=Q(voided_at=None, about=None, tariff__isnull=False),
                name="bill_once_for_unit_fee_and_month",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0, amount__lte=MOST), name="bill_amount_is_sane"),
            models.CheckConstraint(
                condition=Q(paid__gte=0, waived__gte=0, amount__gte=F("paid") + F("waived")),
                name="bill_is_not_paid_twice",
            ),
            models.CheckConstraint(
                condition=Q(month__day=1, to_on__gte=F("from_on"))
                & (Q(from_on__gte=F("month")) | Q(tariff__isnull=True)),
                name="bill_is_of_a_period",
            ),
            models.CheckConstraint(
                condition=Q(debtor_kind__in=["owner", "lessee"], debtor__isnull=False)
                | Q(debtor_kind="developer")
                | Q(debtor_kind="unknown", debtor=None),
                name="bill_debtor_is_of_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(voided_at=None, voided_by=None, void_asked_by=None, void_reason="")
                | (
                    Q(voided_at__isnull=False, voided_by__isnull=False, void_asked_by__isnull=False, paid=0, waived=0)
                    & ~Q(void_reason="")
                    & ~Q(voided_by=F("void_asked_by"))
                ),
                name="bill_void_says_why_by_two_and_is_unpaid",
            ),
            models.CheckConstraint(condition=~Q(replaces=F("id")), name="bill_does_not_replace_itself"),
        ]
        indexes = [
            models.Index(
                fields=["unit", "due_on"], condition=Q(voided_at=None, balance__gt=0), name="bill_owed_of_unit"
            ),
            models.Index(fields=["community", "due_on"], condition=Q(voided_at=None, balance__gt=0), name="bill_owed"),
            models.Index(fields=["community", "month"], name="bill_of_month"),
            # A run passes over what was voided: few among many.
            models.Index(fields=["unit", "fee", "month"], condition=Q(voided_at__isnull=False), name="bill_voided"),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("billing:bill", args=[self.pk])

    @property
    def called(self):
        """What it is for: in the words that its run froze, so that it reads as it did when its fee is renamed; else the
        name of its fee, which has to be loaded with it, and of a bill by hand the words that were typed."""
        if self.tariff_id and self.lines:
            return self.lines[0]["text"]
        return " · ".join([self.fee.name, *(line["text"] for line in self.lines if line.get("code") == "manual")])

    @property
    def is_void(self):
        return self.voided_at is not None

    @property
    def is_settled(self):
        return self.voided_at is None and self.balance == 0

    @property
    def paying_order(self):
        """The place in which money pays it among others, as `oldest_first` orders rows; load `fee` and `about__fee`."""
        of = self.about or self
        late = 1 if self.about is None else 2 if self.lines[0].get("principal_first") else 0
        return (of.due_on, of.fee.position, of.pk, late, self.pk)

    def is_overdue(self, today):
        """Return whether something is left to pay of it that was due before `today`."""
        return self.voided_at is None and self.balance > 0 and self.due_on < today


class ExemptionQuerySet(models.QuerySet):
    def open(self):
        """Return those whose unit has no bill for the fee and month to this day."""
        return self.filter(~self._billed())

    def ended(self):
        """Return those whose unit was billed since, for example once the area was entered."""
        return self.filter(self._billed())

    def _billed(self):
        of = {name: models.OuterRef(name) for name in ("unit", "fee", "month")}
        return models.Exists(Bill.objects.standing().filter(**of, tariff__isnull=False, about=None))

    def with_places(self):
        return self.select_related("unit", "fee")


class Exemption(models.Model):
    """Why a unit that a fee is charged to got no bill for a month: the row is written by the run that looked (I2)."""

    class Reason(models.TextChoices):
        BEFORE_START = "before_start", _("fees have not begun yet")
        NO_AREA = "no_area", _("no area in the register")
        NO_METER = "no_meter", _("no meter in the register")
        NO_READING = "no_reading", _("a meter was not read in the period")
        ODD_READING = "odd_reading", _("an odd reading waits to be confirmed")
        READING_VOID = "reading_void", _("a reading on an earlier bill was taken back: have that bill voided first")
        BILLED_LATER = "billed_later", _("what was read is on the bill of another month")
        NO_COST = "no_cost", _("no cost entered to share out")
        NOT_COUNTABLE = "not_countable", _("the formula gives no amount")

    community = models.ForeignKey(Community, models.PROTECT, related_name="exemptions")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="exemptions")
    fee = models.ForeignKey(Fee, models.PROTECT, related_name="exemptions")
    month = models.DateField(_("month"))
    reason = models.CharField(_("reason"), max_length=13, choices=Reason)
    run = models.ForeignKey(BillRun, models.PROTECT, related_name="exemptions")

    objects = ExemptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("unit without a bill")
        verbose_name_plural = _("units without a bill")
        ordering = ["run", "unit", "fee"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "fee", "month"], name="exemption_once_for_unit_fee_and_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="exemption_is_of_a_month"),
        ]

    def __str__(self):
        return f"{self.unit} {self.fee} {self.month:%Y-%m}"
