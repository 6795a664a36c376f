"""What is owed to the people whose data is kept: how long (PIPL 19), and what they may ask for (PIPL 45 to 47)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case, Concern
from residents.models import Person
from servicedesk.core.models import Community, Role, User
from servicedesk.core.roles import memberships_of


class RetentionRule(models.Model):
    """How many days a class of data is kept in one community. Without a row the default of `complaints.retention`
    holds."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="retention_rules")
    key = models.SlugField(max_length=20)
    days = models.PositiveIntegerField(_("days"))
    source = models.CharField(_("what it rests on"), max_length=200)
    changed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("retention period")
        verbose_name_plural = _("retention periods")
        ordering = ["community", "key"]
        constraints = [
            models.UniqueConstraint(fields=["community", "key"], name="retention_rule_once_in_community"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=36_500), name="retention_rule_days_sane"),
            models.CheckConstraint(condition=~Q(source=""), name="retention_rule_rests_on_something"),
        ]

    def __str__(self):
        return f"{self.key}: {self.days}"


class DataRequestQuerySet(models.QuerySet):
    def open(self):
        return self.filter(decision="")

    def visible_to(self, user):
        """Return the requests of the communities in which `user` decides on them, never one about a person who is known
        only by a case that concerns `user` (ruling 12)."""
        deciding = (Role.SUPERVISOR, Role.DEPUTY_GM)
        where = {m.community_id for m in memberships_of(user) if m.role in deciding}
        return self.filter(community__in=where).exclude(case__in=Concern.objects.filter(user=user).values("case"))

    def readable(self, now):
        """Return the requests by which sealed data may be read at `now`."""
        return self.filter(kind=DataRequest.Kind.READ, decision=DataRequest.Decision.CONFIRMED, read_until__gt=now)


class DataRequest(models.Model):
    """What is asked for about one person's data and takes two people: to erase it, or to read what was sealed.

    It is about somebody of the register, or about whoever left the name and telephone number of one case.
    """

    class Kind(models.TextChoices):
        ERASE = "erase", _("erase or seal")
        READ = "read", _("read what is sealed")

    class Decision(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    community = models.ForeignKey(Community, models.PROTECT, related_name="data_requests")
    kind = models.CharField(_("what is asked for"), max_length=5, choices=Kind)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="data_requests")
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="data_requests")
    reason = models.CharField(_("reason"), max_length=300)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decision = models.CharField(_("decision"), max_length=9, choices=Decision, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(_("note to the decision"), max_length=300, blank=True)
    read_until = models.DateTimeField(null=True)
    # How many rows of what were erased and sealed; no words.
    outcome = models.JSONField(default=dict)

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about a person's data")
        verbose_name_plural = _("requests about people's data")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(person=None, case__isnull=False) | Q(person__isnull=False, case=None),
                name="data_request_is_about_one_person",
            ),
            models.UniqueConstraint(
                fields=["kind", "person", "case"],
                condition=Q(decision=""),
                nulls_distinct=False,
                name="data_request_one_open",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="data_request_has_a_reason"),
            models.CheckConstraint(
                condition=Q(decision="", decided_by=None, decided_at=None)
                | ~Q(decision="") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="data_request_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                name="data_request_decided_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(decision="refused") | ~Q(note=""), name="data_request_refused_says_why"
            ),
            models.CheckConstraint(
                condition=Q(read_until=None) | Q(kind="read", decision="confirmed"),
                name="data_request_read_only_when_confirmed",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.asked_at:%Y-%m-%d}"

    @property
    def is_open(self):
        return not self.decision
