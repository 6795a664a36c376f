"""What units owed when the books were taken over, from a file."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from residents.imports import cells
from residents.imports.cells import BadCell
from residents.imports.places import OfUnits, log, places
from residents.imports.targets import Column, compare
from residents.models import ImportRun, OpeningBalance
from servicedesk.core import bulk


class Balances(OfUnits):
    key = ImportRun.Target.BALANCES.value
    about = _("One row is what a unit owed for one fee on one day. The units must be in the register.")
    columns = places(
        Column(
            "label",
            _("Fee"),
            cells.Text(60),
            "物业服务费",
            "费用 费项 收费项目 费用名称 费用项目 项目 fee charge item",
            required=True,
        ),
        Column(
            "amount",
            _("Amount owed in yuan"),
            cells.money,
            "356.40",
            "欠费 欠费金额 金额 期初欠费 应收金额 欠款 amount balance owed",
            required=True,
        ),
        Column("as_of", _("Owed as of"), cells.day, "2025-08-31", "截止日期 截至 日期 账期 as of date", required=True),
        Column(
            "note",
            _("Note on the account"),
            cells.Text(200),
            "",
            "备注 说明 note remark",
            _("About the account only: no names and no telephone numbers."),
        ),
    )

    def prepare(self, entries):
        super().prepare(entries)
        units = {pk for found in self.rooms.found.values() for pk, _building in found}
        rows = OpeningBalance.objects.in_force().filter(unit__in=units)
        for unit, label, as_of, amount in rows.values_list("unit_id", "label", "as_of", "amount"):
            self.known[unit, label, as_of] = amount

    def judge(self, entry):
        facts = entry.facts
        if facts["as_of"] > self.community.local(self.now).date():
            raise BadCell(gettext_noop("This day is still to come. Look at the year."), "as_of")
        key = (self.rooms.unit(facts)[0], facts["label"], facts["as_of"])
        if key in self.known:
            return compare(facts, ("amount", self.known[key]), line=self.lines.get(key))
        self.lines[key] = entry.line
        self.known[key] = facts["amount"]
        if self.dry:
            self.planned[key] = facts["amount"]
        return None

    def write(self, entries):
        keys = bulk.keys_for(OpeningBalance, len(entries))
        rows = [
            {
                "id": key,
                "community_id": self.community.pk,
                "unit_id": self.rooms.unit(entry.facts)[0],
                "label": entry.facts["label"],
                "amount": entry.facts["amount"],
                "as_of": entry.facts["as_of"],
                "note": entry.facts["note"] or "",
                "run_id": self.run.pk,
            }
            for key, entry in zip(keys, entries, strict=True)
        ]
        bulk.copy_values(OpeningBalance, rows)
        log(self, OpeningBalance, "balance_taken_over", keys)
        return [(OpeningBalance, keys)]
