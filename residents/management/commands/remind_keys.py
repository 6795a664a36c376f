from django.core.management.base import BaseCommand

from residents import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Tell of every key loan that is overdue, once a day each."

    def handle(self, **options):
        self.stdout.write(f"{actions.remind_keys(now=clock.now())} key loans told of.")
