from django.core.management.base import BaseCommand

from servicedesk.core import events


class Command(BaseCommand):
    help = "Seal the committed events of every community into its chain."

    def handle(self, **options):
        self.stdout.write(f"{events.seal_events()} events sealed.")
