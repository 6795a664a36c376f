from datetime import timedelta

from django.contrib.postgres.aggregates import JSONBAgg
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from complaints.models.policies import Category
from residents.models import Building, Section, Unit
from servicedesk.core.models import Community, Department, User

# What begins within a day is said to callers already.
ANNOUNCED = timedelta(days=1)


class IncidentQuerySet(models.QuerySet):
    def in_community(self, community):
        return self.filter(community=community)

    def known(self, now):
        """Return what callers are told of: not ended, begun or beginning within a day; the newest first."""
        return self.filter(status=Incident.Status.OPEN, starts_at__lte=now + ANNOUNCED).order_by("-starts_at", "-id")

    def with_spots(self):
        """Load where each one is as `spots`, a list of {building, section, unit, label}. No query of its own."""
        spot = JSONObject(
            building="places__building",
            section="places__section",
            unit="places__unit",
            building_name="places__building__name",
            section_code="places__section__code",
            room="places__unit__label",
        )
        return self.annotate(spots=JSONBAgg(spot, filter=Q(places__isnull=False), order_by="places__id", default=[]))


class Incident(models.Model):
    """Something that many homes feel at once (已知事件): said to callers before they have finished asking.

    Its places are rows; one of the whole community has none. Cases that are linked to it keep their own clock and
    their own reply (section 8).
    """

    class Kind(models.TextChoices):
        PLANNED = "planned", _("planned")
        EMERGENCY = "emergency", _("emergency")

    class Status(models.TextChoices):
        OPEN = "open", _("running")
        ENDED = "ended", _("over")

    MOVES = {Status.OPEN: {Status.ENDED}, Status.ENDED: set()}

    community = models.ForeignKey(Community, models.PROTECT, related_name="incidents")
    title = models.CharField(_("what it is"), max_length=80)
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, related_name="incidents", verbose_name=_("category")
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, related_name="incidents", verbose_name=_("department")
    )
    is_everywhere = models.BooleanField(_("the whole community"), default=False)
    starts_at = models.DateTimeField(_("from"))
    expected_end_at = models.DateTimeField(_("expected until"), null=True)
    ended_at = models.DateTimeField(_("over since"), null=True)
    words = models.CharField(_("what callers are told"), max_length=500)
    # What callers are told when it is over: a draft until somebody has confirmed it for all of them.
    reply = models.TextField(blank=True)
    confirmed_at = models.DateTimeField(null=True)
    status = models.CharField(_("status"), max_length=5, choices=Status, default=Status.OPEN)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("known event")
        verbose_name_plural = _("known events")
        constraints = [
            models.CheckConstraint(condition=~Q(words="") & ~Q(title=""), name="incident_says_something"),
            models.CheckConstraint(
                condition=Q(expected_end_at=None) | Q(expected_end_at__gt=F("starts_at")),
                name="incident_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~Q(kind="planned") | Q(expected_end_at__isnull=False), name="incident_planned_has_end"
            ),
            models.CheckConstraint(
                condition=Q(status="ended", ended_at__isnull=False) | Q(status="open", ended_at=None),
                name="incident_ended_has_time",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(status="ended") & ~Q(reply=""),
                name="incident_confirmed_has_reply",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "starts_at"], condition=Q(status="open"), name="incident_open"),
            models.Index(fields=["community", "-id"], name="incident_newest"),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("complaints:incident", args=[self.pk])

    @property
    def is_open(self):
        return self.status == self.Status.OPEN

    def has_begun(self, now):
        return self.starts_at <= now

    def end_known(self, now):
        """Return the expected end as long as it is one: a time that has passed is none."""
        return self.expected_end_at if self.expected_end_at and self.expected_end_at > now else None


class IncidentPlace(models.Model):
    """One part of the community that an incident is felt in: a building, one of its sections or one of its units."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="places")
    building = models.ForeignKey(Building, models.PROTECT, related_name="+")
    section = models.ForeignKey(Section, models.PROTECT, null=True, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "building", "section", "unit"],
                nulls_distinct=False,
                name="incident_place_once",
            ),
        ]

    def __str__(self):
        return str(self.unit or self.section or self.building)
