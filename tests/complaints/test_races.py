"""Several at once, and a death at every statement: nothing is lost, doubled or half done. Each race has a control
that shows what would happen without the lock or the transaction that it is there to prove."""

import itertools
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from complaints import actions
from complaints.models import Case, Category, DayClose, Escalation, Incident, Reply, Status
from servicedesk.core import moves
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.models import Event, Notification, User
from tests import factories
from tests.factories import MONDAY, at, case, fresh, outage
from tests.racing import CrashError, crash_at, race

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

ROUNDS = 15


def test_of_two_people_who_take_one_case_one_does(yunhu, office, chen, zhou):
    for _ in range(ROUNDS):
        web = case(yunhu, by=None)
        outcomes = race(
            lambda web=web: actions.take(fresh(web), by=chen, now=MONDAY),
            lambda web=web: actions.take(fresh(web), by=zhou, now=MONDAY),
        )
        assert [isinstance(outcome, Refused) for outcome in outcomes].count(True) == 1
        assert Event.objects.about(web).filter(verb="taken").count() == 1


def test_control_without_the_compare_both_would_take_it(yunhu, office, chen, zhou, monkeypatch):
    def careless(thing, **facts):
        for name, value in facts.items():
            setattr(thing, name, value)
        thing.save(update_fields=list(facts))

    monkeypatch.setattr(moves, "write", careless)
    doubled = 0
    for _ in range(ROUNDS):
        web = case(yunhu, by=None)
        read = [fresh(web), fresh(web)]
        race(
            lambda read=read: actions.take(read[0], by=chen, now=MONDAY),
            lambda read=read: actions.take(read[1], by=zhou, now=MONDAY),
        )
        doubled += Event.objects.about(web).filter(verb="taken").count() == 2
    assert doubled == ROUNDS


def overdue(yunhu, chen, many=40):
    return [case(yunhu, by=chen, now=at("2025-09-01 09:00")) for _ in range(many)]


def sweeps(count, chunk=7):
    return race(*[lambda: actions.escalate_overdue(now=at("2025-09-10 12:00"), chunk=chunk) for _ in range(count)])


def test_sweeps_side_by_side_raise_each_case_once(yunhu, office, chen):
    cases = overdue(yunhu, chen)
    risen = sweeps(4)
    assert sum(risen) == len(cases)
    for row in cases:
        assert list(row.escalations.order_by("id").values_list("to_level", flat=True)) == [2, 3]
        assert Event.objects.about(row).filter(verb="escalated").count() == 2


def test_control_without_the_row_lock_sweeps_meet_on_the_same_case(yunhu, office, chen, monkeypatch):
    overdue(yunhu, chen)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self)
    met = []
    really = actions.escalating._escalate_singly
    monkeypatch.setattr(actions.escalating, "_escalate_singly", lambda *args: met.append(1) or really(*args))
    sweeps(4, chunk=40)
    assert met, "without the lock the unique constraint is what saves the data"
    assert Escalation.objects.count() == 80


def test_ten_equal_submissions_are_one_case(yunhu, office, chen):
    submission = uuid.uuid4()
    outcomes = race(*[lambda: case(yunhu, by=chen, submission=submission) for _ in range(10)])
    assert {getattr(outcome, "pk", outcome) for outcome in outcomes} == {Case.objects.get().pk}
    assert Case.objects.get().number.endswith("-0001")
    assert case(yunhu, by=chen).number.endswith("-0002"), "the losers gave their numbers back"


def test_a_pause_and_a_finish_at_once_leave_one_of_them(yunhu, office, chen, liu, monkeypatch):
    for _ in range(ROUNDS):
        row = case(yunhu, by=chen)
        actions.hand_over(row, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY)
        actions.accept(fresh(row), by=liu, now=MONDAY)
        until = MONDAY + timedelta(hours=2)
        outcomes = race(
            lambda row=row, until=until: actions.pause(fresh(row), reason="material", until=until, by=liu, now=MONDAY),
            lambda row=row: actions.resolve(fresh(row), by=liu, now=MONDAY, remedy="修好"),
        )
        after = fresh(row)
        both = [outcome is None for outcome in outcomes] == [True, True]
        assert both or any(isinstance(outcome, Stale | Refused) for outcome in outcomes)
        open_pauses = row.pauses.filter(ended_at=None).count()
        assert open_pauses == (1 if after.status == Status.WAITING else 0)


def in_hand(yunhu, chen, liu):
    row = case(yunhu, by=chen)
    actions.hand_over(row, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY)
    actions.accept(fresh(row), by=liu, now=MONDAY)
    return row


def replied(yunhu, chen, liu):
    row = in_hand(yunhu, chen, liu)
    actions.resolve(fresh(row), by=liu, now=MONDAY, remedy="修好")
    actions.reply(fresh(row), channel="phone", text="修好了", person_told="林女士", by=chen, now=MONDAY)
    return row


def paused(yunhu, chen, liu):
    row = in_hand(yunhu, chen, liu)
    until = MONDAY + timedelta(minutes=30)
    actions.pause(fresh(row), reason="material", until=until, by=liu, now=MONDAY)
    return row


# (how the case stands, what one does, what the other does at the same moment)
NOON = MONDAY + timedelta(hours=3)
PAIRS = {
    "escalate twice": (
        in_hand,
        lambda row, who: actions.escalate(row, by=who["chen"], now=MONDAY, note="x"),
        lambda row, who: actions.escalate(row, by=who["liu"], now=MONDAY, note="y"),
    ),
    "pause twice": (
        in_hand,
        lambda row, who: actions.pause(row, reason="material", until=NOON, by=who["liu"], now=MONDAY),
        lambda row, who: actions.pause(row, reason="material", until=NOON, by=who["chen"], now=MONDAY),
    ),
    "reopen twice": (
        replied,
        lambda row, who: actions.reopen(row, by=who["chen"], now=MONDAY, note="x"),
        lambda row, who: actions.reopen(row, by=None, now=MONDAY, note="y"),
    ),
    "resolve and the end of a pause": (
        paused,
        lambda row, who: actions.resolve(row, by=who["liu"], now=NOON, remedy="修好"),
        lambda row, who: actions.resume_waiting(now=NOON),
    ),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_of_two_steps_at_once_one_counts_and_the_other_is_told_so(yunhu, office, chen, liu, pair):
    stand, one, other = PAIRS[pair]
    who = {"chen": chen, "liu": liu}
    for _ in range(ROUNDS):
        row = stand(yunhu, chen, liu)
        read = [fresh(row), fresh(row)]
        outcomes = race(lambda read=read: one(read[0], who), lambda read=read: other(read[1], who))
        raised = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert all(isinstance(error, Refused) for error in raised), raised
        assert row.pauses.filter(ended_at=None).count() == (1 if fresh(row).status == Status.WAITING else 0)
        if "twice" in pair:
            assert len(raised) == 1


def test_what_a_person_does_while_the_sweep_raises_overwrites_nothing(yunhu, office, chen, liu):
    """Resolving at level 2 owes a reply that is missed to level 3, whoever comes first."""
    now = at("2025-09-18 18:01")
    for _ in range(ROUNDS):
        row = in_hand(yunhu, chen, liu)
        read = fresh(row)
        outcomes = race(
            lambda read=read: actions.resolve(read, by=liu, now=now, remedy="修好"),
            lambda: actions.escalate_overdue(now=now),
        )
        assert isinstance(outcomes[0], Refused | None), outcomes[0]
        after = fresh(row)
        if after.status == Status.RESOLVED:
            assert after.reply_raises_to == min(after.level + 1, 3)
        else:
            assert after.level == 2


def test_control_without_the_version_in_the_sweep_a_step_would_not_see_the_new_level(yunhu, office, chen, liu):
    row = in_hand(yunhu, chen, liu)
    read = fresh(row)
    actions.escalate_overdue(now=at("2025-09-18 18:01"))
    with pytest.raises(Stale):
        actions.resolve(read, by=liu, now=at("2025-09-18 18:02"), remedy="修好")


def test_two_merges_that_cross_leave_one_case(yunhu, office, chen, zhou):
    for _ in range(ROUNDS):
        one, two = case(yunhu, by=chen), case(yunhu, by=chen)
        outcomes = race(
            lambda one=one, two=two: actions.merge(fresh(one), into=fresh(two), by=chen, now=MONDAY),
            lambda one=one, two=two: actions.merge(fresh(two), into=fresh(one), by=zhou, now=MONDAY),
        )
        assert [type(outcome) for outcome in outcomes if outcome is not None] in ([Refused], [Stale]), outcomes
        assert sorted([fresh(one).status, fresh(two).status]) == ["merged", "taken"]


def test_nothing_is_joined_to_a_case_that_is_asked_to_be_voided_at_the_same_moment(yunhu, office, chen, zhou):
    """Voided, the other would end unanswered: whoever comes second is told so, and neither is half done."""
    for _ in range(ROUNDS):
        one, into = case(yunhu, by=chen), case(yunhu, by=chen)
        outcomes = race(
            lambda one=one, into=into: actions.merge(fresh(one), into=fresh(into), by=chen, now=MONDAY),
            lambda into=into: actions.ask_void(fresh(into), by=zhou, now=MONDAY, reason="重复登记"),
        )
        assert [type(outcome) for outcome in outcomes if outcome is not None] in ([Refused], [Stale]), outcomes
        assert (fresh(one).status == Status.MERGED) == (fresh(into).void_asked_at is None)


def test_nothing_is_joined_to_a_case_that_is_voided_at_the_same_moment(yunhu, office, chen, zhou):
    for _ in range(ROUNDS):
        one, into = case(yunhu, by=chen), case(yunhu, by=chen)
        actions.ask_void(into, by=chen, now=MONDAY, reason="重复登记")
        outcomes = race(
            lambda one=one, into=into: actions.merge(fresh(one), into=fresh(into), by=chen, now=MONDAY),
            lambda into=into: actions.confirm_void(fresh(into), by=zhou, now=MONDAY),
        )
        assert [type(outcome) for outcome in outcomes] == [Refused, type(None)], outcomes
        assert (fresh(one).status, fresh(into).status) == (Status.TAKEN, Status.VOID)


def test_two_people_who_answer_the_callers_of_an_event_at_once_answer_each_once(yunhu, office, chen, zhou, guo):
    """Zhou confirms in two windows, with other words in each: one of them is what everybody is told."""
    for n in range(ROUNDS // 3):
        event = outage(yunhu, by=chen, title=f"停水 {n}")
        callers = [case(yunhu, by=None, incident=event) for _ in range(3)]
        actions.end_incident(event, reply="已恢复", by=zhou, now=MONDAY)
        outcomes = race(
            lambda event=event: actions.answer_callers(
                Incident.objects.get(pk=event.pk), by=zhou, now=MONDAY, text="甲"
            ),
            lambda event=event: actions.answer_callers(
                Incident.objects.get(pk=event.pk), by=zhou, now=MONDAY, text="乙"
            ),
        )
        assert sorted(len(outcome.told) for outcome in outcomes) == [0, 3], outcomes
        replies = Reply.objects.filter(case__in=callers)
        assert (replies.count(), replies.values("text").distinct().count()) == (3, 1)


# Two who decide, visit or answer at once ------------------------------------------------------------------------------


def proposed(yunhu, who):
    row = case(yunhu, by=who["chen"], category="noise")
    actions.verify(row, validity="valid", by=who["chen"], now=MONDAY, note="核实属实")
    security = yunhu.departments.get(code="security")
    actions.propose(row, outcome="handle", text="上门劝止", department=security, by=who["chen"], now=MONDAY)
    return row


def done(yunhu, who):
    row = in_hand(yunhu, who["chen"], who["liu"])
    actions.resolve(fresh(row), by=who["liu"], now=MONDAY, remedy="修好")
    return row


def quoted(yunhu, who):
    row = in_hand(yunhu, who["chen"], who["liu"])
    actions.quote(fresh(row), amount=120, text="更换角阀", by=who["liu"], now=MONDAY)
    return row


def visiting(name):
    return lambda row, who: actions.visit(row, channel="phone", grade=5, by=who[name], now=NOON)


def replying(name):
    said = {"channel": "phone", "text": f"修好了 {name}", "person_told": "林女士"}
    return lambda row, who: actions.reply(row, by=who[name], now=MONDAY, **said)


# How the case stands, what the two do, and which verbs of its history are one act that happens once.
ONCE = {
    "approve and return": (
        proposed,
        lambda row, who: actions.approve(row, by=who["zhou"], now=MONDAY),
        lambda row, who: actions.return_proposal(row, by=who["guo"], now=MONDAY, note="写明几点"),
        {"approved", "proposal_returned"},
    ),
    "approve twice": (
        proposed,
        lambda row, who: actions.approve(row, by=who["zhou"], now=MONDAY),
        lambda row, who: actions.approve(row, by=who["guo"], now=MONDAY),
        {"approved"},
    ),
    "approve and withdraw": (
        proposed,
        lambda row, who: actions.approve(row, by=who["zhou"], now=MONDAY),
        lambda row, who: actions.withdraw_proposal(row, by=who["chen"], now=MONDAY),
        {"approved", "proposal_withdrawn"},
    ),
    "visit twice": (
        lambda yunhu, who: replied(yunhu, who["chen"], who["liu"]),
        visiting("chen"),
        visiting("zhou"),
        {"visited"},
    ),
    "reply twice": (done, replying("chen"), replying("zhou"), {"replied"}),
    "answer a quote at the desk and on the page": (
        quoted,
        lambda row, who: actions.answer_quote(row, answer="agreed", by=who["chen"], now=MONDAY, answered_by="林女士"),
        lambda row, who: actions.answer_quote(row, answer="refused", by=None, now=MONDAY),
        {"quote_agreed", "quote_refused"},
    ),
}


@pytest.fixture
def who(office, chen, zhou, guo, liu, ma):
    return {"chen": chen, "zhou": zhou, "guo": guo, "liu": liu}


def acts_of(row, verbs):
    return Event.objects.about(row).filter(verb__in=verbs).count()


@pytest.mark.parametrize("pair", ONCE)
def test_of_two_who_answer_for_the_same_thing_at_once_one_does(yunhu, who, pair):
    stand, one, other, verbs = ONCE[pair]
    for _ in range(ROUNDS // 3):
        row = stand(yunhu, who)
        read = [fresh(row), fresh(row)]
        outcomes = race(lambda read=read: one(read[0], who), lambda read=read: other(read[1], who))
        raised = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert [isinstance(error, Refused) for error in raised] == [True], outcomes
        assert acts_of(row, verbs) == 1
        assert row.proposals.open().count() == row.quotes.filter(answer="").count() == 0


@pytest.mark.parametrize("pair", ["approve twice", "visit twice", "reply twice"])
def test_control_without_the_compare_both_would_do_it(yunhu, who, pair, monkeypatch):
    def careless(thing, **facts):
        for name, value in facts.items():
            setattr(thing, name, value)
        thing.save(update_fields=list(facts) or None)

    monkeypatch.setattr(moves, "write", careless)
    monkeypatch.setattr(actions.visiting, "write", careless)
    monkeypatch.setattr(actions.proposing, "_decided", lambda row, *args, **facts: row.proposals.get())
    stand, one, other, verbs = ONCE[pair]
    doubled = 0
    for _ in range(ROUNDS // 3):
        row = stand(yunhu, who)
        read = [fresh(row), fresh(row)]
        race(lambda read=read: one(read[0], who), lambda read=read: other(read[1], who))
        doubled += acts_of(row, verbs) == 2
    assert doubled


def test_a_refusal_recorded_twice_at_once_at_the_counter_is_proposed_once(yunhu, who, chen):
    indoor = Category.objects.select_related("department").get(community=yunhu, code="indoor")
    for _ in range(ROUNDS // 3):
        facts = {"channel": "phone", "category": indoor, "summary": "邻居练琴", "submission": uuid.uuid4()}
        facts |= {"reporter_name": "林晓梅", "reporter_phone": "13800001234", "reason": "私人纠纷", "answer": "抱歉"}
        outcomes = race(*[lambda facts=facts: actions.receive_to_decline(yunhu, by=chen, now=MONDAY, **facts)] * 3)
        assert {outcome[0].pk for outcome in outcomes} == {Case.objects.latest("pk").pk}, outcomes
        assert acts_of(outcomes[0][0], {"proposed"}) == 1


def test_of_two_who_undo_and_act_at_once_one_does(yunhu, who):
    """Zhou takes an approval back while security accepts the job."""
    ma = User.objects.get(username="ma")
    for _ in range(ROUNDS // 3):
        row = proposed(yunhu, who)
        actions.approve(fresh(row), by=who["zhou"], now=MONDAY)
        acts = list(Event.objects.about(row).filter(verb__in=("approved", "handed")))
        read = fresh(row)
        undone, accepted = race(
            lambda acts=acts: actions.undo_many(acts, by=who["zhou"], now=MONDAY),
            lambda read=read: actions.accept(read, by=ma, now=MONDAY),
        )
        after = fresh(row)
        if accepted is None:
            assert (after.status, undone.done) == (Status.IN_HAND, [])
        else:
            assert isinstance(accepted, Refused), accepted
            assert (after.status, len(undone.done)) == (Status.PROPOSED, 2)


def test_a_home_that_answers_a_survey_twice_at_once_answers_once(yunhu, who, chen, home):
    facts = {"title": "年度满意度", "questions": [{"kind": "grade", "text": "总体"}], "buildings": []}
    days = {"opens_on": MONDAY.date(), "closes_on": MONDAY.date()}
    for _ in range(ROUNDS // 3):
        survey = actions.make_survey(yunhu, **facts, **days, by=who["zhou"], now=MONDAY)
        answer = {"answers": [5], "now": MONDAY}
        outcomes = race(
            lambda survey=survey, answer=answer: actions.answer_survey(survey, home, by=None, **answer),
            lambda survey=survey, answer=answer: actions.answer_survey(survey, home, by=chen, **answer),
        )
        assert [isinstance(outcome, Refused) for outcome in outcomes].count(True) == 1, outcomes
        assert survey.given.count() == 1


def test_a_day_that_two_sign_at_once_is_signed_once(yunhu, who, zhou):
    second = factories.staff("sun", "孙立", "supervisor", community=yunhu)
    evening = at("2025-09-15 17:30")
    for days in range(ROUNDS // 3):
        facts = {"date": (MONDAY + timedelta(days=days)).date(), "summary": "平稳", "exceptions": "无"}
        now = evening + timedelta(days=days)
        outcomes = race(
            *[
                lambda by=by, facts=facts, now=now: actions.sign_day(yunhu, by=by, now=now, **facts)
                for by in (zhou, second)
            ]
        )
        assert [isinstance(outcome, Refused) for outcome in outcomes].count(True) == 1, outcomes
        assert DayClose.objects.filter(date=facts["date"]).count() == 1


# A death at every statement -------------------------------------------------------------------------------------------


def facts(row):
    """What must be the same after a crash and a second try as after one clean try."""
    row = fresh(row)
    return {
        "status": row.status,
        "level": row.level,
        "next": row.next_escalation_at,
        "escalations": list(row.escalations.order_by("id").values_list("to_level", "trigger")),
        "events": list(Event.objects.about(row).order_by("id").values_list("verb", flat=True)),
        "told": sorted(Notification.objects.filter(subject_id=row.pk).values_list("kind", "recipient__username")),
    }


def try_until_it_lives(act):
    """Kill `act` at its first, second, … write until it survives; return how many deaths that took."""
    for statement in itertools.count(1):
        try:
            with connection.execute_wrapper(crash_at(statement)):
                act()
        except CrashError:
            continue
        return statement - 1


def late_case(yunhu, chen):
    return case(yunhu, by=chen, now=at("2025-09-01 09:00"))


STEPS = {
    "resolve": lambda row, liu: actions.resolve(fresh(row), by=liu, now=MONDAY, remedy="修好"),
    "pause": lambda row, liu: actions.pause(
        fresh(row), reason="material", until=MONDAY + timedelta(hours=2), by=liu, now=MONDAY
    ),
    "escalate": lambda row, liu: actions.escalate(fresh(row), by=liu, now=MONDAY, note="请主管过问"),
    "decline_job": lambda row, liu: actions.decline_job(fresh(row), by=liu, now=MONDAY, reason="不属本部门"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_dies_at_any_statement_ends_as_if_it_had_not(yunhu, office, chen, liu, step):
    clean, crashed = in_hand(yunhu, chen, liu), in_hand(yunhu, chen, liu)
    STEPS[step](clean, liu)
    deaths = try_until_it_lives(lambda: STEPS[step](crashed, liu))
    assert deaths >= 2
    assert facts(crashed) == facts(clean)


def test_a_sweep_that_dies_at_any_statement_ends_as_if_it_had_not(yunhu, office, chen, monkeypatch):
    clean = late_case(yunhu, chen)
    actions.escalate_overdue(now=MONDAY)
    crashed = late_case(yunhu, chen)
    # A sweep passes over what it cannot raise and goes on; here it is to die instead.
    monkeypatch.setattr(actions.escalating, "_escalate_singly", _die)
    deaths = try_until_it_lives(lambda: actions.escalate_overdue(now=MONDAY))
    assert deaths >= 1
    assert facts(crashed) == facts(clean)


def _die(*args):
    raise CrashError


def test_receiving_that_dies_at_any_statement_leaves_no_gap_in_the_numbers(yunhu, office, chen):
    submission = uuid.uuid4()
    deaths = try_until_it_lives(lambda: case(yunhu, by=chen, submission=submission, severity="major", reason="x"))
    assert deaths >= 4
    assert Case.objects.get().number.endswith("-0001")


def test_control_without_the_transaction_a_death_leaves_half_a_step(yunhu, office, chen, liu, monkeypatch):
    row = case(yunhu, by=chen)
    take_apart = actions.escalating.escalate.__wrapped__
    with pytest.raises(CrashError), connection.execute_wrapper(crash_at(2)):
        take_apart(fresh(row), by=chen, now=MONDAY, note="请主管过问")
    assert Escalation.objects.filter(case=row).count() == 0
    assert fresh(row).level == 2, "a raised level without its escalation: what the transaction is there to prevent"
    assert transaction.get_autocommit()
