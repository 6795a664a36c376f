from django.core.management.base import BaseCommand

from residents import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Remove the copies of identity papers whose day has come."

    def handle(self, **options):
        self.stdout.write(f"{actions.forget_identity_copies(now=clock.now())} copies removed.")
