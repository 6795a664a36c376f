"""The doors to people's data, to the periods and to the file of a case."""

import io
import zipfile

import pytest
from django.urls import reverse

from complaints import actions
from complaints.models import Case, DataRequest, RetentionRule
from complaints.subjects import Subject
from residents import actions as homes
from residents.models import Person
from servicedesk.core.models import Event
from tests import counting
from tests.factories import MONDAY, at, case, cleared, fresh, resident, unit

pytestmark = pytest.mark.django_db

LATER = at("2025-10-20 10:00")


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(LATER, tick=False)


@pytest.fixture
def closed(yunhu, office, lin, home, chen):
    made = cleared(case(yunhu, by=chen, category="service", unit=home, reporter=lin))
    actions.resolve(made, by=chen, now=MONDAY, remedy="更换滤芯")
    actions.reply(made, channel="phone", text="已电话答复石榴树一事", by=chen, now=MONDAY, person_told="林女士")
    actions.archive(made, by=chen, now=MONDAY)
    return fresh(made)


def page(person, part=""):
    return reverse(f"complaints:person{part and '_'}{part}", args=[person.pk])


@pytest.mark.parametrize("query", ["林晓", "lxm", "1234", "13800001234", "3-2-1201"])
def test_a_person_is_found_by_name_number_and_room(client, lin, closed, zhou, query):
    client.force_login(zhou)
    found = client.get(reverse("complaints:people"), {"q": query}).text
    found = found[found.index("<main") :].replace(f'value="{query}"', "")
    assert page(lin) in found and "138****1234" in found and "13800001234" not in found


def test_a_person_is_not_found_by_a_room_that_was_entered_by_mistake(client, lin, wu, zhou):
    homes.void_occupancy(wu.occupancies.get(), reason="录错房号", by=zhou, now=MONDAY)
    client.force_login(zhou)
    find = reverse("complaints:people")
    assert page(wu) not in client.get(find, {"q": "3-2-1202"}).text
    by_name = client.get(find, {"q": wu.name}).text
    assert page(wu) in by_name and "3-2-1202" not in by_name


def test_a_caller_without_an_entry_is_found_by_the_number_on_the_case(client, yunhu, web_case, zhou):
    client.force_login(zhou)
    url = reverse("complaints:caller", args=[web_case.number])
    assert url in client.get(reverse("complaints:people"), {"q": "1234"}).text
    assert client.get(url).status_code == 200


def test_two_people_erase_and_nobody_alone(client, lin, closed, zhou, guo):
    client.force_login(zhou)
    ask = {"kind": "erase", "reason": "本人来访要求"}
    assert client.post(page(lin, "ask"), ask).status_code == 302
    assert client.post(page(lin, "ask"), ask).status_code == 409
    asked = DataRequest.objects.get()
    decide = reverse("complaints:data_request", args=[asked.pk])
    assert client.post(decide, {"confirm": "1"}).status_code == 403
    client.force_login(guo)
    assert page(lin) in client.get(reverse("core:inbox")).text
    assert client.post(decide, {}).status_code == 422
    assert client.post(decide, {"confirm": "1"}).status_code == 302
    assert client.post(decide, {"confirm": "1"}).status_code == 409
    assert fresh(closed).sealed_at == LATER and Person.objects.get(pk=lin.pk).sealed_at == LATER
    answer = client.get(page(lin)).text
    assert "林晓梅" not in answer and "138****1234" not in answer


def test_a_copy_is_given_with_its_reason_on_record_and_not_what_is_sealed(client, lin, closed, zhou, guo):
    client.force_login(zhou)
    assert client.post(page(lin, "export"), {"reason": "本人要求"}).status_code == 422
    answer = client.post(page(lin, "export"), {"reason": "本人要求", "is_them": "on"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert "13800001234" in file.read("data.json").decode()
    assert Event.objects.about(lin).get(verb="data_exported").note == "本人要求"
    subject = Subject(lin.community, person=lin)
    asked = actions.ask_data(subject, kind="erase", reason="要求", path="/", by=zhou, now=LATER)
    actions.confirm_erasure(asked, subject, by=guo, now=LATER)
    assert client.post(page(lin, "export"), {"reason": "本人要求", "is_them": "on"}).status_code == 409
    client.post(page(lin, "ask"), {"kind": "read", "reason": "诉讼"})
    assert client.post(page(lin, "sealed")).status_code == 403
    client.force_login(guo)
    client.post(reverse("complaints:data_request", args=[DataRequest.objects.open().get().pk]), {"confirm": "1"})
    answer = client.post(page(lin, "sealed"))
    assert "已电话答复石榴树一事" in answer.text and answer["Cache-Control"] == "no-store"
    assert Event.objects.filter(verb="data_read", by=guo).count() == 1


def test_a_correction_leaves_what_is_right(client, lin, closed, zhou):
    client.force_login(zhou)
    assert client.post(page(lin, "correct"), {"reason": "打错"}).status_code == 422
    for _n in range(2):
        assert client.post(page(lin, "correct"), {"name": "林小梅", "reason": "打错"}).status_code == 302
    found = Person.objects.get(pk=lin.pk)
    assert (found.name, found.phone, fresh(closed).reporter_name) == ("林小梅", "13800001234", "林小梅")
    assert Event.objects.about(lin).filter(verb="data_corrected").count() == 1


def test_somebody_known_by_a_case_about_me_is_nowhere(client, yunhu, chen, zhou):
    about = case(yunhu, by=chen, category="service", concerns=[zhou])
    client.force_login(zhou)
    assert client.get(reverse("complaints:caller", args=[about.number])).status_code == 404
    assert about.number not in client.get(reverse("complaints:people"), {"q": "1234"}).text


def test_a_period_is_saved_after_it_was_seen_what_would_go(client, closed, tang):
    client.force_login(tang)
    url = reverse("complaints:set_retention", args=["cases"])
    Case.objects.update(archived_at=at("2021-10-01 09:00"))
    assert client.get(url, {"days": "1095"}).context["would_go"] == 1
    assert client.get(url, {"days": "1826"}).context["would_go"] == 0
    assert client.get(url, {"days": "12"}).status_code == 422
    assert client.post(url, {"days": "12", "source": "制度"}).status_code == 422
    assert client.post(url, {"days": "1095", "source": "制度"}).status_code == 302
    assert RetentionRule.objects.get().days == 1095
    assert "制度" in client.get(reverse("complaints:retention")).text
    assert client.get(reverse("complaints:set_retention", args=["nothing"])).status_code == 404


# The file of a case ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["石榴树", "滤芯", "G-2025-77"])
def test_an_ended_case_is_found_by_its_papers(client, closed, yunhu, zhou, query):
    closed.external_cases.create(community=yunhu, source_org="12345", external_no="G-2025-77", received_at=MONDAY)
    assert actions.file_ended(now=LATER) == 1 and actions.file_ended(now=LATER) == 0
    client.force_login(zhou)
    assert closed.get_absolute_url() in client.get(reverse("complaints:list"), {"view": "all", "q": query}).text


def test_the_file_holds_all_papers_and_printing_it_is_recorded(client, closed, zhou, liu):
    client.force_login(zhou)
    url = reverse("complaints:case_file", args=[closed.number])
    shown = client.get(url).text
    for words in ("已电话答复石榴树一事", "更换滤芯", "138****1234"):
        assert words in shown
    assert not Event.objects.filter(verb="file_printed").exists()
    assert "周敏 2025-10-20 10:00" in client.post(reverse("complaints:print_file", args=[closed.number])).text.replace(
        "</span>", ""
    ).replace("<span data-user>", "")
    assert Event.objects.about(closed).get(verb="file_printed").by == zhou


def test_an_identity_number_in_a_text_is_warned_of_and_kept(client, web_case, zhou):
    client.force_login(zhou)
    url = reverse("complaints:note", args=[web_case.number])
    note = {"note": "身份证110101199003078515", "version": web_case.version}
    answer = client.post(url, note, follow=True)
    assert "身份证" in Event.objects.about(web_case).get(verb="noted").note
    assert any(message.level_tag == "warning" for message in answer.context["messages"])
    assert "taboo" in client.post(reverse("complaints:courtesy_check"), {"note": note["note"]}).text


# What the pages cost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [1, 8])
def test_the_pages_cost_the_same_for_few_and_for_many(client, yunhu, closed, lin, zhou, tang, chen, others):
    for n in range(others):
        person = resident(unit(yunhu, f"3-2-12{n + 10}"), "林同学", "13800001234")
        more = case(yunhu, by=chen, category="service", reporter=lin)
        case(yunhu, by=None, reporter_name="林访客", reporter_phone=f"1380000{n}234")
        subject = Subject(yunhu, person=person)
        actions.ask_data(subject, kind="erase", reason="要求", path="/", by=zhou, now=LATER)
        actions.add_note(more, note="说明", by=chen, now=LATER)
        actions.add_note(closed, note="说明", by=chen, now=LATER)
    pages = [
        ("people, found", zhou, f"{reverse('complaints:people')}?q=林"),
        ("case file", zhou, reverse("complaints:case_file", args=[closed.number])),
        ("retention periods", tang, reverse("complaints:retention")),
        ("a person's data", zhou, page(lin)),
    ]
    for name, who, url in pages:
        client.force_login(who)
        client.get(url)
        with counting.pinned(name):
            assert client.get(url).status_code == 200
