from django.core.management.base import BaseCommand

from servicedesk.desk import demo


class Command(BaseCommand):
    help = "Load two invented communities and a week of their life, ending now. A second call adds nothing."

    def handle(self, *, verbosity, **options):
        made = demo.load()
        if verbosity:
            self.stdout.write(f"{made} cases made." if made else "The demo is loaded already; nothing was added.")
