"""The gate: a slip lets goods out once, on its days, and every other attempt is on record."""

import datetime

import pytest
from django.urls import reverse

from residents import actions, gate
from residents.models import ReleaseSlip
from servicedesk.core import moves
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Notification, Role
from tests.factories import MONDAY, at, released, slip, staff
from tests.racing import race

pytestmark = pytest.mark.django_db

MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def good(home, chen, zhou):
    return released(home, by=chen, decided_by=zhou)


def fresh(row):
    return ReleaseSlip.objects.select_related("community").get(pk=row.pk)


def tap(client, who, row, what="pass", **typed):
    client.force_login(who)
    return client.post(reverse(f"residents:gate_{what}", args=[row.pk]), typed)


def verbs(row):
    return list(Event.objects.about(row).values_list("verb", flat=True))


def test_a_guard_scans_and_lets_out_with_one_tap(client, ma, good):
    scan = reverse("residents:gate_scan", args=[gate.token_of(good.community_id, good.number)])
    sent = client.get(scan)
    assert sent.status_code == 302 and "/accounts/login/" in sent["Location"] and scan in sent["Location"]
    client.force_login(ma)
    page = client.get(scan, follow=True)
    assert page.context["is_good"] and "沙发" in page.content.decode() and "13800001234" not in page.content.decode()
    answer = tap(client, ma, good)
    row = fresh(good)
    assert (row.status, row.gate_checked_by, row.gate_checked_at) == ("used", ma, MONDAY)
    after = client.get(answer["Location"]).context
    assert after["is_done"] and after["may_undo"]
    assert not client.get(scan, follow=True).context["is_done"], "who scans it again reads that it is used"


@pytest.mark.parametrize("typed", ["1", "0001", "fx2025-0001", "FX2025-0001 ", "ＦＸ２０２５－０００１", "０００１"])
def test_a_number_is_typed_whole_or_short(client, ma, good, typed):
    client.force_login(ma)
    answer = client.post(reverse("residents:gate"), {"number": typed})
    assert answer["Location"] == reverse("residents:gate_slip", args=[good.pk])


def test_a_number_that_is_not_there_is_said_and_kept(client, ma, good):
    client.force_login(ma)
    answer = client.post(reverse("residents:gate"), {"number": "0999"})
    assert answer.status_code == 422 and "FX2025-0999" in answer.content.decode() and "0999" in answer.content.decode()


def test_a_slip_is_used_once_and_the_second_attempt_is_on_record(client, ma, good, yunhu):
    tap(client, ma, good)
    second = staff("guard2", "卫东", Role.WORKER, community=yunhu, department="security")
    answer = tap(client, second, good)
    assert answer.status_code == 409 and answer.context["verdict"] == "used"
    event = Event.objects.about(good).get(verb="slip_turned_away")
    assert (event.by, event.data) == (second, {"why": "used"})
    client.post(reverse("residents:gate"), {"number": "1"})
    assert verbs(good).count("slip_turned_away") == 1, "the same attempt a moment later"


@pytest.mark.parametrize(
    ("moment", "why"), [("2025-09-14 23:50", "too_early"), ("2025-09-16 00:10", "expired"), ("2025-09-15 00:10", "")]
)
def test_a_slip_is_good_on_its_days_by_the_communitys_clock(client, ma, good, time_machine, moment, why):
    time_machine.move_to(at(moment), tick=False)
    answer = tap(client, ma, good)
    assert answer.status_code == (409 if why else 302)
    assert [event.data["why"] for event in Event.objects.about(good).filter(verb="slip_turned_away")] == [why][
        : len(why)
    ]


def test_a_slip_that_waits_or_is_void_lets_nothing_out(client, ma, chen, home):
    waiting, void = slip(home, by=chen), slip(home, by=chen)
    actions.void_slip(void, by=chen, now=MONDAY, reason="写错了")
    for row, why in ((waiting, "waiting"), (void, "void")):
        client.force_login(ma)
        assert client.get(reverse("residents:gate_slip", args=[row.pk])).context["verdict"] == why
        assert tap(client, ma, row, "away").status_code == 200
        assert tap(client, ma, row).status_code == 409
        assert Event.objects.about(row).filter(verb="slip_turned_away", data__why=why).count() == 1


def test_to_look_is_no_attempt(client, ma, good):
    before = verbs(good)
    client.force_login(ma)
    for name in ("gate_slip",):
        client.get(reverse(f"residents:{name}", args=[good.pk]))
    client.get(reverse("residents:gate"))
    assert verbs(good) == before


def test_what_differs_is_told_and_the_slip_stays_good(client, ma, good, chen, zhou):
    assert tap(client, ma, good, "differs").status_code == 422
    assert tap(client, ma, good, "differs", note="多出一台冰箱").status_code == 302
    row = fresh(good)
    assert (row.status, row.gate_note) == ("approved", "多出一台冰箱")
    told = Notification.objects.filter(kind="slip_differs").values_list("recipient__username", flat=True)
    assert set(told) == {"chen", "zhou"}
    assert tap(client, ma, good).status_code == 302


def test_a_tap_is_taken_back_by_who_tapped_within_ten_minutes(client, ma, good, yunhu, time_machine):
    second = staff("guard2", "卫东", Role.WORKER, community=yunhu, department="security")
    tap(client, ma, good)
    tap(client, second, good, "undo")
    assert fresh(good).status == "used"
    time_machine.move_to(MONDAY + 11 * MINUTE, tick=False)
    tap(client, ma, good, "undo")
    assert fresh(good).status == "used"
    time_machine.move_to(MONDAY + 9 * MINUTE, tick=False)
    tap(client, ma, good, "undo")
    assert fresh(good).status == "approved" and tap(client, second, good).status_code == 302


def test_only_who_works_in_security_keeps_the_gate(client, ma, liu, chen, zhou, good):
    for who, status in ((ma, 200), (liu, 403), (chen, 403), (zhou, 403)):
        client.force_login(who)
        assert client.get(reverse("residents:gate")).status_code == status
        assert client.get(reverse("residents:gate_slip", args=[good.pk])).status_code == status
    client.force_login(ma)
    assert reverse("residents:gate") in client.get(reverse("complaints:jobs")).content.decode()
    client.force_login(liu)
    assert reverse("residents:gate") not in client.get(reverse("complaints:jobs")).content.decode()


def test_a_guard_of_another_community_finds_nothing(client, other, good):
    guard = staff("guard9", "外人", Role.WORKER, community=other, department="security")
    client.force_login(guard)
    assert client.get(reverse("residents:gate_slip", args=[good.pk])).status_code == 404
    token = gate.token_of(good.community_id, good.number)
    assert client.get(reverse("residents:gate_scan", args=[token])).status_code == 404
    assert tap(client, guard, good).status_code == 404
    assert client.post(reverse("residents:gate"), {"number": good.number}).status_code == 422


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False], ids=["as it is", "control: without the compare"])
def test_of_two_guards_who_tap_at_once_one_lets_out(yunhu, home, chen, zhou, ma, monkeypatch, guarded):
    second = staff("guard2", "卫东", Role.WORKER, community=yunhu, department="security")
    if not guarded:
        monkeypatch.setattr(moves, "write", _careless)
    for _ in range(5):
        row = released(home, by=chen, decided_by=zhou)
        read = [fresh(row), fresh(row)]
        outcomes = race(
            lambda read=read: actions.pass_gate(read[0], by=ma, now=MONDAY),
            lambda read=read: actions.pass_gate(read[1], by=second, now=MONDAY),
        )
        passed = Event.objects.about(row).filter(verb="slip_used").count()
        refused = [isinstance(outcome, Refused) for outcome in outcomes].count(True)
        assert (passed, refused) == ((1, 1) if guarded else (2, 0))


def _careless(thing, **facts):
    for name, value in facts.items():
        setattr(thing, name, value)
    thing.save(update_fields=list(facts))
