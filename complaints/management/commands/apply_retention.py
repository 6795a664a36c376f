from django.core.management.base import BaseCommand

from complaints import actions
from servicedesk.core import clock


class Command(BaseCommand):
    help = "Erase or mask the personal data that is past its time."

    def handle(self, **options):
        total = actions.apply_retention(now=clock.now())
        self.stdout.write(", ".join(f"{key}: {count}" for key, count in total.items()) or "Nothing is past its time.")
