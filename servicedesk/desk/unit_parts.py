"""One unit on one page (一户一档): what the desk has of a home, part by part, as tables for screen and paper."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from billing import bill_list
from billing.access import PAYING
from billing.actions import GIVERS
from billing.actions.rights import MONEY, READERS
from billing.models import Bill, Deposit, Receipt
from complaints.models import Case
from residents import metering
from residents.models import (
    Agreement,
    Contact,
    Credential,
    Defect,
    Document,
    Handover,
    HomeVisit,
    KeyMove,
    KeySet,
    Meter,
    MoveBooking,
    Plate,
    ReleaseSlip,
    Vehicle,
    VisitNeed,
)
from servicedesk.core.roles import has_role

# What stands of one part on the first page; the part itself shows up to MOST.
FEW, MOST = 6, 200
# So many receipts of a home; the others are in the list of all.
LAST_RECEIPTS = 10


@dataclass(frozen=True)
class Cell:
    """One cell of a Table. `data` says that the words are somebody's own and no part of a language."""

    text: Any = ""
    url: str = ""
    tag: str = ""
    data: bool = True

    @property
    def shown(self):
        """The words, a day and a moment as the desk writes them."""
        if isinstance(self.text, datetime.datetime):
            return f"{self.text:%Y-%m-%d %H:%M}"
        return f"{self.text:%Y-%m-%d}" if isinstance(self.text, datetime.date) else self.text


def who(person, name=""):
    """Return a Cell with the name of a person of the register; nobody's whose entry is sealed (PIPL 47)."""
    if person is None:
        return Cell(name or "–")
    return Cell("–") if person.sealed_at else Cell(person, url=person.get_absolute_url())


def label(text, **facts):
    """Return a Cell with words of ours."""
    return Cell(text, data=False, **facts)


@dataclass(frozen=True)
class Table:
    """Rows of Cells under their header, or the sentence that says that there is nothing."""

    title: str
    header: list
    rows: list
    nothing: str
    more_url: str = ""
    more_label: str = ""
    # What is there to be pressed has no place in a printed file.
    is_on_paper: bool = True

    @property
    def is_cut(self):
        """Whether there may be more rows than stand here."""
        return len(self.rows) >= MOST

    @property
    def lines(self):
        """The rows as (name of the column, Cell) pairs, as a narrow screen shows them."""
        return [list(zip(self.header, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Part:
    """A part of the page: `tables(home)` returns its Tables in a fixed number of queries."""

    key: str
    label: str
    tables: Callable


class Home:
    """One unit as `user` sees it at `now`. What more than one part shows is read once, however many are asked for."""

    def __init__(self, unit, user, now):
        self.unit, self.user, self.now = unit, user, now
        self.today = self.day_of(now)

    def day_of(self, moment):
        return self.unit.community.local(moment).date()

    def may(self, *roles):
        """Return whether who looks holds one of `roles` here. No query of its own."""
        return has_role(self.user, self.unit.community_id, *roles)

    @cached_property
    def occupancies(self):
        """Who is here, was and is to come. One query."""
        known = self.unit.occupancies.in_force().known().select_related("person", "company")
        return list(known.order_by("kind", "-period", "id"))

    @property
    def living(self):
        return [one for one in self.occupancies if one.is_on(self.today)]

    @cached_property
    def handovers(self):
        """Every move in and out, the newest first. One query."""
        rows = Handover.objects.for_unit(self.unit).select_related("party")
        return list(rows.order_by("-opened_at", "-id"))

    @cached_property
    def handovers_with_papers(self):
        """The same with their documents and agreements. Two more queries."""
        by_id = [Prefetch("documents", Document.objects.order_by("id"))]
        by_id.append(Prefetch("agreements", Agreement.objects.filter(is_needed=True).order_by("id")))
        prefetch_related_objects(self.handovers, *by_id)
        return self.handovers


@dataclass(frozen=True)
class Overview:
    """What has to be seen first: instructions to keep in mind, papers that are missing, who is there, what is open."""

    instructions: list = field(default_factory=list)
    missing: list = field(default_factory=list)
    tables: list = field(default_factory=list)


def overview(home):
    """Return the Overview of a home. Five queries beside that of the roles."""
    tables = [
        _people_table(home.living, _("Who lives or works here"), _("Nobody is registered here.")),
        _cases_table(home.unit, Case.objects.visible_to(home.user).open(), FEW, _("Open cases")),
    ]
    running = [one for one in home.handovers if one.is_running]
    if moves := _moves_table(running[:FEW], _("Running moves")):
        tables.insert(0, moves)
    return Overview(instructions(home), missing(home), tables)


def instructions(home):
    """Return what is to be kept in mind of who is here, as (name, words) pairs."""
    return [(one.person.name, one.person.note) for one in home.living if one.person.note]


def missing(home):
    """Return the names of what the last move-in asked for and has not got: papers and signatures."""
    stood = (one for one in home.handovers_with_papers if one.is_move_in and one.status != Handover.Status.CANCELLED)
    if (last := next(stood, None)) is None:
        return []
    papers = [one for one in last.documents.all() if one.state == Document.State.WANTED]
    return [str(one) for one in (*papers, *(one for one in last.agreements.all() if one.signed_on is None))]


def people(home):
    """Return the Tables of who is here, who was and who is to come, with contacts and vehicles. Three queries."""
    rows, today = home.occupancies, home.today
    before = [one for one in rows if one.period.upper and one.period.upper <= today]
    later = [one for one in rows if one.period.lower > today]
    tables = [_people_table(home.living, _("Who lives or works here"), _("Nobody is registered here."))]
    if later:
        tables.append(_people_table(later, _("Who is to come"), ""))
    if before:
        tables.append(_people_table(before, _("Who was here"), ""))
    return [*tables, _contacts(home.unit), _vehicles(home.unit, today)]


def _people_table(rows, title, nothing):
    header = [_("Who"), _("Capacity"), _("Telephone"), _("From"), _("To")]
    return Table(title, header, [_person_row(one) for one in rows[:MOST]], nothing)


def _person_row(one):
    capacity = f"{one.get_kind_display()} {one.company}" if one.company_id else one.get_kind_display()
    return [
        Cell(one.person.name, url=one.person.get_absolute_url()),
        Cell(capacity) if one.company_id else label(capacity),
        Cell(one.person.masked_phone or "–"),
        Cell(one.period.lower),
        Cell(one.last_day or "–"),
    ]


def _contacts(unit):
    header = [_("Name"), _("As"), _("Telephone"), _("Of"), _("Is told about")]
    rows = [
        [
            Cell(one),
            label(one.get_role_display()),
            Cell(one.masked_phone or "–"),
            who(one.occupant),
            label("、".join(str(name) for name in one.occasions) or "–"),
        ]
        for one in Contact.objects.active().filter(unit=unit).with_people()[:MOST]
    ]
    return Table(_("Contacts"), header, rows, _("No contact is recorded."))


def _vehicles(unit, today):
    header = [_("Number plate"), _("Kind"), _("Colour"), _("Of"), _("From")]
    known = Vehicle.objects.on(today).filter(unit=unit, person__sealed_at=None).select_related("person")
    rows = [
        [
            Cell(one.plate or "–"),
            label(one.get_kind_display()),
            Cell(one.colour or "–"),
            who(one.person),
            Cell(one.period.lower),
        ]
        for one in known.order_by("id")[:MOST]
    ]
    return Table(_("Vehicles"), header, rows, _("No vehicle is recorded."))


def cases(home):
    """Return the Table of the home's cases that who looks may see, newest first. One query beside that of the roles."""
    return [_cases_table(home.unit, Case.objects.visible_to(home.user), MOST, _("Cases, newest first"))]


def _cases_table(unit, rows, most, title):
    found = list(rows.filter(unit=unit).select_related("department").order_by("-id")[: most + 1])
    more = f"{reverse('complaints:list')}?{urlencode({'view': 'all', 'q': unit.label})}" if len(found) > most else ""
    header = [_("Number"), _("Received"), _("Matter"), _("Department"), _("Status")]
    return Table(title, header, [_case_row(case, unit) for case in found[:most]], _("No case."), more)


def _case_row(case, unit):
    tag, words = case.tag
    return [
        Cell(case.short_number, url=case.get_absolute_url()),
        Cell(unit.community.local(case.received_at).date()),
        Cell(case.summary),
        Cell(case.department),
        label(words, tag=tag),
    ]


def keys(home):
    """Return the Tables of key sets, of copies that are with somebody, and of cards. Three queries."""
    sets = [
        [
            Cell(one.tag, url=one.get_absolute_url()),
            label(one.get_kind_display()),
            Cell(one.slot or "–"),
            Cell(one.copies),
            Cell(one.in_cabinet),
            Cell(one.on_loan),
            Cell(one.issued),
        ]
        for one in KeySet.objects.for_unit(home.unit)[:MOST]
    ]
    out = [
        [who(one.person, one.name), Cell(one.key_set.tag), Cell(one.left), Cell(home.day_of(one.at))]
        for one in KeyMove.objects.outstanding(home.unit).select_related("person", "key_set")[:MOST]
    ]
    cards = [
        [
            Cell(one.number, url=one.get_absolute_url()),
            label(one.get_kind_display()),
            who(one.person, one.name),
            Cell(one.valid_from),
            Cell(one.valid_to or "–"),
            label(one.get_status_display()),
        ]
        for one in Credential.objects.for_unit(home.unit).with_people().order_by("-issued_at", "-id")[:MOST]
    ]
    header = [_("Tag"), _("Kind"), _("Slot"), _("Copies"), _("In the cabinet"), _("On loan"), _("Given out for good")]
    return [
        Table(_("Key sets"), header, sets, _("No keys of this home are registered.")),
        Table(
            _("Keys with residents"), [_("Who"), _("Tag"), _("Copies"), _("Since")], out, _("Nobody has keys from us.")
        ),
        Table(
            _("Cards and passes"),
            [_("Number of the card"), _("Kind"), _("Holder"), _("From"), _("To"), _("Status")],
            cards,
            _("No card was issued."),
        ),
    ]


def meters(home):
    """Return the Table of the meters in place with their last readings. One query."""
    found = metering.with_last(Meter.objects.for_unit(home.unit))[:MOST]
    rows = [
        [
            Cell(one.serial, url=one.get_absolute_url()),
            label(one.get_resource_display()),
            Cell("–" if one.last_value is None else f"{one.last_value:.{one.decimals}f}"),
            Cell(home.day_of(one.last_at) if one.last_at else "–"),
            Cell("–" if one.last_consumption is None else f"{one.last_consumption.normalize():f} {one.measure}"),
        ]
        for one in found
    ]
    header = [_("Serial number"), _("Resource"), _("Last reading"), _("Read on"), _("Consumption")]
    return [Table(_("Meters"), header, rows, _("No meter of this home is registered."))]


def moves(home):
    """Return the Tables of handovers, moves and goods released. Three queries."""
    booked = MoveBooking.objects.for_unit(home.unit).select_related("lift__building", "applicant")
    bookings = [
        [
            Cell(_span(home.unit.community, one.window), url=one.get_absolute_url()),
            label(one.get_kind_display()),
            Cell(one.lift or "–"),
            who(one.applicant, one.applicant_name),
            label(one.tag[1], tag=one.tag[0]),
        ]
        for one in booked.order_by("-window")[:MOST]
    ]
    released = ReleaseSlip.objects.for_unit(home.unit).select_related("applicant")
    slips = [
        [
            Cell(one.number, url=one.get_absolute_url()),
            Cell(one.valid_on),
            who(one.applicant, one.applicant_name),
            label(one.get_status_display()),
        ]
        for one in released.order_by("-valid_on", "-id")[:MOST]
    ]
    nothing = _("Nobody has moved in or out since the register began.")
    return [
        _moves_table(home.handovers[:MOST], _("Move-ins and move-outs"), nothing),
        Table(
            _("Moves by lift"),
            [_("When"), _("Kind"), _("Lift"), _("Who"), _("Status")],
            bookings,
            _("No move was booked."),
        ),
        Table(
            _("Goods release slips"),
            [_("Number"), _("Valid from"), _("Who"), _("Status")],
            slips,
            _("No goods were released."),
        ),
    ]


def _moves_table(handovers, title, nothing=""):
    """Return the Table of some handovers, or None where there are none and nothing is to be said of it."""
    rows = [
        [
            label(one.get_kind_display(), url=one.get_absolute_url()),
            who(one.party),
            Cell(one.moves_on),
            label(one.get_status_display()),
        ]
        for one in handovers
    ]
    header = [_("Kind"), _("Who"), _("Day of the move"), _("Status")]
    return Table(title, header, rows, nothing) if rows or nothing else None


def _span(community, window):
    begins, ends = community.local(window.lower), community.local(window.upper)
    return f"{begins:%Y-%m-%d %H:%M}–{ends:%H:%M}"


def visits(home):
    """Return the Tables of home visits with what was asked for, and of plates on directory boards. Three queries."""
    needs = Prefetch("needs", VisitNeed.objects.order_by("id"))
    made = HomeVisit.objects.for_unit(home.unit).select_related("person", "visited_by").prefetch_related(needs)
    visited = [
        [
            Cell(_visited_on(one, home), url=one.get_absolute_url()),
            Cell(one.visited_by or "–"),
            Cell(one.met or "–"),
            Cell("；".join(need.text for need in one.needs.all()) or "–"),
            label(one.tag[1], tag=one.tag[0]),
        ]
        for one in made.order_by("-planned_on", "-id")[:MOST]
    ]
    plates = [
        [
            Cell(one.display_name_zh, url=one.get_absolute_url()),
            Cell(one.board),
            Cell(one.slot),
            label(one.tag[1], tag=one.tag[0]),
        ]
        for one in Plate.objects.for_unit(home.unit).select_related("board").order_by("-id")[:MOST]
    ]
    return [
        Table(
            _("Home visits"),
            [_("Day"), _("Who went"), _("Met"), _("Asked for"), _("Status")],
            visited,
            _("Nobody has visited this home yet."),
        ),
        Table(
            _("Plates on directory boards"),
            [_("Name"), _("Board"), _("Place"), _("Status")],
            plates,
            _("No plate bears the name of somebody here."),
        ),
    ]


def _visited_on(visit, home):
    return home.day_of(visit.done_at) if visit.done_at else visit.planned_on


def papers(home):
    """Return the Tables of papers shown, agreements signed and defects found at the handovers. Three queries."""
    moves = home.handovers_with_papers
    shown = [
        [who(move.party), label(str(one)), label(one.get_state_display())]
        for move in moves
        for one in move.documents.all()
        if one.state != Document.State.NOT_NEEDED
    ]
    signed = [
        [who(move.party), label(str(one)), Cell(one.signed_on) if one.signed_on else label(_("not signed"))]
        for move in moves
        for one in move.agreements.all()
    ]
    defects = [
        [
            Cell(one.text, url=one.get_absolute_url()),
            Cell(home.day_of(one.found_at)),
            Cell(one.promised_on or "–"),
            label(one.get_status_display()),
        ]
        for one in Defect.objects.for_unit(home.unit).order_by("-found_at", "id")[:MOST]
    ]
    return [
        Table(_("Papers"), [_("Who"), _("Paper shown"), _("State")], shown[:MOST], _("No paper was shown.")),
        Table(
            _("Agreements"), [_("Who"), _("Agreement"), _("Signed on")], signed[:MOST], _("No agreement was signed.")
        ),
        Table(
            _("Defects"),
            [_("Defect"), _("Found on"), _("Promised for"), _("Status")],
            defects,
            _("No defect was found."),
        ),
    ]


def deposits(home):
    """Return the Table of the deposits of a home. One query."""
    rows = [
        [
            Cell(one.number, url=one.get_absolute_url()),
            label(one.get_kind_display()),
            who(one.payer),
            Cell(f"{one.amount:,.2f}"),
            Cell(f"{one.held:,.2f}"),
            label(_("void")) if one.voided_at else Cell(one.refund_due_on or "–"),
        ]
        for one in Deposit.objects.filter(unit=home.unit).select_related("payer")[:MOST]
    ]
    header = [pgettext("money", "Number"), _("Kind"), _("Payer"), _("Yuan"), _("Held"), _("To be given back from")]
    return [Table(_("Deposits"), header, rows, _("No deposit was asked for."))]


def bills(home):
    """Return the Tables of the bills of a home, the newest first, with the last receipts
    for who sees money, and of who may see them on a phone. Up to four queries."""
    rows = Bill.objects.filter(unit=home.unit).select_related("fee", "debtor").order_by("-month", "fee__position", "id")
    found = []
    for bill in rows[:MOST]:
        state = bill_list.state_of(bill, home.today)
        found.append(
            [
                Cell(bill.number, url=bill.get_absolute_url()),
                Cell(f"{bill.month:%Y-%m}"),
                Cell(bill.called),
                Cell(f"{bill.amount:,.2f}"),
                Cell("–" if bill.is_void else f"{bill.balance:,.2f}"),
                Cell(bill.due_on),
                label(bill_list.LABELS[state], tag=bill_list.TAGS[state]),
            ]
        )
    header = [pgettext("money", "Number"), _("Month"), _("Fee"), _("Yuan"), _("Left to pay"), _("Due on"), _("State")]
    facts = {}
    if home.may(*READERS):
        facts = {"more_url": reverse("billing:unit_fees", args=[home.unit.pk]), "more_label": _("What this home pays")}
    tables = [Table(_("Bills"), header, found, _("No bill of this home has been made."), **facts)]
    if home.may(*MONEY):
        tables.append(_receipts(home))
    if home.may(*GIVERS):
        tables += filter(None, [_bill_codes(home)])
    return tables


def _receipts(home):
    """Return the Table of the last receipts of a home. Two queries."""
    rows = Receipt.objects.filter(unit=home.unit).select_related("payer").prefetch_related("payments")
    found = [
        [
            Cell(one.number, url=one.get_absolute_url()),
            Cell(home.day_of(one.at)),
            who(one.payer),
            Cell(f"{one.amount:,.2f}"),
            label("、".join(dict.fromkeys(part.get_method_display() for part in one.payments.all()))),
            label(_("void"), tag="void") if one.is_void else label(_("valid")),
        ]
        for one in rows[:LAST_RECEIPTS]
    ]
    header = [pgettext("money", "Number"), _("Day"), _("Payer"), _("Yuan"), _("Means of payment"), _("State")]
    more = f"{reverse('billing:receipts')}?{urlencode({'q': home.unit.label})}" if found else ""
    return Table(_("Receipts"), header, found, _("No money has been taken for this home."), more)


def _bill_codes(home):
    """Return the Table of whom a code for their bills can be given, or None where nobody owes or owed."""
    rows = [
        [Cell(one.person.name), Cell(_("Give a code"), url=reverse("billing:give_code", args=[one.pk]), data=False)]
        for one in home.occupancies
        if one.kind in PAYING
    ]
    if not rows:
        return None
    return Table(_("Bills on their phone"), [_("Who"), _("Code for bills")], rows, "", is_on_paper=False)


# In the order of the tabs. An upper part of the desk that knows something of a home adds itself here.
PARTS = [
    Part("people", gettext_lazy("People"), people),
    Part("cases", gettext_lazy("Cases"), cases),
    Part("keys", gettext_lazy("Keys and cards"), keys),
    Part("meters", gettext_lazy("Meters"), meters),
    Part("moves", gettext_lazy("Moves"), moves),
    Part("visits", gettext_lazy("Visits and plates"), visits),
    Part("deposits", gettext_lazy("Deposits"), deposits),
    Part("papers", gettext_lazy("Papers"), papers),
    Part("bills", gettext_lazy("Bills"), bills),
]
