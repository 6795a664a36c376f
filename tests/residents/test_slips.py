"""Slips: what leaves, asked for at the desk, approved by a second person, filed each week (section 15, ruling 15)."""

import datetime
import inspect
import io

import openpyxl
import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from residents import actions, gate
from residents.forms.releasing import ItemsField
from residents.models import ReleaseItem, ReleaseSlip
from servicedesk.core import numbers, tokens
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Notification
from tests.factories import MONDAY, at, booking, lift, released, slip

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
TYPED = {
    "unit": "3-2-1201",
    "items": "沙发 2\n餐椅x4把\n旧衣柜\n电视 1台，屏幕已裂",
    "valid_on": "2025-09-15",
    "applicant_name": "林晓梅",
    "applicant_phone": "13800001234",
    "relation": "owner",
    "plate_no": "浙A12345",
}


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def step(client, who, row, name, /, **typed):
    client.force_login(who)
    return client.post(reverse(f"residents:slip_{name}", args=[row.pk]), typed)


def test_things_are_typed_one_a_line(client, chen, zhou, lin):
    client.force_login(chen)
    answer = client.post(reverse("residents:slip_ask"), TYPED)
    row = ReleaseSlip.objects.get()
    assert answer["Location"] == row.get_absolute_url() and row.number == "FX2025-0001" and row.applicant == lin
    assert list(ReleaseItem.objects.values_list("name", "quantity", "note")) == [
        ("沙发", 2, ""),
        ("餐椅", 4, ""),
        ("旧衣柜", 1, ""),
        ("电视", 1, "屏幕已裂"),
    ]
    assert Notification.objects.filter(kind="slip_asked", recipient=zhou).exists()
    assert "沙发" not in str(Event.objects.about(row).get().data)


def test_a_slip_that_is_sent_twice_has_one_number(client, chen, lin):
    client.force_login(chen)
    page = client.get(reverse("residents:slip_ask"))
    typed = TYPED | {"submission": page.context["form"]["submission"].value()}
    first, again = (client.post(reverse("residents:slip_ask"), typed) for _n in range(2))
    assert first["Location"] == again["Location"] and ReleaseSlip.objects.count() == 1
    assert client.post(reverse("residents:slip_ask"), typed | {"applicant_name": "吴刚"}).status_code == 409
    assert client.post(reverse("residents:slip_ask"), typed | {"items": "钢琴 1"}).status_code == 409


@pytest.mark.parametrize(
    ("line", "item"),
    [
        ("50寸电视", ("50寸电视", 1, "")),
        ("50寸电视 1", ("50寸电视", 1, "")),
        ("书 ３ 箱", ("书", 3, "")),
        ("iPad 2", ("iPad", 2, "")),
        ("钢琴×1", ("钢琴", 1, "")),
    ],
)
def test_a_line_is_a_thing_and_how_many(line, item):
    assert ItemsField().clean(line) == [item]


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": ""},
        {"items": "沙发 0"},
        {"items": "\n".join(["箱子 1"] * 61)},
        {"unit": "9-9-9999"},
        {"valid_until": "2025-09-14"},
        {"valid_until": "2025-09-30"},
    ],
)
def test_what_cannot_be_is_said_and_every_word_stays(client, chen, home, wrong):
    client.force_login(chen)
    answer = client.post(reverse("residents:slip_ask"), {**TYPED, **wrong})
    assert answer.status_code == 422 and "浙A12345" in answer.content.decode()
    assert not ReleaseSlip.objects.exists()


def test_days_that_are_over_are_refused(client, chen, home):
    client.force_login(chen)
    assert client.post(reverse("residents:slip_ask"), {**TYPED, "valid_on": "2025-09-14"}).status_code == 409


def test_a_second_person_approves_and_the_queue_holds_what_waits(client, chen, zhou, home):
    row = slip(home, by=chen)
    client.force_login(zhou)
    queue = reverse("desk:approvals")
    page = client.get(queue)
    assert row.number in page.content.decode() and page.context["waiting"] == 1
    answer = step(client, zhou, row, "approve", next=queue)
    assert answer["Location"] == queue
    row.refresh_from_db()
    assert (row.status, row.decided_by) == ("approved", zhou)
    assert row.number not in client.get(queue).content.decode()


def test_nobody_approves_what_they_asked_for(client, zhou, home):
    row = slip(home, by=zhou)
    assert step(client, zhou, row, "approve").status_code == 403
    with pytest.raises(IntegrityError), transaction.atomic():
        ReleaseSlip.objects.update(status="approved", decided_by=zhou, decided_at=MONDAY)


@pytest.mark.parametrize("relation", ["lessee", "other"])
def test_goods_of_who_rents_leave_with_the_owners_consent(client, chen, zhou, home, relation):
    row = slip(home, by=chen, relation=relation)
    assert step(client, zhou, row, "approve").status_code == 409
    step(client, chen, row, "consent", how="letter", who="林晓梅", agreed_at="2025-09-15T08:00")
    assert step(client, zhou, row, "approve").status_code == 302
    with pytest.raises(IntegrityError), transaction.atomic():
        ReleaseSlip.objects.update(consent_how="", consent_by="", consent_at=None, consent_recorded_by=None)


def test_what_the_owner_agreed_to_for_the_move_counts_for_the_slip(client, chen, zhou, home):
    move = booking(home, by=chen, lift=lift(home), kind="out", relation="lessee", applicant_name="租客")
    actions.record_consent(move, by=chen, now=MONDAY, how="call", who="林晓梅", agreed_at=MONDAY)
    client.force_login(chen)
    page = client.get(f"{reverse('residents:slip_ask')}?booking={move.pk}")
    typed = {name: page.context["form"][name].value() for name in ("booking", "unit", "applicant_name", "relation")}
    assert (typed["unit"], typed["relation"]) == ("3-2-1201", "lessee")
    client.post(reverse("residents:slip_ask"), {**TYPED, **typed, "valid_on": "2025-09-16"})
    row = ReleaseSlip.objects.get()
    assert (row.booking, row.consent_how, row.lacks_consent) == (move, "call", False)
    assert step(client, zhou, row, "approve").status_code == 302


def test_no_rule_refuses_goods_for_money():
    for verb in (actions.ask_slip, actions.approve_slip, actions.refuse_slip, actions.pass_gate):
        names = set(inspect.signature(verb).parameters)
        assert not names & {"fees", "amount", "arrears", "debt", "paid"}, verb


def test_a_slip_is_refused_or_void_with_a_reason(client, chen, zhou, home):
    row, other = slip(home, by=chen), slip(home, by=chen)
    assert step(client, zhou, row, "refuse").status_code == 422
    assert step(client, zhou, row, "refuse", reason="物品与登记不符").status_code == 302
    assert step(client, chen, other, "void", reason="写错了").status_code == 302
    assert list(ReleaseSlip.objects.order_by("pk").values_list("status", flat=True)) == ["refused", "void"]
    assert step(client, chen, other, "void", reason="再作废").status_code == 409


def test_who_asked_for_a_slip_voids_it_for_ten_minutes_and_then_another_does(client, chen, zhou, home, time_machine):
    row = slip(home, by=chen)
    time_machine.move_to(MONDAY + datetime.timedelta(minutes=11), tick=False)
    assert step(client, chen, row, "void", reason="写错了").status_code == 403
    assert ReleaseSlip.objects.get().status == "asked"
    assert step(client, zhou, row, "void", reason="写错了").status_code == 302
    mine = slip(home, by=zhou)
    with pytest.raises(NotAllowed):
        actions.void_slip(mine, by=zhou, now=MONDAY + datetime.timedelta(minutes=11), reason="写错了")


def test_the_numbers_have_no_gaps_and_the_check_knows(yunhu, other, chen, home):
    with pytest.raises(RuntimeError), transaction.atomic():
        slip(home, by=chen)
        raise RuntimeError
    assert [slip(home, by=chen).number for _ in range(2)] == ["FX2025-0001", "FX2025-0002"]
    assert gate.first_slip_gap(yunhu) is None and gate.first_slip_gap in numbers.CHECKS
    ReleaseSlip.objects.filter(number="FX2025-0001").update(number="FX2025-0009")
    assert numbers.first_gap(yunhu) == "FX2025-0001"


def test_the_database_keeps_a_digest_of_the_code_alone_and_the_paper_has_it(client, chen, zhou, home):
    row = released(home, by=chen, decided_by=zhou)
    token = gate.token_of(row.community_id, row.number)
    assert row.token_digest == tokens.digest(token) and token not in str(ReleaseSlip.objects.values().get())
    client.force_login(chen)
    answer = client.get(reverse("residents:slip_print", args=[row.pk]))
    assert answer.context["address"].endswith(f"/m/gate/{token}/")
    assert "<svg" in answer.content.decode() and "13800001234" not in answer.content.decode()
    waiting = slip(home, by=chen)
    assert 'class="qr"' not in client.get(reverse("residents:slip_print", args=[waiting.pk])).content.decode()


def test_a_slip_past_its_days_is_expired_before_and_after_the_sweep(client, chen, zhou, home, time_machine):
    row, later = released(home, by=chen, decided_by=zhou), slip(home, by=chen, valid_until=MONDAY.date() + DAY)
    assert actions.expire_slips(now=at("2025-09-15 23:30")) == 0, "the last day is a whole day"
    time_machine.move_to(at("2025-09-16 00:30"), tick=False)
    client.force_login(zhou)
    shown = {one.pk: one.shown for one in client.get(reverse("residents:slips")).context["rows"]}
    assert shown == {row.pk: "expired", later.pk: "asked"}
    only = client.get(reverse("residents:slips"), {"status": "expired"}).context["rows"]
    assert [one.pk for one in only] == [row.pk]
    with pytest.raises(Refused):
        actions.pass_gate(ReleaseSlip.objects.get(pk=row.pk), by=chen, now=at("2025-09-16 00:30"))
    call_command("expire_slips")
    row.refresh_from_db()
    assert row.status == "expired" and Event.objects.about(row).get(verb="slip_expired").by is None
    assert ReleaseSlip.objects.get(pk=later.pk).status == "asked"


def test_one_slip_that_fails_does_not_stop_the_sweep(chen, home, monkeypatch):
    bad, good = slip(home, by=chen), slip(home, by=chen)
    really = actions.releasing.move

    def failing(row, *args, **facts):
        if row.pk == bad.pk:
            raise RuntimeError
        return really(row, *args, **facts)

    monkeypatch.setattr(actions.releasing, "move", failing)
    assert actions.expire_slips(now=MONDAY + DAY) == 1
    assert ReleaseSlip.objects.get(pk=good.pk).status == "expired"


def test_the_file_of_a_week_tells_what_happened_at_the_gate(client, chen, zhou, ma, home):
    row = released(home, by=chen, decided_by=zhou)
    actions.pass_gate(row, by=ma, now=MONDAY)
    actions.turn_away(row, by=ma, now=MONDAY)
    client.force_login(chen)
    paper = client.get(reverse("residents:slips_week") + "?week=2025-09-17").content.decode()
    assert row.number in paper and "马超" in paper
    assert row.number not in client.get(reverse("residents:slips_week") + "?week=2025-09-24").content.decode()
    address = reverse("residents:slips_export") + "?week=2025-09-17"
    assert client.post(address, {"format": "xlsx"}).status_code == 422
    answer = client.post(address, {"format": "xlsx", "reason": "每周归档"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    cells = [cell.value for cell in sheet[2]]
    assert cells[0] == row.number and cells[11] == "马超" and cells[12] == 1
    assert Event.objects.get(verb="slips_exported").note == "每周归档"
    lines = b"".join(client.post(address, {"format": "csv", "reason": "归档"}).streaming_content).decode()
    assert row.number in lines and "138" not in lines


def test_a_slip_of_another_community_is_nowhere(client, stranger, chen, home):
    row = slip(home, by=chen)
    client.force_login(stranger)
    for name in ("slip", "slip_print"):
        assert client.get(reverse(f"residents:{name}", args=[row.pk])).status_code == 404
    assert row.number not in client.get(reverse("residents:slips")).content.decode()


def test_a_slip_and_its_things_are_never_deleted(chen, home):
    slip(home, by=chen)
    for model in (ReleaseItem, ReleaseSlip):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.all()._raw_delete("default")
