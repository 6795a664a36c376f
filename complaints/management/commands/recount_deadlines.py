from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Count the deadlines of open cases again whose calendar has changed."

    def handle(self, **options):
        self.stdout.write(f"{actions.recount_deadlines(now=clock.now())} deadlines moved.")
