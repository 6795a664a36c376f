"""One unit on one page (一户一档): what the desk has of a home, part by part, as tables for screen and paper."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import bill_list
from billing.access import PAYING
from billing.actions import GIVERS
from billing.models import Bill, Deposit
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
    """A part of the page: `tables(unit, user, now)` returns its Tables in a fixed number of queries."""

    key: str
    label: str
    tables: Callable


@dataclass(frozen=True)
class Overview:
    """What has to be seen first: instructions to keep in mind, papers that are missing, who is there, what is open."""

    instructions: list = field(default_factory=list)
    missing: list = field(default_factory=list)
    tables: list = field(default_factory=list)


def overview(unit, user, now):
    """Return the Overview of a unit. Seven queries beside that of the roles."""
    today = unit.community.local(now).date()
    living = list(_occupancies(unit).on(today))
    tables = [
        _people_table(living, _("Who lives or works here"), _("Nobody is registered here.")),
        _cases_table(unit, Case.objects.visible_to(user).open(), FEW, _("Open cases")),
    ]
    running = Handover.objects.for_unit(unit).running().select_related("party")
    if moves := _moves_table(unit, running, FEW, _("Running moves")):
        tables.insert(0, moves)
    return Overview(
        instructions=[(one.person.name, one.person.note) for one in living if one.person.note],
        missing=_missing(unit),
        tables=tables,
    )


def _missing(unit):
    """Return the names of what the last move-in asked for and has not got: papers and signatures. Up to three
    queries."""
    last = Handover.objects.for_unit(unit).filter(kind=Handover.Kind.MOVE_IN).exclude(
        status=Handover.Status.CANCELLED
    ).order_by("-opened_at", "-id").first()  # fmt: skip
    if last is None:
        return []
    papers = Document.objects.filter(handover=last, state=Document.State.WANTED)
    signatures = Agreement.objects.filter(handover=last, signed_on=None, is_needed=True)
    return [str(one) for one in (*papers, *signatures)]


def people(unit, user, now):
    """Return the Tables of who is here, who was and who is to come, with contacts and vehicles. Three queries."""
    today = unit.community.local(now).date()
    rows = list(_occupancies(unit)[:MOST])
    here = [one for one in rows if one.is_on(today)]
    before = [one for one in rows if one.period.upper and one.period.upper <= today]
    later = [one for one in rows if one.period.lower > today]
    tables = [_people_table(here, _("Who lives or works here"), _("Nobody is registered here."))]
    if later:
        tables.append(_people_table(later, _("Who is to come"), ""))
    if before:
        tables.append(_people_table(before, _("Who was here"), ""))
    return [*tables, _contacts(unit), _vehicles(unit, today)]


def _occupancies(unit):
    return unit.occupancies.in_force().known().select_related("person", "company").order_by("kind", "-period", "id")


def _people_table(rows, title, nothing):
    header = [_("Who"), _("Capacity"), _("Telephone"), _("From"), _("To")]
    return Table(title, header, [_person_row(one) for one in rows], nothing)


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


def cases(unit, user, now):
    """Return the Table of the unit's cases that `user` may see, newest first. One query beside that of the roles."""
    return [_cases_table(unit, Case.objects.visible_to(user), MOST, _("Cases, newest first"))]


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


def keys(unit, user, now):
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
        for one in KeySet.objects.for_unit(unit)[:MOST]
    ]
    out = [
        [who(one.person, one.name), Cell(one.key_set.tag), Cell(one.left), Cell(unit.community.local(one.at).date())]
        for one in KeyMove.objects.outstanding(unit).select_related("person", "key_set")[:MOST]
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
        for one in Credential.objects.for_unit(unit).with_people().order_by("-issued_at", "-id")[:MOST]
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


def meters(unit, user, now):
    """Return the Table of the meters in place with their last readings. One query."""
    found = metering.with_last(Meter.objects.for_unit(unit))[:MOST]
    rows = [
        [
            Cell(one.serial, url=one.get_absolute_url()),
            label(one.get_resource_display()),
            Cell("–" if one.last_value is None else f"{one.last_value:.{one.decimals}f}"),
            Cell(unit.community.local(one.last_at).date() if one.last_at else "–"),
            Cell("–" if one.last_consumption is None else f"{one.last_consumption.normalize():f} {one.measure}"),
        ]
        for one in found
    ]
    header = [_("Serial number"), _("Resource"), _("Last reading"), _("Read on"), _("Consumption")]
    return [Table(_("Meters"), header, rows, _("No meter of this home is registered."))]


def moves(unit, user, now):
    """Return the Tables of handovers, moves and goods released. Three queries."""
    handovers = Handover.objects.for_unit(unit).select_related("party")
    booked = MoveBooking.objects.for_unit(unit).select_related("lift", "applicant").order_by("-window")[:MOST]
    bookings = [
        [
            Cell(_span(unit.community, one.window), url=one.get_absolute_url()),
            label(one.get_kind_display()),
            Cell(one.lift or "–"),
            who(one.applicant, one.applicant_name),
            label(one.tag[1], tag=one.tag[0]),
        ]
        for one in booked
    ]
    slips = [
        [
            Cell(one.number, url=one.get_absolute_url()),
            Cell(one.valid_on),
            who(one.applicant, one.applicant_name),
            label(one.get_status_display()),
        ]
        for one in ReleaseSlip.objects.for_unit(unit).select_related("applicant").order_by("-valid_on", "-id")[:MOST]
    ]
    nothing = _("Nobody has moved in or out since the register began.")
    return [
        _moves_table(unit, handovers, MOST, _("Move-ins and move-outs"), nothing),
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


def _moves_table(unit, handovers, most, title, nothing=""):
    """Return the Table of some handovers, or None where there are none and nothing is to be said of it."""
    rows = [
        [
            label(one.get_kind_display(), url=one.get_absolute_url()),
            who(one.party),
            Cell(one.moves_on),
            label(one.get_status_display()),
        ]
        for one in handovers.order_by("-opened_at", "-id")[:most]
    ]
    header = [_("Kind"), _("Who"), _("Day of the move"), _("Status")]
    return Table(title, header, rows, nothing) if rows or nothing else None


def _span(community, window):
    begins, ends = community.local(window.lower), community.local(window.upper)
    return f"{begins:%Y-%m-%d %H:%M}–{ends:%H:%M}"


def visits(unit, user, now):
    """Return the Tables of home visits with what was asked for, and of plates on directory boards. Three queries."""
    needs = Prefetch("needs", VisitNeed.objects.order_by("id"))
    made = HomeVisit.objects.for_unit(unit).select_related("person", "visited_by").prefetch_related(needs)
    visited = [
        [
            Cell(_visited_on(one, unit), url=one.get_absolute_url()),
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
        for one in Plate.objects.for_unit(unit).select_related("board").order_by("-id")[:MOST]
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


def _visited_on(visit, unit):
    return unit.community.local(visit.done_at).date() if visit.done_at else visit.planned_on


def papers(unit, user, now):
    """Return the Tables of papers shown, agreements signed and defects found at the handovers. Three queries."""
    shown = [
        [who(one.handover.party), label(str(one)), label(one.get_state_display())]
        for one in Document.objects.filter(handover__unit=unit)
        .exclude(state=Document.State.NOT_NEEDED)
        .select_related("handover__party")
        .order_by("-handover__opened_at", "id")[:MOST]
    ]
    signed = [
        [who(one.handover.party), label(str(one)), Cell(one.signed_on) if one.signed_on else label(_("not signed"))]
        for one in Agreement.objects.filter(handover__unit=unit, is_needed=True)
        .select_related("handover__party")
        .order_by("-handover__opened_at", "id")[:MOST]
    ]
    defects = [
        [
            Cell(one.text, url=one.get_absolute_url()),
            Cell(unit.community.local(one.found_at).date()),
            Cell(one.promised_on or "–"),
            label(one.get_status_display()),
        ]
        for one in Defect.objects.for_unit(unit).order_by("-found_at", "id")[:MOST]
    ]
    return [
        Table(_("Papers"), [_("Who"), _("Paper shown"), _("State")], shown, _("No paper was shown.")),
        Table(_("Agreements"), [_("Who"), _("Agreement"), _("Signed on")], signed, _("No agreement was signed.")),
        Table(
            _("Defects"),
            [_("Defect"), _("Found on"), _("Promised for"), _("Status")],
            defects,
            _("No defect was found."),
        ),
    ]


def deposits(unit, user, now):
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
        for one in Deposit.objects.filter(unit=unit).select_related("payer")[:MOST]
    ]
    header = [_("Number"), _("Kind"), _("Payer"), _("Yuan"), _("Held"), _("To be given back from")]
    return [Table(_("Deposits"), header, rows, _("No deposit was asked for."))]


def bills(unit, user, now):
    """Return the Tables of the bills of a home, the newest first, and of who may see them on a phone. Two queries."""
    today = unit.community.local(now).date()
    rows = Bill.objects.filter(unit=unit).select_related("fee", "debtor").order_by("-month", "fee__position", "id")
    found = []
    for bill in rows[:MOST]:
        state = bill_list.state_of(bill, today)
        found.append(
            [
                Cell(bill.number, url=bill.get_absolute_url()),
                Cell(f"{bill.month:%Y-%m}"),
                Cell(bill.fee),
                Cell(f"{bill.amount:,.2f}"),
                Cell("–" if bill.is_void else f"{bill.balance:,.2f}"),
                Cell(bill.due_on),
                label(bill_list.LABELS[state], tag=bill_list.TAGS[state]),
            ]
        )
    header = [_("Number"), _("Month"), _("Fee"), _("Yuan"), _("Left to pay"), _("Due on"), _("State")]
    tables = [Table(_("Bills"), header, found, _("No bill of this home has been made."))]
    if has_role(user, unit.community_id, *GIVERS):
        tables += filter(None, [_bill_codes(unit)])
    return tables


def _bill_codes(unit):
    """Return the Table of whom a code for their bills can be given, or None where nobody owes or owed. One query."""
    rows = [
        [Cell(one.person.name), Cell(_("Give a code"), url=reverse("billing:give_code", args=[one.pk]), data=False)]
        for one in _occupancies(unit).filter(kind__in=PAYING)[:MOST]
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
