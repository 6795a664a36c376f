"""What a billing run has come to, counted from the rows."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from billing.models import Bill, Exemption, RunTariff, Tariff


@dataclass(frozen=True)
class FeeOfRun:
    """What a run billed for one fee, in bills and yuan; how many others of the month stood before; how many lack."""

    tariff: Tariff
    bills: int
    amount: Decimal
    there: int
    left_out: int


def fees_of(run):
    """Return the FeeOfRun of each fee of a run, in the order of bills. Four queries."""
    of_month = Bill.objects.filter(community=run.community_id, month=run.month, tariff__isnull=False, about=None)
    made = of_month.filter(run=run).order_by().values_list("fee_id").annotate(Count("pk"), Sum("amount"))
    made = {fee: (bills, amount) for fee, bills, amount in made}
    others = of_month.filter(voided_at=None).exclude(run=run).order_by().values_list("fee_id").annotate(Count("pk"))
    others = dict(others)
    lacking = dict(left_out_of(run).order_by().values_list("fee_id").annotate(Count("pk")))
    tariffs = RunTariff.objects.filter(run=run).select_related("tariff__fee")
    return [
        FeeOfRun(
            row.tariff,
            *made.get(row.fee_id, (0, Decimal(0))),
            others.get(row.fee_id, 0),
            lacking.get(row.fee_id, 0),
        )
        for row in tariffs.order_by("fee__position", "fee_id")
    ]


def left_out_of(run):
    """Return the units without a bill in the month of a run, and why: without those that have been billed since."""
    rows = Exemption.objects.open().with_places()
    rows = rows.filter(community=run.community_id, month=run.month, fee__in=_fees(run))
    return rows.order_by("unit__building", "unit__room_order", "fee__position", "id")


def _fees(run):
    return RunTariff.objects.filter(run=run).values("fee")
