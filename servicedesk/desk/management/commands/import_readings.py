import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from residents.actions import record_many
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community
from servicedesk.core.tables import open_table
from servicedesk.desk import readings

# So many of the refused rows are named; the count is of all.
NAMED = 20


class Command(BaseCommand):
    # The checks load every page of the program, which an import has no use for.
    requires_system_checks = ()
    help = "Import meter readings from CSV, gzipped CSV or xlsx. See docs/importing.md."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--community", required=True, metavar="CODE", help="code of the community, such as YH")
        parser.add_argument("--mapping", required=True, help="a TOML file, or the name of one that is shipped")
        parser.add_argument("--large", action="store_true", help="accept a file that is very large when unpacked")

    def handle(self, *, file, community, mapping, large, **options):
        begun = time.monotonic()
        try:
            chosen = Community.objects.get(code=community)
            plan = readings.load(mapping)
            how = {"encoding": plan.encoding, "delimiter": plan.delimiter, "sheet": plan.sheet, "large": large}
            with open_table(file, **how) as table:
                rows, bad = readings.rows_of(table, plan, chosen)
            facts = {"resource": plan.resource, "new_meters": plan.new_meters}
            found = record_many(chosen, rows, by=None, now=clock.now(), **facts)
        except Community.DoesNotExist as error:
            raise CommandError(_("There is no community “%(code)s”.") % {"code": community}) from error
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self._tell(found, sorted(bad + found.refused), time.monotonic() - begun)

    def _tell(self, found, refused, seconds):
        counts = {"new": found.new, "there": found.there, "refused": len(refused)}
        self.stdout.write(_("%(new)s new, %(there)s already there, %(refused)s refused.") % counts)
        self.stdout.write(
            _("%(meters)s meters made, %(odd)s odd readings.") % {"meters": found.meters, "odd": found.odd}
        )
        rate = {"seconds": f"{seconds:.1f}", "rate": f"{found.new / max(seconds, 0.001):,.0f}"}
        self.stdout.write(_("%(seconds)s seconds, %(rate)s readings a second.") % rate)
        for line, sentence in refused[:NAMED]:
            self.stdout.write(_("Line %(line)s: %(sentence)s") % {"line": line, "sentence": sentence})
