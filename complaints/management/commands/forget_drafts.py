from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Delete the answers of web forms that nobody finished."

    def handle(self, **options):
        self.stdout.write(f"{actions.forget_drafts(now=clock.now())} drafts deleted.")
