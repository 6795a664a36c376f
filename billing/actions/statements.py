"""The verbs of a statement: keep its file, say how it is read, take its lines; and of a line: take the money for a
home, link a payment, set aside, bring back.

A line is locked first and the home behind it (unit, bills, payments, series): nobody who holds a home asks for a line.
"""

import datetime
import hashlib

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from billing import matching
from billing import statements as reading
from billing.actions.cash import Means, take_payment
from billing.models import METHODS, Payment, Statement, StatementLine
from residents.imports import files
from servicedesk.core import bulk, events, once, tables
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.moves import move, write
from servicedesk.core.roles import has_role

MATCHERS = (Role.CASHIER, Role.FINANCE)
KEPT = datetime.timedelta(days=7)
Status, Line, Why = Statement.Status, StatementLine, StatementLine.Why
MEGABYTE = 1_000_000


def demand_matcher(community_id, *, by):
    """Raise NotAllowed unless `by` compares statements with the books. No query where their roles are known."""
    if not has_role(by, community_id, *MATCHERS):
        raise NotAllowed(_("A cashier or finance compares statements with what was taken. Ask one of them."))


# The file -------------------------------------------------------------------------------------------------------------


def upload_statement(community, *, channel, upload, by, now):
    """Keep the file of a statement and return (Statement, whether it is new): of the same file the one that is there,
    and nothing changes. Its heading is looked for, and the columns are guessed or taken from the last of this sender.

    Raises NotAllowed, and Refused with a sentence for what is no table. The file is stored before the transaction.
    """
    demand_matcher(community.pk, by=by)
    digest = hashlib.sha256()
    for part in upload.chunks(MEGABYTE):
        digest.update(part)
    upload.seek(0)
    there = Statement.objects.filter(community=community, digest=digest.hexdigest())
    there = there.exclude(status=Status.GIVEN_UP).select_related("community")
    if before := there.first():
        return before, False
    name = files.store(upload)
    try:
        statement = Statement(community=community, channel=channel, by=by, at=now, digest=digest.hexdigest())
        statement.stored, statement.file_name = name, upload.name[-200:]
        _look(statement)
        with transaction.atomic():
            statement.save(force_insert=True)
            events.log(statement, "statement_uploaded", by=by, now=now, data={"channel": str(channel)})
    except IntegrityError:
        # The same file, sent twice at once: the first of the two is it.
        files.discard(name)
        return there.get(), False
    except BaseException as error:
        files.discard(name)
        if isinstance(error, tables.TooLarge):
            raise Refused(_("Unpacked, this workbook would be larger than 60 MB. Save it as CSV.")) from error
        raise
    return statement, True


def _look(statement):
    """Find out how a new file is read."""
    look = tables.look_at(files.path_of(statement))
    statement.sheets, statement.encoding = list(look.sheets), look.encoding
    heading = reading.find_heading(statement, look)
    statement.sheet, statement.delimiter = heading.sheet, heading.delimiter
    statement.heading_line, statement.header = heading.line, heading.header
    statement.mapping = reading.remembered(statement.community, statement.channel, heading.header) or heading.mapping


def _draft(statement):
    """Return the row of a statement that is only looked at yet, locked. Raises Refused for another."""
    rows = Statement.objects.select_for_update(of=("self",), no_key=True).select_related("community", "by")
    found = rows.get(pk=statement.pk)
    if not found.is_draft:
        text = _("This statement is “%(state)s” by now, so nothing was changed. Look at it again.")
        raise Refused(text % {"state": found.get_status_display()})
    return found


@transaction.atomic
def choose_heading(statement, *, sheet, line, by, now):
    """Say in which line of which sheet the names of the columns stand; the columns are guessed anew. Raises NotAllowed,
    and Refused for a line that holds none."""
    demand_matcher(statement.community_id, by=by)
    statement = _draft(statement)
    is_other = sheet != statement.sheet
    statement.sheet = sheet
    heading = reading.heading_at(statement, line)
    chosen = reading.remembered(statement.community, statement.channel, heading.header) or heading.mapping
    write(statement, sheet=sheet, heading_line=line, header=heading.header, mapping=chosen)
    if is_other:
        # The rows of the other sheet; those of this one are unpacked when they are read.
        files.plain_of(statement).unlink(missing_ok=True)
    events.log(statement, "statement_heading", by=by, now=now, data={"line": line})
    return statement


@transaction.atomic
def map_statement(statement, *, chosen, by, now):
    """Say which column of the file is which of ours. Raises NotAllowed, Refused."""
    demand_matcher(statement.community_id, by=by)
    statement = _draft(statement)
    write(statement, mapping=chosen)
    events.log(statement, "statement_mapped", by=by, now=now)
    return statement


@transaction.atomic
def give_up_statement(statement, *, by, now):
    """Forget a file that was only looked at; nothing of it was written. Raises NotAllowed, Refused."""
    if by is not None:
        demand_matcher(statement.community_id, by=by)
    statement = _draft(statement)
    name = statement.stored
    move(statement, Status.GIVEN_UP, by=by, now=now, verb="statement_given_up", stored="")
    transaction.on_commit(lambda: files.discard(name))
    return statement


def forget_statement_files(*, now):
    """Give up the files that nobody has taken for a week; return how many."""
    old = Statement.objects.filter(status=Status.DRAFT, at__lt=now - KEPT)
    forgotten = 0
    for statement in list(old):
        try:
            give_up_statement(statement, by=None, now=now)
        except Refused:
            continue
        forgotten += 1
    return forgotten


@transaction.atomic
def take_statement(statement, *, only_good, by, now):
    """Take the lines of a file and return the Statement: what is a recorded payment by its reference and amount is
    matched, what went out or did not stay is set aside, the rest waits. Lines that are known from another file are left
    out and counted. No money is posted.

    Raises NotAllowed, and Refused, with nothing written, where rows cannot be read and not `only_good` says to leave
    them out, where the file holds no line, or is gone. One reading of the file and a dozen queries.
    """
    demand_matcher(statement.community_id, by=by)
    statement = _draft(statement)
    _alone(statement)
    contents = reading.read(statement, now=now)
    if contents.bad_rows and not only_good:
        raise Refused(_("Rows cannot be read. Correct the file and upload it again, or take only the good rows."))
    if not contents.lines:
        raise Refused(_("No line of this file can be read as money. Look at the columns."))
    found = reading.outlook(statement, contents)
    payments = _still_free(found.payments)
    rows = [_row(statement, said, payments.get(said.key), by, now) for said in found.new]
    for row, key in zip(rows, bulk.keys_for(Line, len(rows)), strict=True):
        row.pk = key
    bulk.copy_in(rows)
    matched = [(one.pk, {"payment": one.payment_id}) for one in rows if one.payment_id]
    events.log_many(Line, matched, "line_matched", community=statement.community, by=by, now=now)
    first, last = contents.days
    name = statement.stored
    counts = {"kept": len(rows), "known": found.known + contents.twice, "refused": contents.bad_rows}
    facts = {"taken_at": now, "from_on": first, "to_on": last, "stored": "", **counts}
    data = counts | {"matched": len(matched)}
    move(statement, Status.TAKEN, by=by, now=now, verb="statement_taken", data=data, **facts)
    # What was read is kept line by line; the file holds more than that and is not needed any more.
    transaction.on_commit(lambda: files.discard(name))
    return statement


def _alone(statement):
    """Wait for another statement of the same sender: of two that overlap, the second knows the lines of the first."""
    with connection.cursor() as cursor:
        name = f"statement:{statement.community_id}:{statement.channel}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _still_free(payments):
    """Lock the payments that lines were found to be; return those that no line has become meanwhile."""
    keys = sorted(payment.pk for payment in payments.values())
    list(Payment.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys).order_by("pk"))
    used = set(Line.objects.filter(payment__in=keys).values_list("payment_id", flat=True))
    return {key: payment for key, payment in payments.items() if payment.pk not in used}


def _row(statement, said, payment, by, now):
    row = Line(
        community_id=statement.community_id,
        statement=statement,
        channel=statement.channel,
        row=said.row,
        at=said.at,
        on=said.on,
        amount=said.amount,
        counterparty=said.counterparty,
        remark=said.remark,
        external_ref=said.external_ref,
        balance=said.balance,
        key=said.key,
        status=Line.Status.SET_ASIDE if said.why else Line.Status.MATCHED if payment else Line.Status.WAITING,
        payment=payment,
        why=said.why,
    )
    if said.why or payment:
        row.decided_at, row.decided_by = now, by
    return row


# A line ---------------------------------------------------------------------------------------------------------------


def _locked(line):
    """Return a line as it is once it is locked: what it is joined with is read again behind the lock. Two queries."""
    Line.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=line.pk)
    return Line.objects.select_related("community", "payment__receipt", "decided_by").get(pk=line.pk)


def _demand_waiting(line):
    """Raise Refused, naming who did what, where a locked line does not wait any more."""
    if line.is_waiting:
        return
    facts = {"who": line.decided_by}
    if line.payment_id:
        facts["receipt"] = line.payment.receipt
        text = _("This line is on receipt %(receipt)s already, by %(who)s. Nothing was taken now.")
        raise Refused(text % facts)
    raise Refused(_("This line was set aside by %(who)s. Bring it back first, if it is money of a home.") % facts)


@transaction.atomic
def take_line(line, *, unit, bills, deposits, owed, keep_rest, by, now, submission, payer=None):
    """Take the money of a waiting line for a home, and return the Receipt: it is posted as the cashier posts money, in
    the open shift of `by`, with the means and the reference of the line, and the line is matched with it, in one
    transaction. The same `submission` returns the same receipt.

    Raises NotAllowed for who is no cashier; Refused, with nothing written, where somebody else has taken the line or
    its reference is on a receipt already (named), without an open shift, and as `take_payment` does.
    """
    line = _locked(line)
    if line.payment_id and submission and line.payment.receipt.submission == submission:
        return line.payment.receipt
    _demand_waiting(line)
    if unit.community_id != line.community_id:
        raise Refused(_("This home is not of the community of the statement. Choose another one."))
    means = Means(METHODS[line.channel][0], line.amount, line.external_ref)
    facts = {"bills": bills, "deposits": deposits, "owed": owed, "keep_rest": keep_rest, "payer": payer}
    note = _("Received %(day)s, as the statement of the %(channel)s says.")
    note %= {"day": line.on, "channel": line.get_channel_display()}
    receipt = take_payment(unit, means=[means], note=note, by=by, now=now, submission=submission, **facts)
    payment = Payment.objects.get(receipt=receipt, method=means.method)
    if payment.external_ref != line.external_ref or payment.amount != line.amount:
        raise once.used_already(receipt)
    _match(line, payment, "line_taken", by=by, now=now)
    return receipt


@transaction.atomic
def link_line(line, *, payment, by, now):
    """Say that a waiting line is a payment that was recorded before, and return it. Nothing is posted.

    Raises NotAllowed, and Refused for a payment of another amount, means or community, one that was taken back, and one
    that another line is already.
    """
    demand_matcher(line.community_id, by=by)
    line = _locked(line)
    _demand_waiting(line)
    rows = Payment.objects.select_for_update(of=("self",), no_key=True).filter(community=line.community_id)
    payment = rows.select_related("receipt").get(pk=payment.pk)
    facts = {"receipt": payment.receipt}
    try:
        facts["line"] = payment.statement_line
        text = _("Receipt %(receipt)s is on the statement already, as %(line)s. Choose another payment.")
        raise Refused(text % facts)
    except ObjectDoesNotExist:
        pass
    if not matching.may_be(payment, line):
        text = _("Receipt %(receipt)s cannot be this line: amount and means must be the same, and it must still count.")
        raise Refused(text % facts)
    return _match(line, payment, "line_matched", by=by, now=now)


def _match(line, payment, verb, *, by, now):
    facts = {"payment": payment, "decided_at": now, "decided_by": by}
    move(line, Line.Status.MATCHED, by=by, now=now, verb=verb, data={"payment": payment.pk}, **facts)
    return line


@transaction.atomic
def set_line_aside(line, *, why, note, by, now):
    """Say why a waiting line is no payment of a home, and return it. Raises NotAllowed, and Refused where another
    reason is given and not written."""
    demand_matcher(line.community_id, by=by)
    if why not in Line.BY_HAND:
        raise Refused(_("Choose why this line is no payment of a home."))
    if why == Why.OTHER and not note:
        raise Refused(_("Write what the other reason is."))
    line = _locked(line)
    _demand_waiting(line)
    facts = {"why": why, "reason": note, "decided_at": now, "decided_by": by}
    move(line, Line.Status.SET_ASIDE, by=by, now=now, verb="line_set_aside", data={"why": str(why)}, **facts)
    return line


@transaction.atomic
def bring_line_back(line, *, note, by, now):
    """Let a line wait again that was set aside, that was linked by mistake, or whose receipt was taken back, and return
    it. Raises NotAllowed, and Refused for money that went out, and where the receipt was made of this line and counts:
    it is taken back first, by two people.
    """
    demand_matcher(line.community_id, by=by)
    line = _locked(line)
    if line.is_waiting:
        raise Refused(_("This line waits already."))
    if line.amount < 0:
        raise Refused(_("This money went out. It is compared with refunds by hand and never waits for a home."))
    if line.payment_id and _is_its_own(line):
        text = _("Receipt %(receipt)s was made from this line. Have it taken back first, by two people.")
        raise Refused(text % {"receipt": line.payment.receipt})
    facts = {"payment": None, "why": "", "reason": "", "decided_at": None, "decided_by": None}
    move(line, Line.Status.WAITING, by=by, now=now, verb="line_brought_back", note=note, **facts)
    return line


def _is_its_own(line):
    """Return whether the payment of a line counts and is beyond doubt this money: made of it, or of its reference."""
    payment = line.payment
    is_same = line.external_ref and payment.external_ref == line.external_ref
    return payment.refunded < payment.amount and bool(is_same or payment.at == line.decided_at)
