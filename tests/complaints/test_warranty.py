"""The warranty: periods of the law, claims with a clock of their own, and nobody kicked like a ball between two."""

import datetime
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions, warranty
from complaints.models import Escalation, OutsideParty, Quote, Status, WarrantyClaim, WarrantyTerm
from servicedesk.core import notifications
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Notification
from tests.factories import MONDAY, at, case, claim, forget_calendars, fresh, party, under_warranty

pytestmark = pytest.mark.django_db
# Asked on a Monday, the answer is due on the Thursday at six; then a reminder every second day.
DUE = at("2025-09-18 18:00")
FIRST, SECOND, THIRD = at("2025-09-18 18:01"), at("2025-09-20 18:01"), at("2025-09-22 18:01")


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def developer(yunhu, zhou):
    return party(yunhu, by=zhou)


@pytest.fixture
def asked(yunhu, office, chen, home, developer):
    """Lin's case, of a home under warranty, after the developer was asked on the telephone."""
    under_warranty(yunhu, home.building)
    row = case(yunhu, by=chen, unit=home)
    claim(row, developer, by=chen, reason="")
    return fresh(row)


def post(client, user, row, step, **data):
    client.force_login(user)
    return client.post(reverse(f"complaints:{step}", args=[row.number]), {"version": fresh(row).version, **data})


def the_claim():
    return WarrantyClaim.objects.select_related("party", "term").get()


def verbs(row):
    return list(Event.objects.about(row).order_by("id").values_list("verb", flat=True))


# How long -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "accepted", "until"),
    [
        ("leak", "2022-03-01", "2027-03-01"),
        ("fittings", "2024-02-29", "2026-02-28"),
        # Only whole seasons count: accepted in the midst of one, the next is the first.
        ("heating", "2023-11-14", "2025-03-15"),
        ("heating", "2023-11-16", "2026-03-15"),
        ("cooling", "2023-06-01", "2024-08-28"),
        ("cooling", "2023-06-02", "2025-08-28"),
    ],
)
def test_the_periods_are_those_of_article_40_counted_from_the_acceptance(yunhu, code, accepted, until):
    term = yunhu.warranty_terms.get(code=code)
    assert term.until(datetime.date.fromisoformat(accepted)).isoformat() == until
    assert "第四十条" in term.source


def test_a_new_community_has_the_periods_and_one_that_has_some_keeps_its_own(yunhu):
    assert actions.fill_warranty(yunhu, by=None, now=MONDAY) == 0
    assert list(yunhu.warranty_terms.values_list("code", "length")) == [
        ("leak", 5),
        ("heating", 2),
        ("cooling", 2),
        ("fittings", 2),
    ]


@pytest.mark.parametrize("on", ["2024-09-01", "2023-09-14", None], ids=["inside", "over", "unknown"])
def test_the_page_says_until_when_and_where_it_is_not_known(client, yunhu, office, chen, home, on):
    term = under_warranty(yunhu, home.building, on=on)
    row = case(yunhu, by=chen, unit=home)
    client.force_login(chen)
    answer = client.get(row.get_absolute_url())
    covered = answer.context["coverage"]
    assert (covered.is_known, covered.holds) == (on is not None, on == "2024-09-01")
    assert term.source in answer.text
    assert covered.sentence in answer.text


def test_the_last_day_is_still_inside(yunhu, home):
    term = under_warranty(yunhu, home.building, on="2023-09-15")
    assert warranty.coverage(term, home.building, datetime.date(2025, 9, 15)).holds
    assert not warranty.coverage(term, home.building, datetime.date(2025, 9, 16)).holds


def test_the_intake_says_it_before_anything_is_saved(client, yunhu, chen, lin, home):
    under_warranty(yunhu, home.building)
    client.force_login(chen)
    data = {"who": f"u{home.pk}", "category": yunhu.categories.get(code="indoor").pk, "summary": "漏水"}
    assert "2026-09-01" in client.post(reverse("desk:preview"), data).text


# A claim --------------------------------------------------------------------------------------------------------------


def test_a_claim_leaves_the_case_its_person_and_its_clock(client, yunhu, office, chen, home, developer):
    term = under_warranty(yunhu, home.building)
    row = case(yunhu, by=chen, unit=home)
    before = (row.status, row.due_at, row.first_responsible_id, row.next_escalation_at)
    data = {"party": developer.pk, "term": term.pk, "sent_how": "phone", "text": "请安排维修"}
    assert post(client, chen, row, "send_warranty", **data).status_code == 302
    after, made = fresh(row), the_claim()
    assert (after.status, after.due_at, after.first_responsible_id, after.next_escalation_at) == before
    assert (made.status, made.due_at, made.covered_until) == ("asked", DUE, datetime.date(2026, 9, 1))
    assert verbs(row) == ["received", "warranty_sent"]
    assert post(client, chen, row, "send_warranty", **data).status_code == 409, "once at a time"
    assert WarrantyClaim.objects.count() == 1


def test_outside_the_period_a_claim_says_why(client, yunhu, office, chen, home, developer):
    row = case(yunhu, by=chen, unit=home)
    term = yunhu.warranty_terms.get(code="leak")
    data = {"party": developer.pk, "term": term.pk, "sent_how": "phone", "text": "请安排维修"}
    answer = post(client, chen, row, "send_warranty", **data)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["reason"])
    assert "请安排维修" in answer.text, "no word is lost"
    assert post(client, chen, row, "send_warranty", **data, reason="合同约定八年").status_code == 302
    assert (the_claim().covered_until, the_claim().reason) == (None, "合同约定八年")


def test_a_party_of_another_community_is_not_offered(client, yunhu, other, office, chen, zhou, taken_case):
    zhou.memberships.create(community=other, role="supervisor")
    foreign = party(other, by=type(zhou).objects.get(pk=zhou.pk))
    data = {"party": foreign.pk, "term": yunhu.warranty_terms.first().pk, "sent_how": "phone", "text": "x"}
    answer = post(client, chen, taken_case, "send_warranty", **data, reason="x")
    assert (answer.status_code, "party" in answer.context["form"].errors) == (422, True)


def test_an_ordinary_complaint_is_approved_before_it_goes_outside(client, yunhu, office, chen, developer):
    row = case(yunhu, by=chen, category="cleaning")
    with pytest.raises(Refused):
        claim(row, developer, by=chen)


def test_nothing_is_charged_to_the_resident_while_a_claim_holds(
    client, yunhu, office, zhou, liu, case_in_hand, developer
):
    actions.quote(case_in_hand, amount=80, text="换阀", by=liu, now=MONDAY)
    claim(case_in_hand, developer, by=zhou)
    assert Quote.objects.get().answer == "dropped"
    with pytest.raises(Refused):
        actions.quote(fresh(case_in_hand), amount=80, text="换阀", by=liu, now=MONDAY)
    actions.refuse_warranty(fresh(case_in_hand), claim=the_claim(), answer="人为损坏", by=zhou, now=MONDAY)
    actions.settle_warranty(
        fresh(case_in_hand), claim=the_claim(), bearer="resident", decision="确属人为", by=zhou, now=MONDAY
    )
    actions.quote(fresh(case_in_hand), amount=80, text="换阀", by=liu, now=MONDAY)


def test_a_price_agreed_to_before_is_not_charged_either(yunhu, office, zhou, liu, case_in_hand, developer):
    actions.quote(case_in_hand, amount=80, text="换阀", by=liu, now=MONDAY)
    actions.answer_quote(case_in_hand, answer="agreed", by=liu, now=MONDAY, answered_by="林女士")
    claim(case_in_hand, developer, by=zhou)
    actions.accept_warranty(case_in_hand, claim=the_claim(), answer="周三上门", until=DUE, by=zhou, now=MONDAY)
    actions.finish_warranty(case_in_hand, claim=the_claim(), note="换了阀", by=zhou, now=MONDAY)
    with pytest.raises(Refused):
        actions.resolve(case_in_hand, by=liu, now=MONDAY, remedy="修好", charge_to="resident", amount=80)


@pytest.mark.parametrize("step", ["resolve", "ask_void", "merge"])
def test_a_case_does_not_end_while_a_claim_runs(client, yunhu, asked, chen, zhou, step):
    other_case = case(yunhu, by=chen)
    data = {"remedy": "修好", "read_back": "on", "reason": "误报", "into": other_case.short_number}
    answer = post(client, zhou, asked, step, **data)
    assert (answer.status_code, "云湖置业保修部" in answer.text) == (409, True)
    assert fresh(asked).status == Status.TAKEN


def test_nothing_is_politely_declined_while_a_claim_runs(yunhu, asked, chen):
    facts = {"kind": "complaint", "severity": "general", "urgency": "ordinary", "category": asked.category}
    actions.reclassify(asked, by=chen, now=MONDAY, note="业主要求按投诉办", **facts)
    actions.verify(asked, validity="invalid", by=chen, now=MONDAY, note="核实")
    with pytest.raises(Refused):
        actions.propose(asked, outcome="decline", text="不办", answer="抱歉", by=chen, now=MONDAY)


def test_who_it_concerns_neither_sees_the_claim_nor_its_letter(client, yunhu, asked, chen, zhou):
    letter = reverse("complaints:warranty_letter", args=[the_claim().pk])
    client.force_login(chen)
    assert client.get(letter).status_code == 200
    assert len(client.get(reverse("complaints:warranty")).context["lines"]) == 1
    actions.name_concerned(asked, user=chen, by=zhou, now=MONDAY, note="涉及本人")
    page = client.get(reverse("complaints:warranty"))
    assert (page.context["lines"], page.context["parties"]) == ([], [])
    assert client.get(letter).status_code == 404


# What they answer -----------------------------------------------------------------------------------------------------


def test_accepted_has_a_day_and_the_resident_reads_it_without_a_name(client, asked, chen):
    data = {"outcome": "accepted", "answer": "周三姚工上门", "answered_by": "姚工"}
    answer = post(client, chen, asked, "answer_warranty", **data)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["until"])
    assert post(client, chen, asked, "answer_warranty", **data, until="2025-09-17T16:00").status_code == 302
    assert (the_claim().status, the_claim().due_at) == ("accepted", at("2025-09-17 16:00"))
    client.logout()
    page = client.get(reverse("complaints:track", args=[actions.first_token(asked)])).text
    assert "09-17 16:00" in page
    assert "姚工" not in page and "云湖置业" not in page


def test_repaired_ends_the_claim_and_not_the_case(client, asked, chen, zhou):
    actions.accept_warranty(asked, claim=the_claim(), answer="周三上门", until=DUE, by=chen, now=MONDAY)
    assert post(client, chen, asked, "finish_warranty", note="换了接头").status_code == 302
    assert (the_claim().status, the_claim().next_reminder_at, fresh(asked).status) == ("done", None, Status.TAKEN)
    assert post(client, zhou, asked, "resolve", remedy="保修单位已换接头", read_back="on").status_code == 302


def test_a_refusal_goes_to_a_supervisor_who_decides(client, asked, chen, zhou):
    data = {"outcome": "refused", "answer": "已过保修期"}
    assert post(client, chen, asked, "answer_warranty", **data).status_code == 302
    assert (the_claim().status, the_claim().next_reminder_at) == ("refused", None)
    told = Notification.objects.filter(kind="warranty_refused").values_list("recipient__username", flat=True)
    assert set(told) == {"zhou"}
    decided = {"outcome": "insist", "decision": "竣工未满两年"}
    assert post(client, chen, asked, "decide_warranty", **decided).status_code == 403
    assert post(client, zhou, asked, "decide_warranty", **decided).status_code == 302
    assert (the_claim().status, the_claim().due_at, the_claim().decided_by) == ("insisted", DUE, zhou)
    letter = client.get(reverse("complaints:warranty_letter", args=[the_claim().pk])).text
    assert "已过保修期" in letter and "2026-09-01" in letter and "竣工未满两年" in letter


def test_the_communitys_own_cost_ends_the_claim(client, asked, chen, zhou):
    actions.refuse_warranty(asked, claim=the_claim(), answer="拒修", by=chen, now=MONDAY)
    data = {"outcome": "community", "decision": "先行垫付维修"}
    assert post(client, zhou, asked, "decide_warranty", **data).status_code == 302
    assert (the_claim().status, the_claim().bearer) == ("settled", "community")


def test_of_two_who_answer_at_once_the_second_is_told(client, asked, chen, zhou):
    version = fresh(asked).version
    data = {"outcome": "refused", "answer": "拒修", "version": version}
    assert post(client, chen, asked, "answer_warranty", **data).status_code == 302
    client.force_login(zhou)
    address = reverse("complaints:answer_warranty", args=[asked.number])
    answer = client.post(address, {**data, "answer": "同意"})
    assert (answer.status_code, the_claim().answer) == (409, "拒修")


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "done"},
        {"next_reminder_at": None},
        {"covered_until": None},
        {"due_at": MONDAY},
        {"bearer": "resident"},
        {"in_vain": 1},
        {"reminders": 1},
        {"status": "refused", "next_reminder_at": None},
    ],
    ids=str,
)
def test_the_database_refuses_a_claim_that_cannot_be(asked, facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        WarrantyClaim.objects.update(**facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        WarrantyClaim.objects.all().delete()


def test_a_season_without_its_days_is_no_season(yunhu):
    with pytest.raises(IntegrityError), transaction.atomic():
        WarrantyTerm.objects.filter(code="heating").update(season_from="11-31")


# Reminders ------------------------------------------------------------------------------------------------------------


def test_late_is_strictly_after_and_the_first_responsible_and_the_department_are_told(asked, chen, liu, han, yunhu):
    actions.hand_over(asked, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY)
    assert actions.remind_warranty(now=DUE) == 0
    assert actions.remind_warranty(now=FIRST) == 1
    assert actions.remind_warranty(now=FIRST) == 0, "once"
    told = Notification.objects.filter(kind="warranty_late").values_list("recipient__username", flat=True)
    assert set(told) == {"chen", "han"}
    assert (the_claim().reminders, the_claim().call_owed_at) == (1, FIRST)
    assert "warranty_reminded" in verbs(asked)


def test_who_has_an_address_is_written_to_and_no_call_is_owed(yunhu, office, chen, zhou, taken_case, mailoutbox):
    claim(taken_case, party(yunhu, by=zhou, email="baoxiu@example.com"), by=chen, sent_how="email")
    call_command("remind_warranty")
    assert the_claim().reminders == 0
    actions.remind_warranty(now=FIRST)
    notifications.send_notifications(now=FIRST)
    asked, reminded = (mail for mail in mailoutbox if mail.to == ["baoxiu@example.com"])
    assert "厨房水管漏水,请安排维修。" in asked.body and "2025-09-18 18:00" in asked.body
    assert taken_case.short_number in reminded.subject
    assert "林晓梅" not in asked.body + reminded.body, "no name of a resident"
    assert the_claim().call_owed_at is None


def test_a_call_is_owed_until_it_is_recorded(client, asked, chen):
    actions.remind_warranty(now=FIRST)
    assert post(client, chen, asked, "note_warranty_call", note="").status_code == 422
    assert post(client, chen, asked, "note_warranty_call", note="姚工称周五来").status_code == 302
    assert the_claim().call_owed_at is None
    assert Event.objects.about(asked).get(verb="warranty_called").note == "姚工称周五来"


def test_the_second_reminder_in_vain_raises_once_and_the_third_does_not(asked, zhou):
    # Our own ladder stands still here: what rises, rises by the warranty alone.
    for moment, level in [(FIRST, 1), (SECOND, 2), (THIRD, 2)]:
        assert actions.remind_warranty(now=moment) == 1
        assert fresh(asked).level == level
    assert Escalation.objects.get().trigger == "warranty"
    assert fresh(asked).holder == zhou


def test_a_word_from_them_begins_the_count_anew(asked, chen):
    actions.remind_warranty(now=FIRST)
    actions.accept_warranty(
        fresh(asked), claim=the_claim(), answer="周五", until=at("2025-09-19 18:00"), by=chen, now=FIRST
    )
    actions.remind_warranty(now=at("2025-09-19 18:01"))
    assert (the_claim().reminders, the_claim().in_vain, fresh(asked).level) == (2, 1, 1)


def test_a_sweep_after_an_outage_reminds_once_and_one_bad_row_stops_nothing(yunhu, asked, chen, developer, monkeypatch):
    second = case(yunhu, by=chen)
    claim(second, developer, by=chen)
    real = actions.warranty.warranty.due

    def fails_once(start, days, calendar):
        monkeypatch.setattr(warranty, "due", real)
        raise ZeroDivisionError

    monkeypatch.setattr(warranty, "due", fails_once)
    assert actions.remind_warranty(now=THIRD + timedelta(days=30)) == 1
    assert sorted(WarrantyClaim.objects.values_list("reminders", flat=True)) == [0, 1]


def test_whom_the_case_concerns_is_not_reminded(yunhu, asked, zhou, han, chen):
    actions.hand_over(asked, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY)
    actions.name_concerned(asked, user=han, by=zhou, now=MONDAY, note="涉及本人")
    actions.remind_warranty(now=FIRST)
    told = Notification.objects.filter(kind="warranty_late").values_list("recipient__username", flat=True)
    assert "han" not in set(told)


# The list, the close of the day, the settings -------------------------------------------------------------------------


def test_the_list_has_the_next_step_first_and_the_oldest_promise(client, yunhu, asked, chen, zhou, developer):
    rows = {"asked": asked}
    for name in ("refused", "done", "late"):
        rows[name] = case(yunhu, by=chen)
        made = claim(rows[name], developer, by=chen, now=MONDAY - timedelta(days=9 if name == "late" else 1))
        if name == "refused":
            actions.refuse_warranty(rows[name], claim=made, answer="拒修", by=chen, now=MONDAY)
        if name == "done":
            actions.accept_warranty(rows[name], claim=made, answer="好", until=DUE, by=chen, now=MONDAY)
            actions.finish_warranty(rows[name], claim=made, note="已修", by=chen, now=MONDAY)
    client.force_login(chen)
    page = client.get(reverse("complaints:warranty"))
    assert [line.claim.case_id for line in page.context["lines"]] == [rows[n].pk for n in ("refused", "late", "asked")]
    one = page.context["parties"][0]
    assert (one.open, one.late, one.done, one.average_days) == (3, 1, 1, 1.0)
    assert len(client.get(reverse("complaints:warranty"), {"party": "0"}).context["lines"]) == 3


def test_a_late_repair_unit_is_explained_before_the_day_is_signed(client, yunhu, asked, zhou, time_machine):
    time_machine.move_to(FIRST, tick=False)
    client.force_login(zhou)
    day = client.get(reverse("complaints:closeout", args=[FIRST.date()])).context["day"]
    check = next(check for check in day.checks if check.key == "warranty")
    assert (check.cases, check.is_blocking) == ((asked.pk,), True)


def test_a_supervisor_keeps_the_parties(client, yunhu, zhou, tang):
    client.force_login(zhou)
    data = {"kind": "contractor", "name": "宏达防水", "phone": "", "email": ""}
    assert client.post(reverse("complaints:party_add"), data).status_code == 422, "somebody to be reached"
    data["phone"] = "0571-8888 0002"
    assert client.post(reverse("complaints:party_add"), data).status_code == 302
    made = OutsideParty.objects.get()
    assert made.phone == "057188880002"
    again = client.post(reverse("complaints:party_add"), data)
    assert (again.status_code, "宏达防水" in again.text) == (409, True), "one of a name"
    client.post(reverse("complaints:party", args=[made.pk]), {**data, "contact": "孙工"})
    client.post(reverse("complaints:party_switch", args=[made.pk]))
    made.refresh_from_db()
    assert (made.contact, made.is_active) == ("孙工", False)
    kept = Event.objects.filter(verb="party_changed").first()
    assert "孙工" not in str(kept.data), "a person's data stays out of the chain"


def test_the_acceptance_of_a_building_is_written_with_its_history(client, yunhu, home, zhou):
    client.force_login(zhou)
    field = f"on-{home.building_id}"
    assert client.post(reverse("complaints:acceptance"), {field: "2031-01-01"}).status_code == 422
    assert client.post(reverse("complaints:acceptance"), {field: "2024-09-01"}).status_code == 302
    home.building.refresh_from_db()
    assert home.building.accepted_on == datetime.date(2024, 9, 1)
    assert Event.objects.get(verb="acceptance_set").data == {"was": None, "now": "2024-09-01"}
    forget_calendars()
