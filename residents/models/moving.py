"""Moving in and out (搬家): the lifts of a community, its rules and its bookings."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.people import NOBODY, Person
from residents.models.places import Building, Section, Unit
from servicedesk.core.masking import mask_phone
from servicedesk.core.models import Community, User


class Lift(models.Model):
    """A lift that goods may ride in: of a whole building, or of one of its entrances."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="lifts")
    building = models.ForeignKey(Building, models.PROTECT, related_name="lifts", verbose_name=_("building"))
    section = models.ForeignKey(
        Section, models.PROTECT, null=True, blank=True, related_name="lifts", verbose_name=_("entrance")
    )
    name = models.CharField(_("name"), max_length=40)
    carries_goods = models.BooleanField(_("carries goods"), default=True)

    class Meta:
        verbose_name = _("lift")
        verbose_name_plural = _("lifts")
        ordering = ["community", "building", "section", "id"]
        constraints = [
            models.UniqueConstraint(fields=["building", "name"], name="lift_name_once_in_building"),
        ]

    def __str__(self):
        return f"{self.building} {self.name}"

    def serves(self, unit):
        """Return whether one gets to `unit` with it."""
        return self.building_id == unit.building_id and self.section_id in (None, unit.section_id)


class MoveRule(models.Model):
    """When moving is allowed in a community; what a city or a contract rules stands with its source (ruling 17)."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="move_rule")
    slot_minutes = models.PositiveSmallIntegerField(_("length of a slot in minutes"), default=120)
    # Minutes of the day, of the community's own clock.
    work_opens = models.PositiveSmallIntegerField(_("working days from"), default=480)
    work_closes = models.PositiveSmallIntegerField(_("working days to"), default=1080)
    rest_opens = models.PositiveSmallIntegerField(_("rest days from"), default=540)
    rest_closes = models.PositiveSmallIntegerField(_("rest days to"), default=1080)
    quiet_from = models.PositiveSmallIntegerField(_("quiet hours from"), null=True, default=720)
    quiet_to = models.PositiveSmallIntegerField(_("quiet hours to"), null=True, default=840)
    quiet_source = models.CharField(
        _("source of the quiet hours"),
        max_length=200,
        blank=True,
        help_text=_("The rule of the city or the agreement that they rest on."),
    )
    notice_days = models.PositiveSmallIntegerField(_("days of notice of a move"), default=3)
    contact_from = models.PositiveSmallIntegerField(_("owners are rung from"), default=540)
    contact_to = models.PositiveSmallIntegerField(_("owners are rung until"), default=1200)

    class Meta:
        verbose_name = _("rule of moving")
        verbose_name_plural = _("rules of moving")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    slot_minutes__range=(15, 720),
                    work_opens__lt=F("work_closes"),
                    work_closes__lte=1440,
                    rest_opens__lt=F("rest_closes"),
                    rest_closes__lte=1440,
                    contact_from__lt=F("contact_to"),
                    contact_to__lte=1440,
                    notice_days__lte=60,
                ),
                name="moving_opens_before_it_closes",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_to=None)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False, quiet_from__lt=F("quiet_to"), quiet_to__lte=1440),
                name="moving_quiet_hours_are_whole",
            ),
        ]

    def __str__(self):
        return str(self.community)


class Relation(models.TextChoices):
    """What whoever asks is to the home."""

    OWNER = "owner", _("owner")
    LESSEE = "lessee", _("lessee")
    HOUSEHOLD = "household", _("household member")
    OTHER = "other", _("somebody else")


class ConsentHow(models.TextChoices):
    """How the owner agreed."""

    LETTER = "letter", _("by letter")
    CALL = "call", _("called back")
    PRESENT = "present", _("was present")


# Whose goods leave with the owner's consent alone (section 15).
NEEDS_CONSENT = (Relation.LESSEE, Relation.OTHER)


class AskedFor(models.Model):
    """Who asks for a home, and what its owner says to it: the same for a booking and for a slip."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="%(class)ss", verbose_name=_("room"))
    applicant = models.ForeignKey(Person, models.PROTECT, null=True, related_name="%(class)ss")
    applicant_name = models.CharField(_("who asks"), max_length=120)
    applicant_phone = models.CharField(_("telephone"), max_length=21, blank=True)
    relation = models.CharField(_("relation to the home"), max_length=9, choices=Relation)
    plate_no = models.CharField(_("number plate"), max_length=20, blank=True)
    consent_how = models.CharField(_("how the owner agreed"), max_length=7, choices=ConsentHow, blank=True)
    consent_by = models.CharField(_("who agreed"), max_length=120, blank=True)
    consent_at = models.DateTimeField(_("when the owner agreed"), null=True)
    consent_recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(consent_how="", consent_by="", consent_at=None, consent_recorded_by=None)
                | (
                    ~Q(consent_how="")
                    & ~Q(consent_by="")
                    & Q(consent_at__isnull=False, consent_recorded_by__isnull=False)
                ),
                name="%(class)s_consent_says_who_how_and_when",
            ),
        ]

    @property
    def is_sealed(self):
        """Whether the entry of who asks is sealed (PIPL 47); the applicant is to be loaded with the row."""
        return self.applicant_id is not None and self.applicant.sealed_at is not None

    @property
    def who(self):
        """Who asks, as a page may show it."""
        return NOBODY if self.is_sealed else self.applicant_name

    @property
    def shown_phone(self):
        return "" if self.is_sealed else self.applicant_phone

    @property
    def masked_phone(self):
        return mask_phone(self.shown_phone) if self.shown_phone else ""

    @property
    def shown_plate(self):
        return "" if self.is_sealed else self.plate_no

    @property
    def has_consent(self):
        return bool(self.consent_how)

    @property
    def needs_consent(self):
        """Whether the owner has to agree."""
        return self.relation in NEEDS_CONSENT

    @property
    def lacks_consent(self):
        """Whether the owner has to agree and has not yet."""
        return self.needs_consent and not self.consent_how


# The colour of a status, of a booking and of a slip.
TAGS = {
    "booked": "new",
    "confirmed": "work",
    "under_way": "soon",
    "done": "done",
    "cancelled": "void",
    "no_show": "void",
    "asked": "wait",
    "approved": "work",
    "used": "done",
    "refused": "over",
    "expired": "closed",
    "void": "void",
}


class MoveBookingQuerySet(models.QuerySet):
    def for_unit(self, unit):
        """Return the moves of a home, the latest first."""
        return self.filter(unit=unit)

    def live(self):
        """Return the bookings that hold their lift."""
        return self.filter(status__in=MoveBooking.LIVE)

    def between(self, first, after):
        """Return those that begin from the moment `first` until before the moment `after`."""
        return self.filter(window__startswith__gte=first, window__startswith__lt=after)

    def with_places(self):
        return self.select_related("unit", "lift__building", "applicant")


class MoveBooking(AskedFor):
    """One move (搬家预约): what, from when to when, with which lift. One lift carries one move at a time."""

    class Kind(models.TextChoices):
        IN = "in", _("moving in")
        OUT = "out", _("moving out")
        BULKY = "bulky", _("bulky goods")

    class Status(models.TextChoices):
        BOOKED = "booked", _("booked")
        CONFIRMED = "confirmed", _("confirmed")
        UNDER_WAY = "under_way", _("under way")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")
        NO_SHOW = "no_show", _("nobody came")

    MOVES = {
        Status.BOOKED: {Status.CONFIRMED, Status.CANCELLED, Status.NO_SHOW},
        Status.CONFIRMED: {Status.UNDER_WAY, Status.CANCELLED, Status.NO_SHOW},
        Status.UNDER_WAY: {Status.DONE},
        Status.DONE: set(),
        Status.CANCELLED: set(),
        Status.NO_SHOW: set(),
    }
    LIVE = (Status.BOOKED, Status.CONFIRMED, Status.UNDER_WAY)

    community = models.ForeignKey(Community, models.PROTECT, related_name="move_bookings")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.BOOKED)
    kind = models.CharField(_("kind of move"), max_length=5, choices=Kind)
    # Without a lift it goes by the stairs, and the route says which.
    lift = models.ForeignKey(Lift, models.PROTECT, null=True, related_name="bookings", verbose_name=_("lift"))
    window = DateTimeRangeField(_("from and to"))
    route = models.CharField(_("route"), max_length=200, blank=True)
    protects_floor = models.BooleanField(_("floor is covered"), default=False)
    protects_walls = models.BooleanField(_("walls and lift are covered"), default=False)
    protection_checked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    protection_checked_at = models.DateTimeField(null=True)
    mover_company = models.CharField(_("moving firm"), max_length=80, blank=True)
    mover_phone = models.CharField(_("telephone of the firm"), max_length=21, blank=True)
    booked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    booked_at = models.DateTimeField()
    cancel_reason = models.CharField(_("why it was cancelled"), max_length=300, blank=True)

    objects = MoveBookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("moving booking")
        verbose_name_plural = _("moving bookings")
        ordering = ["-window", "-id"]
        constraints = [
            *AskedFor.Meta.constraints,
            # Stairs are no lift: a range without bounds would meet all others.
            ExclusionConstraint(
                name="lift_carries_one_move_at_a_time",
                expressions=[
                    (Func("lift_id", "lift_id", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("window", RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=["booked", "confirmed", "under_way"], lift__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(window__startswith__isnull=False, window__endswith__isnull=False),
                name="move_begins_and_ends",
            ),
            models.CheckConstraint(condition=Q(lift__isnull=False) | ~Q(route=""), name="move_by_stairs_says_which"),
            models.CheckConstraint(
                condition=(Q(status="cancelled") & ~Q(cancel_reason=""))
                | (~Q(status="cancelled") & Q(cancel_reason="")),
                name="move_cancelled_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(protection_checked_at=None, protection_checked_by=None)
                | Q(protection_checked_at__isnull=False, protection_checked_by__isnull=False),
                name="move_protection_checked_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["booked", "cancelled", "no_show"])
                | ~Q(kind="out", relation__in=["lessee", "other"], consent_how=""),
                name="move_out_of_a_lessee_has_the_owners_consent",
            ),
        ]
        indexes = [models.Index(fields=["community", "status"], name="move_by_status")]

    def __str__(self):
        return f"{self.unit} {self.get_kind_display()}"

    def get_absolute_url(self):
        return reverse("residents:move", args=[self.pk])

    @property
    def tag(self):
        """The colour of its mark."""
        return TAGS[self.status]

    @property
    def is_live(self):
        return self.status in self.LIVE

    @property
    def may_change(self):
        """Whether its time and facts may still be changed."""
        return self.status in (self.Status.BOOKED, self.Status.CONFIRMED)

    @property
    def needs_consent(self):
        return self.kind == self.Kind.OUT and super().needs_consent

    @property
    def masked_mover_phone(self):
        return mask_phone(self.mover_phone) if self.mover_phone else ""
