"""The warranty (质保): what it covers for how long, who owes it, and what was claimed from them for one case.

The periods are those of 建设工程质量管理条例 第四十条, counted from the completion acceptance (竣工验收) of a building.
They are rows, so that a community whose contract promises more can say so.
"""

import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case
from servicedesk.core.models import Community, User


class WarrantyTerm(models.Model):
    """One system of a building (roof, pipes) and how long its warranty runs; what is reported of it is claimed."""

    class Unit(models.TextChoices):
        YEARS = "years", _("years")
        SEASONS = "seasons", _("seasons of heating or cooling")

    community = models.ForeignKey(Community, models.PROTECT, related_name="warranty_terms")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("system"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80, blank=True)
    length = models.PositiveSmallIntegerField(_("length"))
    unit = models.CharField(_("counted in"), max_length=7, choices=Unit, default=Unit.YEARS)
    # Of a season: the days of the year on which it begins and ends, which differ from city to city.
    season_from = models.CharField(_("season begins"), max_length=5, blank=True, help_text=_("Such as 11-15."))
    season_to = models.CharField(_("season ends"), max_length=5, blank=True, help_text=_("Such as 03-15."))
    source = models.CharField(
        _("source"), max_length=200, help_text=_("What the period rests on: an article or a contract.")
    )
    answer_days = models.PositiveSmallIntegerField(
        _("days in which they answer"), default=3, help_text=_("Natural days; our proposal.")
    )
    remind_days = models.PositiveSmallIntegerField(
        _("days between two reminders"), default=2, help_text=_("Natural days; our proposal.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("warranty period")
        verbose_name_plural = _("warranty periods")
        ordering = ["community", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="warranty_term_code_once_in_community"),
            models.CheckConstraint(condition=Q(length__range=(1, 70)), name="warranty_term_length_sane"),
            models.CheckConstraint(
                condition=Q(answer_days__range=(1, 60), remind_days__range=(1, 60)), name="warranty_term_days_sane"
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(source=""), name="warranty_term_names_its_source"),
            models.CheckConstraint(
                condition=Q(unit="years", season_from="", season_to="")
                | Q(
                    unit="seasons",
                    season_from__regex=r"^(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$",
                    season_to__regex=r"^(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$",
                ),
                name="warranty_term_seasons_have_days",
            ),
        ]

    def __str__(self):
        return self.name

    def until(self, accepted_on):
        """Return the last day of the warranty of a building accepted on `accepted_on`. No query.

        Years end on the same day of the last year, or at the end of its month where it has no such day (Civil Code
        202). Of seasons only whole ones count: one that runs at the acceptance is not the first.
        """
        if self.unit == self.Unit.YEARS:
            year = accepted_on.year + self.length
            try:
                return accepted_on.replace(year=year)
            except ValueError:
                return datetime.date(year, 2, 28)
        begins = _day_of(self.season_from, accepted_on.year)
        first = accepted_on.year if begins >= accepted_on else accepted_on.year + 1
        last = first + self.length - 1
        ends = _day_of(self.season_to, last)
        return ends if self.season_to > self.season_from else _day_of(self.season_to, last + 1)


def _day_of(month_day, year):
    return datetime.date.fromisoformat(f"{year:04}-{month_day}")


class OutsideParty(models.Model):
    """Somebody outside who owes a repair or an answer: developer, contractor, supplier, the sales side."""

    class Kind(models.TextChoices):
        DEVELOPER = "developer", _("developer")
        CONTRACTOR = "contractor", _("contractor")
        SUPPLIER = "supplier", _("supplier")
        SALES = "sales", _("sales side")

    community = models.ForeignKey(Community, models.PROTECT, related_name="outside_parties")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=80)
    contact = models.CharField(_("contact"), max_length=60, blank=True)
    phone = models.CharField(_("telephone"), max_length=21, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("outside party")
        verbose_name_plural = _("outside parties")
        ordering = ["community", "-is_active", "kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["community", "name"], name="outside_party_name_once_in_community"),
            models.CheckConstraint(condition=~Q(name=""), name="outside_party_is_named"),
            models.CheckConstraint(condition=~Q(phone="", email=""), name="outside_party_can_be_reached"),
        ]

    def __str__(self):
        return self.name


class WarrantyClaimQuerySet(models.QuerySet):
    def open(self):
        return self.filter(status__in=WarrantyClaim.OPEN)

    def holding(self):
        """Return the claims under which nothing is charged to the resident."""
        return self.filter(status__in=WarrantyClaim.HOLDING)

    def visible_to(self, user):
        """Return the claims of the cases that `user` sees, and so never one about them (ruling 12)."""
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))


class WarrantyClaim(models.Model):
    """What was asked of an outside party for one case, with a clock of its own beside ours (section 10).

    The case stays with us: its first responsible keeps telling the resident, and its deadline runs on.
    """

    class Status(models.TextChoices):
        ASKED = "asked", _("asked, no answer yet")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        INSISTED = "insisted", _("demanded in writing")
        DONE = "done", _("repaired")
        SETTLED = "settled", _("not under warranty")
        DROPPED = "dropped", _("taken back")

    class How(models.TextChoices):
        PHONE = "phone", _("telephone")
        EMAIL = "email", _("e-mail")
        LETTER = "letter", _("in writing")
        VISIT = "visit", _("in person")
        OTHER = "other", _("other")

    class Bearer(models.TextChoices):
        RESIDENT = "resident", _("quote it to the resident")
        COMMUNITY = "community", _("the community's own cost")

    MOVES = {
        Status.ASKED: {Status.ACCEPTED, Status.REFUSED, Status.DROPPED},
        # Accepted again: they name another day.
        Status.ACCEPTED: {Status.ACCEPTED, Status.DONE, Status.REFUSED, Status.DROPPED},
        # Refused waits for a supervisor; who thinks better of it accepts all the same.
        Status.REFUSED: {Status.INSISTED, Status.SETTLED, Status.ACCEPTED, Status.DROPPED},
        Status.INSISTED: {Status.ACCEPTED, Status.REFUSED, Status.DROPPED},
        Status.DONE: set(),
        Status.SETTLED: set(),
        Status.DROPPED: set(),
    }
    OPEN = (Status.ASKED, Status.ACCEPTED, Status.REFUSED, Status.INSISTED)
    # What a clock runs on: an answer or a repair that is owed. A refusal is owed a decision of ours.
    WAITING = (Status.ASKED, Status.ACCEPTED, Status.INSISTED)
    HOLDING = (*OPEN, Status.DONE)

    community = models.ForeignKey(Community, models.PROTECT, related_name="warranty_claims")
    case = models.ForeignKey(Case, models.PROTECT, related_name="warranty_claims")
    cycle = models.PositiveSmallIntegerField()
    party = models.ForeignKey(OutsideParty, models.PROTECT, related_name="claims", verbose_name=_("repair unit"))
    term = models.ForeignKey(WarrantyTerm, models.PROTECT, related_name="claims", verbose_name=_("system"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.ASKED)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # The last day of the warranty as it was known when they were asked; where it was not, why they are asked.
    covered_until = models.DateField(_("warranty until"), null=True)
    reason = models.CharField(_("why it is theirs"), max_length=300, blank=True)
    text = models.TextField(_("what they were told"))
    sent_how = models.CharField(_("told by"), max_length=6, choices=How)
    sent_at = models.DateTimeField(_("asked"))
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    due_at = models.DateTimeField(_("due"))  # the answer; once accepted, the repair
    answered_at = models.DateTimeField(_("answered"), null=True)
    answered_by = models.CharField(_("who answered"), max_length=60, blank=True)
    answer = models.CharField(_("their answer"), max_length=500, blank=True)
    # Their clock: when the next reminder is due, how many went out, and how many since they last said anything.
    next_reminder_at = models.DateTimeField(null=True)
    last_reminded_at = models.DateTimeField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0, db_default=0)
    in_vain = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Without an address they are called; the call is owed until the desk records it.
    call_owed_at = models.DateTimeField(null=True)
    bearer = models.CharField(_("who bears it"), max_length=9, choices=Bearer, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(_("decision"), max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True)

    objects = WarrantyClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("warranty claim")
        verbose_name_plural = _("warranty claims")
        ordering = ["case", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(status__in=["asked", "accepted", "refused", "insisted"]),
                name="warranty_claim_one_open",
            ),
            models.CheckConstraint(
                condition=Q(covered_until__isnull=False) | ~Q(reason=""), name="warranty_claim_says_why"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="warranty_claim_says_what"),
            models.CheckConstraint(condition=Q(due_at__gt=F("sent_at")), name="warranty_claim_due_after_it_was_sent"),
            models.CheckConstraint(
                condition=Q(status__in=["done", "settled", "dropped"], ended_at__isnull=False)
                | Q(status__in=["asked", "accepted", "refused", "insisted"], ended_at=None),
                name="warranty_claim_ended_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["asked", "accepted", "insisted"], next_reminder_at__isnull=False)
                | Q(status__in=["refused", "done", "settled", "dropped"], next_reminder_at=None, call_owed_at=None),
                name="warranty_claim_has_a_clock_while_they_owe",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["asked", "dropped"]) | Q(answered_at__gte=F("sent_at")) & ~Q(answer=""),
                name="warranty_claim_answered_has_words",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["insisted", "settled"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="warranty_claim_refused_was_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status="settled") & ~Q(bearer="") & ~Q(decision="") | ~Q(status="settled") & Q(bearer=""),
                name="warranty_claim_settled_says_who_bears_it",
            ),
            models.CheckConstraint(
                condition=Q(reminders=0, last_reminded_at=None) | Q(reminders__gte=1, last_reminded_at__isnull=False),
                name="warranty_claim_reminded_has_time",
            ),
            models.CheckConstraint(
                condition=Q(in_vain__lte=F("reminders")), name="warranty_claim_in_vain_was_reminded"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_reminder_at"],
                condition=Q(next_reminder_at__isnull=False),
                name="warranty_claim_to_remind",
            ),
        ]

    def __str__(self):
        return f"{self.case} · {self.party}"

    @property
    def is_open(self):
        return self.status in self.OPEN

    @property
    def is_waiting(self):
        return self.status in self.WAITING

    def is_late(self, now):
        """Return whether an answer or a repair that they owe is late: strictly after `due_at`."""
        return self.is_waiting and self.due_at < now
