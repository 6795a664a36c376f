"""Moves in and out as the pages show them: how far each has come, what happened, what its papers say. Reads only."""

import datetime
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db.models import Prefetch, Q
from django.utils.translation import gettext_lazy as _

from complaints.defects import waiting_for_inspection
from complaints.models import Case
from residents import ring
from residents.models import Credential, Defect, Handover, HandoverItem, HandoverTask, KeyMove, Reading
from servicedesk.core.models import Event, Photo

# What a member of staff reads on the timeline of a move.
VERBS = {
    "handover_opened": _("Handover opened"),
    "handover_begun": _("Begun"),
    "handover_rebooked": _("Another appointment"),
    "handover_cancelled": _("Cancelled"),
    "handover_completed": _("Completed"),
    "task_done": _("Done: %(task)s"),
    "task_excused": _("Left out: %(task)s"),
    "task_reopened": _("Opened again: %(task)s"),
    "papers_recorded": _("Papers looked at"),
    "agreements_recorded": _("Agreements recorded"),
    "items_recorded": _("Facility sheet: %(rows)s lines"),
    "fees_explained": _("Fees explained, counted from %(until)s"),
    "keys_given": _("Keys given: %(tag)s × %(copies)s"),
    "card_given": _("Card issued: %(number)s"),
    "defect_found": _("Defect found"),
    "defect_shown": _("Photo of a defect"),
    "defect_promised": _("Defect: mending promised by %(until)s"),
    "defect_accepted": _("Defect accepted at re-inspection"),
    "defect_rejected": _("Defect not accepted at re-inspection"),
    "defect_void": _("Defect void"),
}


@dataclass(frozen=True)
class Step:
    """One task of a ring as a page shows it."""

    row: HandoverTask
    title: str
    url: str

    @property
    def tag(self):
        """The key and the words of its mark."""
        keys = {"open": "wait", "done": "done", "excused": "closed"}
        return keys[self.row.status], self.row.get_status_display()


@dataclass(frozen=True)
class Progress:
    """How far a move has come: its steps in the order of a page."""

    handover: Handover
    steps: list

    @property
    def settled(self):
        return sum(not step.row.is_open for step in self.steps)

    @property
    def total(self):
        return len(self.steps)

    @property
    def percent(self):
        return round(100 * self.settled / self.total) if self.steps else 0

    @property
    def next_step(self):
        """The first open task: where to go on. None where all are settled."""
        return next((step for step in self.steps if step.row.is_open), None)


def progress(handover):
    """Return the Progress of a move; one query where its tasks are not loaded with it."""
    order = {task.kind: number for number, task in enumerate(ring.tasks_of(handover.kind))}
    rows = sorted(handover.tasks.all(), key=lambda row: (order.get(row.kind, len(order)), row.pk))
    base = handover.get_absolute_url()
    return Progress(handover, [Step(row, ring.title_of(row.kind), f"{base}{row.kind}/") for row in rows])


def listed(community, kind, *, ended=False):
    """Return the moves of a community that run, by their appointment, or those that ended, the newest first; each with
    its tasks. Two queries."""
    rows = Handover.objects.filter(community=community, kind=kind).with_home()
    rows = rows.ended().order_by("-booked_for", "-id") if ended else rows.running().order_by("booked_for", "id")
    return rows.prefetch_related(Prefetch("tasks", HandoverTask.objects.order_by("id")))


@dataclass(frozen=True)
class Mended:
    """A defect with the case that mends it, if this person may see one."""

    defect: Defect
    case: Case | None
    waits: bool

    @property
    def tag(self):
        if self.waits:
            return "soon", _("to be re-inspected")
        keys = {"open": "over", "in_hand": "work", "rejected": "over", "accepted": "done", "void": "closed"}
        return keys[self.defect.status], self.defect.get_status_display()


def mended(rows, user):
    """Return each defect of the queryset `rows` as Mended. Three queries."""
    defects = list(rows.select_related("link__case", "handover__party", "unit", "item", "community"))
    keys = [defect.link.case_id for defect in defects if hasattr(defect, "link")]
    seen = set(Case.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()
    waiting = set(waiting_for_inspection(rows).values_list("pk", flat=True)) if keys else set()
    return [
        Mended(
            defect,
            defect.link.case if hasattr(defect, "link") and defect.link.case_id in seen else None,
            defect.pk in waiting,
        )
        for defect in defects
    ]


def events_of(handover):
    """Return the events about a move, its tasks and its defects, newest first; nothing is read yet but the types."""
    type_of = ContentType.objects.get_for_model
    about = Q(subject_type=type_of(Handover), subject_id=handover.pk)
    for model in (HandoverTask, Defect):
        about |= Q(subject_type=type_of(model), subject_id__in=model.objects.filter(handover=handover).values("pk"))
    return Event.objects.filter(about).order_by("-at", "-id")


def sentence(event):
    """Return what an event of a move says, in the active language. No query."""
    facts = {**event.data, "task": ring.title_of(event.data.get("kind", "")), "until": event.data.get("until", "")[:10]}
    return VERBS[event.verb] % facts if event.verb in VERBS else event.verb


def photos_of(*things):
    """Return {(model, key): photos} of things of one kind or several. One query for each kind."""
    found = {}
    for model in {type(thing) for thing in things}:
        keys = [thing.pk for thing in things if type(thing) is model]
        of_model = {"subject_type": ContentType.objects.get_for_model(model), "subject_id__in": keys}
        for photo in Photo.objects.kept().filter(**of_model).order_by("id"):
            found.setdefault((model, photo.subject_id), []).append(photo)
    return found


# Papers ---------------------------------------------------------------------------------------------------------------

# How many lines of a facility sheet stand on one sheet of A4, beside what else stands on the first and the last.
LINES_A_SHEET = 34
LINES_ON_FIRST = 26


@dataclass(frozen=True)
class MeterLine:
    """A meter of the home with the reading that the move counts from."""

    meter: object
    reading: Reading | None
    photos: list


def meter_lines(handover):
    """Return a MeterLine for each meter of the home. Three queries."""
    meters = list(ring.meters_of(handover))
    last = handover.completed_at or datetime.datetime.max.replace(tzinfo=datetime.UTC)
    rows = Reading.objects.standing().filter(meter__in=meters, at__lte=last).order_by("at", "id")
    latest = {row.meter_id: row for row in rows}
    photos = photos_of(*latest.values())
    return [
        MeterLine(
            meter, latest.get(meter.pk), photos.get((Reading, latest[meter.pk].pk), []) if meter.pk in latest else []
        )
        for meter in meters
    ]


def sheets_of(lines):
    """Return the lines of a facility sheet cut to the sheets that they stand on; there is always one."""
    lines = list(lines)
    first, rest = lines[:LINES_ON_FIRST], lines[LINES_ON_FIRST:]
    return [first, *(rest[at : at + LINES_A_SHEET] for at in range(0, len(rest), LINES_A_SHEET))]


def keys_given(handover):
    """Return the moves by which keys went to the party of a move-in. One query."""
    rows = KeyMove.objects.for_unit(handover.unit).filter(action=KeyMove.Action.ISSUE, person=handover.party_id)
    return rows.select_related("key_set").order_by("at", "id")


def keys_back(handover):
    """Return the moves by which keys of the home came back, or were lost, since a move-out was opened. One query."""
    actions = (KeyMove.Action.RETURN, KeyMove.Action.LOST)
    rows = KeyMove.objects.for_unit(handover.unit).filter(action__in=actions, at__gte=handover.opened_at)
    return rows.select_related("key_set").order_by("at", "id")


def cards_of(handover):
    """Return the cards of the party for this home. One query."""
    return Credential.objects.for_unit(handover.unit).of_person(handover.party).order_by("issued_at", "id")


def lines_of(handover):
    """Return the lines of the facility sheet. One query."""
    return HandoverItem.objects.filter(handover=handover).order_by("position")
