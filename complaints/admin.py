"""What `/settings/` sets, to be read: a change there has its event, its preview and its recount."""

from django.contrib import admin

from complaints.models import Category, DeadlinePolicy, RepeatRule, VisitRule, WarrantyTerm
from servicedesk.core.admin import ReadOnlyAdmin


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    list_display = ["name", "community", "digit", "department", "is_active"]
    list_filter = ["community"]


@admin.register(DeadlinePolicy)
class DeadlinePolicyAdmin(ReadOnlyAdmin):
    list_display = ["name", "community", "count", "amount", "end", "article"]
    list_filter = ["community"]


@admin.register(VisitRule)
class VisitRuleAdmin(ReadOnlyAdmin):
    list_display = ["position", "name", "community", "share", "within", "unit", "source", "is_active"]
    list_display_links = ["name"]
    list_filter = ["community"]


@admin.register(RepeatRule)
class RepeatRuleAdmin(ReadOnlyAdmin):
    list_display = ["community", "duplicate_hours", "repeat_days", "third_days"]


@admin.register(WarrantyTerm)
class WarrantyTermAdmin(ReadOnlyAdmin):
    list_display = ["name", "community", "length", "unit", "answer_days", "remind_days", "source", "is_active"]
    list_filter = ["community"]
