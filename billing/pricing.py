"""What a tariff says, and what a unit of example would pay by it: for pages that are read before anything is saved.

The bills themselves are counted by the run, for all units at once; here it is one unit and one period in full.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.amounts import NOTHING, to_fen
from billing.formula import IN_CHINESE, parse
from billing.models import Tariff
from residents.models import MEASURES

Basis = Tariff.Basis


@dataclass(frozen=True)
class Sample:
    """The unit of an example: its area in m², its floor, how many of a thing it has and what it used in a period."""

    label: str
    area: Decimal | None
    floor: int | None = 1
    quantity: Decimal = Decimal(1)
    consumption: Decimal = Decimal(10)
    # Of a shared cost of `cost` yuan: the m² and the number of all units that share it.
    cost: Decimal = Decimal(1000)
    all_area: Decimal = NOTHING
    all_units: int = 0


@dataclass(frozen=True)
class Line:
    """How one line of the example is counted, and its amount in yuan; None where no amount comes out."""

    how: str
    amount: Decimal | None


def plain(number):
    """Return a number without needless noughts: 2.5 for 2.500000."""
    return f"{Decimal(number).normalize():f}"


def said(tariff, tiers=()):
    """Return in a few words what a tariff costs. `tiers` are its steps, of a price by meter. No query."""
    price = plain(tariff.unit_price) if tariff.unit_price is not None else ""
    if tariff.basis == Basis.AREA:
        return _("%(price)s yuan for each m² and month") % {"price": price}
    if tariff.basis == Basis.FIXED:
        return _("%(price)s yuan a month") % {"price": price}
    if tariff.basis == Basis.SHARE:
        return f"{tariff.get_basis_display()} · {tariff.get_measure_display()}"
    if tariff.basis == Basis.FORMULA:
        return tariff.formula
    measure = MEASURES[tariff.resource]
    if price:
        return _("%(price)s yuan for each %(measure)s") % {"price": price, "measure": measure}
    prices = " / ".join(plain(tier.unit_price) for tier in tiers)
    return _("%(price)s yuan for each %(measure)s, by steps") % {"price": prices, "measure": measure}


def lines_of(sample, *, basis, months, unit_price=None, tiers=(), measure="", formula="", resource=""):
    """Return the Lines that `sample` would pay for one whole period of `months`. No query."""
    if basis == Basis.METER:
        return _by_meter(sample, unit_price, tiers, MEASURES[resource])
    if basis == Basis.SHARE:
        return [_by_share(sample, measure)]
    if basis == Basis.FORMULA:
        return [_by_formula(sample, formula, months)]
    count, unit = (sample.area, " m²") if basis == Basis.AREA else (sample.quantity, "")
    if count is None:
        return [Line(_("This unit has no area in the register."), None)]
    parts = [f"{plain(count)}{unit}", _("%(price)s yuan") % {"price": plain(unit_price)}]
    parts += [_months(months)] if months > 1 else []
    return [Line(" × ".join(parts), to_fen(count * unit_price * months))]


def total_of(lines):
    """Return the sum of `lines` in yuan, or None where one gives no amount."""
    return None if any(line.amount is None for line in lines) else sum((line.amount for line in lines), NOTHING)


def _months(months):
    return ngettext("%(n)s month", "%(n)s months", months) % {"n": months}


def _by_meter(sample, unit_price, tiers, measure):
    lines, floor = [], Decimal(0)
    for up_to, price in tiers or [(None, unit_price)]:
        top = sample.consumption if up_to is None else min(up_to, sample.consumption)
        if top > floor or not lines:
            used = max(top - floor, Decimal(0))
            how = f"{plain(used)} {measure} × " + _("%(price)s yuan") % {"price": plain(price)}
            lines.append(Line(how, to_fen(used * price)))
        floor = max(floor, top)
    return lines


def _by_share(sample, measure):
    part, all_of_it = (sample.area, sample.all_area) if measure == Tariff.Measure.AREA else (1, sample.all_units)
    if not part or not all_of_it:
        return Line(_("There is nothing in the register to share a cost by."), None)
    facts = {"cost": plain(sample.cost), "part": plain(part), "all": plain(all_of_it)}
    return Line(_("%(cost)s yuan × %(part)s of %(all)s") % facts, to_fen(sample.cost * part / all_of_it))


def _by_formula(sample, formula, months):
    read = parse(formula)
    numbers = {
        "area": sample.area,
        "floor": sample.floor,
        "quantity": sample.quantity,
        "consumption": sample.consumption,
        "months": months,
    }
    used = [
        f"{name} = {plain(numbers[name])}"
        for name in IN_CHINESE.values()
        if name in read.names and numbers[name] is not None
    ]
    amount = read.value(**numbers)
    if amount is None or amount < 0:
        return Line(_("No amount comes out: %(numbers)s.") % {"numbers": ", ".join(used)}, None)
    return Line(f"{formula} ({', '.join(used)})" if used else formula, to_fen(amount))
