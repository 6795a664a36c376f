from django.apps import AppConfig
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _

from servicedesk.core.converters import Number, Word


class CoreConfig(AppConfig):
    name = "servicedesk.core"
    label = "core"
    verbose_name = _("Ground floor")

    def ready(self):
        register_converter(Number, "number")
        register_converter(Word, "word")
