import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0070_photos_are_erased"),
        ("residents", "0005_units_are_listed_by_building"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                ("phone", models.CharField(blank=True, max_length=21, verbose_name="telephone")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("emergency", "emergency contact"),
                            ("family", "family"),
                            ("agent", "agent"),
                            ("key_holder", "key holder"),
                        ],
                        max_length=10,
                        verbose_name="as",
                    ),
                ),
                (
                    "tell",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("case", "progress of their cases"),
                                ("fees", "fees"),
                                ("emergency", "emergencies"),
                                ("visit", "visits and appointments"),
                                ("notice", "notices"),
                            ],
                            max_length=9,
                        ),
                        size=None,
                        verbose_name="is told about",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                ("added_at", models.DateTimeField()),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "ordering": ["unit", "id"],
            },
        ),
        migrations.CreateModel(
            name="IdentityCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("delete_on", models.DateField(verbose_name="is removed on")),
                ("added_on", models.DateField(verbose_name="taken on")),
                ("erased_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "copy of an identity paper",
                "verbose_name_plural": "copies of identity papers",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Vehicle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("plate", models.CharField(blank=True, max_length=20, verbose_name="number plate")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("car", "car"),
                            ("new_energy", "new-energy car"),
                            ("motorcycle", "motorcycle"),
                            ("ebike", "electric bicycle"),
                            ("other", "other vehicle"),
                        ],
                        default="car",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("colour", models.CharField(blank=True, max_length=20, verbose_name="colour")),
                ("period", django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="from and to")),
            ],
            options={
                "verbose_name": "vehicle",
                "verbose_name_plural": "vehicles",
                "ordering": ["id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="occupancy",
            name="occupancy_of_a_person_does_not_overlap",
        ),
        migrations.RemoveConstraint(
            model_name="person",
            name="person_erased_is_empty",
        ),
        migrations.AddField(
            model_name="occupancy",
            name="company",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="members",
                to="residents.person",
                verbose_name="company",
            ),
        ),
        migrations.AddField(
            model_name="occupancy",
            name="share",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Of an owner, where several own the unit. Empty: not known.",
                max_digits=5,
                null=True,
                verbose_name="share of ownership in %",
            ),
        ),
        migrations.AddField(
            model_name="occupancy",
            name="united_into",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="united",
                to="residents.occupancy",
            ),
        ),
        migrations.AddField(
            model_name="occupancy",
            name="voided_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="person",
            name="identity_cipher",
            field=models.TextField(
                blank=True, db_default="", default="", editable=False, verbose_name="identity number"
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="identity_hash",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="person",
            name="identity_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("id_card", "identity card"),
                    ("passport", "passport"),
                    ("permit", "travel permit of Hong Kong, Macao or Taiwan"),
                    ("licence", "business licence"),
                    ("other", "another paper"),
                ],
                db_default="",
                default="",
                max_length=8,
                verbose_name="identity paper",
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="merged_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="person",
            name="merged_into",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="residents.person",
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="version",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                condition=models.Q(("erased_at", None), ("merged_into", None), ("sealed_at", None)),
                fields=["community", "pinyin", "id"],
                name="person_by_pinyin",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("united_into", None), ("voided_at", None)),
                expressions=[
                    (models.Func("unit_id", "unit_id", models.Value("[]"), function="int8range"), "&&"),
                    (models.Func("person_id", "person_id", models.Value("[]"), function="int8range"), "&&"),
                    ("period", "&&"),
                ],
                name="occupancy_of_a_person_does_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("share", None), models.Q(("kind", "owner"), ("share__gt", 0), ("share__lte", 100)), _connector="OR"
                ),
                name="occupancy_share_is_of_an_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("company", None),
                    models.Q(("kind", "staff"), models.Q(("company", models.F("person")), _negated=True)),
                    _connector="OR",
                ),
                name="occupancy_company_is_of_its_staff",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=models.CheckConstraint(
                condition=models.Q(("united_into", models.F("id")), _negated=True),
                name="occupancy_is_not_united_into_itself",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at", None),
                    models.Q(
                        ("identity_cipher", ""),
                        ("identity_hash", ""),
                        ("initials", ""),
                        ("phone", ""),
                        ("phone_reversed", ""),
                        ("pinyin", ""),
                        ("sealed_at", None),
                    ),
                    _connector="OR",
                ),
                name="person_erased_is_empty",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("identity_cipher", ""), ("identity_hash", "")),
                    models.Q(
                        models.Q(("identity_cipher", ""), _negated=True),
                        models.Q(("identity_hash", ""), _negated=True),
                        models.Q(("identity_kind", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="person_identity_has_paper_and_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("merged_at", None), ("merged_into", None)),
                    models.Q(
                        ("merged_at__isnull", False),
                        ("merged_into__isnull", False),
                        models.Q(("merged_into", models.F("id")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="person_merged_has_time_and_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(
                condition=models.Q(models.Q(("identity_hash", ""), _negated=True), ("merged_into", None)),
                fields=("community", "identity_hash"),
                name="person_identity_once_in_community",
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="added_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="community",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="contacts", to="core.community"
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="occupant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="contacts", to="residents.person"
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="person",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contact_for",
                to="residents.person",
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="contacts", to="residents.unit"
            ),
        ),
        migrations.AddField(
            model_name="identitycopy",
            name="added_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="identitycopy",
            name="community",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="identity_copies", to="core.community"
            ),
        ),
        migrations.AddField(
            model_name="identitycopy",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="identity_copies", to="residents.person"
            ),
        ),
        migrations.AddField(
            model_name="vehicle",
            name="community",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="vehicles", to="core.community"
            ),
        ),
        migrations.AddField(
            model_name="vehicle",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="vehicles", to="residents.person"
            ),
        ),
        migrations.AddField(
            model_name="vehicle",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="vehicles", to="residents.unit"
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name", ""), ("person__isnull", False), ("phone", "")),
                    models.Q(("person", None), models.Q(("name", ""), _negated=True)),
                    _connector="OR",
                ),
                name="contact_is_an_entry_or_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_active", False), models.Q(("tell", []), _negated=True), _connector="OR"),
                name="contact_in_force_is_told_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_active", True), ("person__isnull", False)),
                fields=("unit", "occupant", "person", "role"),
                name="contact_once_in_each_role",
            ),
        ),
        migrations.AddIndex(
            model_name="identitycopy",
            index=models.Index(condition=models.Q(("erased_at", None)), fields=["delete_on"], name="identity_copy_due"),
        ),
        migrations.AddConstraint(
            model_name="identitycopy",
            constraint=models.CheckConstraint(
                condition=models.Q(("delete_on__gt", models.F("added_on"))), name="identity_copy_ends_after_it_begins"
            ),
        ),
        migrations.AddIndex(
            model_name="vehicle",
            index=models.Index(fields=["community", "plate"], name="vehicle_plate"),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("plate", ""), _negated=True),
                expressions=[
                    (models.Func("community_id", "community_id", models.Value("[]"), function="int8range"), "&&"),
                    (
                        models.Func(
                            models.Func("plate", models.Value(0), function="hashtextextended"),
                            models.Func("plate", models.Value(0), function="hashtextextended"),
                            models.Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    ("period", "&&"),
                ],
                name="vehicle_plate_once_in_community",
            ),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=models.CheckConstraint(
                condition=models.Q(("period__startswith__isnull", False)), name="vehicle_has_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("plate", ""), _negated=True), ("period__endswith__isnull", False), _connector="OR"
                ),
                name="vehicle_kept_has_plate",
            ),
        ),
    ]
