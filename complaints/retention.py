"""How long each class of data is kept, and what is past its time (PIPL 19). Reads only; `actions.retention` removes.

The periods are our proposal where no source gives one; a community's own stand in its RetentionRule rows.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, Func, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from complaints.models import Call, Case, Channel, IncomingLetter, IntakeDraft, RetentionRule, SurveyAnswer
from complaints.subjects import RUNNING
from residents.models import MoveBooking, Occupancy, Person, ReleaseSlip
from servicedesk.core.masking import ERASED
from servicedesk.core.models import Notification, Photo

ERASE, MASK = _("it is erased"), _("it is masked")
# How long history that was taken over is left alone, however old it is.
TAKEN_OVER = datetime.timedelta(days=30)


@dataclass(frozen=True)
class DataClass:
    """One line of the table of periods: what it is, from when the days count, what becomes of it, what it rests on.

    `find(community, before, now)` returns the rows whose days began before the moment `before`; `least` is the
    shortest period that may be set.
    """

    key: str
    label: str
    since: str
    days: int
    least: int
    outcome: str
    source: str
    find: Callable


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
    lived = Occupancy.objects.in_force().filter(person=OuterRef("pk"))
    stays = lived.filter(Q(period__endswith=None) | Q(period__endswith__gt=before.date()))
    open_cases = Case.objects.open().filter(reporter=OuterRef("pk"))
    rows = Person.objects.filter(community=community, masked_at=None, erased_at=None, merged_into=None)
    return _idle(rows).filter(Exists(lived), ~Exists(stays), ~Exists(open_cases))


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
