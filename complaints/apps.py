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
        if reports.first_gap not in numbers.CHECKS:
            numbers.CHECKS.append(reports.first_gap)
        if fill_courtesy not in actions.FURNISHERS:
            actions.FURNISHERS.append(fill_courtesy)
