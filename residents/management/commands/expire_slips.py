from django.core.management.base import BaseCommand

from residents import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "End the goods release slips whose last day is past."

    def handle(self, **options):
        self.stdout.write(f"{actions.expire_slips(now=clock.now())} slips ended.")
