"""Reference data for the administrator; history and messages can be read, never edited."""

import zoneinfo

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.translation import gettext_lazy as _

from servicedesk.core import actions, clock
from servicedesk.core.models import CalendarDay, Community, Department, DutyShift, Event, Membership, ServiceHours, User


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only actions write."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class NoDeleteAdmin(admin.ModelAdmin):
    """Reference data that history points to: taken out of use, never deleted."""

    def has_delete_permission(self, request, obj=None):
        return False


class CommunityForm(forms.ModelForm):
    def clean_time_zone(self):
        name = self.cleaned_data["time_zone"]
        if name not in zoneinfo.available_timezones():
            raise forms.ValidationError(_("Enter a time zone such as Asia/Shanghai."))
        return name


@admin.register(Community)
class CommunityAdmin(NoDeleteAdmin):
    form = CommunityForm
    list_display = ["code", "name", "phone", "time_zone"]

    def save_model(self, request, obj, form, change):
        actions.save_community(obj, changes=form.changed_data, by=request.user, now=clock.now())


@admin.register(Department)
class DepartmentAdmin(ReadOnlyAdmin):
    list_display = ["name", "community", "is_centre", "is_active"]
    list_filter = ["community"]


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 1
    can_delete = False


@admin.register(User)
class StaffAdmin(UserAdmin):
    list_display = ["username", "name", "is_active", "last_login"]
    search_fields = ["username", "name"]
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["name", "surname", "phone", "email", "push_url", "language"]}),
        (_("Account"), {"fields": ["is_active", "is_staff", "is_superuser", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "name", "surname", "password1", "password2"]})]

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(ServiceHours)
class ServiceHoursAdmin(ReadOnlyAdmin):
    list_display = ["community", "weekday", "opens", "closes"]


@admin.register(CalendarDay)
class CalendarDayAdmin(ReadOnlyAdmin):
    list_display = ["date", "community", "kind", "name"]


@admin.register(DutyShift)
class DutyShiftAdmin(ReadOnlyAdmin):
    list_display = ["community", "user", "period"]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What happened and when, without `note` and `data`: an administrator reads no case text."""

    fields = ["at", "community", "subject_type", "subject_id", "verb", "by_name", "is_public", "seal", "hash"]
    list_display = ["at", "community", "verb", "by_name", "seal"]
    list_filter = ["community"]
    show_full_result_count = False
