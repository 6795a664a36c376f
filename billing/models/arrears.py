"""Arrears (欠费, section 19): the ladder of reminders, promises, disputes, the clause on late charges, demand letters.

Arrears never stop service (ruling 15): nothing here knows of doors, water, power, heat, gas or repairs.
"""

import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.amounts import MOST, amount_field, total_field
from billing.models.bills import Bill
from billing.models.fees import Fee, same_value
from complaints.models import Case
from residents.models import Person, Unit
from servicedesk.core.models import Community, User


class StepKind(models.TextChoices):
    """The steps of the ladder, each a little firmer than the one before."""

    REMINDER = "reminder", _("friendly reminder")
    MESSAGE = "message", _("message")
    PHONE = "phone", _("telephone call")
    VISIT = "visit", pgettext_lazy("money", "visit")
    POSTED_NOTICE = "posted_notice", _("posted notice")
    DEMAND_LETTER = "demand_letter", _("demand letter")
    LAWYER_LETTER = "lawyer_letter", _("lawyer's letter")


class DunningRule(models.Model):
    """On which day, counted from the day on which a bill was due, a step of the ladder is to be taken."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="dunning_rules")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    kind = models.CharField(_("step"), max_length=13, choices=StepKind)
    days = models.SmallIntegerField(_("days after it was due"))
    source = models.CharField(_("where this comes from"), max_length=200)
    is_active = models.BooleanField(_("in use"), default=True)
    # Of what goes out by e-mail.
    workdays_only = models.BooleanField(_("e-mails on working days only"), default=True, db_default=True)

    class Meta:
        verbose_name = _("step of the ladder")
        verbose_name_plural = _("steps of the ladder")
        ordering = ["community", "days", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "kind"], name="dunning_rule_one_of_a_kind"),
            models.UniqueConstraint(
                fields=["community", "days"], condition=Q(is_active=True), name="dunning_rule_one_a_day"
            ),
            models.CheckConstraint(condition=Q(days__gte=-30, days__lte=365), name="dunning_rule_days_are_sane"),
            models.CheckConstraint(condition=~Q(source=""), name="dunning_rule_names_its_source"),
            # Before a bill is overdue a friendly word may go out, and nothing else.
            models.CheckConstraint(
                condition=Q(days__gt=0) | Q(kind__in=["reminder", "message"]), name="dunning_rule_only_words_before_due"
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.days:+d}"

    def get_absolute_url(self):
        return reverse("billing:rule", args=[self.pk])


class ArrearsCaseQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_on=None)

    def to_do(self, today):
        """Return those whose next step a person should take today: not what is on its way by e-mail."""
        return self.open().filter(~self._on_its_way(), paused_reason="", next_step_on__lte=today)

    def with_mail(self):
        """Say of each whether its next step is on its way by e-mail."""
        return self.annotate(is_on_its_way=self._on_its_way())

    def _on_its_way(self):
        messages = self.model._meta.get_field("messages").related_model.objects.filter(step=None)
        return Exists(messages.reached().filter(arrears=OuterRef("pk"), days=OuterRef("next_days")))


class ArrearsCase(models.Model):
    """What is overdue of one unit, and how far the ladder has gone. Closed when all is paid."""

    class Pause(models.TextChoices):
        DISPUTED = "disputed", _("disputed")
        HARDSHIP = "hardship", _("hardship")
        COURT = "court", _("at court")

    community = models.ForeignKey(Community, models.PROTECT, related_name="arrears")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="arrears", verbose_name=_("unit"))
    opened_on = models.DateField(pgettext_lazy("money", "since"))
    # The step taken last, and of which day of the ladder it is; nothing while none was taken.
    stage = models.CharField(_("last step"), max_length=13, choices=StepKind, blank=True)
    stage_days = models.SmallIntegerField(null=True)
    stage_on = models.DateField(null=True)
    next_kind = models.CharField(_("next step"), max_length=13, choices=StepKind, blank=True)
    next_days = models.SmallIntegerField(null=True)
    next_step_on = models.DateField(_("next step on"), null=True)
    paused_reason = models.CharField(_("paused"), max_length=8, choices=Pause, blank=True)
    paused_until = models.DateField(_("paused until"), null=True)
    pause_note = models.CharField(_("why it is paused"), max_length=300, blank=True)
    closed_on = models.DateField(pgettext_lazy("money", "closed"), null=True)

    objects = ArrearsCaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("arrears of a unit")
        verbose_name_plural = _("arrears of units")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["unit"], condition=Q(closed_on=None), name="arrears_one_open_of_a_unit"),
            models.CheckConstraint(
                condition=Q(stage="", stage_days=None, stage_on=None)
                | (~Q(stage="") & Q(stage_days__isnull=False, stage_on__isnull=False)),
                name="arrears_stage_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(next_kind="", next_days=None, next_step_on=None)
                | (~Q(next_kind="") & Q(next_days__isnull=False, next_step_on__isnull=False)),
                name="arrears_next_step_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(paused_reason="", paused_until=None, pause_note="")
                | (Q(paused_reason="hardship", paused_until__isnull=False) & ~Q(pause_note=""))
                | (Q(paused_reason__in=["disputed", "court"]) & ~Q(pause_note="")),
                name="arrears_pause_says_why_and_hardship_ends",
            ),
            models.CheckConstraint(
                condition=Q(closed_on=None) | Q(closed_on__gte=F("opened_on"), next_kind="", paused_reason=""),
                name="arrears_closed_waits_for_nothing",
            ),
        ]
        indexes = [
            models.Index(
                fields=["community", "next_step_on"],
                condition=Q(closed_on=None, paused_reason=""),
                name="arrears_next_step",
            ),
        ]

    def __str__(self):
        return str(self.unit)

    def get_absolute_url(self):
        return reverse("billing:arrears_of", args=[self.unit_id])

    @property
    def is_open(self):
        return self.closed_on is None

    @property
    def is_paused(self):
        return self.paused_reason != ""


class DemandLetter(models.Model):
    """A demand letter (催告函): demands certain bills within a reasonable period (Civil Code 944).

    What it says never changes. Delivered with proof, the claims begin their three years anew (Civil Code 195).
    """

    class Proof(models.TextChoices):
        SIGNED = "signed", _("signed for by hand")
        EMS = "ems", _("by EMS with receipt")
        REGISTERED = "registered", _("by registered mail")
        NOTARY = "notary", _("through a notary")
        POSTED = "posted", _("posted at the door with witnesses and picture")

    community = models.ForeignKey(Community, models.PROTECT, related_name="demand_letters")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    number = models.CharField(_("number"), max_length=24)
    arrears = models.ForeignKey(ArrearsCase, models.PROTECT, related_name="letters")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="demand_letters", verbose_name=_("unit"))
    debtor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="demand_letters")
    bills = models.ManyToManyField(Bill, through="DemandLine", related_name="demand_letters")
    total = total_field(_("total in yuan"))
    issued_on = models.DateField(_("date"))
    reply_by = models.DateField(_("to be paid by"))
    pay_to = models.CharField(_("how to pay"), max_length=300)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("money", "by"))
    delivered_on = models.DateField(_("delivered on"), null=True)
    proof = models.CharField(_("proof of delivery"), max_length=10, choices=Proof, blank=True)
    proof_text = models.CharField(_("number or place of the proof"), max_length=200, blank=True)
    delivery_noted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    delivery_noted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("demand letter")
        verbose_name_plural = _("demand letters")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="demand_letter_number_once"),
            models.CheckConstraint(
                condition=Q(total__gt=0, total__lte=999_999_999), name="demand_letter_total_is_sane"
            ),
            models.CheckConstraint(
                condition=Q(reply_by__gt=F("issued_on")) & ~Q(pay_to=""), name="demand_letter_leaves_time_and_says_how"
            ),
            models.CheckConstraint(
                condition=Q(delivered_on=None, proof="", proof_text="", delivery_noted_by=None, delivery_noted_at=None)
                | (
                    Q(delivered_on__gte=F("issued_on"), delivery_noted_by__isnull=False)
                    & Q(delivery_noted_at__isnull=False)
                    & ~Q(proof="")
                    & ~Q(proof_text="")
                ),
                name="demand_letter_delivered_has_proof",
            ),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("billing:demand_letter", args=[self.pk])

    @property
    def is_delivered(self):
        return self.delivered_on is not None


class DemandLine(models.Model):
    """One bill in a demand letter, with what was left to pay of it when the letter was written."""

    letter = models.ForeignKey(DemandLetter, models.PROTECT, related_name="lines")
    bill = models.ForeignKey(Bill, models.PROTECT, related_name="demand_lines")
    amount = amount_field(_("amount in yuan"))

    class Meta:
        verbose_name = _("bill in a demand letter")
        verbose_name_plural = _("bills in demand letters")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["letter", "bill"], name="demand_line_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST), name="demand_line_is_sane"),
        ]

    def __str__(self):
        return str(self.amount)


class DunningStep(models.Model):
    """One step that was taken, with its evidence, or left out, with the reason. Never changed."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="dunning_steps")
    arrears = models.ForeignKey(ArrearsCase, models.PROTECT, related_name="steps")
    kind = models.CharField(_("step"), max_length=13, choices=StepKind)
    # The day of the ladder that it fulfils; None for what was done besides it.
    days = models.SmallIntegerField(null=True)
    due_on = models.DateField(null=True)
    done_at = models.DateTimeField()
    # None where the clock sent a message.
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=pgettext_lazy("money", "by"))
    evidence = models.CharField(_("evidence"), max_length=300, blank=True)
    result = models.CharField(_("what came of it"), max_length=300, blank=True)
    skipped = models.CharField(_("why it was left out"), max_length=300, blank=True)
    letter = models.OneToOneField(DemandLetter, models.PROTECT, null=True, related_name="step")

    class Meta:
        verbose_name = _("step taken")
        verbose_name_plural = _("steps taken")
        ordering = ["-done_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(skipped="") & ~Q(evidence="")) | (~Q(skipped="") & Q(evidence="", result="")),
                name="dunning_step_has_evidence_or_was_left_out",
            ),
            models.CheckConstraint(
                condition=Q(days=None, due_on=None) | Q(days__isnull=False, due_on__isnull=False),
                name="dunning_step_of_the_ladder_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(by__isnull=False) | Q(skipped=""), name="dunning_step_is_left_out_by_somebody"
            ),
            models.UniqueConstraint(
                fields=["arrears", "days"], condition=Q(days__isnull=False), name="dunning_step_once"
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.done_at:%Y-%m-%d}"


class PromiseToPay(models.Model):
    """What somebody promised to pay and by when; it holds the ladder until that day."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("money", "open")
        KEPT = "kept", _("kept")
        BROKEN = "broken", _("broken")
        WITHDRAWN = "withdrawn", pgettext_lazy("promise", "taken back")

    MOVES = {
        Status.OPEN: {Status.KEPT, Status.BROKEN, Status.WITHDRAWN},
        Status.KEPT: set(),
        Status.BROKEN: set(),
        Status.WITHDRAWN: set(),
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="promises")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    arrears = models.ForeignKey(ArrearsCase, models.PROTECT, related_name="promises")
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.OPEN)
    amount = amount_field(_("amount in yuan"))
    pay_on = models.DateField(_("to be paid by"))
    made_at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("money", "noted by"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("promise to pay")
        verbose_name_plural = _("promises to pay")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["arrears"], condition=Q(status="open"), name="promise_one_open"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST), name="promise_amount_is_sane"),
            models.CheckConstraint(
                condition=Q(status="open", ended_at=None) | (~Q(status="open") & Q(ended_at__gte=F("made_at"))),
                name="promise_ended_has_time",
            ),
        ]

    def __str__(self):
        return f"{self.amount} {self.pay_on}"

    @property
    def is_open(self):
        return self.status == self.Status.OPEN


class Dispute(models.Model):
    """That a bill is disputed, and in which case (争议). The ladder waits and no late charge runs meanwhile."""

    class Outcome(models.TextChoices):
        UPHELD = "upheld", _("the bill was wrong")
        PARTLY = "partly", _("the bill was wrong in part")
        REJECTED = "rejected", _("the bill is right")
        WITHDRAWN = "withdrawn", _("no longer disputed")

    community = models.ForeignKey(Community, models.PROTECT, related_name="disputes")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    bill = models.ForeignKey(Bill, models.PROTECT, related_name="disputes", verbose_name=_("bill"))
    case = models.ForeignKey(Case, models.PROTECT, related_name="disputes", verbose_name=_("case"))
    opened_at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome, blank=True)
    outcome_note = models.CharField(_("reason of the outcome"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["bill"], condition=Q(ended_at=None), name="dispute_one_open_of_a_bill"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, outcome="", outcome_note="")
                | (Q(ended_at__gte=F("opened_at"), ended_by__isnull=False) & ~Q(outcome="") & ~Q(outcome_note="")),
                name="dispute_ended_has_outcome",
            ),
        ]

    def __str__(self):
        return str(self.bill)

    def get_absolute_url(self):
        return reverse("billing:dispute", args=[self.pk])

    @property
    def is_open(self):
        return self.ended_at is None


class LateClauseQuerySet(models.QuerySet):
    def in_force(self):
        """Return those that were not entered by mistake."""
        return self.filter(voided_at=None)


class LateClause(models.Model):
    """The clause of the contract that allows a late charge (违约金); without one there is none (ruling 15).

    A new contract ends it and is a new clause; what was entered by mistake is voided."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="late_clauses")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    fee = models.ForeignKey(
        Fee, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only for the fee")
    )
    rate_per_day = models.DecimalField(_("rate a day"), max_digits=7, decimal_places=6)
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=0)
    cap_percent = models.DecimalField(_("at most, percent of what was overdue"), max_digits=5, decimal_places=2)
    # Without a word in the contract money pays the late charge before the bill (Civil Code 561).
    principal_first = models.BooleanField(
        _("money pays the bill before its late charge"), default=False, db_default=False
    )
    clause = models.CharField(_("contract and clause"), max_length=300)
    # Of bills that fell due on these days.
    valid = DateRangeField(_("valid from and to"))
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, editable=False)
    voided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    void_reason = models.CharField(_("why it is void"), max_length=300, blank=True, default="", db_default="")

    objects = LateClauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("clause on late charges")
        verbose_name_plural = _("clauses on late charges")
        ordering = ["community", "-valid", "id"]
        constraints = [
            ExclusionConstraint(
                name="late_clause_one_for_all_at_a_time",
                expressions=[same_value("community_id"), ("valid", RangeOperators.OVERLAPS)],
                condition=Q(fee=None, voided_at=None),
            ),
            ExclusionConstraint(
                name="late_clause_one_of_a_fee_at_a_time",
                expressions=[same_value("fee_id"), ("valid", RangeOperators.OVERLAPS)],
                condition=Q(fee__isnull=False, voided_at=None),
            ),
            models.CheckConstraint(condition=Q(valid__startswith__isnull=False), name="late_clause_has_start"),
            models.CheckConstraint(
                condition=Q(rate_per_day__gt=0, rate_per_day__lte="0.01", grace_days__lte=366)
                & Q(cap_percent__gt=0, cap_percent__lte=100),
                name="late_clause_is_sane",
            ),
            models.CheckConstraint(condition=~Q(clause=""), name="late_clause_is_in_a_contract"),
            models.CheckConstraint(
                condition=Q(voided_at=None, voided_by=None, void_reason="")
                | (Q(voided_at__isnull=False, voided_by__isnull=False) & ~Q(void_reason="")),
                name="late_clause_void_says_why",
            ),
        ]

    def __str__(self):
        return self.clause

    def get_absolute_url(self):
        return reverse("billing:clause", args=[self.pk])

    @property
    def last_on(self):
        """The last day on which a bill may fall due to come under it, None until further notice."""
        return self.valid.upper and self.valid.upper - datetime.timedelta(days=1)

    @property
    def is_void(self):
        return self.voided_at is not None

    def holds_on(self, day):
        """Return whether a bill that fell due on `day` comes under it."""
        return self.valid.lower <= day and (self.valid.upper is None or day < self.valid.upper)


class LimitationAlarm(models.Model):
    """That finance was told of a claim that ends in so many days; once for each day it may end on."""

    BEFORE = (180, 60, 14)

    community = models.ForeignKey(Community, models.PROTECT, related_name="limitation_alarms")
    bill = models.ForeignKey(Bill, models.PROTECT, related_name="limitation_alarms")
    days = models.PositiveSmallIntegerField()
    claim_until = models.DateField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("alarm before a claim ends")
        verbose_name_plural = _("alarms before claims end")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["bill", "claim_until", "days"], name="limitation_alarm_once"),
            models.CheckConstraint(condition=Q(days__in=[180, 60, 14]), name="limitation_alarm_is_of_a_known_day"),
        ]

    def __str__(self):
        return f"{self.bill_id} {self.days}"
