"""Home visits (走访): whom the centre went to see, what was said, and what residents asked of which department."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.occupancies import Occupancy
from residents.models.people import Person
from residents.models.places import Building, Unit
from servicedesk.core.models import Community, Department, Role, User
from servicedesk.core.roles import departments_in, memberships_of

OFFICE = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
DOERS = (Role.HEAD, Role.WORKER)


class VisitPlan(models.Model):
    """Homes to be visited from one day to another; no building named means all of the community.

    The default target is the three-star standard of the trade: contact with at least 70 % of the homes (section 28).
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="visit_plans")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    name = models.CharField(_("title"), max_length=80)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    target = models.PositiveSmallIntegerField(_("target in percent of the homes"), default=70)
    buildings = models.ManyToManyField(Building, related_name="+", verbose_name=_("buildings"))
    staff = models.ManyToManyField(User, related_name="+", verbose_name=_("who goes"))
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("visit plan")
        verbose_name_plural = _("visit plans")
        ordering = ["community", "-starts_on", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="visit_plan_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(target__range=(1, 100)), name="visit_plan_target_is_a_share"),
            models.CheckConstraint(condition=~Q(name=""), name="visit_plan_is_named"),
        ]

    def __str__(self):
        return self.name

    def homes(self, today):
        """Return the units in scope that somebody occupies on `today`, or on the last day of a plan that is over. An
        empty home cannot be met. Nothing is read but the buildings, unless they are loaded."""
        buildings = self.buildings.all()
        day = min(today, self.ends_on)
        lived_in = Occupancy.objects.on(day).values("unit")
        units = Unit.objects.filter(community=self.community_id, pk__in=lived_in)
        return units.filter(building__in=buildings) if buildings else units


def offices_of(user):
    """Return the ids of the communities in which `user` sees every visit."""
    return {m.community_id for m in memberships_of(user) if m.role in OFFICE}


def departments_of(user):
    """Return the ids of the departments that `user` is head or worker of."""
    places = {m.community_id for m in memberships_of(user)}
    return {key for place in places for key in departments_in(user, place, *DOERS)}


class HomeVisitQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return the visits that `user` may see: the office those of its community; a head or worker their own, those
        they are to make, and those that asked something of their department."""
        asked = VisitNeed.objects.filter(department__in=departments_of(user)).values("visit")
        return self.filter(
            Q(community__in=offices_of(user)) | Q(visited_by=user) | Q(assigned_to=user) | Q(pk__in=asked),
            community__in={m.community_id for m in memberships_of(user)},
        )

    def planned(self):
        """Return the visits still to be made."""
        return self.filter(status=HomeVisit.Status.PLANNED)

    def made(self):
        """Return the visits on which somebody was met and heard."""
        return self.filter(status=HomeVisit.Status.DONE)

    def for_unit(self, unit):
        return self.filter(unit=unit)

    def with_places(self):
        return self.select_related("unit__building", "unit__section", "person", "visited_by", "assigned_to", "plan")


class HomeVisit(models.Model):
    """One visit to one home, planned or made. Nobody at home is a result as well; another try is a visit of its own."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("to be visited")
        DONE = "done", _("visited")
        NOBODY_HOME = "nobody_home", _("nobody at home")
        DECLINED = "declined", _("not wanted")
        CANCELLED = "cancelled", _("visit taken back")

    MOVES = {
        Status.PLANNED: {Status.DONE, Status.NOBODY_HOME, Status.DECLINED, Status.CANCELLED},
        # What was recorded by mistake is taken back with a reason; nothing is deleted.
        Status.DONE: {Status.CANCELLED},
        Status.NOBODY_HOME: {Status.CANCELLED},
        Status.DECLINED: {Status.CANCELLED},
        Status.CANCELLED: set(),
    }
    MADE = (Status.DONE, Status.NOBODY_HOME, Status.DECLINED)

    community = models.ForeignKey(Community, models.PROTECT, related_name="home_visits")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="home_visits", verbose_name=_("home visited"))
    plan = models.ForeignKey(VisitPlan, models.PROTECT, null=True, related_name="visits", verbose_name=_("visit plan"))
    status = models.CharField(_("status"), max_length=11, choices=Status, default=Status.PLANNED)
    planned_on = models.DateField(_("planned for"))
    assigned_to = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("who goes"))
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    visited_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("visited by"))
    done_at = models.DateTimeField(_("visited"), null=True)
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, related_name="home_visits", verbose_name=_("who was met")
    )
    # Who was met and stands in no register: a grandmother, a cleaner.
    met_name = models.CharField(_("name of who was met"), max_length=120, blank=True)
    notes = models.TextField(_("notes of the visit"), blank=True)
    card_left = models.BooleanField(_("card left"), default=False)
    cancelled_reason = models.CharField(_("reason"), max_length=300, blank=True)
    cancelled_at = models.DateTimeField(null=True)
    # The same form sent twice by a phone that lost its line is one visit.
    submission = models.UUIDField(null=True, unique=True, editable=False)

    objects = HomeVisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("home visit")
        verbose_name_plural = _("home visits")
        ordering = ["-planned_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit"], condition=Q(status="planned"), name="home_visit_planned_once_for_a_home"
            ),
            models.CheckConstraint(
                condition=Q(status="planned", done_at=None, visited_by=None)
                | Q(status__in=["done", "nobody_home", "declined"], done_at__isnull=False, visited_by__isnull=False)
                | Q(status="cancelled"),
                name="home_visit_made_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=(Q(person__isnull=False, met_name="") | Q(person=None) & ~Q(met_name=""))
                | ~Q(status="done") & Q(person=None, met_name=""),
                name="home_visit_done_met_somebody",
            ),
            models.CheckConstraint(
                condition=Q(card_left=False) | Q(status__in=["nobody_home", "cancelled"]),
                name="home_visit_card_is_left_where_nobody_is",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False) & ~Q(cancelled_reason="")
                | ~Q(status="cancelled") & Q(cancelled_at=None, cancelled_reason=""),
                name="home_visit_cancelled_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["plan", "unit"], name="home_visit_of_plan"),
            models.Index(fields=["plan", "-done_at", "-id"], name="home_visit_of_plan_latest"),
            models.Index(fields=["community", "planned_on"], condition=Q(status="planned"), name="home_visit_to_make"),
        ]

    def __str__(self):
        return f"{self.unit} {self.planned_on:%m-%d}"

    def get_absolute_url(self):
        return reverse("desk:visit", args=[self.pk])

    @property
    def met(self):
        """Who was met, by name; nobody's whose entry is sealed. The person must be loaded."""
        if self.person_id:
            return "" if self.person.sealed_at else self.person.name
        return self.met_name

    @property
    def is_planned(self):
        return self.status == self.Status.PLANNED

    @property
    def tag(self):
        """The key and the words of its mark."""
        keys = {"planned": "new", "done": "work", "nobody_home": "soon", "declined": "neutral", "cancelled": "closed"}
        return keys[self.status], self.get_status_display()


class VisitNeedQuerySet(models.QuerySet):
    def open(self):
        """Return what is neither a case nor answered: what somebody still owes a resident."""
        return self.filter(status=VisitNeed.Status.OPEN)

    def visible_to(self, user):
        """Return the needs that `user` may see: the office those of its community, a head or worker those of their
        department and those that they heard themselves."""
        return self.filter(
            Q(community__in=offices_of(user)) | Q(department__in=departments_of(user)) | Q(visit__visited_by=user),
            community__in={m.community_id for m in memberships_of(user)},
        )


class VisitNeed(models.Model):
    """What residents asked for on a visit, and of which department. It becomes a case, or it is answered."""

    class Status(models.TextChoices):
        OPEN = "open", _("still open")
        CASE = "case", _("became a case")
        ANSWERED = "answered", _("answered")

    MOVES = {
        Status.OPEN: {Status.CASE, Status.ANSWERED},
        # Its case was registered by mistake, or the answer was.
        Status.CASE: {Status.OPEN},
        Status.ANSWERED: {Status.OPEN},
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="visit_needs")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    visit = models.ForeignKey(HomeVisit, models.PROTECT, related_name="needs")
    text = models.CharField(_("what they asked for"), max_length=500)
    department = models.ForeignKey(Department, models.PROTECT, related_name="visit_needs", verbose_name=_("department"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    asked_at = models.DateTimeField(_("when it was asked for"))
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    objects = VisitNeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("need of a resident")
        verbose_name_plural = _("needs of residents")
        ordering = ["asked_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="visit_need_says_what"),
            models.CheckConstraint(
                condition=Q(status="open", settled_at=None, settled_by=None)
                | Q(status__in=["case", "answered"], settled_at__isnull=False, settled_by__isnull=False),
                name="visit_need_settled_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(status="answered") & ~Q(answer="") | ~Q(status="answered") & Q(answer=""),
                name="visit_need_answered_has_its_answer",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "asked_at"], condition=Q(status="open"), name="visit_need_open"),
        ]

    def __str__(self):
        return self.text[:60]

    @property
    def is_open(self):
        return self.status == self.Status.OPEN

    @property
    def tag(self):
        """The key and the words of its mark."""
        return {"open": "soon", "case": "work", "answered": "done"}[self.status], self.get_status_display()
