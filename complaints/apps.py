from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplaintsConfig(AppConfig):
    name = "complaints"
    verbose_name = _("Cases")

    def ready(self):
        from complaints import reports, words
        from complaints.actions.courtesy import fill_courtesy
        from complaints.actions.warranty import fill_warranty
        from servicedesk.core import actions, numbers

        words.register()
        numbers.CHECKS.join(reports.first_gap, reports.first_letter_gap)
        actions.FURNISHERS.join(fill_courtesy, fill_warranty)
