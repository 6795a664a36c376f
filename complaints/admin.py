from django.contrib import admin

from complaints.models import Category, DeadlinePolicy, RepeatRule, VisitRule
from servicedesk.core.admin import NoDeleteAdmin


@admin.register(Category)
class CategoryAdmin(NoDeleteAdmin):
    list_display = ["name", "community", "digit", "department", "is_active"]
    list_filter = ["community"]


@admin.register(DeadlinePolicy)
class DeadlinePolicyAdmin(NoDeleteAdmin):
    list_display = ["name", "community", "count", "amount", "end", "article"]
    list_filter = ["community"]


@admin.register(VisitRule)
class VisitRuleAdmin(NoDeleteAdmin):
    list_display = ["position", "name", "community", "share", "within", "unit", "source", "is_active"]
    list_display_links = ["name"]
    list_filter = ["community"]


@admin.register(RepeatRule)
class RepeatRuleAdmin(NoDeleteAdmin):
    list_display = ["community", "duplicate_hours", "repeat_days", "third_days"]
