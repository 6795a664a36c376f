"""How a bill was counted, in words: from the facts that it keeps, in the language of whoever reads it."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from billing.models import Discount


@dataclass(frozen=True)
class Line:
    """One line of a bill: what it is for, how it was counted, and its amount in yuan."""

    text: str
    how: str
    amount: Decimal
    notes: list = field(default_factory=list)


def lines_of(bill):
    """Return the Lines of a bill. No query."""
    return [_line(line) for line in bill.lines]


def _line(line):
    code = line.get("code", "")
    how = HOW.get(code, _nothing)(line)
    text = Discount.Kind(line["text"]).label if code == "discount" else line.get("text", "")
    return Line(text, how, Decimal(line["amount"]), _notes(line))


def _nothing(line):
    return ""


def _by_price(line):
    """89.53 m² × 2.5 yuan × 3 months, or × (2 months + 17 of 31 days)."""
    measure = pgettext("money", "units") if line["measure"] == "unit" else line["measure"]
    parts = [f"{line['quantity']} {measure}", _("%(price)s yuan") % {"price": line["price"]}]
    if "whole" in line:
        return " × ".join([*parts, _part_of_months(line)])
    if line["months"] > 1:
        parts.append(_("%(n)s months") % {"n": line["months"]})
    if line["days"] != line["of_days"]:
        parts.append(_("%(days)s of %(all)s days") % {"days": line["days"], "all": line["of_days"]})
    return " × ".join(parts)


def _part_of_months(line):
    """2 months, or (2 months + 17 of 31 days), of a bill for a part of several months."""
    parts = [ngettext("%(n)s month", "%(n)s months", line["whole"]) % {"n": line["whole"]}] if line["whole"] else []
    parts += [_("%(days)s of %(all)s days") % {"days": line["rest"], "all": line["of_rest"]}] if line["rest"] else []
    return f"({' + '.join(parts)})" if len(parts) > 1 else "".join(parts)


def _by_meter(line):
    return f"{line['quantity']} {line['measure']} × " + _("%(price)s yuan") % {"price": line["price"]}


def _by_share(line):
    facts = {"of": line["of"], "month": line["month"][:7], "part": line["quantity"], "all": line["all"]}
    if line["measure"] == "unit":
        return _("%(of)s yuan of %(month)s, shared by %(all)s units") % facts
    return _("%(of)s yuan of %(month)s, for %(part)s of %(all)s m²") % facts


def _by_formula(line):
    values = ", ".join(f"{name} = {value}" for name, value in line.get("values", {}).items())
    parts = [f"{line['formula']} ({values})" if values else line["formula"]]
    if "whole" in line:
        parts.append(_("%(part)s out of %(n)s months") % {"part": _part_of_months(line), "n": line["of_months"]})
    elif line["days"] != line["of_days"]:
        parts.append(_("%(days)s of %(all)s days") % {"days": line["days"], "all": line["of_days"]})
    return " × ".join(parts)


def _discount(line):
    return _("%(percent)s %% less of %(of)s yuan") % {"percent": line["percent"], "of": line["of"]}


def _opening(line):
    return _("as it was owed on %(day)s in the former books") % {"day": line["on"]}


def _late(line):
    """Each stretch as principal × rate × days, capped where the contract caps it."""
    rate = f"{Decimal(line['rate']) * 100:f}".rstrip("0").rstrip(".")
    parts = [
        _("%(principal)s yuan × %(rate)s %% × %(days)s days") % {"rate": rate, **stretch}
        for stretch in line["stretches"]
    ]
    how = " + ".join(parts)
    if line["is_capped"]:
        how = _("%(how)s, at most %(cap)s yuan") % {"how": how, "cap": line["cap"]}
    if Decimal(line["billed_before"]):
        how = _("%(how)s, less %(before)s yuan billed before") % {"how": how, "before": line["billed_before"]}
    return how


HOW = {
    "area": _by_price,
    "fixed": _by_price,
    "meter": _by_meter,
    "share": _by_share,
    "formula": _by_formula,
    "discount": _discount,
    "opening": _opening,
    "late": _late,
}


def _notes(line):
    notes = [line["clause"]] if line.get("clause") else []
    for one in line.get("readings") or []:
        text = _("Meter %(meter)s: %(value)s on %(on)s, used %(consumption)s %(measure)s")
        notes.append(text % (one | {"measure": line["measure"]}))
    if Decimal(line.get("before", 0)):
        text = _("Used before in this year: %(before)s %(measure)s")
        notes.append(text % {"before": line["before"], "measure": line["measure"]})
    return notes
