"""A department's list on a phone (S36): its jobs by deadline; accept, arrive, finish with a photo."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from complaints import actions
from complaints.models import Case, Pause, Status
from servicedesk.core.errors import Stale
from servicedesk.core.models import Event, Membership, Photo, Role
from tests import factories
from tests.factories import MONDAY, fresh

pytestmark = pytest.mark.django_db
JOBS = reverse("complaints:jobs")


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(MONDAY + timedelta(minutes=30), tick=False)
    return time_machine


@pytest.fixture
def phone(client, liu):
    """Liu's phone, signed in."""
    client.force_login(liu)
    return client


def photo(name="done.jpg", content=None):
    buffer = io.BytesIO()
    Image.new("RGB", (800, 600), "#4a8fc9").save(buffer, "JPEG")
    return SimpleUploadedFile(name, content or buffer.getvalue(), "image/jpeg")


def step(client, name, case, **data):
    data.setdefault("version", case.version)
    return client.post(reverse(f"complaints:job_{name}", args=[case.number]), data)


def numbers_on(page, *cases):
    """The cases in the order in which their links stand on the page."""
    text = page.content.decode()
    found = [(text.find(reverse("complaints:job", args=[case.number]) + '"'), case) for case in cases]
    return [case for at, case in sorted(found, key=lambda pair: pair[0]) if at >= 0]


def handed(yunhu, chen, now=MONDAY, **facts):
    case = factories.case(yunhu, by=chen, now=now, **facts)
    actions.hand_over(case, department=yunhu.departments.get(code="engineering"), by=chen, now=now)
    return fresh(case)


def test_the_list_shows_the_departments_jobs_by_deadline(phone, yunhu, chen, liu, office):
    later = handed(yunhu, chen, now=MONDAY, summary="插座没电")
    sooner = handed(yunhu, chen, now=MONDAY - timedelta(days=1), summary="门锁坏了")
    assert numbers_on(phone.get(JOBS), later, sooner) == [sooner, later]


def test_jobs_of_colleagues_other_departments_and_finished_ones_are_not_on_a_workers_list(
    phone, yunhu, chen, han, office, resolved_case
):
    colleague = factories.staff("sun", "孙强", Role.WORKER, community=yunhu, department="engineering")
    theirs = handed(yunhu, chen, summary="灯不亮")
    actions.assign(theirs, worker=colleague, by=han, now=MONDAY)
    elsewhere = factories.case(yunhu, by=chen, category="noise", kind="suggestion")
    actions.hand_over(elsewhere, department=yunhu.departments.get(code="security"), by=chen, now=MONDAY)
    assert numbers_on(phone.get(JOBS), theirs, elsewhere, resolved_case) == []
    for case in (theirs, elsewhere):
        assert phone.get(reverse("complaints:job", args=[case.number])).status_code == 404
        assert step(phone, "accept", case).status_code == 404


def test_the_head_sees_what_colleagues_have_and_may_assign(client, yunhu, han, liu, case_in_hand, handed_case):
    client.force_login(han)
    assert numbers_on(client.get(JOBS), case_in_hand) == [case_in_hand]
    case = handed(yunhu, case_in_hand.first_responsible)
    assert step(client, "assign", case, worker=liu.pk).status_code == 302
    assert fresh(case).assigned_to == liu


def test_a_worker_may_not_assign(phone, liu, handed_case):
    assert step(phone, "assign", handed_case, worker=liu.pk).status_code == 403
    assert fresh(handed_case).assigned_to is None


def test_accepting_a_job_that_nobody_has_makes_it_ones_own(phone, liu, handed_case):
    answer = step(phone, "accept", handed_case, next=JOBS)
    assert (answer.status_code, answer["Location"]) == (302, JOBS)
    case = fresh(handed_case)
    assert (case.status, case.assigned_to) == (Status.IN_HAND, liu)
    assert case.accepted_at == MONDAY + timedelta(minutes=30)


def test_arriving_is_recorded_once(phone, case_in_hand):
    assert step(phone, "arrive", case_in_hand).status_code == 302
    assert fresh(case_in_hand).arrived_at == MONDAY + timedelta(minutes=30)
    assert step(phone, "arrive", fresh(case_in_hand)).status_code in (403, 409)
    assert Event.objects.about(case_in_hand).filter(verb="arrived").count() == 1


def test_finishing_needs_words_and_a_photo_and_stops_the_clock(phone, case_in_hand):
    assert step(phone, "finish", case_in_hand, remedy="更换接头", photo1=photo()).status_code == 302
    case = fresh(case_in_hand)
    assert (case.status, case.remedy) == (Status.RESOLVED, "更换接头")
    shown = Photo.objects.about(case).get()
    assert (shown.stage, shown.is_public) == (Photo.Stage.DONE, True)


def test_a_repair_without_a_photo_asks_for_one_or_for_the_reason(phone, case_in_hand):
    answer = step(phone, "finish", case_in_hand, remedy="更换接头")
    assert answer.status_code == 422
    assert "更换接头" in answer.content.decode()
    assert fresh(case_in_hand).status == Status.IN_HAND
    again = step(phone, "finish", case_in_hand, remedy="更换接头", no_photo_reason="业主不同意拍照")
    assert again.status_code == 302
    assert "业主不同意拍照" in fresh(case_in_hand).remedy


def test_what_is_no_repair_needs_no_photo(client, yunhu, chen, ma, office):
    case = factories.case(yunhu, by=chen, category="noise", kind="suggestion")
    actions.hand_over(case, department=yunhu.departments.get(code="security"), by=chen, now=MONDAY)
    actions.accept(case, by=ma, now=MONDAY)
    client.force_login(ma)
    assert step(client, "finish", fresh(case), remedy="已劝停").status_code == 302
    assert fresh(case).status == Status.RESOLVED


def test_a_photo_that_came_with_a_refused_form_is_kept(phone, case_in_hand):
    assert step(phone, "finish", case_in_hand, remedy="", photo1=photo()).status_code == 422
    assert Photo.objects.about(case_in_hand).get().stage == Photo.Stage.WORK
    assert step(phone, "finish", fresh(case_in_hand), remedy="更换接头").status_code == 302, "the photo counts"
    assert fresh(case_in_hand).status == Status.RESOLVED


def test_a_script_sent_as_a_photo_is_refused_by_name_and_the_words_stay(phone, case_in_hand):
    script = photo("photo.jpg", b"<script>alert(1)</script>")
    answer = step(phone, "finish", case_in_hand, remedy="更换接头", photo1=script)
    assert answer.status_code == 422
    assert "更换接头" in answer.content.decode()
    assert "photo.jpg" in answer.content.decode()
    assert not Photo.objects.exists()
    assert fresh(case_in_hand).status == Status.IN_HAND


def test_a_job_that_somebody_else_changed_is_not_overwritten(phone, chen, case_in_hand):
    seen = case_in_hand.version
    actions.add_note(case_in_hand, by=chen, now=MONDAY, note="业主三点以后在家")
    answer = step(phone, "finish", case_in_hand, version=seen, remedy="更换接头", photo1=photo())
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "更换接头" in page
    assert "业主三点以后在家" in page
    assert fresh(case_in_hand).status == Status.IN_HAND
    assert Photo.objects.about(case_in_hand).count() == 1, "the photo is kept"


def test_what_the_clock_did_meanwhile_is_no_conflict(phone, liu, case_in_hand, clock):
    seen = case_in_hand.version
    clock.move_to(case_in_hand.due_at + timedelta(minutes=2), tick=False)
    phone.force_login(liu)
    assert actions.escalate_overdue(now=case_in_hand.due_at + timedelta(minutes=1)) == 1
    assert step(phone, "finish", case_in_hand, version=seen, remedy="更换接头", photo1=photo()).status_code == 302
    assert fresh(case_in_hand).status == Status.RESOLVED


def test_a_double_tap_on_finish_does_it_once(phone, case_in_hand):
    answers = [step(phone, "finish", case_in_hand, remedy="更换接头", photo1=photo()).status_code for _ in range(2)]
    assert answers[0] == 302
    assert answers[1] in (403, 409)
    assert Event.objects.about(case_in_hand).filter(verb="resolved").count() == 1


def test_the_whole_number_is_shown_after_a_reason_and_the_look_is_logged(phone, liu, case_in_hand):
    page = phone.get(reverse("complaints:job", args=[case_in_hand.number])).content.decode()
    assert case_in_hand.reporter_phone not in page
    assert step(phone, "call", case_in_hand, reason="").status_code == 422
    answer = step(phone, "call", case_in_hand, reason="约上门时间")
    assert f'href="tel:{case_in_hand.reporter_phone}"' in answer.content.decode()
    event = Event.objects.about(case_in_hand).get(verb="unmasked")
    assert (event.by, event.note) == (liu, "约上门时间")


def test_a_number_is_not_shown_to_a_worker_who_has_not_taken_the_job(phone, handed_case):
    answer = step(phone, "call", handed_case, reason="好奇")
    assert answer.status_code == 403
    assert handed_case.reporter_phone not in answer.content.decode()


def test_a_job_goes_back_to_the_desk_with_a_reason(phone, chen, case_in_hand):
    assert step(phone, "decline", case_in_hand, reason=" ").status_code == 422
    answer = step(phone, "decline", case_in_hand, reason="属于绿化部")
    assert answer["Location"] == JOBS
    assert fresh(case_in_hand).status == Status.TAKEN
    assert Event.objects.about(case_in_hand).get(verb="job_declined").note == "属于绿化部"


def test_a_pause_has_a_reason_and_an_end_and_can_be_ended_by_hand(phone, case_in_hand):
    assert step(phone, "pause", case_in_hand, reason="lunch", until="2025-09-16T10:00").status_code == 422
    late = step(phone, "pause", case_in_hand, reason="material", until="2025-09-14T10:00")
    assert late.status_code == 409, "it would end before it begins"
    assert "2025-09-14T10:00" in late.content.decode()
    assert step(phone, "pause", case_in_hand, reason="material", until="2025-09-16T10:00").status_code == 302
    assert Pause.objects.get().until == factories.at("2025-09-16 10:00")
    case = fresh(case_in_hand)
    assert case.status == Status.WAITING
    assert numbers_on(phone.get(JOBS), case) == [case]
    assert step(phone, "resume", case).status_code == 302
    assert fresh(case).status == Status.IN_HAND


def test_a_line_for_the_office_may_be_a_photo_alone_but_not_nothing(phone, case_in_hand):
    assert step(phone, "word", case_in_hand).status_code == 422
    assert step(phone, "word", case_in_hand, photo1=photo()).status_code == 302
    assert step(phone, "word", fresh(case_in_hand), note="弯头开裂").status_code == 302
    verbs = list(Event.objects.about(case_in_hand).values_list("verb", flat=True))
    assert {"photo_added", "noted"} <= set(verbs)


def test_nobody_sees_a_job_about_themselves(phone, yunhu, chen, liu, office):
    case = factories.case(yunhu, by=chen, concerns=[liu])
    actions.hand_over(case, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY)
    assert numbers_on(phone.get(JOBS), case) == []
    assert phone.get(reverse("complaints:job", args=[case.number])).status_code == 404


def test_a_clerk_has_no_list_of_jobs_and_another_communitys_worker_no_job(client, chen, other, handed_case):
    client.force_login(chen)
    assert client.get(JOBS).status_code == 403
    client.force_login(factories.staff("x", "徐工", Role.WORKER, community=other, department="engineering"))
    assert client.get(JOBS).status_code == 200
    assert client.get(reverse("complaints:job", args=[handed_case.number])).status_code == 404


def test_a_list_shows_one_community_at_a_time(phone, yunhu, other, chen, liu, handed_case):
    department = other.departments.get(code="engineering")
    Membership.objects.create(user=liu, community=other, role=Role.WORKER, department=department)
    clerk = factories.staff("lu", "陆青", Role.CLERK, community=other)
    theirs = factories.case(other, by=clerk)
    actions.hand_over(theirs, department=department, by=clerk, now=MONDAY)
    for community, shown in ((yunhu, handed_case), (other, theirs)):
        phone.post(reverse("core:switch"), {"community": community.pk})
        assert numbers_on(phone.get(JOBS), handed_case, theirs) == [shown]


def test_a_long_list_costs_as_many_queries_as_a_short_one(phone, yunhu, chen, office, django_assert_max_num_queries):
    for number in range(12):
        handed(yunhu, chen, summary=f"第 {number} 件")
    with django_assert_max_num_queries(10):
        phone.get(JOBS)
    assert Case.objects.count() == 12


def files(settings):
    return sorted(path.name for path in Path(settings.MEDIA_ROOT).glob("**/*.jpg"))


def rows():
    return sorted(Photo.objects.values_list("name", flat=True))


def test_a_refused_finish_keeps_its_photo_once_and_no_file_without_a_row(phone, settings, case_in_hand, liu):
    actions.resolve(case_in_hand, by=liu, now=MONDAY, remedy="更换水管接头")
    answer = step(phone, "finish", fresh(case_in_hand), remedy="再来一次", photo1=photo())
    assert answer.status_code in (403, 409)
    assert len(rows()) == 1
    assert files(settings) == rows()


def test_a_photo_that_may_not_be_added_leaves_no_file(phone, settings, case_in_hand, monkeypatch):
    def refuse(*args, **kwargs):
        raise Stale

    monkeypatch.setattr(actions, "add_photos", refuse)
    answer = step(phone, "finish", case_in_hand, remedy="", photo1=photo())
    assert answer.status_code == 422, "the page comes back with what is missing"
    assert files(settings) == rows() == []
    assert "/photo/" not in answer.content.decode()


def test_a_refused_word_does_not_double_its_photos(phone, settings, case_in_hand, monkeypatch):
    def refuse(*args, **kwargs):
        raise Stale

    monkeypatch.setattr(actions, "add_note", refuse)
    answer = step(phone, "word", case_in_hand, note="缺配件", photo1=photo())
    assert answer.status_code == 409
    assert "缺配件" in answer.content.decode()
    assert len(rows()) == 1
    assert files(settings) == rows()


def test_a_crash_in_the_middle_leaves_no_file(phone, settings, case_in_hand, monkeypatch):
    phone.raise_request_exception = False
    monkeypatch.setattr(actions, "resolve", lambda *a, **k: 1 / 0)
    assert step(phone, "finish", case_in_hand, remedy="好了", photo1=photo()).status_code == 500
    assert files(settings) == rows() == []
