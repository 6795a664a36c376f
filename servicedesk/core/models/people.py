from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from servicedesk.core.models.community import Community, Department


class Role(models.TextChoices):
    """What a person may be in one community; several may be held (2-domain, Roles)."""

    CLERK = "clerk", _("front-desk clerk")
    SUPERVISOR = "supervisor", _("supervisor")
    DEPUTY_GM = "deputy_gm", _("deputy general manager")
    HEAD = "head", _("department head")
    WORKER = "worker", _("department worker")
    CASHIER = "cashier", _("cashier")
    FINANCE = "finance", _("finance")
    ADMIN = "admin", _("administrator")


class Theme(models.TextChoices):
    AUTO = "auto", _("as the system")
    LIGHT = "light", _("light")
    DARK = "dark", _("dark")


class User(AbstractUser):
    """A member of staff. Residents have no account."""

    surname = models.CharField(
        _("surname"), max_length=20, blank=True, help_text=_("The only name that residents are shown.")
    )
    name = models.CharField(_("full name"), max_length=60)
    phone = models.CharField(_("work telephone"), max_length=30, blank=True)
    push_url = models.CharField(_("personal notice address"), max_length=300, blank=True)
    language = models.CharField(_("language of notices"), max_length=10, default="zh-hans")
    theme = models.CharField(_("appearance"), max_length=5, choices=Theme, default=Theme.AUTO)
    letter_keys = models.BooleanField(
        _("single-letter shortcuts"), default=False, help_text=_("Off unless you switch them on (WCAG 2.1.4).")
    )

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")
        ordering = ["username"]

    def __str__(self):
        return self.name or self.username

    def get_full_name(self):
        return str(self)


class MembershipQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True, user__is_active=True)

    def ended(self):
        """Return the roles that were held once: taken away, or their holder has left."""
        return self.filter(Q(is_active=False) | Q(user__is_active=False))

    def holding(self, *roles):
        return self.filter(role__in=roles)


class Membership(models.Model):
    """One role of one person in one community; heads and workers hold it in a department."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    community = models.ForeignKey(Community, models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="memberships", verbose_name=_("department")
    )
    is_active = models.BooleanField(_("in force"), default=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("role in a community")
        verbose_name_plural = _("roles in communities")
        ordering = ["community", "role", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "community", "role"],
                condition=Q(department=None),
                name="membership_role_once",
            ),
            models.UniqueConstraint(
                fields=["user", "community", "role", "department"],
                condition=Q(department__isnull=False),
                name="membership_role_once_in_department",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[Role.HEAD, Role.WORKER], department__isnull=False)
                | (~Q(role__in=[Role.HEAD, Role.WORKER]) & Q(department=None)),
                name="membership_department_for_heads_and_workers",
            ),
        ]

    def __str__(self):
        return f"{self.user} · {self.get_role_display()}"
