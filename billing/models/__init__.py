"""The nouns of fees, by subject."""

from billing.models.access import BillAccess
from billing.models.bills import Bill, BillRun, Exemption, RunTariff
from billing.models.cash import Allocation, Method, Payment, Receipt, Refund, Shift, Waiver
from billing.models.closing import MonthClose
from billing.models.deposits import Deposit, DepositKind, DepositRule
from billing.models.fees import Discount, Enrolment, Fee, SharedCost, Tariff, TariffTier
from billing.models.ledger import Account, LedgerEntry, LedgerLine
from billing.models.requests import MoneyRequest

__all__ = [
    "Account",
    "Allocation",
    "Bill",
    "BillAccess",
    "BillRun",
    "Deposit",
    "DepositKind",
    "DepositRule",
    "Discount",
    "Enrolment",
    "Exemption",
    "Fee",
    "LedgerEntry",
    "LedgerLine",
    "Method",
    "MoneyRequest",
    "MonthClose",
    "Payment",
    "Receipt",
    "Refund",
    "RunTariff",
    "SharedCost",
    "Shift",
    "Tariff",
    "TariffTier",
    "Waiver",
]
