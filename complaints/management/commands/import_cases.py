import contextlib
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from complaints.imports import mapping as mappings
from complaints.imports.importing import Rejects, import_cases
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community
from servicedesk.core.tables import open_table

BAR = 30


@contextlib.contextmanager
def _listed(path):
    """Give the list of rejects, written from the start so that a wrong path shows at once; none is left if empty."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        bad = Rejects(stream)
        try:
            yield bad
        finally:
            if not bad.count:
                path.unlink()


class Command(BaseCommand):
    # The checks load every page of the program, 20 MB that an import has no use for.
    requires_system_checks = ()
    help = "Import cases of another system from CSV, gzipped CSV or xlsx. See docs/importing.md."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--community", required=True, metavar="CODE", help="code of the community, such as YH")
        known = ", ".join(mappings.shipped())
        parser.add_argument("--mapping", required=True, help=f"a TOML file, or one of: {known}")
        parser.add_argument("--dry-run", action="store_true", help="do everything, then take it back")
        parser.add_argument(
            "--rejects", type=Path, help="where to list rows not imported; default FILE.rejects.csv here"
        )
        parser.add_argument("--calendar", action="store_true", help="load the mapping's hours and holidays first")
        parser.add_argument("--sheet", default="", help="sheet of a workbook, where it is not the first")
        parser.add_argument("--large", action="store_true", help="accept a file that is very large when unpacked")

    def handle(self, *, file, community, mapping, dry_run, rejects, calendar, sheet, large, **options):
        rejects = Path(rejects or f"{file.name}.rejects.csv")
        try:
            chosen = Community.objects.get(code=community)
            plan = mappings.load(mapping)
            if rejects.resolve() == file.resolve():
                raise Refused(_("The list of rejects would overwrite the file itself."))
            how = {"encoding": plan.encoding, "delimiter": plan.delimiter, "sheet": sheet or plan.sheet, "large": large}
            with open_table(file, **how) as table, _listed(rejects) as bad:
                report = import_cases(
                    table,
                    plan,
                    community=chosen,
                    now=clock.now(),
                    rejects=bad,
                    dry_run=dry_run,
                    load_calendar=calendar,
                    seen=lambda done: self._show(done, table.rows),
                )
        except Community.DoesNotExist as error:
            raise CommandError(_("There is no community “%(code)s”.") % {"code": community}) from error
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        except OSError as error:
            text = _("The list of rejects %(path)s cannot be written: %(why)s.")
            raise CommandError(text % {"path": rejects, "why": error.strerror}) from error
        self._tell(report, dry_run, rejects)

    def _show(self, done, rows):
        if not self.stderr.isatty():
            return
        full = BAR * done // rows
        end = "\n" if done >= rows else ""
        bar = f"\r[{'#' * full}{'.' * (BAR - full)}] {100 * done // rows} % {done} / {rows}"
        self.stderr.write(bar, ending=end)
        self.stderr.flush()

    def _tell(self, report, dry_run, rejects):
        if dry_run:
            self.stdout.write(_("Dry run: nothing was written. It would have been:"))
        counts = {"new": report.new, "there": report.there, "refused": report.refused}
        self.stdout.write(_("%(new)s new, %(there)s already there, %(refused)s refused.") % counts)
        if report.new:
            self.stdout.write(_("%(count)s of the new ones are open.") % {"count": report.open})
        if report.closed_early:
            text = _("%(count)s were closed before they were opened; they keep both times.")
            self.stdout.write(text % {"count": report.closed_early})
        if report.refused:
            self.stdout.write(_("The refused rows are listed in %(path)s.") % {"path": rejects})
        if report.deviations:
            self.stdout.write(_("Deadlines computed here that agree with the source's to 3 minutes:"))
            for department, (agree, compared) in sorted(report.deviations.items(), key=lambda item: -item[1][1]):
                self.stdout.write(f"  {agree} / {compared}  {department}")
