"""One person whose data is kept: somebody of the register, or whoever left a name and a telephone number on a case.

What is held about them is found here for each model of `personal.HELD`, for the page, the export and the erasure.
"""

import datetime
import json
from dataclasses import dataclass
from functools import cached_property

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, Count, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from complaints.models import Call, Case, DataRequest, Draft, IncomingLetter, IntakeDraft, SurveyAnswer
from complaints.personal import HELD
from residents.models import (
    Contact,
    Defect,
    Handover,
    HandoverItem,
    HandoverTask,
    HomeVisit,
    IdentityCopy,
    KeyLoan,
    MoveBooking,
    Occupancy,
    Person,
    Plate,
    ReleaseItem,
    ReleaseSlip,
    Unit,
    Vehicle,
    VisitNeed,
)
from servicedesk.core.masking import mask_name, mask_phone
from servicedesk.core.models import Community, Event, Notification, Photo

# The tables of what is held, in the order of a page, with their names there.
TITLES = {
    "residents.Person": _("Entry in the register"),
    "residents.Occupancy": _("Homes"),
    "residents.Contact": _("Contacts"),
    "residents.Vehicle": _("Vehicles"),
    "residents.IdentityCopy": _("Copies of identity papers"),
    "residents.HomeVisit": _("Home visits"),
    "residents.VisitNeed": _("Asked for on home visits"),
    "residents.Plate": _("Plates on directory boards"),
    "residents.MoveBooking": _("Moves"),
    "residents.ReleaseSlip": _("Goods release slips"),
    "residents.ReleaseItem": _("Things on goods release slips"),
    "residents.KeyLoan": _("Keys lent"),
    "residents.KeyMove": _("Keys given out and taken back"),
    "residents.Credential": _("Cards and passes"),
    "residents.Handover": _("Moves in and out"),
    "residents.HandoverTask": _("Tasks of these moves"),
    "residents.HandoverItem": _("Facility sheets"),
    "residents.Defect": _("Defects found at the handover"),
    "complaints.Case": _("Their cases"),
    "core.Event": _("History of the cases"),
    "complaints.Reply": _("Replies"),
    "complaints.CallerTold": _("Callers told"),
    "complaints.Proposal": _("Proposals"),
    "complaints.Quote": _("Prices told"),
    "complaints.ReturnVisit": _("Return visits"),
    "complaints.Rating": _("Ratings"),
    "complaints.Explanation": _("Explanations at the close of a day"),
    "complaints.ExternalCase": _("Matters of authorities"),
    "complaints.IncomingLetter": _("Letters"),
    "complaints.ReplyLetter": _("Letters of reply"),
    "complaints.WarrantyClaim": _("Warranty claims"),
    "complaints.ProblemFinding": _("Product and after-sales problems"),
    "complaints.Call": _("Calls"),
    "core.Photo": _("Photos"),
    "complaints.SurveyAnswer": _("Answers of the home to surveys"),
    "core.Notification": _("Messages to them, and to staff about the cases"),
    "complaints.Draft": _("Unfinished web forms"),
    "complaints.IntakeDraft": _("Unfinished entries at the desk"),
    "complaints.DataRequest": _("Requests about the data"),
}
# What of the register hangs on a person; who has no entry there has none of it.
OF_PEOPLE = ["residents.KeyLoan", "residents.KeyMove", "residents.Credential"]
# What still runs and needs its words: the column that leads to the person, and when a row of it does.
RUNNING = {
    "residents.Handover": ("party", Q(status__in=Handover.RUNNING)),
    "residents.KeyLoan": ("person", Q(status__in=KeyLoan.RUNNING)),
    "residents.MoveBooking": ("applicant", Q(status__in=MoveBooking.LIVE)),
    "residents.ReleaseSlip": ("applicant", Q(status__in=ReleaseSlip.OPEN)),
}
# What stands beside the personal data in an export, so that it can be understood.
FACTS = {
    "residents.Person": ["kind", "identity_kind", "mail_agreed_at"],
    "residents.Occupancy": ["unit", "kind", "period", "share", "company"],
    "residents.Contact": ["unit", "person", "role", "occasions", "added_at", "is_active"],
    "residents.Vehicle": ["unit", "kind", "period"],
    "residents.IdentityCopy": ["added_on", "delete_on", "erased_at"],
    "residents.HomeVisit": ["unit", "status", "done_at"],
    "residents.VisitNeed": ["department", "status", "asked_at"],
    "residents.Plate": ["board", "slot", "status", "mounted_at"],
    "residents.MoveBooking": ["kind", "unit", "window", "status"],
    "residents.ReleaseSlip": ["number", "unit", "valid_on", "status"],
    "residents.ReleaseItem": ["slip", "quantity"],
    "residents.KeyLoan": ["key_set", "copies", "lent_at", "due_back_at"],
    "residents.KeyMove": ["key_set", "action", "copies", "at"],
    "residents.Credential": ["kind", "number", "unit", "valid_from", "valid_to", "status"],
    "residents.Handover": ["unit", "kind", "status", "moves_on"],
    "residents.HandoverTask": ["kind", "status", "done_at"],
    "residents.HandoverItem": ["room", "name", "result"],
    "residents.Defect": ["unit", "status", "found_at"],
    "complaints.Case": ["number", "kind", "channel", "status", "category", "unit", "received_at", "archived_at"],
    "core.Event": ["at", "verb"],
    "complaints.Reply": ["at", "channel"],
    "complaints.Proposal": ["at"],
    "complaints.Quote": ["at", "amount"],
    "complaints.ReturnVisit": ["done_at", "grade"],
    "complaints.Rating": ["at", "overall", "speed", "manner"],
    "complaints.Explanation": ["date"],
    "complaints.ExternalCase": ["source_org", "external_no", "received_at"],
    "complaints.IncomingLetter": ["number", "received_at"],
    "complaints.ReplyLetter": ["number", "sent_at"],
    "complaints.WarrantyClaim": ["status", "sent_at", "answered_at"],
    "complaints.ProblemFinding": ["problem"],
    "complaints.Call": ["kind", "at"],
    "core.Photo": ["at"],
    "complaints.SurveyAnswer": ["at", "survey"],
    "core.Notification": ["created_at", "channel"],
    "complaints.DataRequest": ["kind", "asked_at", "decision", "decided_at"],
}

# What an app above holds of people, by label: a function that finds the rows of some of the register.
ABOVE = {}


# Those of them that photos show.
SHOWN = set()


def add(label, title, find, facts, *, has_photos=False):
    """Add what another app holds to what is held of a person, for their page and their copy. `find(people)` returns the
    rows of the model `label` about `people`, a queryset of keys; `facts` are the columns that are given."""
    ABOVE[label], TITLES[label], FACTS[label] = find, title, facts
    if has_photos:
        SHOWN.add(label)


@dataclass(frozen=True)
class Subject:
    """One person by their entry in the register, or by a case that they brought without one."""

    community: Community
    person: Person | None = None
    case: Case | None = None

    @property
    def name(self):
        return self.person.name if self.person else self.case.reporter_name

    @property
    def phone(self):
        return self.person.phone if self.person else self.case.reporter_phone

    @property
    def masked_name(self):
        return mask_name(self.name)

    @property
    def masked_phone(self):
        return mask_phone(self.phone) if self.phone else ""

    @property
    def thing(self):
        """The row that events about this person are about."""
        return self.person or self.case

    @property
    def keys(self):
        """What a DataRequest about this person points to."""
        return {"person": self.person, "case": self.case}

    @cached_property
    def is_sealed(self):
        return self.thing.sealed_at is not None or self.all_cases.filter(sealed_at__isnull=False).exists()

    @property
    def all_cases(self):
        """The cases of this person, whoever looks: of their entry, and of their number where no entry was chosen."""
        of_phone = Q(reporter=None, reporter_phone=self.phone) if self.phone else Q(pk__in=[])
        whose = Q(reporter=self.person) if self.person else Q(pk=self.case.pk)
        return Case.objects.in_community(self.community).filter(whose | of_phone)

    def cases(self, *users):
        """Return the cases of this person without those about any of `users` (ruling 12)."""
        return self.all_cases.exclude(concerned__user__in=users)

    def homes(self):
        return Occupancy.objects.filter(person=self.person) if self.person else Occupancy.objects.none()

    def entries(self):
        """Return their entry with those that were merged into it."""
        own = Q(pk=self.person.pk) | Q(merged_into=self.person) if self.person else Q(pk__in=[])
        return Person.objects.filter(own)

    def contacts(self):
        """Return whom they named, and what is known of them as somebody's contact."""
        whose = Q(occupant=self.person) | Q(person=self.person) if self.person else Q(pk__in=[])
        named = Q(phone=self.phone) if self.phone else Q(pk__in=[])
        return Contact.objects.filter(whose | named, community=self.community)

    def lives_here(self, today):
        return self.homes().on(today).exists()

    def requests(self):
        return DataRequest.objects.filter(**self.keys)


def of(asked):
    """Return the Subject that a DataRequest is about."""
    return Subject(asked.community, person=asked.person, case=asked.case)


def rows_of(subject, cases):
    """Return {label: queryset} of everything that is held about `subject`, as far as it is about `cases`: a queryset of
    theirs. Nothing is read yet."""
    keys = list(cases.values_list("pk", flat=True))
    register = _of_register(subject)
    papers = {
        "complaints.IncomingLetter": IncomingLetter.objects.filter(case__in=keys),
        "complaints.Call": Call.objects.filter(case__in=keys),
    }
    type_of = ContentType.objects.get_for_model
    about = Q(subject_type=type_of(Case), subject_id__in=keys)
    found_in = _keys_of(register | papers)
    for label, found in found_in.items():
        about |= Q(subject_type=type_of(apps.get_model(label)), subject_id__in=found)
    of_homes = said_of_homes(found_in.get("residents.Person", []))
    above = {label: find(subject.entries().values("pk")) for label, find in ABOVE.items()}
    shown = Q(pk__in=[])
    for label in SHOWN:
        shown |= Q(subject_type=type_of(above[label].model), subject_id__in=above[label].order_by().values("pk"))
    of_case = {
        label: apps.get_model(label)._default_manager.filter(case__in=keys)
        for label in HELD
        if label.startswith("complaints.")
        and label != "complaints.DataRequest"
        and any(f.name == "case" for f in apps.get_model(label)._meta.fields)
    }
    return of_case | {
        **register,
        "complaints.Case": Case.objects.filter(pk__in=keys),
        "complaints.SurveyAnswer": _answers(subject),
        "complaints.Draft": _typed(Draft, subject),
        "complaints.IntakeDraft": _typed(IntakeDraft, subject),
        "complaints.DataRequest": subject.requests(),
        "core.Event": Event.objects.filter(about | of_homes).exclude(note=""),
        "core.Notification": Notification.objects.filter(about),
        "core.Photo": Photo.objects.kept().filter(about | shown),
        **above,
    }


def said_of_homes(people):
    """Return the condition for the events that tell of `people`, given by their keys, in the history of a unit: why
    what was entered of them there was a mistake."""
    units = Occupancy.objects.filter(person__in=people).order_by().values("unit")
    about = Q(subject_type=ContentType.objects.get_for_model(Unit), subject_id__in=units)
    return about & Q(data__person__in=people)


def visits_to(people):
    """Return the home visits on which `people` were met: by their entry, or by their name where they live or lived."""
    lived = Occupancy.objects.filter(person__in=people, unit=OuterRef("unit"), person__name=OuterRef("met_name"))
    return HomeVisit.objects.filter(Q(person__in=people) | Exists(lived))


def still_running(rows):
    """Return the titles of what of `rows` (see `rows_of`) still runs. One query for each kind."""
    return [str(TITLES[label]) for label, (_path, runs) in RUNNING.items() if rows[label].filter(runs).exists()]


def _of_moves(subject):
    """Return what was written down when `subject` moved in or out."""
    moves = Handover.objects.filter(party__in=subject.entries().values("pk"))
    of_moves = {"handover__in": moves.order_by().values("pk")}
    return {
        "residents.Handover": moves,
        "residents.HandoverTask": HandoverTask.objects.filter(**of_moves),
        "residents.HandoverItem": HandoverItem.objects.filter(**of_moves).exclude(note=""),
        "residents.Defect": Defect.objects.filter(**of_moves),
    }


def _of_register(subject):
    """Return {label: queryset} of what the register holds about `subject`: by their entry and those that were merged
    into it, and of what they asked for by their number, too."""
    theirs = {"person__in": subject.entries().values("pk")}
    visits, slips = visits_to(subject.entries().values("pk")), _asked(ReleaseSlip, subject)
    return {
        "residents.Person": subject.entries(),
        "residents.Occupancy": subject.homes(),
        "residents.Contact": subject.contacts(),
        "residents.Vehicle": Vehicle.objects.filter(**theirs),
        "residents.IdentityCopy": IdentityCopy.objects.filter(**theirs),
        "residents.HomeVisit": visits,
        "residents.VisitNeed": VisitNeed.objects.filter(visit__in=visits.values("pk")),
        "residents.Plate": Plate.objects.filter(occupancy__in=subject.homes().values("pk")),
        "residents.MoveBooking": _asked(MoveBooking, subject),
        "residents.ReleaseSlip": slips,
        "residents.ReleaseItem": ReleaseItem.objects.filter(slip__in=slips.values("pk")),
        **{label: apps.get_model(label)._default_manager.filter(**theirs) for label in OF_PEOPLE},
        **_of_moves(subject),
    }


def _keys_of(rows):
    """Return {label: keys} of the rows of each model. One query: by keys the history is found along its index."""
    first, *rest = (
        found.order_by().annotate(table=Value(label)).values_list("table", "pk") for label, found in rows.items()
    )
    keys = {}
    for label, key in first.union(*rest, all=True):
        keys.setdefault(label, []).append(key)
    return keys


def _answers(subject):
    """Return what the homes of `subject` answered while they lived there, by the clock of the community."""
    lived, zone = Q(pk__in=[]), subject.community.tz
    for home in subject.homes().in_force():
        began, ended = (
            day and datetime.datetime.combine(day, datetime.time(), zone)
            for day in (home.period.lower, home.period.upper)
        )
        lived |= Q(unit=home.unit_id, at__gte=began, **({"at__lt": ended} if ended else {}))
    return SurveyAnswer.objects.filter(lived)


def _asked(model, subject):
    """Return what `subject` asked for about a home: by their entry, and by their number where no entry was chosen."""
    of_phone = Q(applicant=None, applicant_phone=subject.phone) if subject.phone else Q(pk__in=[])
    own = Q(applicant=subject.person) if subject.person else Q(pk__in=[])
    return model.objects.filter(own | of_phone, community=subject.community)


def _typed(model, subject):
    """Return the drafts in which the telephone number of `subject` was typed."""
    rows = model.objects.filter(community=subject.community)
    if not subject.phone:
        return rows.none()
    return rows.annotate(text=Cast("answers", CharField())).filter(text__contains=json.dumps(subject.phone)[1:-1])


def holdings(rows):
    """Return [(title, how many rows)] of what is held, without what is empty. One query."""
    first, *rest = (
        rows[label]
        .order_by()
        .annotate(table=Value(label))
        .values("table")
        .annotate(n=Count("pk"))
        .values_list("table", "n")
        for label in TITLES
    )
    counted = dict(first.union(*rest, all=True))
    return [(title, counted[label]) for label, title in TITLES.items() if counted.get(label)]
