"""How long each class of data is kept, and what is past its time (PIPL 19). Reads only; `actions.retention` removes.

The periods are our proposal where no source gives one; a community's own stand in its RetentionRule rows.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, Func, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from complaints.models import Call, Case, Channel, IncomingLetter, IntakeDraft, RetentionRule, SurveyAnswer
from complaints.personal import OF_CASES, has_words
from complaints.subjects import RUNNING
from residents.models import (
    Contact,
    Credential,
    Defect,
    Handover,
    HomeVisit,
    KeyLoan,
    KeyMove,
    Meter,
    MoveBooking,
    Occupancy,
    Person,
    Plate,
    Reading,
    ReleaseSlip,
    VisitNeed,
)
from servicedesk.core.masking import ERASED
from servicedesk.core.models import Event, Notification, Photo

ERASE, MASK = _("it is erased"), _("it is masked")
# How long history that was taken over is left alone, however old it is.
TAKEN_OVER = datetime.timedelta(days=30)
# What goes with an entry of the register: see `actions.erasing`.
OF_PERSON = ("residents.Person", "residents.Contact", "residents.Vehicle")
# What is held and has no period, and why.
WITHOUT_PERIOD = {
    "complaints.Draft": "forgotten after a day: `forget_drafts`",
    "complaints.DataRequest": "the proof of what was done with the data (PIPL 55, 56)",
}


@dataclass(frozen=True)
class DataClass:
    """One line of the table of periods: what it is, from when the days count, what becomes of it, what it rests on.

    `find(community, before, now)` returns the rows whose days began before the moment `before`; `least` is the
    shortest period that may be set; `removes` names the models (`personal.HELD`) whose data goes.
    """

    key: str
    label: str
    since: str
    days: int
    least: int
    outcome: str
    source: str
    find: Callable
    removes: tuple


def rested(community, before, now):
    """Return the cases of `community` that have been at rest since before the given moment, without what was taken over
    from another system so lately that nobody may have set the periods for it yet."""
    rows = Case.objects.in_community(community).at_rest().filter(rested_since__lt=before)
    return rows.exclude(is_imported=True, recorded_at__gt=now - TAKEN_OVER)


def _photos(community, before, now):
    of_cases = {"subject_type": ContentType.objects.get_for_model(Case)}
    keys = rested(community, before, now).values("pk")
    return Photo.objects.kept().filter(community=community, subject_id__in=keys, **of_cases)


def _contacts(community, before, now):
    rows = rested(community, before, now).filter(channel=Channel.WEB, reporter=None, masked_at=None, erased_at=None)
    return rows.exclude(reporter_name="", reporter_phone="")


def _cases(community, before, now):
    return rested(community, before, now).filter(erased_at=None)


def _asked(community, before, now):
    return _cases(community, before, now).filter(sealed_at__isnull=False)


def _moved(community, before, now):
    """Who moved out, and who never had a home here: they count from what was last done with their entry or for them.
    Whoever is told something for somebody else is kept as long as that is so."""
    lived = Occupancy.objects.in_force().filter(person=OuterRef("pk"))
    stays = lived.filter(Q(period__endswith=None) | Q(period__endswith__gt=before.date()))
    cases = Case.objects.filter(reporter=OuterRef("pk"))
    told = Contact.objects.active().filter(person=OuterRef("pk"))
    about = {"subject_type": ContentType.objects.get_for_model(Person), "subject_id": OuterRef("pk")}
    history = Event.objects.filter(**about)
    never = ~Exists(lived) & Exists(history) & ~Exists(history.filter(at__gte=before))
    never &= ~Exists(cases.filter(received_at__gte=before)) & ~Exists(Occupancy.objects.filter(company=OuterRef("pk")))
    rows = Person.objects.filter(community=community, masked_at=None, erased_at=None, merged_into=None)
    return _idle(rows).filter(Exists(lived) | never, ~Exists(stays), ~Exists(cases.open()), ~Exists(told))


def _idle(people):
    """Return those of `people` for whom nothing runs that needs to know who they are."""
    for label, (path, runs) in RUNNING.items():
        rows = apps.get_model(label)._default_manager.filter(runs, **{path: OuterRef("pk")})
        people = people.filter(~Exists(rows))
    return people


def _left(community, before, now):
    """Whom sealing kept for the contract of their home, which has ended since."""
    lives = Occupancy.objects.in_force().filter(person=OuterRef("pk"))
    stays = lives.filter(Q(period__endswith=None) | Q(period__endswith__gt=before.date()))
    rows = Person.objects.filter(community=community, sealed_at__isnull=False, merged_into=None)
    return _idle(rows).filter(~Exists(stays))


def _letters(community, before, now):
    rows = IncomingLetter.objects.filter(community=community, case=None, received_at__lt=before)
    return rows.exclude(no_case_reason="").exclude(sender=ERASED)


def _calls(community, before, now):
    rows = Call.objects.filter(community=community, case=None, at__lt=before)
    return rows.exclude(no_case_reason="").exclude(what=ERASED)


def _surveys(community, before, now):
    has_words = Func(F("answers"), template="jsonb_path_exists(%(expressions)s, '$[*] ? (@.type() == \"string\")')")
    rows = SurveyAnswer.objects.filter(community=community, survey__closes_on__lt=before.date())
    return rows.filter(ExpressionWrapper(has_words, output_field=BooleanField()))


def _outbox(community, before, now):
    rows = Notification.objects.filter(community=community, created_at__lt=before, data__has_key="summary")
    return rows.exclude(data__summary=ERASED)


def _moves(community, before, now):
    rows = MoveBooking.objects.filter(community=community, window__endswith__lt=before)
    return rows.exclude(applicant_name=ERASED)


def _slips(community, before, now):
    rows = ReleaseSlip.objects.filter(community=community, valid_until__lt=before.date())
    return rows.exclude(applicant_name=ERASED)


def _with_words(rows, *parts):
    """Return those of `rows` of which words, photos or notes of their history are left; or words of what hangs on them:
    `parts` are (label, the column that leads to the row)."""
    about = {
        "subject_type": ContentType.objects.get_for_model(rows.model),
        "subject_id": OuterRef("pk"),
    }
    left = has_words(rows.model._meta.label)
    left |= Exists(Photo.objects.kept().filter(**about)) | Exists(Event.objects.filter(**about).exclude(note=""))
    for label, column in parts:
        hanging = apps.get_model(label)._default_manager.filter(has_words(label), **{column: OuterRef("pk")})
        left |= Exists(hanging)
    return rows.filter(left)


def _loans(community, before, now):
    rows = KeyLoan.objects.filter(community=community).exclude(status__in=KeyLoan.RUNNING)
    untold = KeyLoan.objects.untold().filter(community=community)
    rows = rows.exclude(pk__in=untold.order_by().values("pk"))
    return _with_words(rows.annotate(over_at=Coalesce("ended_at", "decided_at")).filter(over_at__lt=before))


def _keys(community, before, now):
    """What is still outside is known until it is back."""
    rows = KeyMove.objects.filter(community=community, at__lt=before).exclude(loan__status__in=KeyLoan.RUNNING)
    outside = KeyMove.objects.given_out().filter(community=community)
    return _with_words(rows.exclude(pk__in=outside.order_by().values("pk")))


def _passes(community, before, now):
    return _with_words(Credential.objects.filter(community=community, ended_at__lt=before))


def _visits(community, before, now):
    rows = HomeVisit.objects.filter(community=community).exclude(status=HomeVisit.Status.PLANNED)
    rows = rows.annotate(over_at=Coalesce("done_at", "cancelled_at")).filter(over_at__lt=before)
    owed = VisitNeed.objects.open().filter(visit=OuterRef("pk"))
    return _with_words(rows.filter(~Exists(owed)), ("residents.VisitNeed", "visit"))


def _plates(community, before, now):
    rows = Plate.objects.filter(community=community).exclude(status__in=Plate.LIVE)
    return _with_words(rows.annotate(over_at=Coalesce("removed_at", "withdrawn_at")).filter(over_at__lt=before))


def _handovers(community, before, now):
    rows = Handover.objects.filter(community=community).ended()
    rows = rows.annotate(over_at=Coalesce("completed_at", "booked_for")).filter(over_at__lt=before)
    unmended = Defect.objects.open().filter(handover=OuterRef("pk"))
    parts = ("residents.HandoverTask", "residents.HandoverItem", "residents.Defect")
    return _with_words(rows.filter(~Exists(unmended)), *((label, "handover") for label in parts))


def _named(community, before, now):
    rows = Contact.objects.filter(has_words("residents.Contact"), community=community, is_active=False)
    about = {"subject_type": ContentType.objects.get_for_model(Person), "subject_id": OuterRef("occupant")}
    ended = Event.objects.filter(verb="contact_ended", at__gte=before, **about)
    return rows.filter(~Exists(ended), added_at__lt=before)


def _meters(community, before, now):
    types = ContentType.objects.get_for_models(Meter, Reading).values()
    return Photo.objects.kept().filter(community=community, subject_type__in=types, at__lt=before)


def _drafts(community, before, now):
    return IntakeDraft.objects.filter(community=community, saved_at__lt=before)


CLASSES = {
    one.key: one
    for one in [
        DataClass(
            "photos",
            _("Photos of cases"),
            _("since the case was closed"),
            365,
            30,
            ERASE,
            _("PIPL 19: our proposal, one year after the close"),
            _photos,
            ("core.Photo",),
        ),
        DataClass(
            "contacts",
            _("Names and telephone numbers from the web form, of people who are not in the register"),
            _("since the case was closed"),
            730,
            180,
            MASK,
            _("PIPL 19: our proposal, two years after the close"),
            _contacts,
            ("complaints.Case",),
        ),
        DataClass(
            "moved",
            _("Names and telephone numbers of residents who have moved out"),
            _("since they moved out"),
            1095,
            180,
            MASK,
            _("PIPL 19, Civil Code 188: claims end after three years"),
            _moved,
            OF_PERSON,
        ),
        DataClass(
            "asked",
            _("Cases that were sealed at the wish of their person"),
            _("since the case was closed"),
            1095,
            1095,
            ERASE,
            _("PIPL 47, Civil Code 188: claims end after three years"),
            _asked,
            ("complaints.Case", *OF_CASES),
        ),
        DataClass(
            "left",
            _("Register entries that were sealed at the wish of their person"),
            _("since they moved out"),
            1,
            1,
            ERASE,
            _("PIPL 47: kept for the contract of the home alone"),
            _left,
            OF_PERSON,
        ),
        DataClass(
            "cases",
            _("The words of cases with their replies, letters, visits and history"),
            _("since the case was closed"),
            1826,
            1095,
            ERASE,
            _("Civil Code 188: claims end after three years; our proposal, two years more"),
            _cases,
            ("complaints.Case", *OF_CASES, "core.Event", "core.Photo"),
        ),
        DataClass(
            "letters",
            _("Letters that became no case"),
            _("since they came"),
            1826,
            365,
            ERASE,
            _("as cases"),
            _letters,
            ("complaints.IncomingLetter",),
        ),
        DataClass(
            "calls",
            _("Calls that became no case"),
            _("since they came"),
            730,
            180,
            ERASE,
            _("PIPL 19: our proposal, as names from the web form"),
            _calls,
            ("complaints.Call",),
        ),
        DataClass(
            "surveys",
            _("What homes wrote in their own words in surveys"),
            _("since the survey closed"),
            730,
            30,
            ERASE,
            _("PIPL 19: our proposal"),
            _surveys,
            ("complaints.SurveyAnswer",),
        ),
        DataClass(
            "outbox",
            _("The matter in messages to staff"),
            _("since they were written"),
            200,
            180,
            ERASE,
            _("Cybersecurity Law 21: logs are kept for six months"),
            _outbox,
            ("core.Notification",),
        ),
        DataClass(
            "moves",
            _("Who moved in or out, and with which firm"),
            _("since the move"),
            1095,
            180,
            ERASE,
            _("Civil Code 188: claims end after three years"),
            _moves,
            ("residents.MoveBooking",),
        ),
        DataClass(
            "slips",
            _("Goods release slips: who asked and what left"),
            _("since their last day"),
            1095,
            180,
            ERASE,
            _("Civil Code 188: claims end after three years"),
            _slips,
            ("residents.ReleaseSlip", "residents.ReleaseItem"),
        ),
        DataClass(
            "loans",
            _("Keys that were lent: to whom and what for"),
            _("since they were back"),
            1095,
            180,
            ERASE,
            _("Civil Code 188: claims end after three years"),
            _loans,
            ("residents.KeyLoan",),
        ),
        DataClass(
            "keys",
            _("The ledger of keys: who brought or took them"),
            _("since they came or went"),
            1095,
            180,
            ERASE,
            _("Civil Code 188: claims end after three years"),
            _keys,
            ("residents.KeyMove",),
        ),
        DataClass(
            "passes",
            _("Cards and passes: their holder and why they ended"),
            _("since they ended"),
            365,
            30,
            ERASE,
            _("PIPL 19: our proposal, one year after the end"),
            _passes,
            ("residents.Credential",),
        ),
        DataClass(
            "visits",
            _("Home visits: who was met, what was said and asked for, with photos"),
            _("since the visit"),
            1095,
            180,
            ERASE,
            _("PIPL 19: our proposal, three years after the visit"),
            _visits,
            ("residents.HomeVisit", "residents.VisitNeed"),
        ),
        DataClass(
            "plates",
            _("Plates on directory boards, with photos"),
            _("since they were taken down"),
            365,
            30,
            ERASE,
            _("PIPL 19: our proposal, one year after the end"),
            _plates,
            ("residents.Plate",),
        ),
        DataClass(
            "handovers",
            _("Move-ins and move-outs: who signed, notes, defects and photos"),
            _("since they were completed or given up"),
            1826,
            1095,
            ERASE,
            _("Civil Code 188: claims end after three years; our proposal, two years more"),
            _handovers,
            ("residents.Handover", "residents.HandoverTask", "residents.HandoverItem", "residents.Defect"),
        ),
        DataClass(
            "named",
            _("Contacts of residents who are no longer told anything"),
            _("since that ended"),
            365,
            30,
            ERASE,
            _("PIPL 19: our proposal, one year after the end"),
            _named,
            ("residents.Contact",),
        ),
        DataClass(
            "meters",
            _("Photos of meters"),
            _("since they were taken"),
            1095,
            365,
            ERASE,
            _("Civil Code 188: claims end after three years"),
            _meters,
            ("core.Photo",),
        ),
        DataClass(
            "drafts",
            _("What was typed at the desk and never saved"),
            _("since it was typed"),
            7,
            1,
            ERASE,
            _("PIPL 19: our proposal"),
            _drafts,
            ("complaints.IntakeDraft",),
        ),
    ]
}


@dataclass(frozen=True)
class Period:
    """How long a class of data is kept in one community: its own rule, or the default where it has none."""

    kind: DataClass
    days: int
    source: str
    rule: RetentionRule | None = None

    def before(self, now):
        """Return the moment of whose like nothing of this class is kept at `now`."""
        return now - datetime.timedelta(days=self.days)

    def due(self, community, now):
        """Return the rows that the next run removes or masks."""
        return self.kind.find(community, self.before(now), now)


def periods(community):
    """Return the Periods of a community in the order in which they are applied. One query."""
    own = {rule.key: rule for rule in RetentionRule.objects.filter(community=community).select_related("changed_by")}
    return [
        Period(kind, own[key].days, own[key].source, own[key]) if key in own else Period(kind, kind.days, kind.source)
        for key, kind in CLASSES.items()
    ]
