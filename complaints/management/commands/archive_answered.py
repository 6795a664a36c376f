from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Archive the answered cases on which nothing more is owed."

    def handle(self, **options):
        self.stdout.write(f"{actions.archive_answered(now=clock.now())} cases archived.")
