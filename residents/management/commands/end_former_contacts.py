from django.core.management.base import BaseCommand

from residents import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "End the contacts of those whose last day in the home has passed."

    def handle(self, **options):
        self.stdout.write(f"{actions.end_former_contacts(now=clock.now())} contacts ended.")
