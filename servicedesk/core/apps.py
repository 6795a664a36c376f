from django.apps import AppConfig
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _

from servicedesk.core.converters import Day, Month, Number, Week, Word


class CoreConfig(AppConfig):
    name = "servicedesk.core"
    label = "core"
    verbose_name = _("Ground floor")

    def ready(self):
        for name, converter in {"number": Number, "word": Word, "day": Day, "week": Week, "month": Month}.items():
            register_converter(converter, name)
