import copy
from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from complaints.models.policies import Category, DeadlinePolicy
from residents.models import Building, Person, Unit
from servicedesk.core import worktime
from servicedesk.core.masking import mask_phone
from servicedesk.core.models import Community, Department, Role, User
from servicedesk.core.roles import memberships_of


class Kind(models.TextChoices):
    REPAIR = "repair", _("repair")
    COMPLAINT = "complaint", _("complaint")
    SUGGESTION = "suggestion", _("suggestion")
    INQUIRY = "inquiry", _("inquiry")
    PRAISE = "praise", _("praise")


class Channel(models.TextChoices):
    PHONE = "phone", _("telephone")
    VISIT = "visit", _("visit")
    LETTER = "letter", _("letter")
    WEB = "web", _("web")
    PATROL = "patrol", _("patrol")
    HOTLINE = "hotline", _("hotline or authority")
    OTHER = "other", _("other")


class Severity(models.TextChoices):
    GENERAL = "general", _("general")
    MAJOR = "major", _("major")


class Urgency(models.TextChoices):
    ORDINARY = "ordinary", _("ordinary")
    SPECIAL_URGENT = "special_urgent", _("special or urgent")


class Validity(models.TextChoices):
    UNDECIDED = "undecided", _("undecided")
    VALID = "valid", _("valid")
    INVALID = "invalid", _("not valid")


class Status(models.TextChoices):
    RECEIVED = "received", _("received")
    TAKEN = "taken", _("taken")
    VERIFIED = "verified", _("verified")
    PROPOSED = "proposed", _("awaiting approval")
    APPROVED = "approved", _("approved")
    HANDED = "handed", _("handed over")
    IN_HAND = "in_hand", _("in hand")
    WAITING = "waiting", _("waiting")
    DECLINED = "declined", _("politely declined")
    RESOLVED = "resolved", _("reply owed")
    REPLIED = "replied", _("return visit due")
    ARCHIVED = "archived", _("archived")
    VOID = "void", _("void")
    MERGED = "merged", _("merged")


ENDED = (Status.ARCHIVED, Status.VOID, Status.MERGED)
CLOCKED = (
    Status.RECEIVED,
    Status.TAKEN,
    Status.VERIFIED,
    Status.PROPOSED,
    Status.APPROVED,
    Status.HANDED,
    Status.IN_HAND,
    Status.WAITING,
)
REPLY_OWED = (Status.RESOLVED, Status.DECLINED)
LADDERED = CLOCKED + REPLY_OWED
COMPLAINTS_ONLY = (Status.VERIFIED, Status.PROPOSED, Status.APPROVED, Status.DECLINED)
SETTLED = (Status.RESOLVED, Status.REPLIED, Status.ARCHIVED)
# Where work is done or was done; an ordinary complaint gets there by an approval (ruling 9).
DEPARTMENTS = (Status.HANDED, Status.IN_HAND, Status.WAITING, Status.RESOLVED)
ORDINARY_COMPLAINT = Q(kind=Kind.COMPLAINT, urgency=Urgency.ORDINARY, is_imported=False)

# The two letters of each kind in a number (ruling 2).
LETTERS = {
    Kind.REPAIR: "BX",
    Kind.COMPLAINT: "TS",
    Kind.SUGGESTION: "JY",
    Kind.INQUIRY: "ZX",
    Kind.PRAISE: "BY",
}

# What is about staff is numbered from here, in a series of its own: see receiving.
KEPT_FROM = 90_000

# Seven tags on screen and five words for residents (2-domain, Statuses). What was taken up no longer waits for it.
TAGS = {
    Status.RECEIVED: ("new", _("To take up")),
    **dict.fromkeys(
        (Status.TAKEN, Status.VERIFIED, Status.PROPOSED, Status.APPROVED, Status.HANDED, Status.IN_HAND),
        ("work", _("In progress")),
    ),
    Status.WAITING: ("wait", _("Waiting")),
    **dict.fromkeys(REPLY_OWED, ("done", _("Reply owed"))),
    Status.REPLIED: ("visit", _("Return visit due")),
    Status.ARCHIVED: ("closed", _("Archived")),
    **dict.fromkeys((Status.VOID, Status.MERGED), ("void", _("Void"))),
}
PUBLIC_STAGES = [_("Submitted"), _("Taken up"), _("In progress"), _("Your view"), _("Done")]
PUBLIC_STAGE = {
    Status.RECEIVED: 0,
    **dict.fromkeys((Status.TAKEN, Status.VERIFIED, Status.PROPOSED, Status.APPROVED, Status.HANDED), 1),
    **dict.fromkeys((Status.IN_HAND, Status.WAITING, Status.RESOLVED, Status.DECLINED), 2),
    Status.REPLIED: 3,
    **dict.fromkeys((Status.ARCHIVED, Status.MERGED), 4),
}


# What ended, or ended again, since it was last made findable by its papers.
TO_FILE = Q(status__in=ENDED, erased_at=None) & (Q(filed_at=None) | Q(filed_at__lt=F("archived_at")))
# What nobody works on: not taken, or handed to a department without a worker.
UNASSIGNED = Q(status=Status.RECEIVED) | Q(status=Status.HANDED, assigned_to=None)
# What waits for somebody's decision: a proposal to approve, a void that was asked for.
TO_DECIDE = Q(status=Status.PROPOSED) | Q(void_asked_at__isnull=False)
# What was recorded so long after it was received that the entry is a late one (section 7).
LATE_ENTRY_AFTER = timedelta(minutes=30)
LATE_ENTRY = Q(is_imported=False) & Q(GreaterThan(F("recorded_at") - F("received_at"), Value(LATE_ENTRY_AFTER)))


def late_at(now):
    """Return the condition that a case is late: strictly after `due_at` while the clock runs (ruling 5)."""
    return Q(status__in=CLOCKED, due_at__lt=now)


def soon_at(now, minutes):
    """Return the condition that a case will be late within `minutes`."""
    return Q(status__in=CLOCKED, due_at__gte=now, due_at__lt=now + timedelta(minutes=minutes))


class CaseQuerySet(models.QuerySet):
    def open(self):
        return self.exclude(status__in=ENDED)

    def clocked(self):
        return self.filter(status__in=CLOCKED)

    def overdue(self, now):
        return self.filter(late_at(now))

    def late(self, now):
        """Return what has missed its deadline: closed after `due_at`, or still open and due before `now`.

        The rows of which `Case.is_late(now)` is true: also those that ended, and imported history.
        """
        ended_at = Coalesce("resolved_at", "declined_at", "replied_at", Value(now))
        return self.exclude(status__in=(Status.VOID, Status.MERGED)).filter(due_at__lt=ended_at)

    def due_soon(self, now, minutes):
        return self.filter(soon_at(now, minutes))

    def unassigned(self):
        return self.filter(UNASSIGNED)

    def owed_by(self, user):
        """Return the open cases of which `user` still owes the resident an answer (ruling 8)."""
        return self.filter(status__in=LADDERED, first_responsible=user)

    def follow_up_missed(self, now):
        """Return the cases whose follow-up time has passed and of which nobody was told yet."""
        return self.filter(
            status__in=LADDERED, next_follow_up_at__lte=now, follow_up_told_at=None, first_responsible__isnull=False
        )

    def visible_to(self, user):
        """Return the cases that `user` may see: those that count for them, without the sealed ones (PIPL 47)."""
        # By key, so that what the board counts still stands in its index.
        return self.countable_by(user).exclude(pk__in=Case.objects.filter(sealed_at__isnull=False).values("pk"))

    def countable_by(self, user):
        """Return the cases that count in figures for `user` (2-domain, Roles), never one that concerns them (ruling
        12). Sealed ones count, so that figures stay what they were; nothing else of them is shown.

        Costs one query for the roles, once for each user object. A deputy GM's lists start at level 3 and may be
        widened, so their whole community is visible here.
        """
        whole, departments, own = set(), set(), set()
        for membership in memberships_of(user):
            if membership.role in (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM):
                whole.add(membership.community_id)
            elif membership.role == Role.HEAD:
                departments.add(membership.department_id)
            elif membership.role == Role.WORKER:
                own.add(membership.department_id)
        if not whole | departments | own:
            return self.none()
        seen = Q(community__in=whole) if whole else Q(pk__in=[])
        if departments:
            seen |= Q(department__in=departments)
        if own:
            seen |= Q(department__in=own) & (Q(assigned_to=user) | Q(assigned_to=None))
        # By key, not by `concerned__user`: that makes a subquery for each row, and twice the work of writing the SQL.
        return self.filter(seen).exclude(pk__in=Concern.objects.filter(user=user).values("case"))

    def in_community(self, community):
        return self.filter(community=community)

    def at_rest(self):
        """Return the cases that ended and that nothing which still runs rests on: no case that goes on with them or
        follows them, no slip that an authority waits for. Their `rested_since` is the moment at which they ended."""
        running = {f"external_cases__{name}": None for name in ("replied_at", "returned_at")}
        waits = Case.objects.filter(pk=OuterRef("pk"), external_cases__isnull=False, **running)
        goes_on = Case.objects.open().filter(Q(pk=OuterRef("merged_into")) | Q(follows=OuterRef("pk")))
        ended = Coalesce("archived_at", "merged_into__archived_at", "replied_at", "recorded_at")
        return self.filter(status__in=ENDED).filter(~Exists(waits), ~Exists(goes_on)).annotate(rested_since=ended)

    def repeats(self):
        """Return the cases in which a matter has come back (重复投诉)."""
        return self.filter(is_repeat=True)

    def nothing_owed(self):
        """Return the cases that may be archived once their own caller was told: nobody who was joined to them still has
        to be told the result of the running cycle, and no authority waits for an answer."""
        untold = Case.objects.filter(merged_into=OuterRef("pk")).exclude(told__cycle=OuterRef("cycle"))
        waits = {f"external_cases__{name}": None for name in ("replied_at", "returned_at")}
        slips = Case.objects.filter(
            Q(pk=OuterRef("pk")) | Q(merged_into=OuterRef("pk")), external_cases__isnull=False, **waits
        )
        return self.filter(~Exists(untold), ~Exists(slips))

    def with_place(self):
        """Load where it is, what it is about and whose it is; the people of one case are named by one more query.

        Joined, too, they would make eleven tables, whose order takes the planner longer than all the rest of a page.
        """
        return self.select_related("unit", "building", "category", "department")

    def with_people(self):
        """Load what a list line shows, so that no line queries."""
        return self.select_related(
            "community", "unit", "building", "category", "department", "first_responsible", "assigned_to"
        )

    def by_due(self):
        return self.order_by(F("due_at").asc(nulls_last=True), "id")


class Case(models.Model):
    """One matter a resident brought to the centre, owed an answer by `due_at`."""

    MOVES = {
        Status.RECEIVED: {Status.TAKEN, Status.VOID, Status.MERGED},
        Status.TAKEN: {
            Status.VERIFIED,
            Status.HANDED,
            Status.IN_HAND,
            Status.RESOLVED,
            Status.VOID,
            Status.MERGED,
        },
        # Back to taken: judged anew, it is no ordinary complaint any more.
        Status.VERIFIED: {Status.PROPOSED, Status.TAKEN, Status.VOID, Status.MERGED},
        Status.PROPOSED: {Status.APPROVED, Status.DECLINED, Status.VERIFIED, Status.VOID},
        Status.APPROVED: {Status.HANDED, Status.IN_HAND, Status.VOID},
        Status.HANDED: {Status.IN_HAND, Status.TAKEN, Status.RESOLVED, Status.VOID},
        Status.IN_HAND: {
            Status.WAITING,
            Status.HANDED,
            Status.TAKEN,
            Status.RESOLVED,
            Status.VOID,
            Status.MERGED,
        },
        Status.WAITING: {Status.IN_HAND, Status.RESOLVED, Status.VOID},
        Status.DECLINED: {Status.REPLIED},
        Status.RESOLVED: {Status.REPLIED, Status.IN_HAND},
        Status.REPLIED: {Status.ARCHIVED, Status.TAKEN},
        Status.ARCHIVED: {Status.TAKEN},
        Status.VOID: set(),
        Status.MERGED: set(),
    }

    community = models.ForeignKey(Community, models.PROTECT, related_name="cases")
    number = models.CharField(_("number"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    channel = models.CharField(_("came by"), max_length=7, choices=Channel)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.RECEIVED)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    severity = models.CharField(_("severity"), max_length=7, choices=Severity, default=Severity.GENERAL)
    urgency = models.CharField(_("urgency"), max_length=14, choices=Urgency, default=Urgency.ORDINARY)
    validity = models.CharField(_("validity"), max_length=9, choices=Validity, default=Validity.UNDECIDED)

    # Who, where, what: the facts as they were told.
    reporter = models.ForeignKey(Person, models.PROTECT, null=True, related_name="cases")
    reporter_name = models.CharField(_("who"), max_length=120, blank=True)
    reporter_phone = models.CharField(_("telephone"), max_length=21, blank=True)
    anonymous_reason = models.CharField(_("why no name"), max_length=200, blank=True)
    no_phone_reason = models.CharField(_("why no telephone"), max_length=200, blank=True)
    building = models.ForeignKey(Building, models.PROTECT, null=True, related_name="cases")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="cases")
    place = models.CharField(_("place"), max_length=200, blank=True)
    category = models.ForeignKey(Category, models.PROTECT, related_name="cases")
    summary = models.CharField(_("matter"), max_length=200)
    description = models.TextField(_("details"), blank=True)
    wish = models.CharField(_("what is wanted"), max_length=300, blank=True)
    read_back_at = models.DateTimeField(null=True)
    letter_no = models.CharField(_("register number of the letter"), max_length=40, blank=True)
    letter_on = models.DateField(_("date of the letter"), null=True)

    # Whose it is.
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # No index of its own: case_by_first_responsible begins with it.
    first_responsible = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        related_name="answered_cases",
        verbose_name=_("first responsible"),
        db_index=False,
    )
    department = models.ForeignKey(Department, models.PROTECT, related_name="cases", verbose_name=_("department"))
    assigned_to = models.ForeignKey(User, models.PROTECT, null=True, related_name="jobs", verbose_name=_("assigned to"))
    accepted_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)

    # The clock.
    received_at = models.DateTimeField(_("received"))
    recorded_at = models.DateTimeField(_("recorded"))
    cycle = models.PositiveSmallIntegerField(default=1, db_default=1)
    clock_started_at = models.DateTimeField()
    policy = models.ForeignKey(DeadlinePolicy, models.PROTECT, null=True, related_name="cases")
    after_hours = models.BooleanField(default=False, db_default=False)
    due_at = models.DateTimeField(_("due"), null=True)  # null only on imported rows, by CHECK
    explanation = models.JSONField(default=list)
    counted_with = models.PositiveIntegerField(
        default=1, db_default=1, editable=False, help_text="Version of the calendar that the deadline was counted with."
    )
    # The first answer that an authority waits for, of its running slips; the earlier of the two clocks is shown.
    their_due_at = models.DateTimeField(null=True)
    arrive_by = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    remedy = models.TextField(_("what was done"), blank=True)
    reply_due_at = models.DateTimeField(null=True)
    promised_reply_at = models.DateTimeField(_("reply promised by"), null=True)
    replied_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    next_follow_up_at = models.DateTimeField(_("next follow-up"), null=True)
    follow_up_told_at = models.DateTimeField(null=True)  # when the first responsible was told that it is overdue
    urged_at = models.DateTimeField(null=True)  # by the resident, who may again after four hours
    urges = models.PositiveSmallIntegerField(default=0, db_default=0)

    # The ladder: steps after `level_from_at` count; lowering by hand and reopening start a new level cycle.
    level = models.PositiveSmallIntegerField(_("level"), default=1, db_default=1)
    level_cycle = models.PositiveSmallIntegerField(default=1, db_default=1)
    level_from_at = models.DateTimeField()
    level_since = models.DateTimeField()
    holder = models.ForeignKey(User, models.PROTECT, null=True, related_name="held_cases")
    promise_raises_to = models.PositiveSmallIntegerField(null=True)
    reply_raises_to = models.PositiveSmallIntegerField(null=True)
    next_escalation_at = models.DateTimeField(null=True)

    # Voiding takes two people; merging points to the case that goes on.
    void_reason = models.CharField(max_length=300, blank=True)
    void_asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    void_asked_at = models.DateTimeField(null=True)
    voided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged_cases")
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="followed_by")
    # Follows one whose caller was told so lately that the matter has come back: decided at receipt by the rule of then.
    is_repeat = models.BooleanField(default=False, db_default=False)
    incident = models.ForeignKey(
        "complaints.Incident", models.PROTECT, null=True, related_name="cases", verbose_name=_("known event")
    )

    # Where it came from and how it is found.
    submission = models.UUIDField(null=True, unique=True)
    source = models.CharField(max_length=40, blank=True)
    source_id = models.CharField(max_length=80, blank=True)
    is_imported = models.BooleanField(default=False, db_default=False)
    imported_facts = models.JSONField(default=dict)
    token_digest = models.CharField(max_length=64, blank=True)
    code_digest = models.CharField(max_length=64, blank=True)
    terms = ArrayField(models.CharField(max_length=64), default=list, editable=False)
    # When it was last made findable by all of its papers, after it ended.
    filed_at = models.DateTimeField(null=True, editable=False)
    intake_seconds = models.PositiveIntegerField(null=True)

    # How much of the person is left: the contact masked, all of it kept under seal, or nothing (PIPL 19, 47).
    masked_at = models.DateTimeField(null=True, editable=False)
    sealed_at = models.DateTimeField(null=True, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.UniqueConstraint(
                fields=["community", "source", "source_id"], condition=~Q(source=""), name="case_source_once"
            ),
            models.UniqueConstraint(
                fields=["token_digest"], condition=~Q(token_digest=""), name="case_token_is_its_own"
            ),
            models.CheckConstraint(condition=Q(is_imported=True) | Q(due_at__isnull=False), name="case_has_due"),
            models.CheckConstraint(
                condition=Q(is_imported=True) | Q(due_at__gt=F("clock_started_at")), name="case_due_after_start"
            ),
            models.CheckConstraint(
                condition=Q(is_imported=True) | Q(resolved_at=None) | Q(resolved_at__gte=F("clock_started_at")),
                name="case_resolved_after_start",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.RECEIVED, first_responsible=None)
                | (~Q(status=Status.RECEIVED) & Q(first_responsible__isnull=False))
                | Q(is_imported=True)
                | Q(status__in=[Status.VOID, Status.MERGED]),
                name="case_first_responsible_unless_received",
            ),
            models.CheckConstraint(
                condition=Q(status__in=SETTLED, resolved_at__isnull=False)
                | Q(status__in=[s for s in Status if s not in SETTLED], resolved_at=None)
                | Q(status=Status.REPLIED, resolved_at=None, validity=Validity.INVALID)
                | Q(status=Status.ARCHIVED, resolved_at=None, validity=Validity.INVALID)
                | Q(status__in=[Status.VOID, Status.MERGED])
                | Q(is_imported=True),
                name="case_resolved_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=REPLY_OWED) | Q(reply_due_at__isnull=False), name="case_reply_owed_has_time"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[Status.REPLIED, Status.ARCHIVED], replied_at__isnull=False)
                | Q(status__in=[s for s in Status if s not in (Status.REPLIED, Status.ARCHIVED)], replied_at=None)
                | Q(status__in=[Status.VOID, Status.MERGED])
                | Q(is_imported=True),
                name="case_replied_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.ARCHIVED, archived_at__isnull=False)
                | (~Q(status=Status.ARCHIVED) & Q(archived_at=None)),
                name="case_archived_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.VOID, void_asked_by__isnull=False) & ~Q(void_reason="")
                | ~Q(status=Status.VOID),
                name="case_void_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.MERGED, merged_into__isnull=False)
                | (~Q(status=Status.MERGED) & Q(merged_into=None)),
                name="case_merged_points_on",
            ),
            models.CheckConstraint(
                condition=Q(is_repeat=False) | Q(follows__isnull=False), name="case_repeat_follows_another"
            ),
            models.CheckConstraint(
                condition=Q(sealed_at=None, erased_at=None) | Q(status__in=ENDED),
                name="case_sealed_or_erased_has_ended",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(sealed_at=None, reporter=None, reporter_phone="", unit=None),
                name="case_erased_names_nobody",
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.COMPLAINT) | ~Q(status__in=COMPLAINTS_ONLY), name="case_verified_is_complaint"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=COMPLAINTS_ONLY) | ~Q(validity=Validity.UNDECIDED),
                name="case_verified_is_judged",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=DEPARTMENTS) | ~ORDINARY_COMPLAINT | Q(approved_at__isnull=False),
                name="case_ordinary_complaint_is_approved",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.DECLINED) | Q(declined_at__isnull=False, validity=Validity.INVALID),
                name="case_declined_is_not_valid",
            ),
            models.CheckConstraint(condition=Q(level__in=[1, 2, 3]), name="case_level_known"),
            models.CheckConstraint(
                condition=Q(status__in=LADDERED) | Q(next_escalation_at=None), name="case_ladder_only_while_owed"
            ),
            models.CheckConstraint(
                condition=~Q(reporter_name="") | ~Q(anonymous_reason="") | Q(is_imported=True) | Q(channel="web"),
                name="case_has_who_or_why_not",
            ),
            models.CheckConstraint(
                condition=~Q(reporter_phone="") | ~Q(no_phone_reason="") | Q(is_imported=True),
                name="case_has_phone_or_why_not",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_escalation_at"], condition=Q(next_escalation_at__isnull=False), name="case_next"
            ),
            models.Index(
                fields=["next_follow_up_at"],
                condition=Q(next_follow_up_at__isnull=False, follow_up_told_at=None, status__in=LADDERED),
                name="case_follow_up_due",
            ),
            # What the board counts and sorts by stands in the index, so that no wide row is read for a number.
            models.Index(
                fields=["community", "due_at", "id"],
                include=[
                    "department",
                    "level",
                    "status",
                    "kind",
                    "assigned_to",
                    "first_responsible",
                    "received_at",
                    "reply_due_at",
                    "void_asked_at",
                    "next_escalation_at",
                    "level_since",
                ],
                condition=~Q(status__in=ENDED),
                name="case_open_due",
            ),
            models.Index(fields=["community", "-id"], name="case_newest"),
            # Two lists of the board: what rose last, and what waits for a decision.
            models.Index(
                fields=["community", "-level_since", "id"],
                condition=~Q(status__in=ENDED) & Q(level__gt=1),
                name="case_open_risen",
            ),
            models.Index(
                fields=["community", "due_at", "id"],
                condition=~Q(status__in=ENDED) & (Q(status=Status.PROPOSED) | Q(void_asked_at__isnull=False)),
                name="case_to_decide",
            ),
            # History that is imported later is newer by its keys: open cases are not the first of all rows.
            models.Index(fields=["community", "-id"], condition=~Q(status__in=ENDED), name="case_open_newest"),
            models.Index(fields=["community", "status", "-id"], name="case_by_status"),
            models.Index(
                fields=["department", "due_at", "id"], condition=~Q(status__in=ENDED), name="case_department_open"
            ),
            models.Index(fields=["community", "department", "-id"], name="case_by_department"),
            models.Index(fields=["community", "category", "-id"], name="case_by_category"),
            models.Index(fields=["community", "kind", "-id"], name="case_by_kind"),
            models.Index(fields=["community", "level", "id"], name="case_by_level"),
            models.Index(fields=["community", "channel", "-id"], name="case_by_channel"),
            models.Index(fields=["assigned_to", "due_at"], condition=~Q(status__in=ENDED), name="case_job_open"),
            models.Index(
                fields=["first_responsible", "due_at"], condition=~Q(status__in=ENDED), name="case_answered_open"
            ),
            models.Index(fields=["unit", "-received_at"], name="case_of_unit"),
            models.Index(fields=["community", "received_at", "id"], name="case_by_received"),
            models.Index(fields=["first_responsible", "-id"], name="case_by_first_responsible"),
            models.Index(fields=["replied_at"], condition=Q(status=Status.REPLIED), name="case_to_archive"),
            # What the close of a day looks for among years of closed cases: few rows each.
            models.Index(
                fields=["community", "due_at"], condition=Q(resolved_at__gt=F("due_at")), name="case_done_late"
            ),
            models.Index(fields=["community", "recorded_at"], condition=LATE_ENTRY, name="case_late_entry"),
            models.Index(fields=["community", "-id"], condition=Q(is_repeat=True), name="case_repeats"),
            models.Index(fields=["id"], condition=Q(sealed_at__isnull=False), name="case_sealed"),
            models.Index(fields=["id"], condition=TO_FILE, name="case_to_file"),
            GinIndex(fields=["terms"], name="case_terms"),
        ]

    def __str__(self):
        return self.short_number

    def get_absolute_url(self):
        return reverse("complaints:case", args=[self.number])

    @property
    def short_number(self):
        """The number as it is spoken inside the community: without the community's code."""
        return self.number.partition("-")[2] or self.number

    @property
    def tag(self):
        """The (key, words) of the tag that staff see."""
        return TAGS[self.status]

    @property
    def public_stage(self):
        """The index of the residents' five words, None where the case was voided."""
        return PUBLIC_STAGE.get(self.status)

    @property
    def is_ended(self):
        return self.status in ENDED

    @property
    def is_clocked(self):
        return self.status in CLOCKED

    @property
    def is_urgent(self):
        return self.urgency == Urgency.SPECIAL_URGENT

    @property
    def is_major(self):
        return self.severity == Severity.MAJOR

    @property
    def is_complaint(self):
        return self.kind == Kind.COMPLAINT

    @property
    def is_ordinary_complaint(self):
        """Whether it is verified, proposed and approved before anybody works on it (ruling 9)."""
        return self.is_complaint and not self.is_urgent and not self.is_imported

    @property
    def needs_approval(self):
        return self.is_ordinary_complaint and self.approved_at is None

    @property
    def is_free_rework(self):
        """Whether it is a repair that has come back, opened again or reported anew: free of charge (section 11)."""
        return self.kind == Kind.REPAIR and (self.is_repeat or self.cycle > 1)

    @property
    def is_late_entry(self):
        """Whether it was recorded more than half an hour after it was received (section 7)."""
        return not self.is_imported and self.recorded_at - self.received_at > LATE_ENTRY_AFTER

    @property
    def masked_phone(self):
        return mask_phone(self.reporter_phone) if self.reporter_phone else ""

    @property
    def where(self):
        """The room or place, as staff read it."""
        if self.unit_id:
            return self.unit.label
        return self.place or (self.building.name if self.building_id else "")

    def as_if(self, **facts):
        """Return this case as it would stand with `facts`; neither the row nor this object changes."""
        after = copy.copy(self)
        for name, value in facts.items():
            setattr(after, name, value)
        return after

    def due_key(self):
        """Return what sorts cases as `by_due()` does: the first deadline first, those without one last."""
        return self.due_at is None, self.due_at or self.received_at, self.pk

    @property
    def is_theirs_first(self):
        """Whether an authority waits for its answer before our own clock ends: then theirs is the one to show."""
        ours = self.reply_due_at if self.status in REPLY_OWED else self.due_at
        return self.status in LADDERED and self.their_due_at is not None and (ours is None or self.their_due_at < ours)

    def is_late(self, now):
        """Return whether the running or stopped clock of this cycle is strictly past the deadline."""
        if self.due_at is None or self.status in (Status.VOID, Status.MERGED):
            return False
        return (self.resolved_at or self.declined_at or self.replied_at or now) > self.due_at

    def why(self, audience="staff"):
        """Return the sentences that explain the deadline, in the active language (ruling 6)."""
        return worktime.explain(self.explanation, tz=self.community.tz, audience=audience)


class Concern(models.Model):
    """A member of staff whom a case is about: they neither see nor handle it (ruling 12)."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="concerned")
    user = models.ForeignKey(User, models.PROTECT, related_name="concerns")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="concern_once")]

    def __str__(self):
        return f"{self.case}: {self.user}"
