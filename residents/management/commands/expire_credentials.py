from django.core.management.base import BaseCommand

from residents import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Write down that cards and passes whose last day has passed have ended."

    def handle(self, **options):
        self.stdout.write(f"{actions.expire_credentials(now=clock.now())} cards and passes ended.")
