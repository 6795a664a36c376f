from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Remind of every claim under warranty whose answer or repair is overdue."

    def handle(self, **options):
        self.stdout.write(f"{actions.remind_warranty(now=clock.now())} claims reminded of.")
