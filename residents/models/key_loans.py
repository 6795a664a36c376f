"""Keys that have to come back (钥匙借用), and the emergency use of those left in trust."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.keys import KeySet
from residents.models.people import Person
from servicedesk.core.masking import mask_phone
from servicedesk.core.models import Community, User


class KeyLoanQuerySet(models.QuerySet):
    def out(self):
        return self.filter(status=KeyLoan.Status.OUT)

    def overdue(self, now):
        """Return the loans that should have come back before `now`."""
        return self.out().filter(due_back_at__lt=now)

    def pending(self):
        """Return the emergencies that wait for approval, or are approved and wait for the key to be handed over."""
        return self.filter(status__in=[KeyLoan.Status.REQUESTED, KeyLoan.Status.APPROVED])

    def untold(self):
        """Return the emergency uses of which the owner has not been told yet."""
        return self.filter(
            is_emergency=True, status__in=[KeyLoan.Status.OUT, KeyLoan.Status.ENDED], resident_told_at=None
        )

    def with_people(self):
        return self.select_related("key_set__unit", "person", "staff", "asked_by", "approved_by")


class KeyLoan(models.Model):
    """One handing out of copies that have to come back (钥匙借用); an emergency use is asked for and approved first."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("waits for approval")
        APPROVED = "approved", _("approved, not handed over yet")
        DECLINED = "declined", _("not approved")
        OUT = "out", _("with the borrower")
        ENDED = "ended", _("settled")

    MOVES = {
        Status.REQUESTED: {Status.APPROVED, Status.DECLINED},
        Status.APPROVED: {Status.OUT, Status.DECLINED},
        Status.OUT: {Status.ENDED},
        Status.DECLINED: set(),
        Status.ENDED: set(),
    }

    RUNNING = (Status.REQUESTED, Status.APPROVED, Status.OUT)

    class Borrower(models.TextChoices):
        STAFF = "staff", _("our own staff")
        OWNER = "owner", _("owner")
        RESIDENT = "resident", _("resident")
        CONTRACTOR = "contractor", _("contractor")
        OTHER = "other", _("somebody else")

    class How(models.TextChoices):
        PHONE = "phone", _("telephone")
        VISIT = "visit", _("in person")
        MESSAGE = "message", _("by message")
        LETTER = "letter", _("in writing")

    community = models.ForeignKey(Community, models.PROTECT, related_name="key_loans")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    key_set = models.ForeignKey(KeySet, models.PROTECT, related_name="loans", verbose_name=_("key set"))
    copies = models.PositiveSmallIntegerField(_("how many"), default=1)
    status = models.CharField(_("status"), max_length=9, choices=Status)
    is_emergency = models.BooleanField(_("emergency use"), default=False)
    borrower = models.CharField(_("borrower"), max_length=10, choices=Borrower)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="key_loans")
    staff = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=60, blank=True)
    phone = models.CharField(_("telephone"), max_length=21, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    for_number = models.CharField(_("for the case"), max_length=40, blank=True)
    due_back_at = models.DateTimeField(_("due back"))
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # Approved by telephone: who wrote it down.
    approval_noted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(_("reason of the decision"), max_length=300, blank=True)
    lent_at = models.DateTimeField(null=True)
    lent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    came_back = models.PositiveSmallIntegerField(default=0)
    lost = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    resident_told_at = models.DateTimeField(null=True)
    resident_told_how = models.CharField(_("how the owner was told"), max_length=7, choices=How, blank=True)
    told_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reminded_on = models.DateField(null=True)

    objects = KeyLoanQuerySet.as_manager()

    class Meta:
        verbose_name = _("key loan")
        verbose_name_plural = _("key loans")
        ordering = ["due_back_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(copies__gte=1), name="key_loan_lends_something"),
            models.CheckConstraint(
                condition=Q(status__in=["out", "ended"], lent_at__isnull=False, lent_by__isnull=False)
                | (~Q(status__in=["out", "ended"]) & Q(lent_at=None, lent_by=None)),
                name="key_loan_out_has_time_and_lender",
            ),
            models.CheckConstraint(
                condition=Q(lent_at=None) | Q(due_back_at__gt=F("lent_at")), name="key_loan_is_due_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("lent_at")), name="key_loan_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(status="ended", ended_at__isnull=False, copies=F("came_back") + F("lost"))
                | Q(status="out", ended_at=None, copies__gt=F("came_back") + F("lost"))
                | (~Q(status__in=["out", "ended"]) & Q(ended_at=None, came_back=0, lost=0)),
                name="key_loan_ends_when_all_is_accounted_for",
            ),
            models.CheckConstraint(
                condition=Q(is_emergency=False, status__in=["out", "ended"], decided_at=None)
                | Q(is_emergency=True, status="requested", decided_at=None)
                | (Q(is_emergency=True, status="declined", decided_at__isnull=False) & ~Q(decision_note=""))
                | Q(
                    is_emergency=True,
                    status__in=["approved", "out", "ended"],
                    decided_at__isnull=False,
                    approved_by__isnull=False,
                ),
                name="key_loan_emergency_is_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("asked_by")), name="key_loan_is_approved_by_another"
            ),
            models.CheckConstraint(
                condition=Q(approval_noted_by=None)
                | (Q(approved_by__isnull=False) & ~Q(approved_by=F("approval_noted_by"))),
                name="key_loan_approval_by_phone_is_of_another",
            ),
            models.CheckConstraint(
                condition=Q(borrower="staff", staff__isnull=False, person=None, name="")
                | Q(borrower="owner", staff=None, person__isnull=False)
                | (Q(borrower="resident", staff=None) & (Q(person__isnull=False) | ~Q(name="")))
                | (Q(borrower__in=["contractor", "other"], staff=None, person=None) & ~Q(name="")),
                name="key_loan_has_a_borrower",
            ),
            models.CheckConstraint(
                condition=Q(resident_told_at=None, resident_told_how="", told_by=None)
                | (Q(resident_told_at__isnull=False, told_by__isnull=False) & ~Q(resident_told_how="")),
                name="key_loan_told_has_way_and_teller",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "due_back_at"], condition=Q(status="out"), name="key_loan_out"),
            models.Index(
                fields=["community"], condition=Q(status__in=["requested", "approved"]), name="key_loan_pending"
            ),
            models.Index(
                fields=["community"], condition=Q(is_emergency=True, resident_told_at=None), name="key_loan_untold"
            ),
        ]

    def __str__(self):
        return f"{self.key_set_id} → {self.who}"

    def get_absolute_url(self):
        return reverse("residents:key_loan", args=[self.pk])

    @property
    def who(self):
        """Who has the key; the person or the member of staff is to be loaded with it."""
        return str(self.staff or self.person or self.name)

    @property
    def number_to_call(self):
        """The telephone of whoever has the key, or "": as it was typed, else as it stands in the register. Nobody's
        whose entry is sealed (PIPL 47)."""
        if self.person_id and self.person.sealed_at:
            return ""
        known = self.staff if self.staff_id else self.person if self.person_id else None
        return self.phone or (known.phone if known else "")

    @property
    def masked_phone(self):
        return mask_phone(self.number_to_call) if self.number_to_call else ""

    @property
    def left(self):
        """How many copies are still out."""
        return self.copies - self.came_back - self.lost

    @property
    def is_out(self):
        return self.status == self.Status.OUT

    @property
    def owes_telling(self):
        """Whether the owner still has to be told of this emergency use."""
        return self.is_emergency and self.lent_at is not None and self.resident_told_at is None
