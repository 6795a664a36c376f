"""S33: phrases to take and words to avoid. The list is a hint: it never keeps anybody from saving."""

import pytest
from django.urls import reverse

from complaints import actions, courtesy
from complaints.models import LetterTemplate, Phrase, Reply, Taboo
from servicedesk.core.models import Event
from tests.factories import MONDAY, fresh

LIST = courtesy.wordings(
    [
        (1, "喂！", [], "您好！"),
        (4, "急什么，烦死人了", ["烦死了"], "请您不要着急，我们马上处理。"),
        (11, "有本事你去告", [], ""),
        (25, "急什么", [], "请您不要着急！"),
        (31, "Shut up", [], "One moment, please!"),
    ]
)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def lists(yunhu):
    actions.fill_courtesy(yunhu, by=None, now=MONDAY)
    return yunhu


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("急什么", [(25, "急什么")]),
        ("您 急\u3000什么呀!", [(25, "急\u3000什么")]),
        ("急，什，么", [(25, "急，什，么")]),
        ("有本事您去告吧", [(11, "有本事您去告")]),
        ("急什么,烦死人了!", [(4, "急什么,烦死人了")]),
        ("真是烦死了", [(4, "烦死了")]),
        ("喂,请问", [(1, "喂")]),
        ("请勿在楼道喂猫", []),
        ("ＳＨＵＴ　ＵＰ!", [(31, "ＳＨＵＴ　ＵＰ")]),
        ("shutups", []),
        ("烦死了,喂!", [(4, "烦死了"), (1, "喂")]),
        ("您好,请您不要着急", []),
        ("", []),
    ],
)
def test_words_to_avoid_are_found_in_every_way_of_writing_them(text, found):
    assert [(hit.place, hit.text) for hit in courtesy.find(text, LIST)] == found


def test_a_hint_says_what_is_better():
    hit = courtesy.find("急什么", LIST)[0]
    assert "急什么" in hit.sentence
    assert "请您不要着急" in hit.sentence


@pytest.mark.django_db
def test_a_new_community_has_the_twenty_phrases_and_thirty_words_to_avoid_of_the_rules(client, tang):
    tang.is_staff = tang.is_superuser = True
    tang.save()
    client.force_login(tang)
    facts = {"code": "XQ", "name": "新苑", "phone": "8888 0002", "time_zone": "Asia/Shanghai", "default_close": "18:00"}
    numbers = {"take_minutes": 30, "soon_minutes": 120, "reopen_days": 7}
    assert client.post(reverse("admin:core_community_add"), {**facts, **numbers}).status_code == 302
    assert Phrase.objects.filter(community__code="XQ").count() == 20
    taboos = Taboo.objects.filter(community__code="XQ")
    assert taboos.count() == 30
    assert not taboos.filter(suggestion="").exists(), "each has something better to say"
    assert LetterTemplate.objects.filter(community__code="XQ").count() == 1


@pytest.mark.django_db
def test_no_better_wording_of_the_rules_is_itself_to_be_avoided(lists):
    for said in [*Phrase.objects.values_list("text", flat=True), *Taboo.objects.values_list("suggestion", flat=True)]:
        assert courtesy.look_at(lists, said) == [], said
    for taboo in Taboo.objects.all():
        assert [hit.place for hit in courtesy.look_at(lists, taboo.text)] == [taboo.place]


@pytest.mark.django_db
def test_a_rude_reply_is_saved_as_it_is_and_the_better_words_are_shown(client, lists, chen, resolved_case):
    client.force_login(chen)
    data = {"version": resolved_case.version, "channel": "phone", "text": "急什么,已经修好", "person_told": "林女士"}
    answer = client.post(reverse("complaints:reply", args=[resolved_case.number]), data, follow=True)
    assert Reply.objects.get().text == "急什么,已经修好"
    assert "请您不要着急" in answer.text


@pytest.mark.django_db
def test_a_note_for_the_office_is_nobodys_business_but_one_for_the_resident_is(client, lists, chen, taken_case):
    client.force_login(chen)
    for public, shown in (("", False), ("1", True)):
        data = {"version": fresh(taken_case).version, "note": "我不管", "public": public}
        answer = client.post(reverse("complaints:note", args=[taken_case.number]), data, follow=True)
        assert ("服务忌语" in answer.text or "words to avoid" in answer.text) is shown


@pytest.mark.django_db
def test_what_is_being_typed_is_looked_at_whatever_the_box_is_called(client, lists, liu):
    client.force_login(liu)
    answer = client.post(reverse("complaints:courtesy_check"), {"anything": "我 不 管"})
    assert "我 不 管" in answer.text
    assert client.post(reverse("complaints:courtesy_check"), {"anything": "我们马上到"}).text.strip() == ""


@pytest.mark.django_db
def test_a_phrase_that_a_resident_is_told_counts_as_used(client, lists, chen, taken_case):
    client.force_login(chen)
    for public in ("", "1"):
        data = {"version": fresh(taken_case).version, "note": "请您不要着急！师傅两点到。", "public": public}
        client.post(reverse("complaints:note", args=[taken_case.number]), data)
    assert dict(Phrase.objects.filter(uses__gt=0).values_list("text", "uses")) == {"请您不要着急！": 1}


@pytest.mark.django_db
def test_a_supervisor_adds_changes_and_switches_off_and_every_change_is_in_the_history(client, lists, zhou):
    client.force_login(zhou)
    added = {"code": "BQ", "text": "非常抱歉！", "text_en": "", "category": ""}
    assert client.post(reverse("complaints:phrase_add"), added).status_code == 302
    row = Phrase.objects.get(text="非常抱歉！")
    assert (row.place, row.code) == (21, "bq")
    client.post(reverse("complaints:phrase", args=[row.pk]), {**added, "text": "非常抱歉，给您添麻烦了！"})
    client.post(reverse("complaints:phrase_switch", args=[row.pk]))
    row.refresh_from_db()
    assert (row.text, row.is_active) == ("非常抱歉，给您添麻烦了！", False)
    history = Event.objects.about(row).order_by("id")
    assert list(history.values_list("verb", flat=True)) == ["phrase_added", "phrase_changed", "phrase_changed"]
    assert history[1].data["was"] == {"text": "非常抱歉！"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("door", "data"),
    [
        ("phrase_add", {"text": "您好！"}),
        ("phrase_add", {"text": "早！", "code": "nh"}),
        ("phrase_add", {"text": "", "code": "a b"}),
        ("taboo_add", {"text": "急什么"}),
        ("taboo_add", {"text": "新的", "kin": "长" * 101}),
        ("template_add", {"name": "另一份", "salutation": "您好", "opening": "a", "done": "b", "closing": "c"}),
        ("template_add", {"name": "新", "salutation": "{谁}", "opening": "a", "done": "b", "closing": "c"}),
    ],
)
def test_what_cannot_stand_on_a_list_comes_back_with_a_sentence(client, lists, zhou, door, data):
    client.force_login(zhou)
    answer = client.post(reverse(f"complaints:{door}"), data)
    assert answer.status_code == 422
    assert "error-summary" in answer.text


@pytest.mark.django_db
def test_a_row_of_another_community_is_nowhere(client, other, zhou):
    actions.fill_courtesy(other, by=None, now=MONDAY)
    client.force_login(zhou)
    for one, model in (("phrase", Phrase), ("taboo", Taboo), ("template", LetterTemplate)):
        for door in (one, f"{one}_switch"):
            assert client.post(reverse(f"complaints:{door}", args=[model.objects.first().pk])).status_code == 404
