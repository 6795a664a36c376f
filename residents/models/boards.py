"""Directory boards (水牌): what hangs in which place, from the request to the day it is taken down."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.occupancies import Occupancy
from residents.models.places import Building, Section, Unit
from servicedesk.core.models import Community, User


class Board(models.Model):
    """A board with numbered places in the lobby of a building or on one of its floors."""

    class Place(models.TextChoices):
        LOBBY = "lobby", _("lobby")
        FLOOR = "floor", _("floor")

    community = models.ForeignKey(Community, models.PROTECT, related_name="boards")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    building = models.ForeignKey(Building, models.PROTECT, related_name="boards", verbose_name=_("building"))
    section = models.ForeignKey(
        Section, models.PROTECT, null=True, blank=True, related_name="boards", verbose_name=_("section")
    )
    name = models.CharField(_("name of the board"), max_length=80)
    place = models.CharField(_("where it hangs"), max_length=5, choices=Place, default=Place.LOBBY)
    floor = models.SmallIntegerField(_("floor"), null=True, blank=True)
    slots = models.PositiveSmallIntegerField(_("places on it"))
    is_bilingual = models.BooleanField(_("in Chinese and English"), default=False)
    due_days = models.PositiveSmallIntegerField(
        _("working days to change a plate"), default=3, help_text=_("Our proposal; write what the contract promises.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("directory board")
        verbose_name_plural = _("directory boards")
        ordering = ["community", "building", "floor", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "name"], name="board_name_once_in_community"),
            models.CheckConstraint(condition=~Q(name=""), name="board_is_named"),
            models.CheckConstraint(condition=Q(slots__range=(1, 300)), name="board_has_places"),
            models.CheckConstraint(condition=Q(due_days__range=(1, 60)), name="board_days_are_sane"),
            models.CheckConstraint(
                condition=Q(place="lobby", floor=None) | Q(place="floor", floor__isnull=False),
                name="board_of_a_floor_says_which",
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("residents:board", args=[self.pk])

    def units(self):
        """Return the units whose occupants this board names. Nothing is read yet."""
        rows = Unit.objects.filter(building=self.building_id)
        if self.section_id:
            rows = rows.filter(section=self.section_id)
        return rows.filter(floor=self.floor) if self.place == self.Place.FLOOR else rows


class PlateQuerySet(models.QuerySet):
    def for_unit(self, unit):
        """Return the plates that were ever asked for the occupants of `unit`."""
        return self.filter(unit=unit)

    def live(self):
        """Return the plates that hang or are on their way to it: what a move-out still has to take down."""
        return self.filter(status__in=Plate.LIVE)

    def coming(self):
        """Return the plates that are on their way."""
        return self.filter(status__in=Plate.COMING)

    def hanging(self):
        return self.filter(status=Plate.Status.MOUNTED)

    def with_facts(self):
        return self.select_related("board", "unit", "occupancy__person", "replaces", "requested_by", "approved_by")


class Plate(models.Model):
    """One name in one place of a board. Another name is another plate that replaces this one."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("plate asked for")
        APPROVED = "approved", _("name approved")
        MADE = "made", _("plate made")
        MOUNTED = "mounted", _("plate mounted")
        REMOVED = "removed", _("plate taken down")
        WITHDRAWN = "withdrawn", _("given up")

    class How(models.TextChoices):
        IN_PERSON = "in_person", _("in person")
        PHONE = "phone", _("telephone")
        WRITING = "writing", _("in writing")

    MOVES = {
        Status.REQUESTED: {Status.APPROVED, Status.WITHDRAWN},
        Status.APPROVED: {Status.MADE, Status.WITHDRAWN},
        Status.MADE: {Status.MOUNTED, Status.WITHDRAWN},
        Status.MOUNTED: {Status.REMOVED},
        Status.REMOVED: set(),
        Status.WITHDRAWN: set(),
    }
    COMING = (Status.REQUESTED, Status.APPROVED, Status.MADE)
    LIVE = (*COMING, Status.MOUNTED)

    community = models.ForeignKey(Community, models.PROTECT, related_name="plates")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    board = models.ForeignKey(Board, models.PROTECT, related_name="plates", verbose_name=_("directory board"))
    slot = models.PositiveSmallIntegerField(_("place on the board"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="plates", verbose_name=_("unit"))
    occupancy = models.ForeignKey(Occupancy, models.PROTECT, related_name="plates", verbose_name=_("occupant"))
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")
    display_name_zh = models.CharField(_("name on the plate"), max_length=60)
    display_name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    # As the register had the name then: another one there is a plate that has to be made anew.
    registered_name = models.CharField(_("name in the register"), max_length=120, editable=False)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.REQUESTED)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("plate asked for"))
    due_on = models.DateField(_("due"))
    # The occupant's approval of the name, without which no plate is made.
    agreed_by = models.CharField(_("who approved the name"), max_length=60)
    agreed_on = models.DateField(_("approved on"))
    agreed_how = models.CharField(_("approved by"), max_length=9, choices=How)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("name approved"), null=True)
    made_at = models.DateTimeField(_("plate made"), null=True)
    mounted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    mounted_at = models.DateTimeField(_("plate mounted"), null=True)
    # Asked to be taken down: why, and by which day.
    removal_reason = models.CharField(_("why it goes"), max_length=300, blank=True)
    remove_by = models.DateField(_("take down by"), null=True)
    removed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(_("plate taken down"), null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = PlateQuerySet.as_manager()

    class Meta:
        verbose_name = _("plate")
        verbose_name_plural = _("plates")
        ordering = ["board", "slot", "id"]
        constraints = [
            # In one place hangs one plate, and one more may be on its way to replace it.
            models.UniqueConstraint(
                fields=["board", "slot"],
                condition=Q(status__in=["requested", "approved", "made"]),
                name="plate_one_on_its_way_to_a_place",
            ),
            models.UniqueConstraint(
                fields=["board", "slot"], condition=Q(status="mounted"), name="plate_one_mounted_in_a_place"
            ),
            models.CheckConstraint(condition=Q(slot__gte=1), name="plate_has_a_place"),
            models.CheckConstraint(
                condition=~Q(display_name_zh="") & ~Q(agreed_by=""), name="plate_name_was_approved_by_its_bearer"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")),
                name="plate_is_approved_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="plate_approved_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(status="requested", approved_at=None, made_at=None, mounted_at=None, removed_at=None)
                | Q(status="approved", approved_at__isnull=False, made_at=None, mounted_at=None, removed_at=None)
                | Q(status="made", approved_at__isnull=False, made_at__isnull=False, mounted_at=None, removed_at=None)
                | Q(
                    status="mounted",
                    approved_at__isnull=False,
                    made_at__isnull=False,
                    mounted_at__isnull=False,
                    mounted_by__isnull=False,
                    removed_at=None,
                )
                | Q(
                    status="removed",
                    approved_at__isnull=False,
                    made_at__isnull=False,
                    mounted_at__isnull=False,
                    removed_at__isnull=False,
                    removed_by__isnull=False,
                )
                | Q(status="withdrawn", mounted_at=None, removed_at=None),
                name="plate_status_has_its_times",
            ),
            models.CheckConstraint(
                condition=Q(status="withdrawn", withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")
                | ~Q(status="withdrawn") & Q(withdrawn_at=None, withdrawn_reason=""),
                name="plate_withdrawn_says_why",
            ),
            models.CheckConstraint(
                condition=Q(remove_by=None, removal_reason="")
                | Q(status__in=["mounted", "removed"], remove_by__isnull=False) & ~Q(removal_reason=""),
                name="plate_to_take_down_says_why_and_by_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["community", "unit"],
                condition=Q(status__in=["requested", "approved", "made", "mounted"]),
                name="plate_live",
            ),
        ]

    def __str__(self):
        return f"{self.display_name_zh} ({self.board} {self.slot})"

    def get_absolute_url(self):
        return reverse("residents:plate", args=[self.pk])

    @property
    def is_live(self):
        return self.status in self.LIVE

    @property
    def is_coming(self):
        return self.status in self.COMING

    @property
    def is_leaving(self):
        """Whether it hangs and has been asked to be taken down."""
        return self.status == self.Status.MOUNTED and self.remove_by is not None

    @property
    def tag(self):
        """The key and the words of its mark."""
        if self.is_leaving:
            return "soon", _("to be taken down")
        keys = {"requested": "new", "approved": "work", "made": "work", "mounted": "done"}
        return keys.get(self.status, "closed"), self.get_status_display()


class BoardPrinting(models.Model):
    """What was sent to the sign maker once: `snapshot` is {place: key of the plate wanted there}."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="board_printings")
    board = models.ForeignKey(Board, models.PROTECT, related_name="printings")
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    snapshot = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("printing of a board")
        verbose_name_plural = _("printings of boards")
        ordering = ["board", "-id"]

    def __str__(self):
        return f"{self.board} {self.at:%Y-%m-%d %H:%M}"
