from django.core.management.base import BaseCommand, CommandError

from billing import actions, invariants
from servicedesk.core import clock
from servicedesk.core.models import Community


class Command(BaseCommand):
    help = "Look at everything that must be true of the books of every community; name the first breaks and exit 1."

    def handle(self, **options):
        broken = False
        for community in Community.objects.order_by("pk"):
            check = actions.check_books(community, by=None, now=clock.now())
            for name, rows in check.found:
                broken = True
                one = invariants.BY_NAME[name]
                self.stderr.write(f"{community.code}: {one.rule} {name}: {one.sentence} {', '.join(rows)}")
            if not check.found:
                self.stdout.write(f"{community.code}: {len(invariants.INVARIANTS)} invariants hold")
        if broken:
            raise CommandError("The books are not whole.")
