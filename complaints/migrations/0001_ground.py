import uuid
from decimal import Decimal

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0001_ground"),
        ("core", "__first__"),
        ("residents", "0001_ground"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeadlinePolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=60, verbose_name="code")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("article", models.CharField(blank=True, max_length=120, verbose_name="article it rests on")),
                (
                    "count",
                    models.CharField(
                        choices=[
                            ("same_day", "the same day"),
                            ("natural_days", "natural days"),
                            ("working_days", "working days"),
                            ("service_hours", "hours within service hours"),
                            ("wall_hours", "hours by the wall clock"),
                        ],
                        max_length=20,
                        verbose_name="counted in",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=7, verbose_name="how many"),
                ),
                (
                    "end",
                    models.CharField(
                        choices=[
                            ("close", "at the close of service"),
                            ("midnight", "at 24:00"),
                            ("same_time", "at the same time of day"),
                        ],
                        default="close",
                        max_length=10,
                        verbose_name="ends",
                    ),
                ),
                (
                    "roll_forward",
                    models.BooleanField(default=False, verbose_name="moves on from a rest day (Civil Code 203)"),
                ),
                (
                    "after_hours_next_day",
                    models.BooleanField(
                        default=True, verbose_name="received after hours counts as the next service day"
                    ),
                ),
                ("can_pause", models.BooleanField(default=True, verbose_name="may be paused")),
                (
                    "community",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="policies", to="core.community"
                    ),
                ),
            ],
            options={
                "verbose_name": "deadline policy",
                "verbose_name_plural": "deadline policies",
                "ordering": ["community", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("community", "code"), name="policy_code_once_in_community"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0), ("amount__lte", 10000)), name="policy_amount_sane"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=60, verbose_name="code")),
                ("digit", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="digit at the desk")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("name_en", models.CharField(blank=True, max_length=120, verbose_name="name in English")),
                ("kind", models.CharField(default="repair", max_length=10, verbose_name="usual kind")),
                (
                    "scope",
                    models.CharField(
                        choices=[("any", "home or common parts"), ("home", "home"), ("common", "common parts")],
                        default="any",
                        max_length=6,
                        verbose_name="place",
                    ),
                ),
                (
                    "arrive_minutes",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="promised arrival in minutes"),
                ),
                (
                    "straight_to_level",
                    models.PositiveSmallIntegerField(default=1, verbose_name="goes straight to level"),
                ),
                (
                    "probes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="what to ask",
                    ),
                ),
                (
                    "phrases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="usual matters",
                    ),
                ),
                ("is_public", models.BooleanField(default=True, verbose_name="offered on the web form")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "community",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="categories", to="core.community"
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="categories",
                        to="core.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="categories",
                        to="complaints.deadlinepolicy",
                        verbose_name="own deadline policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "category",
                "verbose_name_plural": "categories",
                "ordering": ["community", "digit", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("community", "code"), name="category_code_once_in_community"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_active", True)),
                        fields=("community", "digit"),
                        name="category_digit_once_in_community",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("straight_to_level__in", [1, 2, 3])), name="category_level_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=60, unique=True, verbose_name="number")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("repair", "repair"),
                            ("complaint", "complaint"),
                            ("suggestion", "suggestion"),
                            ("inquiry", "inquiry"),
                            ("praise", "praise"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("phone", "telephone"),
                            ("visit", "visit"),
                            ("letter", "letter"),
                            ("web", "web"),
                            ("patrol", "patrol"),
                            ("other", "other"),
                        ],
                        max_length=6,
                        verbose_name="came by",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("taken", "taken"),
                            ("verified", "verified"),
                            ("proposed", "awaiting approval"),
                            ("approved", "approved"),
                            ("handed", "handed over"),
                            ("in_hand", "in hand"),
                            ("waiting", "waiting"),
                            ("declined", "politely declined"),
                            ("resolved", "reply owed"),
                            ("replied", "return visit due"),
                            ("archived", "archived"),
                            ("void", "void"),
                            ("merged", "merged"),
                        ],
                        default="received",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                (
                    "severity",
                    models.CharField(
                        choices=[("general", "general"), ("major", "major")],
                        default="general",
                        max_length=7,
                        verbose_name="severity",
                    ),
                ),
                (
                    "urgency",
                    models.CharField(
                        choices=[("ordinary", "ordinary"), ("special_urgent", "special or urgent")],
                        default="ordinary",
                        max_length=14,
                        verbose_name="urgency",
                    ),
                ),
                (
                    "validity",
                    models.CharField(
                        choices=[("undecided", "undecided"), ("valid", "valid"), ("invalid", "not valid")],
                        default="undecided",
                        max_length=9,
                        verbose_name="validity",
                    ),
                ),
                ("reporter_name", models.CharField(blank=True, max_length=120, verbose_name="who")),
                ("reporter_phone", models.CharField(blank=True, max_length=21, verbose_name="telephone")),
                ("anonymous_reason", models.CharField(blank=True, max_length=200, verbose_name="why no name")),
                ("no_phone_reason", models.CharField(blank=True, max_length=200, verbose_name="why no telephone")),
                ("place", models.CharField(blank=True, max_length=200, verbose_name="place")),
                ("summary", models.CharField(max_length=200, verbose_name="matter")),
                ("description", models.TextField(blank=True, verbose_name="details")),
                ("wish", models.CharField(blank=True, max_length=300, verbose_name="what is wanted")),
                ("read_back_at", models.DateTimeField(null=True)),
                ("letter_no", models.CharField(blank=True, max_length=40, verbose_name="incoming register number")),
                ("letter_on", models.DateField(null=True, verbose_name="date of the letter")),
                ("accepted_at", models.DateTimeField(null=True)),
                ("arrived_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField(verbose_name="received")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                ("cycle", models.PositiveSmallIntegerField(db_default=1, default=1)),
                ("clock_started_at", models.DateTimeField()),
                ("after_hours", models.BooleanField(db_default=False, default=False)),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                ("explanation", models.JSONField(default=list)),
                ("arrive_by", models.DateTimeField(null=True)),
                ("approved_at", models.DateTimeField(null=True)),
                ("resolved_at", models.DateTimeField(null=True)),
                ("remedy", models.TextField(blank=True, verbose_name="what was done")),
                ("reply_due_at", models.DateTimeField(null=True)),
                ("promised_reply_at", models.DateTimeField(null=True, verbose_name="reply promised by")),
                ("replied_at", models.DateTimeField(null=True)),
                ("archived_at", models.DateTimeField(null=True)),
                ("next_follow_up_at", models.DateTimeField(null=True, verbose_name="next follow-up")),
                ("urged_at", models.DateTimeField(null=True)),
                ("urges", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("level", models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name="level")),
                ("level_cycle", models.PositiveSmallIntegerField(db_default=1, default=1)),
                ("level_from_at", models.DateTimeField()),
                ("level_since", models.DateTimeField()),
                ("promise_raises_to", models.PositiveSmallIntegerField(null=True)),
                ("reply_raises_to", models.PositiveSmallIntegerField(null=True)),
                ("next_escalation_at", models.DateTimeField(null=True)),
                ("void_reason", models.CharField(blank=True, max_length=300)),
                ("void_asked_at", models.DateTimeField(null=True)),
                ("submission", models.UUIDField(null=True, unique=True)),
                ("source", models.CharField(blank=True, max_length=40)),
                ("source_id", models.CharField(blank=True, max_length=80)),
                ("is_imported", models.BooleanField(db_default=False, default=False)),
                ("imported_facts", models.JSONField(default=dict)),
                ("token_digest", models.CharField(blank=True, max_length=64)),
                ("code_digest", models.CharField(blank=True, max_length=64)),
                (
                    "terms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, editable=False, size=None
                    ),
                ),
                ("intake_seconds", models.PositiveIntegerField(null=True)),
                (
                    "assigned_to",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="jobs",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="assigned to",
                    ),
                ),
                (
                    "building",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="residents.building",
                    ),
                ),
                (
                    "community",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cases", to="core.community"
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="core.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "first_responsible",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answered_cases",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="first responsible",
                    ),
                ),
                (
                    "follows",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followed_by",
                        to="complaints.case",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held_cases",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged_cases",
                        to="complaints.case",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reporter",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="residents.person",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="residents.unit",
                    ),
                ),
                (
                    "void_asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "voided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cases", to="complaints.category"
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="complaints.deadlinepolicy",
                    ),
                ),
            ],
            options={
                "verbose_name": "case",
                "verbose_name_plural": "cases",
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_escalation_at__isnull", False)),
                        fields=["next_escalation_at"],
                        name="case_next",
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ("archived", "void", "merged")), _negated=True),
                        fields=["community", "due_at", "id"],
                        name="case_open_due",
                    ),
                    models.Index(fields=["community", "-id"], name="case_newest"),
                    models.Index(fields=["community", "status", "-id"], name="case_by_status"),
                    models.Index(
                        condition=models.Q(("status__in", ("archived", "void", "merged")), _negated=True),
                        fields=["department", "due_at", "id"],
                        name="case_department_open",
                    ),
                    models.Index(fields=["community", "department", "-id"], name="case_by_department"),
                    models.Index(fields=["community", "category", "-id"], name="case_by_category"),
                    models.Index(fields=["community", "kind", "-id"], name="case_by_kind"),
                    models.Index(fields=["community", "level", "-id"], name="case_by_level"),
                    models.Index(fields=["community", "channel", "-id"], name="case_by_channel"),
                    models.Index(
                        condition=models.Q(("status__in", ("archived", "void", "merged")), _negated=True),
                        fields=["assigned_to", "due_at"],
                        name="case_job_open",
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ("archived", "void", "merged")), _negated=True),
                        fields=["first_responsible", "due_at"],
                        name="case_answered_open",
                    ),
                    models.Index(fields=["unit", "-received_at"], name="case_of_unit"),
                    models.Index(fields=["community", "-received_at"], name="case_by_received"),
                    models.Index(
                        condition=models.Q(("status", "replied")), fields=["replied_at"], name="case_to_archive"
                    ),
                    django.contrib.postgres.indexes.GinIndex(fields=["terms"], name="case_terms"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("source", ""), _negated=True),
                        fields=("community", "source", "source_id"),
                        name="case_source_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("token_digest", ""), _negated=True),
                        fields=("token_digest",),
                        name="case_token_is_its_own",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_imported", True), ("due_at__isnull", False), _connector="OR"),
                        name="case_has_due",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_imported", True), ("due_at__gt", models.F("clock_started_at")), _connector="OR"
                        ),
                        name="case_due_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_imported", True),
                            ("resolved_at", None),
                            ("resolved_at__gte", models.F("clock_started_at")),
                            _connector="OR",
                        ),
                        name="case_resolved_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("first_responsible", None), ("status", "received")),
                            models.Q(
                                models.Q(("status", "received"), _negated=True), ("first_responsible__isnull", False)
                            ),
                            ("is_imported", True),
                            ("status__in", ["void", "merged"]),
                            _connector="OR",
                        ),
                        name="case_first_responsible_unless_received",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("resolved_at__isnull", False), ("status__in", ("resolved", "replied", "archived"))
                            ),
                            models.Q(
                                ("resolved_at", None),
                                (
                                    "status__in",
                                    [
                                        "received",
                                        "taken",
                                        "verified",
                                        "proposed",
                                        "approved",
                                        "handed",
                                        "in_hand",
                                        "waiting",
                                        "declined",
                                        "void",
                                        "merged",
                                    ],
                                ),
                            ),
                            models.Q(("resolved_at", None), ("status", "replied"), ("validity", "invalid")),
                            models.Q(("resolved_at", None), ("status", "archived"), ("validity", "invalid")),
                            ("status__in", ["void", "merged"]),
                            ("is_imported", True),
                            _connector="OR",
                        ),
                        name="case_resolved_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ("resolved", "declined")), _negated=True),
                            ("reply_due_at__isnull", False),
                            _connector="OR",
                        ),
                        name="case_reply_owed_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("replied_at__isnull", False), ("status__in", ["replied", "archived"])),
                            models.Q(
                                ("replied_at", None),
                                (
                                    "status__in",
                                    [
                                        "received",
                                        "taken",
                                        "verified",
                                        "proposed",
                                        "approved",
                                        "handed",
                                        "in_hand",
                                        "waiting",
                                        "declined",
                                        "resolved",
                                        "void",
                                        "merged",
                                    ],
                                ),
                            ),
                            ("status__in", ["void", "merged"]),
                            ("is_imported", True),
                            _connector="OR",
                        ),
                        name="case_replied_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("archived_at__isnull", False), ("status", "archived")),
                            models.Q(models.Q(("status", "archived"), _negated=True), ("archived_at", None)),
                            _connector="OR",
                        ),
                        name="case_archived_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status", "void"),
                                ("void_asked_by__isnull", False),
                                models.Q(("void_reason", ""), _negated=True),
                            ),
                            models.Q(("status", "void"), _negated=True),
                            _connector="OR",
                        ),
                        name="case_void_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("merged_into__isnull", False), ("status", "merged")),
                            models.Q(models.Q(("status", "merged"), _negated=True), ("merged_into", None)),
                            _connector="OR",
                        ),
                        name="case_merged_points_on",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "complaint"),
                            models.Q(("status__in", ("verified", "proposed", "approved", "declined")), _negated=True),
                            _connector="OR",
                        ),
                        name="case_verified_is_complaint",
                    ),
                    models.CheckConstraint(condition=models.Q(("level__in", [1, 2, 3])), name="case_level_known"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                (
                                    "received",
                                    "taken",
                                    "verified",
                                    "proposed",
                                    "approved",
                                    "handed",
                                    "in_hand",
                                    "waiting",
                                    "resolved",
                                    "declined",
                                ),
                            ),
                            ("next_escalation_at", None),
                            _connector="OR",
                        ),
                        name="case_ladder_only_while_owed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reporter_name", ""), _negated=True),
                            models.Q(("anonymous_reason", ""), _negated=True),
                            ("is_imported", True),
                            ("channel", "web"),
                            _connector="OR",
                        ),
                        name="case_has_who_or_why_not",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reporter_phone", ""), _negated=True),
                            models.Q(("no_phone_reason", ""), _negated=True),
                            ("is_imported", True),
                            _connector="OR",
                        ),
                        name="case_has_phone_or_why_not",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("key", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("answers", models.JSONField(default=dict)),
                ("photos", models.JSONField(default=list)),
                ("updated_at", models.DateTimeField()),
                (
                    "community",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.community"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["updated_at"], name="draft_age")],
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level_cycle", models.PositiveSmallIntegerField()),
                ("from_level", models.PositiveSmallIntegerField()),
                ("to_level", models.PositiveSmallIntegerField()),
                (
                    "trigger",
                    models.CharField(
                        choices=[
                            ("not_taken", "not taken in time"),
                            ("late", "late"),
                            ("still_late", "still late at the next opening"),
                            ("promise_missed", "promised reply missed"),
                            ("reply_missed", "owed reply missed"),
                            ("major", "major matter"),
                            ("urgent", "special or urgent"),
                            ("category", "category goes straight up"),
                            ("concerns_staff", "about a person of that level"),
                            ("reopened", "reopened"),
                            ("not_satisfied", "not satisfied twice"),
                            ("by_hand", "by hand"),
                        ],
                        max_length=14,
                    ),
                ),
                ("due_at", models.DateTimeField(help_text="When the level should have been reached.")),
                ("at", models.DateTimeField(help_text="When it was.")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="escalations", to="complaints.case"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["case", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("case", "level_cycle", "to_level"), name="escalation_once"),
                    models.CheckConstraint(
                        condition=models.Q(("to_level__gt", models.F("from_level")), ("to_level__lte", 3)),
                        name="escalation_goes_up",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IntakeDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("answers", models.JSONField(default=dict)),
                ("saved_at", models.DateTimeField()),
                (
                    "community",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.community"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "community"), name="intake_draft_once")],
            },
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cycle", models.PositiveSmallIntegerField()),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("resident", "waiting for the resident"),
                            ("material", "waiting for material"),
                            ("third_party", "waiting for a third party"),
                        ],
                        max_length=11,
                        verbose_name="reason",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("until", models.DateTimeField(verbose_name="until")),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pauses", to="complaints.case"
                    ),
                ),
            ],
            options={
                "ordering": ["starts_at"],
                "indexes": [
                    models.Index(condition=models.Q(("ended_at", None)), fields=["until"], name="pause_open_until")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("case",), name="pause_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("starts_at"))), name="pause_ends_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("starts_at")), _connector="OR"
                        ),
                        name="pause_ended_after_start",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_editing", models.BooleanField(default=False)),
                ("seen_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="presences", to="complaints.case"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("case", "user"), name="presence_once")],
            },
        ),
        migrations.CreateModel(
            name="Reply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cycle", models.PositiveSmallIntegerField()),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("phone", "telephone"),
                            ("visit", "visit"),
                            ("letter", "letter"),
                            ("web", "web"),
                            ("patrol", "patrol"),
                            ("other", "other"),
                        ],
                        max_length=6,
                        verbose_name="by",
                    ),
                ),
                ("text", models.TextField(verbose_name="what was said")),
                ("person_told", models.CharField(blank=True, max_length=120, verbose_name="who was told")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="replies", to="complaints.case"
                    ),
                ),
                (
                    "in_place_of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["case", "id"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="reply_says_something")
                ],
            },
        ),
        migrations.CreateModel(
            name="Concern",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="concerned", to="complaints.case"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="concerns",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("case", "user"), name="concern_once")],
            },
        ),
        migrations.CreateModel(
            name="Cycle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("started_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("resolved_at", models.DateTimeField(null=True)),
                ("replied_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cycles", to="complaints.case"
                    ),
                ),
            ],
            options={
                "ordering": ["case", "number"],
                "constraints": [models.UniqueConstraint(fields=("case", "number"), name="cycle_once")],
            },
        ),
    ]
