"""Who moved and what left is a person's data: given to them, erased with them, not kept past its time (PIPL 45, 47)."""

import datetime

import pytest

from complaints import actions as case_actions
from complaints import portable
from complaints.subjects import Subject
from residents import actions
from residents.models import MoveBooking, Occupancy, Person, ReleaseItem, ReleaseSlip
from servicedesk.core import events
from servicedesk.core.masking import ERASED
from tests.factories import MONDAY, booking, lift, resident, slip

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
CANARY, PHONE = "石榴花", "13711112222"


@pytest.fixture
def gone(home, chen):
    """Somebody whose move was cancelled and whose slip is void, and who has moved out since."""
    person = resident(home, CANARY, PHONE)
    who = {"applicant_name": CANARY, "applicant_phone": PHONE, "plate_no": f"浙{CANARY}"}
    made = booking(home, by=chen, lift=lift(home), mover_company=CANARY, route=CANARY, **who)
    actions.cancel_move(made, by=chen, now=MONDAY, reason=f"{CANARY}改期")
    paper = slip(home, by=chen, items=[(f"{CANARY}画", 1, CANARY)], **who)
    actions.void_slip(paper, by=chen, now=MONDAY, reason=f"{CANARY}写错了")
    assert (made.applicant, paper.applicant) == (person, person)
    actions.end_occupancy(Occupancy.objects.get(person=person), on=MONDAY.date(), by=chen, now=MONDAY)
    return person


def words():
    rows = [list(model.objects.values()) for model in (MoveBooking, ReleaseSlip, ReleaseItem, Person)]
    return str([*rows, list(events.Event.objects.values("note", "data"))])


def test_a_copy_holds_moves_and_slips_and_what_was_said_of_them(yunhu, gone, zhou):
    subject = Subject(yunhu, person=gone)
    found = {table["label"]: table["rows"] for table in portable.tables(subject, subject.cases(zhou))}
    for label in ("residents.MoveBooking", "residents.ReleaseSlip", "residents.ReleaseItem", "core.Event"):
        assert CANARY in str(found[label]), label


def test_moves_and_slips_are_erased_with_their_person_and_the_chain_holds(yunhu, gone, zhou, guo):
    events.seal_events()
    subject = Subject(yunhu, person=gone)
    asked = case_actions.ask_data(subject, kind="erase", reason="本人要求", path="/", by=zhou, now=MONDAY)
    case_actions.confirm_erasure(asked, subject, by=guo, now=MONDAY + DAY)
    assert CANARY not in words() and PHONE not in words()
    assert ReleaseSlip.objects.get().number == "FX2025-0001"
    events.seal_events()
    assert events.first_break(yunhu) is None


def test_who_moved_is_forgotten_after_three_years(gone):
    home = Occupancy.objects.get(person=gone)
    Occupancy.objects.update(period=type(home.period)(home.period.lower, None))
    assert "moves" not in case_actions.apply_retention(now=MONDAY + 1090 * DAY)
    found = case_actions.apply_retention(now=MONDAY + 1100 * DAY)
    assert (found["moves"], found["slips"]) == (1, 1)
    assert MoveBooking.objects.get().applicant_name == ReleaseSlip.objects.get().applicant_name == ERASED
    assert "moves" not in case_actions.apply_retention(now=MONDAY + 1101 * DAY)
