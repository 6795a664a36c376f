from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplaintsConfig(AppConfig):
    name = "complaints"
    verbose_name = _("Cases")

    def ready(self):
        from complaints import reports, words
        from complaints.actions.courtesy import fill_courtesy
        from servicedesk.core import actions, numbers

        words.register()
        for check in (reports.first_gap, reports.first_letter_gap):
            if check not in numbers.CHECKS:
                numbers.CHECKS.append(check)
        if fill_courtesy not in actions.FURNISHERS:
            actions.FURNISHERS.append(fill_courtesy)
