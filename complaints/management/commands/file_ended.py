from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Make the cases that ended findable by their papers."

    def handle(self, **options):
        self.stdout.write(f"{actions.file_ended(now=clock.now())} cases filed.")
