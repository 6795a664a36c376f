from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "End every pause whose time has come."

    def handle(self, **options):
        self.stdout.write(f"{actions.resume_waiting(now=clock.now())} pauses ended.")
