"""Cards and passes (制证, 出入证): who may come in, until when, and what became of each (section 13).

Face recognition is never the only way in (人脸识别司法解释 Art. 10), so nothing here holds a face.
"""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.people import Person
from residents.models.places import Unit
from servicedesk.core.models import Community, User


class CredentialQuerySet(models.QuerySet):
    def active(self):
        """Return those in use; one whose last day has passed stands here until the sweep: see `valid_on`."""
        return self.filter(status=Credential.Status.ACTIVE)

    def valid_on(self, day):
        """Return those that let somebody in on `day`."""
        return self.active().filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)

    def run_out(self, day):
        """Return those in use whose last day was before `day`."""
        return self.active().filter(valid_to__lt=day)

    def for_unit(self, unit):
        return self.filter(unit=unit)

    def of_person(self, person):
        return self.filter(person=person)

    def with_people(self):
        return self.select_related("unit", "person")


class Credential(models.Model):
    """One card or pass: of a resident or a lessee, of a worker, of a visitor."""

    class Kind(models.TextChoices):
        RESIDENT_CARD = "resident_card", _("resident card")
        LESSEE_CARD = "lessee_card", _("lessee card")
        WORKER_PASS = "worker_pass", _("worker pass")
        VISITOR = "visitor", _("visitor pass")

    # Kinds that belong to somebody of the register, and end with their home.
    OF_RESIDENTS = (Kind.RESIDENT_CARD, Kind.LESSEE_CARD)

    class Status(models.TextChoices):
        ACTIVE = "active", _("in use now")
        LOST = "lost", _("lost")
        EXPIRED = "expired", _("no longer valid")
        RETURNED = "returned", _("handed back")
        VOID = "void", _("void")

    MOVES = {
        Status.ACTIVE: {Status.LOST, Status.EXPIRED, Status.RETURNED, Status.VOID},
        Status.LOST: {Status.ACTIVE, Status.RETURNED},
        Status.EXPIRED: {Status.ACTIVE, Status.LOST, Status.RETURNED},
        Status.RETURNED: set(),
        Status.VOID: set(),
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="credentials")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    kind = models.CharField(_("kind"), max_length=13, choices=Kind)
    number = models.CharField(_("number on the card"), max_length=30)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="credentials", verbose_name=_("room"))
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="credentials")
    name = models.CharField(_("holder"), max_length=60, blank=True)
    employer = models.CharField(_("company"), max_length=120, blank=True)
    for_number = models.CharField(_("for the permit"), max_length=40, blank=True)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True)
    deposit = models.DecimalField(_("deposit in yuan"), max_digits=8, decimal_places=2, default=0)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.ACTIVE)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(_("why it ended"), max_length=300, blank=True)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        verbose_name = _("card or pass")
        verbose_name_plural = _("cards and passes")
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "kind", "number"],
                condition=Q(status="active"),
                name="credential_number_once_among_those_in_use",
            ),
            models.CheckConstraint(
                condition=Q(status="active", ended_at=None, ended_reason="")
                | (~Q(status="active") & Q(ended_at__isnull=False) & ~Q(ended_reason="")),
                name="credential_ended_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["resident_card", "lessee_card"], unit__isnull=False, person__isnull=False, name=""
                )
                | (Q(kind__in=["worker_pass", "visitor"], person=None, valid_to__isnull=False) & ~Q(name="")),
                name="credential_has_a_holder",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name="credential_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=Q(deposit__gte=0), name="credential_deposit_is_no_debt"),
        ]
        indexes = [
            models.Index(fields=["community", "number"], name="credential_number"),
            models.Index(fields=["community", "-issued_at", "-id"], name="credential_newest_first"),
            models.Index(fields=["community", "valid_to"], condition=Q(status="active"), name="credential_in_use"),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("residents:card", args=[self.pk])

    @property
    def holder(self):
        """The name of whoever bears it; the person is to be loaded with it."""
        return str(self.person) if self.person_id else self.name

    @property
    def holder_surname(self):
        """As much of the name as a guard needs to address somebody."""
        return self.holder[:1]

    def is_valid_on(self, day):
        """Return whether it lets somebody in on `day`, whatever the sweep has written yet."""
        in_time = self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)
        return self.status == self.Status.ACTIVE and in_time
