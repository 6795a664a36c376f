from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Tell the first responsible of every follow-up whose time has passed."

    def handle(self, **options):
        self.stdout.write(f"{actions.remind_follow_ups(now=clock.now())} follow-ups told.")
