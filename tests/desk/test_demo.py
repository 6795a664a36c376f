"""The demo: a week of two communities that ends now, whatever the hour, made by the real actions."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from billing import invariants
from billing.models import ArrearsCase, BillRun, MonthClose, Shift, StatementLine
from complaints import closing
from complaints.models import (
    Call,
    Case,
    DayClose,
    Escalation,
    ExternalCase,
    Incident,
    IncomingLetter,
    Pause,
    Phrase,
    ProblemFinding,
    ProblemProposal,
    ProblemReport,
    Rating,
    Reply,
    ReplyLetter,
    Report,
    ReturnVisit,
    Status,
    Survey,
    SurveyAnswer,
    WarrantyClaim,
)
from residents.models import Occupancy, Person, Plate, Unit, VisitNeed
from servicedesk import demo as logins
from servicedesk.core import duty, events
from servicedesk.core.models import CalendarDay, Community, Event, Membership, Notification, Photo, User
from servicedesk.desk import demo
from servicedesk.desk.demo import money
from tests.factories import at

pytestmark = pytest.mark.django_db


def look_at_the_money():
    """Three months are billed, one of them closed; a shift misses a yuan, one is open; the books are right."""
    garden = Community.objects.get(code="YH")
    assert BillRun.objects.filter(community=garden, status="done").count() == 3
    assert MonthClose.objects.filter(community=garden).count() == 1
    assert Shift.objects.filter(community=garden, difference=-1).exclude(reason="").count() == 1
    assert Shift.objects.open().filter(community=garden).count() == 1
    assert ArrearsCase.objects.open().filter(community=garden).exists()
    lines = StatementLine.objects.filter(community=garden)
    assert lines.waiting().count() == 3
    assert lines.filter(status="matched").count() > 10
    assert list(invariants.breaks(garden)) == []


def look_at_the_board(now):
    """What has to be on show whatever the hour."""
    garden = Community.objects.get(code="YH")
    cases = Case.objects.in_community(garden)
    assert set(cases.values_list("status", flat=True)) == set(Status)
    assert {1, 2, 3} <= set(cases.clocked().values_list("level", flat=True))
    assert cases.overdue(now).count() >= 3
    assert cases.due_soon(now, garden.soon_minutes).exists()
    assert cases.unassigned().count() >= 3
    assert not Case.objects.filter(next_escalation_at__lte=now).exists(), "the sweep has done all that was due"
    assert not Pause.objects.filter(ended_at=None, until__lte=now).exists()
    assert not Event.objects.filter(at__gt=now).exists()
    triggers = set(Escalation.objects.values_list("trigger", flat=True))
    assert {"late", "still_late", "not_taken", "major", "urgent", "category", "by_hand", "reopened"} <= triggers
    assert {"promise_missed", "reply_missed", "concerns_staff"} <= triggers
    assert {"phone", "visit", "letter", "web", "patrol", "hotline"} == set(cases.values_list("channel", flat=True))
    assert {"phone", "visit", "letter"} <= set(Reply.objects.values_list("channel", flat=True))
    assert Photo.objects.count() >= 8
    visits = ReturnVisit.objects.filter(community=garden)
    assert {"satisfied", "partly", "not"} <= set(visits.values_list("result", flat=True))
    assert visits.open().filter(due_at=None).exists(), "one waits for rain"
    assert visits.open().filter(reason="bad_rating").exists() and visits.open().filter(tries=2).exists()
    assert set(Rating.objects.values_list("overall", flat=True)) == {2, 5}
    third = cases.get(summary="厨房混水阀第三次滴水")
    assert (third.is_free_rework, third.follows.is_repeat, third.level) == (True, True, 2)
    asked, returned = ExternalCase.objects.order_by("returned_at")[::-1]
    assert (asked.is_running, asked.case.level, asked.case.is_theirs_first) == (True, 2, True)
    assert returned.case.status == Status.ARCHIVED
    pests = cases.get(summary="厨房发现蟑螂")
    assert (pests.merged_cases.count(), pests.merged_cases.filter(told__isnull=False).count()) == (2, 1)
    assert not cases.nothing_owed().filter(pk=pests.pk).exists(), "one caller is still to be told"
    assert set(ProblemProposal.objects.values_list("status", flat=True)) == {"proposed", "sent", "answered", "done"}
    assert ProblemFinding.objects.values("problem").distinct().count() == 2 and ProblemReport.objects.exists()
    claims = dict(WarrantyClaim.objects.values_list("case__summary", "status"))
    assert set(claims.values()) == {"asked", "refused", "done"}
    roof = WarrantyClaim.objects.get(party__kind="contractor")
    assert (roof.status, roof.reminders >= 2, roof.is_late(now), roof.case.level >= 2) == ("asked", True, True, True)
    running, over = Incident.objects.get(status="open"), Incident.objects.get(status="ended")
    assert running.cases.open().count() >= 3
    assert set(over.cases.values_list("channel", "status")) == {("phone", "archived"), ("web", "replied")}
    assert {need.status for need in VisitNeed.objects.all()} == {"open", "case"}
    assert Plate.objects.live().exclude(status="mounted").get().status == "approved", "one waits to be made"
    assert Survey.objects.get().is_open(now) and SurveyAnswer.objects.count() >= 40
    assert set(ReplyLetter.objects.values_list("status", flat=True)) >= {"draft", "sent"}
    assert IncomingLetter.objects.loose().exists()
    assert Call.objects.loose().count() >= 3
    assert Event.objects.filter(verb="follow_up_missed").exists()
    assert Phrase.objects.filter(uses__gt=0).exists()
    named = Event.objects.get(verb="concern_named")
    late_named = Case.objects.get(pk=named.subject_id)
    assert named.data["whom"] == "马超"
    assert late_named.assigned_to.username == "guard2", "whom it is about has lost the job"
    passed_on = Case.objects.get(pk=Event.objects.get(verb="passed_on").subject_id)
    assert passed_on.first_responsible.is_active
    assert not Case.objects.open().filter(first_responsible__is_active=False).exists()
    outside = Notification.objects.get(kind="case_outside")
    assert outside.address == garden.outside_email
    assert cases.filter(concerned__isnull=False).count() >= 3
    assert cases.filter(merged_into__summary="三栋整栋停水", merged_into__status=Status.IN_HAND).count() == 2
    assert duty.duty_manager(garden, now) is not None
    assert DayClose.objects.filter(community=garden, unexplained=0).count() == 7
    assert closing.unsigned_day(garden, now) == garden.local(now).date() - timedelta(days=1), "yesterday still waits"
    assert Report.objects.filter(community=garden, span="week").exists()
    for community in Community.objects.all():
        assert events.first_break(community) is None
        assert not Event.objects.filter(community=community).unsealed().exists()


def counts():
    return [model.objects.count() for model in (Case, Event, Person, Unit, Notification, User, CalendarDay, Photo)]


def test_the_command_loads_a_week_and_a_second_call_adds_nothing(client, time_machine, capsys):
    now = at("2026-11-23 15:00")
    time_machine.move_to(now, tick=False)
    call_command("load_demo")
    made = Case.objects.count()
    assert f"{made} cases" in capsys.readouterr().out
    assert 60 <= made <= 140
    look_at_the_board(now)
    before = counts()
    call_command("load_demo")
    assert "nothing was added" in capsys.readouterr().out
    assert counts() == before

    for name in logins.LOGINS:
        assert client.login(username=name, password=logins.PASSWORD), name
    assert User.objects.get(username="admin1").is_superuser
    assert not User.objects.exclude(username__in=logins.LOGINS).filter(password__startswith="argon2").exists()
    both = Membership.objects.filter(user__username__in=["sup1", "gm1", "head1", "cash1", "fin1", "admin1"])
    assert both.values("user", "community").distinct().count() == 12

    look_at_the_money()
    living = {(row.unit.label, row.person.name) for row in Occupancy.objects.filter(unit__number="1201").with_people()}
    assert {("3-2-1201", "王小梅"), ("3-2-1201", "李大伟"), ("12-1201", "赵敏")} <= living
    assert Unit.objects.filter(community__code="YH").by_room("1201").count() == 3, "three rooms are told apart"
    assert Unit.objects.filter(community__code="YH").by_room("3-1201").get().label == "3-2-1201"
    assert 280 <= Unit.objects.filter(community__code="YH").count() <= 320
    assert not Person.objects.exclude(phone="").exclude(phone__startswith="1380000").exists(), "made-up numbers only"


def test_the_board_is_not_stale_at_night_either(monkeypatch):
    # What is billed and collected does not show on the board, and takes as long as all the rest.
    monkeypatch.setattr(money, "charge", lambda *facts: None)
    now = at("2026-10-02 02:40")
    demo.load(now=now)
    look_at_the_board(now)
