from django.core.management.base import BaseCommand

from billing import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Bring the arrears of every community up to today."

    def handle(self, **options):
        self.stdout.write(f"{actions.advance_arrears(now=clock.now())} homes wait for a step.")
