from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ResidentsConfig(AppConfig):
    name = "residents"
    verbose_name = _("Residents and units")

    def ready(self):
        from residents import gate, words
        from servicedesk.core import numbers

        words.register()
        numbers.CHECKS.join(gate.first_slip_gap)
