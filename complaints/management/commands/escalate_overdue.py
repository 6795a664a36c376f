from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Raise every case whose next step of the ladder is due."

    def handle(self, **options):
        self.stdout.write(f"{actions.escalate_overdue(now=clock.now())} cases risen.")
