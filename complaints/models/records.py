import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case, Channel
from servicedesk.core.models import Community, User


class Cycle(models.Model):
    """An ended cycle of a reopened case, kept with its clock and so with its late mark (ruling 10)."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="cycles")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField()

    class Meta:
        ordering = ["case", "number"]
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="cycle_once")]

    def __str__(self):
        return f"{self.case} · {self.number}"

    @property
    def was_late(self):
        return self.due_at is not None and (self.resolved_at or self.ended_at) > self.due_at


class Pause(models.Model):
    """A stretch in which the clock stood still, with its reason and the time at which it ends by itself (ruling 5)."""

    class Reason(models.TextChoices):
        RESIDENT = "resident", _("waiting for the resident")
        MATERIAL = "material", _("waiting for material")
        THIRD_PARTY = "third_party", _("waiting for a third party")

    case = models.ForeignKey(Case, models.PROTECT, related_name="pauses")
    cycle = models.PositiveSmallIntegerField()
    reason = models.CharField(_("reason"), max_length=11, choices=Reason)
    starts_at = models.DateTimeField()
    until = models.DateTimeField(_("until"))
    ended_at = models.DateTimeField(null=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(ended_at=None), name="pause_one_open"),
            models.CheckConstraint(condition=Q(until__gt=F("starts_at")), name="pause_ends_after_start"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("starts_at")), name="pause_ended_after_start"
            ),
        ]
        indexes = [models.Index(fields=["until"], condition=Q(ended_at=None), name="pause_open_until")]

    def __str__(self):
        return f"{self.case}: {self.get_reason_display()}"


class Escalation(models.Model):
    """One level reached, once for each case, level cycle and level, by the database (ruling 7)."""

    class Trigger(models.TextChoices):
        NOT_TAKEN = "not_taken", _("not taken in time")
        LATE = "late", _("late")
        STILL_LATE = "still_late", _("still late at the next opening")
        PROMISE_MISSED = "promise_missed", _("promised reply missed")
        REPLY_MISSED = "reply_missed", _("owed reply missed")
        MAJOR = "major", _("major matter")
        URGENT = "urgent", _("special or urgent")
        CATEGORY = "category", _("category goes straight up")
        CONCERNS_STAFF = "concerns_staff", _("about a person of that level")
        REOPENED = "reopened", _("reopened")
        NOT_SATISFIED = "not_satisfied", _("not satisfied twice")
        REPEATED = "repeated", _("come back for the third time")
        AUTHORITY = "authority", _("an authority asks for it")
        THEIRS_MISSED = "theirs_missed", _("the answer to an authority missed")
        WARRANTY = "warranty", _("the repair unit was reminded in vain")
        BY_HAND = "by_hand", _("by hand")

    case = models.ForeignKey(Case, models.PROTECT, related_name="escalations")
    level_cycle = models.PositiveSmallIntegerField()
    from_level = models.PositiveSmallIntegerField()
    to_level = models.PositiveSmallIntegerField()
    trigger = models.CharField(max_length=14, choices=Trigger)
    due_at = models.DateTimeField(help_text="When the level should have been reached.")
    at = models.DateTimeField(help_text="When it was.")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    holder = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["case", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "level_cycle", "to_level"], name="escalation_once"),
            models.CheckConstraint(
                condition=Q(to_level__gt=F("from_level"), to_level__lte=3), name="escalation_goes_up"
            ),
        ]

    def __str__(self):
        return f"{self.case}: {self.from_level} → {self.to_level}"


class Outcome(models.TextChoices):
    """How it went to reach a resident; only `TOLD` is a reply."""

    TOLD = "told", _("told")
    NOBODY = "nobody", _("nobody answered or was at home")
    LATER = "later", _("asked us to come back later")


class Reply(models.Model):
    """What the resident was told at the end: the way it came, by whom, to whom and when (暂行7).

    A call and a visit name the person who was told, a visit also who went, a letter is the letter itself.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="replies")
    cycle = models.PositiveSmallIntegerField()
    channel = models.CharField(_("by"), max_length=7, choices=Channel)
    text = models.TextField(_("what was said"))
    person_told = models.CharField(_("who was told"), max_length=120, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    in_place_of = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    told_at = models.DateTimeField(_("when"), null=True)
    went = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("who went"))
    letter = models.OneToOneField("ReplyLetter", models.PROTECT, null=True, related_name="reply")

    class Meta:
        ordering = ["case", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="reply_says_something"),
            models.CheckConstraint(condition=Q(told_at=None) | Q(told_at__lte=F("at")), name="reply_told_before_noted"),
            # These hold for what is written from now on; older rows know less.
            models.CheckConstraint(
                condition=Q(channel=Channel.LETTER, letter__isnull=False)
                | (~Q(channel=Channel.LETTER) & Q(letter=None)),
                name="reply_by_letter_has_its_letter",
            ),
            models.CheckConstraint(
                condition=~Q(channel__in=[Channel.PHONE, Channel.VISIT])
                | (~Q(person_told="") & Q(told_at__isnull=False)),
                name="reply_by_call_or_visit_names_who_was_told",
            ),
            models.CheckConstraint(
                condition=~Q(channel=Channel.VISIT) | Q(went__isnull=False), name="reply_by_visit_names_who_went"
            ),
        ]

    def __str__(self):
        return f"{self.case}: {self.get_channel_display()}"


class CallerTold(models.Model):
    """That the caller of a merged case has been told the result, or why not; once for each cycle of the case that
    goes on. What is owed to them, each in their own channel (暂行7), is done when there is such a row."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="told")
    cycle = models.PositiveSmallIntegerField()
    reply = models.OneToOneField(Reply, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(_("why they cannot be told"), max_length=300, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["case", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "cycle"], name="caller_told_once"),
            models.CheckConstraint(
                condition=Q(reply__isnull=False, reason="") | Q(reply=None) & ~Q(reason=""),
                name="caller_told_or_why_not",
            ),
        ]

    def __str__(self):
        return f"{self.case} · {self.cycle}"


class Draft(models.Model):
    """The answers of an unfinished web form, kept for 24 hours; photos are rows about it until the case exists."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    answers = models.JSONField(default=dict)
    photos = models.JSONField(default=list)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["updated_at"], name="draft_age")]

    def __str__(self):
        return str(self.key)


class IntakeDraft(models.Model):
    """What a clerk has typed and not yet saved, one for each person and community."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    answers = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "community"], name="intake_draft_once")]

    def __str__(self):
        return f"{self.user} {self.saved_at:%H:%M}"


class Presence(models.Model):
    """Who looks at or edits a case right now; old rows mean nothing and are overwritten."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="presences")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    is_editing = models.BooleanField(default=False)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="presence_once")]

    def __str__(self):
        return f"{self.user}: {self.case}"
