from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Free the open cases of people who no longer hold the role that they had them by."

    def handle(self, **options):
        self.stdout.write(f"{actions.release_left(now=clock.now())} cases passed on.")
