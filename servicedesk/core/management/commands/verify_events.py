from django.core.management.base import BaseCommand, CommandError

from servicedesk.core import clock, events, numbers
from servicedesk.core.models import Community
from servicedesk.core.reports import late_to_seal


class Command(BaseCommand):
    help = "Verify the history and the numbers of every community; name the first break, gap and unsealed events."

    def handle(self, **options):
        broken = False
        for community in Community.objects.all():
            found = events.first_break(community)
            late = late_to_seal(community, clock.now())
            if found:
                broken = True
                self.stderr.write(f"{community.code}: broken at seal {found.seal} ({found.reason}): {found.event}")
            if late:
                broken = True
                self.stderr.write(f"{community.code}: {late} events unsealed for more than five minutes")
            if gap := numbers.first_gap(community):
                broken = True
                self.stderr.write(f"{community.code}: the number {gap} is missing or was changed")
            if not found and not late and not gap:
                self.stdout.write(f"{community.code}: whole")
        if broken:
            raise CommandError("The history is not whole.")
