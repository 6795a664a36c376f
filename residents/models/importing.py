"""The register imported from a file: each run, what it added, and how a community's files are read."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.places import Unit
from servicedesk.core.models import Community, User


class ImportRun(models.Model):
    """One file on its way into the register: uploaded, mapped, checked as a whole, run, and perhaps taken back.

    Its rows are counted as they are read: each is new, there already, there with other facts, or refused. `done` and
    the counts are written with the rows of a chunk, so that a run that was cut short goes on where it stopped.
    """

    class Target(models.TextChoices):
        BUILDINGS = "buildings", _("buildings")
        UNITS = "units", _("units")
        PEOPLE = "people", _("residents")
        OCCUPANCIES = "occupancies", _("occupancies")
        METERS = "meters", _("meters")
        BALANCES = "balances", _("opening balances")

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded")
        MAPPED = "mapped", _("columns chosen")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        RUNNING = "running", _("running")
        DONE = "done", _("import finished")
        CANCELLED = "cancelled", _("stopped")
        FAILED = "failed", _("failed")
        UNDOING = "undoing", _("being taken back")
        UNDONE = "undone", _("import taken back")

    MOVES = {
        Status.UPLOADED: {Status.MAPPED, Status.CANCELLED},
        Status.MAPPED: {Status.UPLOADED, Status.MAPPED, Status.CHECKING, Status.CANCELLED},
        Status.CHECKING: {Status.CHECKED, Status.MAPPED, Status.FAILED},
        Status.CHECKED: {Status.UPLOADED, Status.MAPPED, Status.RUNNING, Status.CANCELLED},
        Status.RUNNING: {Status.DONE, Status.CANCELLED, Status.FAILED},
        Status.DONE: {Status.UNDOING},
        Status.CANCELLED: {Status.RUNNING, Status.UNDOING},
        Status.FAILED: {Status.MAPPED, Status.UNDOING},
        Status.UNDOING: {Status.UNDONE, Status.FAILED},
        # What stayed because something hung on it, once that has gone.
        Status.UNDONE: {Status.UNDOING},
    }
    AT_WORK = (Status.CHECKING, Status.RUNNING, Status.UNDOING)
    ENDED = (Status.DONE, Status.CANCELLED, Status.FAILED, Status.UNDONE)
    WRITING = (Status.RUNNING, Status.UNDOING)

    community = models.ForeignKey(Community, models.PROTECT, related_name="import_runs")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    target = models.CharField(_("what it holds"), max_length=12, choices=Target)
    status = models.CharField(max_length=9, choices=Status, default=Status.UPLOADED)
    file_name = models.CharField(_("file"), max_length=200)
    stored = models.CharField(max_length=80, blank=True, help_text="Random name of the stored file.")
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    sheets = models.JSONField(default=list)
    sheet = models.CharField(_("sheet"), max_length=100, blank=True)
    header = models.JSONField(default=list)
    # {"columns": {ours: its place in the file}, "fixed": {ours: text}, "words": {ours: {word of the file: code}}}
    mapping = models.JSONField(default=dict)
    only_good = models.BooleanField(default=False)
    rows = models.PositiveIntegerField(null=True)
    done = models.PositiveIntegerField(default=0, db_default=0)
    new = models.PositiveIntegerField(default=0, db_default=0)
    there = models.PositiveIntegerField(default=0, db_default=0)
    differing = models.PositiveIntegerField(default=0, db_default=0)
    refused = models.PositiveIntegerField(default=0, db_default=0)
    # What stands in the tables: with a unit its building and its section may be new, too.
    added = models.PositiveIntegerField(default=0, db_default=0)
    taken_back = models.PositiveIntegerField(default=0, db_default=0)
    kept = models.PositiveIntegerField(default=0, db_default=0)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=400, blank=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status__in=["checking", "running", "undoing"]) | Q(heartbeat_at__isnull=False),
                name="import_run_at_work_has_a_heartbeat",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["done", "cancelled", "failed", "undone"], ended_at__isnull=False)
                | (~Q(status__in=["done", "cancelled", "failed", "undone"]) & Q(ended_at=None)),
                name="import_run_ended_has_time",
            ),
            models.CheckConstraint(
                condition=Q(done=F("new") + F("there") + F("differing") + F("refused")), name="import_run_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(rows=None) | Q(done__lte=F("rows")), name="import_run_reads_no_more_than_there_is"
            ),
            models.CheckConstraint(
                condition=Q(added__gte=F("taken_back") + F("kept")), name="import_run_takes_back_what_it_added"
            ),
            models.CheckConstraint(
                condition=(Q(erased_at=None) & ~Q(stored="")) | Q(erased_at__isnull=False, stored=""),
                name="import_run_erased_has_no_file",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["uploaded", "mapped", "checking", "checked", "running"]) | ~Q(stored=""),
                name="import_run_under_way_has_a_file",
            ),
            models.UniqueConstraint(
                fields=["community"],
                condition=Q(status__in=["running", "undoing"]),
                name="import_run_one_at_a_time_in_community",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "-id"], name="import_run_newest"),
            models.Index(
                fields=["heartbeat_at"],
                condition=Q(status__in=["checking", "running", "undoing"]),
                name="import_run_at_work",
            ),
            models.Index(fields=["created_at"], condition=Q(erased_at=None), name="import_run_with_file"),
        ]

    def __str__(self):
        return self.file_name

    def get_absolute_url(self):
        return reverse("residents:import_run", args=[self.pk])

    @property
    def is_at_work(self):
        return self.status in self.AT_WORK

    @property
    def has_run(self):
        """Whether what is counted was written, and not only looked at."""
        return self.added > 0 or self.status in (self.Status.RUNNING, self.Status.DONE)

    @property
    def percent(self):
        """How much of the present step is done, from 0 to 100."""
        if self.status == self.Status.UNDOING:
            done, of = self.taken_back + self.kept, self.added
        else:
            done, of = self.done, self.rows or 0
        return 100 * done // of if of else 0


class ImportAdded(models.Model):
    """The keys of rows that one chunk of a run added to one table, for the undo of the whole run."""

    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="additions")
    table = models.CharField(max_length=60, help_text="Label of the model, such as residents.Unit.")
    keys = ArrayField(models.BigIntegerField())
    # What the undo has looked at already: of its keys those remain that stayed.
    is_settled = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("rows added by an import")
        verbose_name_plural = _("rows added by imports")
        ordering = ["id"]

    def __str__(self):
        return f"{self.table} × {len(self.keys)}"


class ImportMapping(models.Model):
    """How a community reads the files of one sender: which of their columns is which of ours, under a name."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="import_mappings")
    target = models.CharField(max_length=12, choices=ImportRun.Target)
    name = models.CharField(_("name"), max_length=60)
    # As ImportRun.mapping, but columns by the words of their headings.
    mapping = models.JSONField(default=dict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        verbose_name = _("remembered choice of columns")
        verbose_name_plural = _("remembered choices of columns")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["community", "target", "name"], name="import_mapping_name_once_for_target")
        ]

    def __str__(self):
        return self.name


class OpeningBalanceQuerySet(models.QuerySet):
    def in_force(self):
        """Return what is owed as it was taken over, without what was taken back."""
        return self.filter(voided_at=None)


class OpeningBalance(models.Model):
    """What a unit owed for one fee on the day the books were taken over: a fact of the former books, no bill."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="opening_balances")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="opening_balances")
    label = models.CharField(_("fee"), max_length=60)
    amount = models.DecimalField(_("amount owed in yuan"), max_digits=12, decimal_places=2)
    as_of = models.DateField(_("as of"))
    note = models.CharField(_("note on the account"), max_length=200, blank=True)
    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="balances")
    voided_at = models.DateTimeField(null=True, editable=False)

    objects = OpeningBalanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("opening balance")
        verbose_name_plural = _("opening balances")
        ordering = ["unit", "as_of", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "label", "as_of"],
                condition=Q(voided_at=None),
                name="opening_balance_once_for_a_fee_and_day",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0, amount__lt=10_000_000), name="opening_balance_amount_sane"
            ),
        ]

    def __str__(self):
        return f"{self.unit} {self.label}"
