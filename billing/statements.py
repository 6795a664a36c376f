"""The file of a statement as it is read: where its table begins, which column is which, what each line says.

Nothing is written here. What is wrong with a line is said cell by cell, as in the import of a register, whose reading
of files this shares.
"""

import datetime
import hashlib
import itertools
import re
import unicodedata
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from billing.amounts import NOTHING
from billing.models import METHODS, Payment, Statement, StatementLine
from residents.imports import cells, files, mapping
from residents.imports.cells import BadCell
from residents.imports.faults import Fault
from residents.imports.targets import REQUIRED, Column
from servicedesk.core.errors import Refused
from servicedesk.core.tables import DELIMITERS, MOST_COLUMNS
from servicedesk.core.text import plain

# The table of a statement begins within so many lines; apps write about twenty lines of explanation above it.
HEADING_WITHIN = 60
# A month of a large community. What is more is exported by halves of a month.
MOST_LINES = 10_000
Why = StatementLine.Why
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?|(\d{2})(\d{2})(\d{2})", re.ASCII)
_MOMENT = re.compile(r"(\d{4}\D?\d{1,2}\D?\d{1,2}日?)(?:[T\s]*(\d.*))?", re.ASCII)
_MARKS = re.compile(r"[`'\s]|CNY|RMB", re.IGNORECASE)
# What an app says of a line whose money did not stay: 交易关闭, 已全额退款, 对方已退还, REFUND, NOTPAY.
_UNSETTLED = re.compile(r"关闭|失败|撤销|全额退|已退还|待付款|等待|refund|revoked|closed|notpay|fail", re.IGNORECASE)


# What a cell says -----------------------------------------------------------------------------------------------------


class Moment(NamedTuple):
    """A day, and the time of day where it is known."""

    day: datetime.date
    time: datetime.time | None

    def __str__(self):
        return f"{self.day} {self.time:%H:%M:%S}" if self.time else str(self.day)


def moment(text):
    """Return the Moment that a cell says, the year first: 2026-11-03 10:22:33, 20261103102233, 2026/11/3."""
    text = unicodedata.normalize("NFKC", text).strip("`' \t")
    found = _MOMENT.fullmatch(text[:8] + " " + text[8:] if text.isdigit() and len(text) > 8 else text)
    if found is None:
        raise BadCell(gettext_noop("Write the day with the year first, for example 2024-03-31."))
    return Moment(cells.day(found[1]), clock_time(found[2]) if found[2] else None)


def clock_time(text):
    """Return the time of day that a cell says: 10:22, 10:22:33, 102233."""
    found = _CLOCK.fullmatch(unicodedata.normalize("NFKC", text).strip())
    try:
        return datetime.time(*(int(part) for part in found.groups() if part))
    except (AttributeError, ValueError) as error:
        raise BadCell(gettext_noop("Write the time as hours and minutes, for example 10:22.")) from error


def yuan(text):
    """Return an amount with its sign, in yuan: `¥326.03`, `+326.03`, `-1,200.00`, `(20.00)`; nothing for a dash."""
    text = _MARKS.sub("", unicodedata.normalize("NFKC", text)).replace("−", "-").replace("¥", "")
    if text in ("", "-", "--", "/"):
        return NOTHING
    is_minus = text.startswith("-") or (text.startswith("(") and text.endswith(")"))
    amount = cells.money(text.strip("()").removeprefix("-").removeprefix("+"))
    return -amount if is_minus else amount


def balance(text):
    """Return the balance of an account in yuan, which may be larger than any payment."""
    text = _MARKS.sub("", unicodedata.normalize("NFKC", text)).replace(",", "").replace("¥", "").removeprefix("+")
    if text in ("", "-", "--", "/"):
        return None
    if not re.fullmatch(r"-?\d{1,12}(\.\d{1,2})?", text, re.ASCII):
        raise BadCell(gettext_noop("Write the amount in yuan with at most two decimals, for example 120.50."))
    return Decimal(text).quantize(Decimal("0.01"))


def words(most):
    """Return a reader of words, cut off behind `most` characters: a bank's remark is not ours to correct."""
    return lambda text: "" if text.strip("`/ ") == "" else text.lstrip("`")[:most]


def reference(text):
    """Return the reference of a line as the cashier writes it: without marks that only keep a spreadsheet away."""
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).strip("`'")
    if len(text) > 64:
        raise BadCell(
            gettext_noop("At most %(most)s characters fit here, there are %(count)s."), most=64, count=len(text)
        )
    return "" if text in ("/", "-") else text


DIRECTIONS = (("in", gettext_lazy("came in")), ("out", gettext_lazy("went out")), ("none", gettext_lazy("neither")))


class Lines:
    """What a statement holds: the columns of ours with the headings by which banks and apps call them."""

    columns = (
        Column(
            "day",
            gettext_lazy("Day, perhaps with the time"),
            moment,
            "2026-11-03 10:22:33",
            "交易日期 记账日期 入账日期 发生日期 日期 发生时间 付款时间 交易时间 交易创建时间 date transaction time",
            required=True,
        ),
        Column("time", gettext_lazy("Time of day"), clock_time, "10:22:33", "记账时间 交易时刻 交易时间"),
        Column(
            "income",
            gettext_lazy("Money that came in"),
            yuan,
            "326.03",
            "收入金额 收入 贷方发生额 贷方金额 贷方 存入金额 存入 转入金额 credit income",
        ),
        Column(
            "outgo",
            gettext_lazy("Money that went out"),
            yuan,
            "",
            "支出金额 支出 借方发生额 借方金额 借方 支取金额 支取 转出金额 debit outgo",
        ),
        Column(
            "amount",
            gettext_lazy("Amount"),
            yuan,
            "326.03",
            "金额 交易金额 订单金额 发生额 交易额 amount",
            gettext_lazy("Where one column holds what came in and what went out, by its sign or by the direction."),
        ),
        Column(
            "direction",
            gettext_lazy("Direction of the money"),
            str,
            "收入",
            "收支 借贷标志 借贷 借贷方向 收支类型 收付标志 收付 direction",
            choices=DIRECTIONS,
            words={
                **dict.fromkeys(("收入", "收", "贷", "贷方", "已收", "C", "CR", "credit"), "in"),
                **dict.fromkeys(("支出", "支", "付", "借", "借方", "D", "DR", "debit"), "out"),
                **dict.fromkeys(("不计收支", "其他", "中性交易", "/"), "none"),
            },
        ),
        Column(
            "reference",
            gettext_lazy("Reference"),
            reference,
            "4200002025110312345678",
            "交易单号 微信支付订单号 微信订单号 微信支付业务单号 支付宝交易号 交易订单号 交易号 业务流水号 交易流水号"
            " 银行流水号 流水号 账务流水号 日志号 交易参考号 凭证号 reference",
        ),
        Column(
            "counterparty",
            gettext_lazy("Payer"),
            words(120),
            "林晓梅",
            "交易对方 对方户名 对方名称 对方账户名称 对方账户名 对方单位 付款人名称 付款人 付款方 对方信息"
            " payer counterparty",
        ),
        Column(
            "remark",
            gettext_lazy("Summary of the payment"),
            words(200),
            "3-2-1201 物业费",
            "商品说明 商品名称 商品 摘要 交易摘要 summary",
        ),
        Column("note", gettext_lazy("Remark"), words(200), "", "附言 交易附言 用途 备注 留言 postscript note"),
        Column("balance", gettext_lazy("Balance of the account"), balance, "", "账户余额 本次余额 余额 balance"),
        Column("status", gettext_lazy("State of the payment"), words(60), "支付成功", "当前状态 交易状态 状态 status"),
    )
    one_of = ("income", "amount")


# Where the table begins -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Heading:
    """Where the table of a file begins, and what its columns are taken for."""

    sheet: str
    delimiter: str
    line: int
    header: list
    mapping: dict

    @property
    def is_known(self):
        """Whether all that is needed was found among the headings."""
        return is_complete(self.mapping)


def is_complete(chosen):
    """Return whether a mapping says where the day and the amount are."""
    given = chosen.get("columns", {}).keys()
    return "day" in given and any(name in given for name in Lines.one_of)


def find_heading(statement, look):
    """Return the Heading of a file of which only its Look is known: of the first lines of each sheet, the one with the
    most headings that are ours. Raises Refused for a file without any line. Reads sixty lines of each sheet."""
    found = []
    ways = [(sheet, "") for sheet in look.sheets] or [("", delimiter) for delimiter in DELIMITERS]
    for sheet, delimiter in ways:
        statement.sheet, statement.delimiter = sheet, delimiter
        rows = files.first_rows(statement, HEADING_WITHIN)
        found += [_heading(sheet, delimiter or ",", row) for row in rows if not row.fault]
    if not found:
        raise Refused(_("The file is empty, or its first row is not a row of column names."))
    return max(found, key=lambda one: (one.is_known, len(one.mapping["columns"]), len(one.header)))


def heading_at(statement, line):
    """Return the Heading at a line that a person has chosen. Raises Refused where that line is none of a table."""
    rows = files.first_rows(statement, HEADING_WITHIN)
    row = next((one for one in rows if one.line == line and not one.fault), None)
    if row is None:
        raise Refused(
            _("Line %(line)s holds no names of columns. Write the line in which the table begins.") % {"line": line}
        )
    return _heading(statement.sheet, statement.delimiter, row)


def _heading(sheet, delimiter, row):
    if len(row.values) > MOST_COLUMNS:
        raise Refused(_("The first row has more than a thousand columns. Is this the right file?"))
    header = [plain(value)[:200] for value in row.values]
    while header and not header[-1]:
        header.pop()
    return Heading(sheet, delimiter, row.line, header, mapping.guess(Lines, header))


def remembered(community, channel, header):
    """Return the mapping by which the last statement with these headings was read, or None. One query."""
    rows = Statement.objects.filter(community=community, channel=channel, status=Statement.Status.TAKEN)
    for header_then, chosen in rows.order_by("-taken_at").values_list("header", "mapping")[:5]:
        kept = mapping.by_heading(chosen, header_then)
        if mapping.fits(kept, header):
            return mapping.by_place(kept, header)
    return None


# What the lines say ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """One line as it was read. `why` is set of what is no payment of a home: outgoing, or not settled."""

    row: int
    at: datetime.datetime
    on: datetime.date
    amount: Decimal
    counterparty: str
    remark: str
    external_ref: str
    balance: Decimal | None
    why: str
    key: str = ""


@dataclass
class Contents:
    """What a file holds: its lines in their order, what is wrong with others, and how many rows are no lines at all
    (sums at the end, amounts of nothing) or stand there twice."""

    lines: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    bad_rows: int = 0
    passed: int = 0
    twice: int = 0

    @property
    def days(self):
        """The first and the last day, or (None, None)."""
        days = [one.on for one in self.lines]
        return (min(days), max(days)) if days else (None, None)


def sample(statement, most):
    """Return (the first rows below the heading, those from which unknown words are gathered). Raises Refused."""
    rows = files.first_rows(statement, statement.heading_line + HEADING_WITHIN * 10)
    below = [row for row in rows if row.line > statement.heading_line and not row.fault]
    return below[:most], below


def read(statement, *, now):
    """Return the Contents of the file of a statement by its mapping; nothing is compared with what is there.

    Raises Refused for a file that is gone, damaged or too long. One reading of the file; no query.
    """
    reader, contents = mapping.Reader(Lines, statement.mapping), Contents()
    today, tz = statement.community.local(now).date(), statement.community.tz
    below, keys = _Below(statement.mapping["columns"]), {}
    for ordinal, row in enumerate(_rows(statement)):
        if ordinal >= MOST_LINES:
            text = _("The file has more than %(most)s lines. Export a shorter period and take it in parts.")
            raise Refused(text % {"most": f"{MOST_LINES:,}"})
        try:
            said = _said(reader, ordinal, row, today, tz)
        except BadRow as bad:
            if contents.lines and below.may_hold(row, bad):
                below.rows.append(bad)
            else:
                _refuse(contents, bad)
            continue
        # A line behind them: what had no day stood among the lines and is wrong.
        for bad in below.rows:
            _refuse(contents, bad)
        below.rows.clear()
        if said is None:
            contents.passed += 1
        else:
            _add(contents, keys, said, ordinal)
    contents.passed += len(below.rows)
    return contents


def _refuse(contents, bad):
    contents.bad_rows += 1
    contents.faults += bad.faults


class _Below:
    """The rows below the table: sums with headings of their own, whose numbers are no days."""

    def __init__(self, columns):
        self.day, self.reference = columns.get("day", -1), columns.get("reference", -1)
        self.rows = []

    def may_hold(self, row, bad):
        """Return whether a row that cannot be read may stand there: words where the day is, or what follows those."""
        if row.fault:
            return False
        if self.rows:
            return bad.column == "day"
        is_alone = sum(1 for value in row.values if plain(value)) == 1
        has_day = any(sign.isdigit() for sign in _cell(row, self.day))
        return is_alone or not (has_day or plain(_cell(row, self.reference)))


def _cell(row, place):
    return row.values[place] if -1 < place < len(row.values) else ""


def _rows(statement):
    """Yield the rows below the heading. Those of a workbook are unpacked once, when they are first read."""
    if statement.sheets and not files.plain_of(statement).exists():
        files.make_plain(statement, seen=None)
    for row in files.table_of(statement):
        if row.line > statement.heading_line:
            yield row


class BadRow(Exception):
    """A row that cannot be read, with the Faults of its cells."""

    def __init__(self, ordinal, row, wrong):
        super().__init__(ordinal)
        self.faults = [
            Fault(ordinal, row.line, bad.column or column, value[:200], bad.reason, bad.params)
            for column, value, bad in wrong
        ]
        self.column = self.faults[0].column


def _said(reader, ordinal, row, today, tz):
    """Return the Said of a row, or None for one that moves no money. Raises BadRow."""
    entry, wrong = reader.entry(ordinal, row)
    if entry is None:
        raise BadRow(ordinal, row, wrong)
    facts = entry.facts
    try:
        day, time = facts["day"]
        if day > today:
            raise BadCell(gettext_noop("This day is still to come. Look at the year."), "day")
        amount = _amount(facts)
    except BadCell as bad:
        raise BadRow(ordinal, row, [(bad.column, str(facts["day"]) if bad.column == "day" else "", bad)]) from bad
    if not amount:
        return None
    at = datetime.datetime.combine(day, time or facts["time"] or datetime.time(), tzinfo=tz)
    is_unsettled = facts["direction"] == "none" or _UNSETTLED.search(facts["status"] or "")
    return Said(
        row=row.line,
        at=at,
        on=day,
        amount=amount,
        counterparty=facts["counterparty"] or "",
        remark=" ".join(dict.fromkeys(filter(None, (facts["remark"], facts["note"]))))[:300],
        external_ref=facts["reference"] or "",
        balance=facts["balance"],
        why=Why.OUTGOING if amount < 0 else Why.UNSETTLED if is_unsettled else "",
    )


def _amount(facts):
    """Return what a row moved, in yuan: above nothing what came in, below what went out. Raises BadCell."""
    came, went, amount = facts["income"], facts["outgo"], facts["amount"]
    if came is None and went is None and amount is None:
        raise BadCell(REQUIRED, "amount")
    if came or went:
        # Some banks write what went out with a sign in its own column, and what was taken back with one in either.
        if came and went:
            raise BadCell(gettext_noop("Money came in and went out on the same line. Look at the columns."), "income")
        return came if came else -abs(went)
    if not amount:
        return NOTHING
    return -abs(amount) if facts["direction"] == "out" else abs(amount) if facts["direction"] == "in" else amount


def _add(contents, keys, said, ordinal):
    """Add a line under its key; one that stands there twice counts once, and with two amounts it is wrong."""
    if said.external_ref:
        key = f"+{said.external_ref}" if said.amount > 0 else f"-{said.external_ref}:{-said.amount}"
        if (before := keys.get(key)) is not None:
            if before.amount == said.amount:
                contents.twice += 1
                return
            reason = gettext_noop("Line %(line)s has the same reference and %(amount)s yuan.")
            parts = {"line": before.row, "amount": str(before.amount)}
            contents.bad_rows += 1
            contents.faults.append(Fault(ordinal, said.row, "reference", said.external_ref, reason, parts))
            return
    else:
        # Two payments of one minute that nothing tells apart are two: each has its place among its equals.
        facts = (said.at.isoformat(), said.amount, said.counterparty, said.remark, said.balance)
        digest = hashlib.sha256(repr([str(one) for one in facts]).encode()).hexdigest()[:40]
        key = next(name for n in itertools.count(1) if (name := f"#{digest}.{n}") not in keys)
    keys[key] = replace(said, key=key)
    contents.lines.append(keys[key])


# What they are --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outlook:
    """What would come of a file: which lines are new, which of these are a payment of ours, and how many were known."""

    contents: Contents
    new: list
    payments: dict
    known: int

    def count(self, kind):
        """Return how many new lines are `outgoing`, `unsettled`, `matched` or `waiting`."""
        return len(self.of(kind))

    def of(self, kind):
        """Return the new lines that are of one kind."""
        return [one for one in self.new if self._kind(one) == kind]

    def _kind(self, said):
        return said.why or ("matched" if said.key in self.payments else "waiting")

    @property
    def came_in(self):
        """What the new lines brought in, in yuan."""
        return sum((one.amount for one in self.new if not one.why), NOTHING)


def outlook(statement, contents):
    """Return the Outlook of Contents against what is in the database now. Two queries."""
    keys = [one.key for one in contents.lines]
    mine = StatementLine.objects.filter(community=statement.community_id, channel=statement.channel)
    known = set(mine.filter(key__in=keys).values_list("key", flat=True))
    new = [one for one in contents.lines if one.key not in known]
    payments = same_payments(statement.community_id, statement.channel, [one for one in new if not one.why])
    return Outlook(contents, new, payments, len(contents.lines) - len(new))


def same_payments(community_id, channel, lines):
    """Return {key of a line: the Payment that has its reference and its amount}; none is of another line. One query."""
    wanted = {one.external_ref: one for one in lines if one.external_ref}
    if not wanted:
        return {}
    rows = Payment.objects.filter(community=community_id, method__in=METHODS[channel], external_ref__in=list(wanted))
    rows = rows.filter(statement_line__isnull=True).order_by("pk")
    found = {}
    for payment in rows:
        line = wanted[payment.external_ref]
        # Of a receipt that was taken back and taken again with the same reference, the one that counts.
        if payment.amount == line.amount and payment.refunded < payment.amount:
            found[line.key] = payment
    return found
