from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError

from servicedesk.core import clock
from servicedesk.core.models import Community


class Command(BaseCommand):
    help = "Move the demo's clock ahead, so that a deadline can be watched passing. Hours add up; --back resets it."

    def add_arguments(self, parser):
        parser.add_argument("hours", nargs="?", type=float, default=0, help="hours to move ahead, for example 30")
        parser.add_argument("--back", action="store_true", help="go back to the wall clock")

    def handle(self, *, hours, back, **options):
        try:
            clock.move(timedelta() if back else clock.offset() + timedelta(hours=hours))
        except PermissionError as error:
            raise CommandError(str(error)) from error
        now = clock.now()
        for community in Community.objects.order_by("pk"):
            self.stdout.write(f"The clock now says 时钟现为 {community.local(now):%Y-%m-%d %H:%M} ({community}).")
