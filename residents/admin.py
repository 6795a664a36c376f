from django.contrib import admin

from residents.models import Building, Person, Unit
from servicedesk.core.admin import ReadOnlyAdmin


@admin.register(Building)
class BuildingAdmin(ReadOnlyAdmin):
    list_display = ["name", "community", "code"]


@admin.register(Unit)
class UnitAdmin(ReadOnlyAdmin):
    list_display = ["label", "community", "area"]
    show_full_result_count = False


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    """Names only: telephone numbers are unmasked at the desk, where it is logged. Who is sealed is not shown."""

    list_display = ["masked_name", "community", "kind"]
    fields = ["masked_name", "community", "kind"]
    show_full_result_count = False

    def get_queryset(self, request):
        return super().get_queryset(request).known()
