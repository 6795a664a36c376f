"""Moving in and moving out (入驻, 迁出): a ring of tasks in any order, what was signed at it, and the defects.

What stands here is what the desk saw: keys, cards, meters and plates keep their own rows, and a task asks these.
"""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.occupancies import Occupancy
from residents.models.people import NOBODY, Person
from residents.models.places import Unit
from servicedesk.core.models import Community, User


class HandoverQuerySet(models.QuerySet):
    def running(self):
        """Return those that are booked or under way."""
        return self.filter(status__in=Handover.RUNNING)

    def ended(self):
        return self.exclude(status__in=Handover.RUNNING)

    def for_unit(self, unit):
        return self.filter(unit=unit)

    def with_home(self):
        return self.select_related("community", "unit__building", "unit__section", "party")


class Handover(models.Model):
    """One move into or out of a unit: begun, left and taken up again on another day, closed when its ring is closed."""

    class Kind(models.TextChoices):
        MOVE_IN = "move_in", _("move-in")
        MOVE_OUT = "move_out", _("move-out")

    class Status(models.TextChoices):
        BOOKED = "booked", _("booked")
        UNDER_WAY = "under_way", _("in progress")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")

    class FeeStart(models.TextChoices):
        NEXT_MONTH = "next_month", _("from the month after the handover")
        HALF_MONTH = "half_month", _("by the half of the month")
        EXACT_DAY = "exact_day", _("from the day of the handover")

    class Signed(models.TextChoices):
        PAPER = "paper", _("on paper")
        PHOTO = "photo", _("on paper, photographed")

    RUNNING = (Status.BOOKED, Status.UNDER_WAY)
    MOVES = {
        Status.BOOKED: {Status.UNDER_WAY, Status.CANCELLED},
        Status.UNDER_WAY: {Status.COMPLETED, Status.CANCELLED},
        Status.COMPLETED: set(),
        Status.CANCELLED: set(),
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="handovers")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="handovers")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    party = models.ForeignKey(Person, models.PROTECT, related_name="handovers", verbose_name=_("resident"))
    capacity = models.CharField(_("capacity"), max_length=9, choices=Occupancy.Kind)
    booked_for = models.DateTimeField(_("booked for"))
    # The one that this move began, or ends; null while a move-in has begun none. A completed move-in also names the one
    # that was there before it; one that runs does not, because what it names ends where it is cancelled.
    occupancy = models.ForeignKey(Occupancy, models.PROTECT, null=True, editable=False, related_name="+")
    # Who moves out with the party; who moves in is entered in the register one by one.
    companions = models.ManyToManyField(Occupancy, related_name="+", blank=True)
    # The first day in the home, or the last.
    moves_on = models.DateField(_("day of the move"))
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.BOOKED, editable=False)
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    # Signs for the service centre.
    completed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    signed_how = models.CharField(_("signed"), max_length=5, choices=Signed, blank=True)
    signed_name = models.CharField(_("signed by"), max_length=60, blank=True)
    fee_start_rule = models.CharField(_("fees begin"), max_length=10, choices=FeeStart, blank=True)
    fee_starts_on = models.DateField(_("first day with fees"), null=True)
    fees_explained_at = models.DateTimeField(null=True)
    cancelled_reason = models.CharField(_("why it was cancelled"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("handover")
        verbose_name_plural = _("handovers")
        ordering = ["booked_for", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "kind"],
                condition=Q(status__in=["booked", "under_way"]),
                name="handover_of_a_kind_runs_once_in_a_unit",
            ),
            models.CheckConstraint(
                condition=Q(status="booked", started_at=None, completed_at=None)
                | Q(status="under_way", started_at__isnull=False, completed_at=None)
                | Q(status="completed", started_at__isnull=False, completed_at__isnull=False)
                | Q(status="cancelled", completed_at=None),
                name="handover_status_has_its_times",
            ),
            models.CheckConstraint(
                condition=Q(status="completed", completed_by__isnull=False) & ~Q(signed_name="") & ~Q(signed_how="")
                | ~Q(status="completed") & Q(completed_by=None, signed_name="", signed_how=""),
                name="handover_is_signed_when_completed",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled") & ~Q(cancelled_reason="")
                | ~Q(status="cancelled") & Q(cancelled_reason=""),
                name="handover_is_cancelled_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(fee_start_rule="", fee_starts_on=None, fees_explained_at=None)
                | Q(fee_starts_on__isnull=False, fees_explained_at__isnull=False) & ~Q(fee_start_rule=""),
                name="handover_fees_begin_by_a_rule",
            ),
        ]
        indexes = [models.Index(fields=["community", "status", "booked_for"], name="handover_by_status")]

    def __str__(self):
        return f"{self.unit} {self.get_kind_display()}"

    def get_absolute_url(self):
        name = "desk:movein" if self.kind == self.Kind.MOVE_IN else "desk:moveout"
        return reverse(name, args=[self.pk])

    @property
    def signer(self):
        """Who signed, or "": nobody where the entry of the party is sealed (PIPL 47); the party is to be loaded."""
        return NOBODY if self.signed_name and self.party.sealed_at else self.signed_name

    @property
    def is_running(self):
        return self.status in self.RUNNING

    @property
    def is_move_in(self):
        return self.kind == self.Kind.MOVE_IN


class HandoverTask(models.Model):
    """One task of the ring. The kinds stand in `residents.ring`, so that what is built above adds its own."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        EXCUSED = "excused", _("excused")

    MOVES = {
        Status.OPEN: {Status.DONE, Status.EXCUSED},
        Status.DONE: {Status.OPEN},
        Status.EXCUSED: {Status.OPEN},
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    handover = models.ForeignKey(Handover, models.PROTECT, related_name="tasks")
    kind = models.CharField(_("kind"), max_length=20)
    status = models.CharField(_("status"), max_length=7, choices=Status, default=Status.OPEN, editable=False)
    # When and by whom it was finished, or excused.
    done_at = models.DateTimeField(null=True, editable=False)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    remark = models.CharField(_("note"), max_length=300, blank=True)
    excused_reason = models.CharField(_("why it is left out"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("task of a handover")
        verbose_name_plural = _("tasks of a handover")
        ordering = ["handover", "id"]
        constraints = [
            models.UniqueConstraint(fields=["handover", "kind"], name="handover_task_once_of_a_kind"),
            models.CheckConstraint(
                condition=Q(status="open", done_at=None, done_by=None, excused_reason="")
                | Q(status="done", done_at__isnull=False, excused_reason="")
                | Q(status="excused", done_at__isnull=False) & ~Q(excused_reason=""),
                name="handover_task_status_has_its_facts",
            ),
        ]

    def __str__(self):
        return self.kind

    @property
    def is_open(self):
        return self.status == self.Status.OPEN


class Document(models.Model):
    """One paper (资料) that a move-in asks for: shown, copied, or not needed here."""

    class Kind(models.TextChoices):
        NOTICE = "notice", _("notice of handover")
        PURCHASE = "purchase", _("purchase contract or title deed")
        PAYMENT = "payment", _("proof that the price is paid")
        LEASE = "lease", _("lease")
        CONSENT = "consent", _("consent of the owner")
        LICENCE = "licence", _("business licence")
        OCCUPANTS = "occupants", _("list of who lives there")
        PROXY = "proxy", _("letter of authority, if somebody else comes")
        IDENTITY = "identity", _("identity paper")

    class State(models.TextChoices):
        WANTED = "wanted", _("not yet shown")
        SEEN = "seen", _("seen")
        COPIED = "copied", _("seen, copy kept")
        NOT_NEEDED = "not_needed", _("not needed")

    handover = models.ForeignKey(Handover, models.PROTECT, related_name="documents")
    kind = models.CharField(_("paper"), max_length=9, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WANTED)

    class Meta:
        verbose_name = _("paper of a handover")
        verbose_name_plural = _("papers of a handover")
        ordering = ["handover", "id"]
        constraints = [models.UniqueConstraint(fields=["handover", "kind"], name="document_once_in_a_handover")]

    def __str__(self):
        return self.get_kind_display()


class Agreement(models.Model):
    """One agreement (协议) that is signed at a move-in, and the day on which it was."""

    class Kind(models.TextChoices):
        MANAGEMENT_COVENANT = "management_covenant", _("management covenant")
        SERVICE_CONTRACT = "service_contract", _("service contract")
        FIRE_LETTER = "fire_letter", _("fire-safety letter")
        RENOVATION_NOTICE = "renovation_notice", _("notice on renovation")

    handover = models.ForeignKey(Handover, models.PROTECT, related_name="agreements")
    kind = models.CharField(_("agreement"), max_length=20, choices=Kind)
    signed_on = models.DateField(_("signed on"), null=True)
    is_needed = models.BooleanField(_("is signed here"), default=True)

    class Meta:
        verbose_name = _("agreement of a handover")
        verbose_name_plural = _("agreements of a handover")
        ordering = ["handover", "id"]
        constraints = [
            models.UniqueConstraint(fields=["handover", "kind"], name="agreement_once_in_a_handover"),
            models.CheckConstraint(condition=Q(is_needed=True) | Q(signed_on=None), name="agreement_signed_is_needed"),
        ]

    def __str__(self):
        return self.get_kind_display()


class FacilityItem(models.Model):
    """One line of the facility sheet (单元设施交接单) of a community, copied into each move-in."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="facility_items")
    room = models.CharField(_("place"), max_length=20)
    name = models.CharField(_("facility"), max_length=40)
    position = models.PositiveSmallIntegerField(_("order"))
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("facility")
        verbose_name_plural = _("facilities")
        ordering = ["community", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "room", "name"], name="facility_item_once_in_community"),
            models.CheckConstraint(condition=~Q(room="") & ~Q(name=""), name="facility_item_is_named"),
        ]

    def __str__(self):
        return f"{self.room} {self.name}"


class HandoverItem(models.Model):
    """One line of the facility sheet of one move-in: in order, defective, or not there."""

    class Result(models.TextChoices):
        UNSEEN = "", _("not yet looked at")
        OK = "ok", _("in order")
        DEFECT = "defect", _("defect")
        NOT_THERE = "not_there", _("not there")

    handover = models.ForeignKey(Handover, models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    room = models.CharField(_("place"), max_length=20)
    name = models.CharField(_("facility"), max_length=40)
    result = models.CharField(_("result"), max_length=9, choices=Result, blank=True, default=Result.UNSEEN)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("line of a facility sheet")
        verbose_name_plural = _("lines of a facility sheet")
        ordering = ["handover", "position"]
        constraints = [models.UniqueConstraint(fields=["handover", "position"], name="handover_item_has_its_place")]

    def __str__(self):
        return f"{self.room} {self.name}"


class DefectQuerySet(models.QuerySet):
    def open(self):
        """Return those that are not yet accepted at a re-inspection (遗留问题)."""
        return self.filter(status__in=Defect.UNSETTLED)

    def for_unit(self, unit):
        return self.filter(unit=unit)


class Defect(models.Model):
    """A defect (遗留问题) found at a handover: mended by whoever the case goes to, then re-inspected."""

    class Status(models.TextChoices):
        OPEN = "open", _("found")
        IN_HAND = "in_hand", _("being mended")
        REJECTED = "rejected", _("not accepted, mended again")
        ACCEPTED = "accepted", _("accepted at re-inspection")
        VOID = "void", _("void")

    UNSETTLED = (Status.OPEN, Status.IN_HAND, Status.REJECTED)
    MOVES = {
        Status.OPEN: {Status.IN_HAND, Status.VOID},
        Status.IN_HAND: {Status.ACCEPTED, Status.REJECTED, Status.VOID},
        Status.REJECTED: {Status.ACCEPTED, Status.REJECTED, Status.VOID},
        Status.ACCEPTED: set(),
        Status.VOID: set(),
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="defects")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="defects")
    handover = models.ForeignKey(Handover, models.PROTECT, related_name="defects")
    item = models.ForeignKey(HandoverItem, models.PROTECT, null=True, related_name="defects")
    text = models.CharField(_("defect"), max_length=200)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN, editable=False)
    found_at = models.DateTimeField(_("found"))
    found_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    promised_on = models.DateField(_("promised for"), null=True)
    inspected_at = models.DateTimeField(null=True, editable=False)
    inspected_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    void_reason = models.CharField(_("why it is void"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects = DefectQuerySet.as_manager()

    class Meta:
        verbose_name = _("defect")
        verbose_name_plural = _("defects")
        ordering = ["handover", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(status__in=["open", "in_hand", "rejected"]),
                name="defect_of_an_item_is_noted_once",
            ),
            models.CheckConstraint(
                condition=Q(status="open", promised_on=None, inspected_at=None, void_reason="")
                | Q(status="in_hand", promised_on__isnull=False, inspected_at=None, void_reason="")
                | Q(
                    status__in=["accepted", "rejected"],
                    promised_on__isnull=False,
                    inspected_at__isnull=False,
                    inspected_by__isnull=False,
                    void_reason="",
                )
                | Q(status="void") & ~Q(void_reason=""),
                name="defect_status_has_its_facts",
            ),
        ]

    def __str__(self):
        return self.text

    def get_absolute_url(self):
        return reverse("desk:defect", args=[self.pk])

    @property
    def is_open(self):
        return self.status in self.UNSETTLED
