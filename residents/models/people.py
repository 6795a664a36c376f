from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from servicedesk.core.masking import mask_email, mask_name, mask_phone
from servicedesk.core.models import Community, User

# What stands where the name of somebody stood whose entry is sealed.
NOBODY = "–"


class PersonQuerySet(models.QuerySet):
    def known(self):
        """Return whom the desk may find: neither sealed nor erased (PIPL 47), and not merged into another entry."""
        return self.filter(sealed_at=None, erased_at=None, merged_into=None)

    def told_by_mail(self):
        """Return those who have agreed to be told of bills and reminders by e-mail."""
        return self.filter(mail_agreed_at__isnull=False)


class Person(models.Model):
    """A person or company that occupies units: a resident (业户).

    Sealed, the row is kept and protected and nothing more; erased, nothing of the person stands in it.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        COMPANY = "company", _("company")

    class Identity(models.TextChoices):
        """The paper by which somebody is known."""

        ID_CARD = "id_card", _("identity card")
        PASSPORT = "passport", _("passport")
        PERMIT = "permit", _("travel permit of Hong Kong, Macao or Taiwan")
        LICENCE = "licence", _("business licence")
        OTHER = "other", _("another paper")

    community = models.ForeignKey(Community, models.PROTECT, related_name="people")
    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=120)
    title = models.CharField(_("form of address"), max_length=20, blank=True)
    phone = models.CharField(_("telephone"), max_length=21, blank=True)
    phone_reversed = models.CharField(max_length=21, blank=True, editable=False)
    email = models.EmailField(_("e-mail"), max_length=120, blank=True, default="", db_default="")
    # When they agreed to be told of bills and reminders there, and who wrote it down; nobody where they did themselves.
    mail_agreed_at = models.DateTimeField(_("agreed to e-mails"), null=True, editable=False)
    mail_agreed_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    mail_receipts = models.BooleanField(_("receipts by e-mail, too"), default=False, db_default=False, editable=False)
    pinyin = models.CharField(max_length=400, blank=True, editable=False)
    initials = models.CharField(max_length=120, blank=True, editable=False)
    note = models.TextField(_("standing instruction"), blank=True)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    identity_kind = models.CharField(
        _("identity paper"), max_length=8, choices=Identity, blank=True, default="", db_default=""
    )
    # Encrypted (ruling 13); read and written through `residents.identity` alone.
    identity_cipher = models.TextField(_("identity number"), blank=True, default="", db_default="", editable=False)
    # A keyed digest, by which exactly this number is found and no other can be guessed.
    identity_hash = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    # The key of the form that made it: sent twice, it makes one.
    submission = models.UUIDField(null=True, unique=True, editable=False)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, editable=False, related_name="merged")
    merged_at = models.DateTimeField(null=True, editable=False)
    masked_at = models.DateTimeField(null=True, editable=False)
    sealed_at = models.DateTimeField(null=True, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    # What is written where the consent to e-mails ends.
    SILENT = {"mail_agreed_at": None, "mail_agreed_by": None, "mail_receipts": False}

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("resident")
        verbose_name_plural = _("residents")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at=None)
                | Q(
                    sealed_at=None,
                    phone="",
                    phone_reversed="",
                    email="",
                    pinyin="",
                    initials="",
                    identity_cipher="",
                    identity_hash="",
                ),
                name="person_erased_is_empty",
            ),
            models.CheckConstraint(
                condition=Q(mail_agreed_at=None, mail_agreed_by=None, mail_receipts=False)
                | (Q(mail_agreed_at__isnull=False, sealed_at=None, masked_at=None, merged_into=None) & ~Q(email="")),
                name="person_agreed_to_mail_has_address",
            ),
            models.CheckConstraint(
                condition=Q(identity_cipher="", identity_hash="")
                | (~Q(identity_cipher="") & ~Q(identity_hash="") & ~Q(identity_kind="")),
                name="person_identity_has_paper_and_digest",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None, merged_at=None)
                | (Q(merged_into__isnull=False, merged_at__isnull=False) & ~Q(merged_into=F("id"))),
                name="person_merged_has_time_and_another",
            ),
            models.UniqueConstraint(
                fields=["community", "identity_hash"],
                condition=~Q(identity_hash="") & Q(merged_into=None),
                name="person_identity_once_in_community",
            ),
        ]
        indexes = [
            # The order of the register, page by page.
            models.Index(
                fields=["community", "pinyin", "id"],
                name="person_by_pinyin",
                condition=Q(sealed_at=None, erased_at=None, merged_into=None),
            ),
            models.Index(fields=["community", "name"], name="person_name", opclasses=["int8_ops", "text_pattern_ops"]),
            models.Index(
                fields=["community", "initials"], name="person_initials", opclasses=["int8_ops", "text_pattern_ops"]
            ),
            models.Index(
                fields=["community", "pinyin"], name="person_pinyin", opclasses=["int8_ops", "text_pattern_ops"]
            ),
            models.Index(
                fields=["community", "phone"], name="person_phone", opclasses=["int8_ops", "text_pattern_ops"]
            ),
            models.Index(
                fields=["community", "phone_reversed"],
                name="person_phone_end",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            models.Index(fields=["community", "email"], condition=~Q(email=""), name="person_email"),
            models.Index(fields=["community"], condition=Q(mail_agreed_at__isnull=False), name="person_agreed_to_mail"),
        ]

    def __str__(self):
        return self.shown

    def get_absolute_url(self):
        return reverse("residents:person", args=[self.pk])

    @property
    def shown(self):
        """The name as a page may show it: nobody's whose entry is sealed (PIPL 47)."""
        return NOBODY if self.sealed_at else self.name

    @property
    def masked_phone(self):
        return mask_phone(self.phone) if self.phone and not self.sealed_at else ""

    @property
    def masked_email(self):
        return "" if self.sealed_at else mask_email(self.email)

    @property
    def is_told_by_mail(self):
        return self.mail_agreed_at is not None

    @property
    def masked_name(self):
        return mask_name(self.name)

    @property
    def letter(self):
        """The letter of the index under which the register has them, # for what begins with none."""
        first = self.pinyin[:1].upper()
        return first if first.isascii() and first.isalpha() else "#"
