"""An address or a field that no browser of ours sends is answered with 404 or passed over, never with a crash."""

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from complaints import actions
from complaints.models import IntakeDraft

pytestmark = pytest.mark.django_db

HOLES = [
    "/cases/{}/",
    "/cases/{}/presence/",
    "/cases/x/photo/{}",
    "/cases/{}/take/",
    "/m/orders/{}/",
    "/desk/slip/{}/",
    "/undo/{}/",
    "/t/{}/",
    "/t/x/photo/{}",
    "/p/track/{}/",
    "/p/track/{}/note/",
]


@pytest.mark.parametrize("bad", ["%00", "a%00b", "%ED%A0%80", "%0A"], ids=["nul", "nul_inside", "surrogate", "newline"])
@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("who", ["nobody", "zhou"])
def test_an_address_that_cannot_be_stored_is_nowhere(client, request, office, who, hole, bad):
    client.raise_request_exception = False
    if who != "nobody":
        client.force_login(request.getfixturevalue(who))
    for method in (client.get, client.post):
        assert method(hole.format(bad)).status_code in (302, 404, 405)


@pytest.mark.parametrize("bad", ["%00", "a%00.jpg", "a%0A.jpg"])
def test_the_photo_of_a_case_that_cannot_be_stored_is_nowhere(client, chen, taken_case, bad):
    client.raise_request_exception = False
    token = actions.first_token(taken_case)
    client.force_login(chen)
    for root in (f"/cases/{taken_case.number}/", f"/t/{token}/"):
        assert client.get(root).status_code == 200
        assert client.get(f"{root}photo/{bad}").status_code == 404


def test_the_number_of_an_old_system_is_an_address(client, yunhu, zhou, taken_case):
    type(taken_case).objects.filter(pk=taken_case.pk).update(number="YH-投诉 2019#17")
    client.force_login(zhou)
    assert client.get(reverse("complaints:case", args=["YH-投诉 2019#17"])).status_code == 200


def test_a_draft_keeps_the_fields_of_the_form_and_no_others(client, chen):
    client.force_login(chen)
    client.raise_request_exception = False
    sent = {"a\x00b": "x", "k" * 10_000: "x", "summary": "厨房漏水", "submission": "x", "csrfmiddlewaretoken": "x"}
    answer = client.post(reverse("desk:draft"), urlencode(sent), content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert IntakeDraft.objects.get(user=chen).answers == {"summary": "厨房漏水"}


@pytest.mark.django_db
def test_the_address_of_a_form_opened_by_hand_says_what_it_is(client, chen):
    client.force_login(chen)
    answer = client.get(reverse("complaints:call_enter"))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "没有改动任何内容" in answer.text
