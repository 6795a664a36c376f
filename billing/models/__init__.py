"""The nouns of fees, by subject."""

from billing.models.access import BillAccess
from billing.models.arrears import (
    ArrearsCase,
    DemandLetter,
    DemandLine,
    Dispute,
    DunningRule,
    DunningStep,
    LateClause,
    LimitationAlarm,
    PromiseToPay,
    StepKind,
)
from billing.models.bills import Bill, BillRun, Exemption, RunTariff
from billing.models.cash import Allocation, Method, Payment, Receipt, Refund, Shift, Waiver
from billing.models.checks import BooksCheck
from billing.models.closing import MonthClose
from billing.models.deposits import Deposit, DepositKind, DepositRule
from billing.models.fees import Discount, Enrolment, Fee, SharedCost, Tariff, TariffTier
from billing.models.ledger import Account, LedgerEntry, LedgerLine
from billing.models.messages import Message
from billing.models.requests import MoneyRequest
from billing.models.statements import METHODS, Channel, Statement, StatementLine

__all__ = [
    "METHODS",
    "Account",
    "Allocation",
    "ArrearsCase",
    "Bill",
    "BillAccess",
    "BillRun",
    "BooksCheck",
    "Channel",
    "DemandLetter",
    "DemandLine",
    "Deposit",
    "DepositKind",
    "DepositRule",
    "Discount",
    "Dispute",
    "DunningRule",
    "DunningStep",
    "Enrolment",
    "Exemption",
    "Fee",
    "LateClause",
    "LedgerEntry",
    "LedgerLine",
    "LimitationAlarm",
    "Message",
    "Method",
    "MoneyRequest",
    "MonthClose",
    "Payment",
    "PromiseToPay",
    "Receipt",
    "Refund",
    "RunTariff",
    "SharedCost",
    "Shift",
    "Statement",
    "StatementLine",
    "StepKind",
    "Tariff",
    "TariffTier",
    "Waiver",
]
