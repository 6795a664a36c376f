from django.contrib import admin

from complaints.models import Category, DeadlinePolicy
from servicedesk.core.admin import NoDeleteAdmin


@admin.register(Category)
class CategoryAdmin(NoDeleteAdmin):
    list_display = ["name", "community", "digit", "department", "is_active"]
    list_filter = ["community"]


@admin.register(DeadlinePolicy)
class DeadlinePolicyAdmin(NoDeleteAdmin):
    list_display = ["name", "community", "count", "amount", "end", "article"]
    list_filter = ["community"]
