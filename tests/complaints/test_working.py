"""Section 11: what a job costs is told and agreed to before chargeable work; what it took is recorded."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions
from complaints.models import Case, MaterialUse, Quote, Status, Work
from servicedesk.core.errors import Refused
from servicedesk.core.models import Notification
from tests import factories
from tests.factories import MONDAY, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def job(client, who, name, case, **typed):
    client.force_login(who)
    url = reverse(f"complaints:job_{name}", args=[case.number])
    return client.post(url, {"version": fresh(case).version, **typed})


def told(client, case, liu, amount="120"):
    return job(client, liu, "quote", case, amount=amount, text="更换角阀两只")


def finish(client, liu, case, **typed):
    return job(client, liu, "finish", case, remedy="更换角阀", no_photo_reason="业主不便", **typed)


def tracking(case, part=""):
    return reverse(f"complaints:track{part}", args=[actions.first_token(case)])


def test_the_resident_reads_a_price_on_the_tracking_page_and_agrees_there(client, case_in_hand, liu, chen):
    told(client, case_in_hand, liu)
    assert Notification.objects.filter(recipient=chen, kind="case_quoted").exists()
    client.logout()
    page = client.get(tracking(case_in_hand)).content.decode()
    assert "120.00" in page
    assert "更换角阀两只" in page
    assert client.post(tracking(case_in_hand, "_quote"), {"agree": "1"}).status_code == 303
    quote = Quote.objects.get()
    assert (quote.answer, quote.channel, quote.recorded_by) == ("agreed", "web", None)
    assert Notification.objects.filter(recipient=liu, kind="case_quote_agreed").exists()
    again = client.post(tracking(case_in_hand, "_quote"))
    assert again.status_code == 409, "an answer is given once"
    assert Quote.objects.get().answer == "agreed"


def test_nothing_is_charged_that_was_not_agreed_to(client, case_in_hand, liu):
    told(client, case_in_hand, liu)
    answer = finish(client, liu, case_in_hand, charge_to="resident", amount="120")
    assert answer.status_code == 409
    assert "更换角阀" in answer.content.decode()
    assert fresh(case_in_hand).status == Status.IN_HAND
    job(client, liu, "agree", case_in_hand, answer="agreed", answered_by="林女士", channel="visit")
    assert finish(client, liu, case_in_hand, charge_to="resident", amount="120.01").status_code == 409
    assert finish(client, liu, case_in_hand, charge_to="resident", amount="120").status_code == 302
    work = Work.objects.get()
    assert (work.amount, work.quote, work.charge_to) == (Decimal("120.00"), Quote.objects.get(), "resident")


def test_the_database_charges_no_resident_without_an_agreed_price(case_in_hand, liu):
    with pytest.raises(IntegrityError, match="work_charged_to_a_resident_was_agreed"), transaction.atomic():
        Work.objects.create(case=case_in_hand, cycle=1, charge_to="resident", amount=5, by=liu, at=MONDAY)


def test_rework_of_a_reopened_case_is_free(client, case_in_hand, liu, chen):
    actions.resolve(case_in_hand, by=liu, now=MONDAY, remedy="修好")
    factories.told(fresh(case_in_hand), by=chen)
    actions.reopen(fresh(case_in_hand), by=None, now=MONDAY, note="又漏了")
    case = fresh(case_in_hand)
    actions.hand_over(case, department=case.department, by=chen, now=MONDAY)
    actions.accept(fresh(case), by=liu, now=MONDAY)
    assert told(client, case, liu).status_code == 403, "no price is told for it"
    with pytest.raises(Refused):
        actions.resolve(fresh(case), by=liu, now=MONDAY, remedy="重做", charge_to="resident", amount=Decimal(5))
    assert fresh(case).status == Status.IN_HAND


def test_what_a_job_took_is_recorded_line_by_line(client, case_in_hand, liu):
    materials = "角阀 2 只\n生料带1卷\n\n软管 1.5米\n铜管 DN20 3 根"
    assert finish(client, liu, case_in_hand, materials=materials, labour_minutes="40").status_code == 302
    rows = MaterialUse.objects.values_list("name", "quantity", "measure")
    assert list(rows) == [
        ("角阀", 2, "只"),
        ("生料带", 1, "卷"),
        ("软管", Decimal("1.5"), "米"),
        ("铜管 DN20", 3, "根"),
    ]
    work = Work.objects.get()
    assert (work.labour_minutes, work.charge_to, work.amount) == (40, "nobody", None)
    client.force_login(work.by)
    page = client.get(case_in_hand.get_absolute_url()).content.decode()
    assert "生料带 1 卷" in page


@pytest.mark.parametrize("line", ["角阀", "2", "角阀 0 只", "角阀 两只", "角阀 -1 只", "角 " * 60 + "1 只"])
def test_a_line_that_names_no_quantity_is_shown_again_with_the_reason(client, case_in_hand, liu, line):
    answer = finish(client, liu, case_in_hand, materials=f"生料带 1 卷\n{line}")
    assert answer.status_code == 422
    assert "生料带 1 卷" in answer.content.decode()
    assert fresh(case_in_hand).status == Status.IN_HAND


@pytest.mark.parametrize(
    "typed", ["1_000", "NaN", "0.005", "-5", "1e3", "0", "12345678901", "壹佰", "1,20", "Infinity"]
)
def test_what_is_no_price_gets_a_sentence_and_no_row(client, case_in_hand, liu, typed):
    answer = told(client, case_in_hand, liu, typed)
    assert answer.status_code == 422
    assert typed in answer.content.decode()
    assert not Quote.objects.exists()


@pytest.mark.parametrize(
    ("typed", "amount"), [("120", "120.00"), ("¥1,200.5", "1200.50"), ("１２０元", "120.00"), (" 0.01 ", "0.01")]
)
def test_a_price_is_read_as_people_write_it(client, case_in_hand, liu, typed, amount):
    assert told(client, case_in_hand, liu, typed).status_code == 302
    assert Quote.objects.get().amount == Decimal(amount)


def test_an_answer_that_somebody_else_recorded_first_stands(case_in_hand, liu, chen):
    actions.quote(case_in_hand, amount=Decimal(120), text="更换角阀", by=liu, now=MONDAY)
    behind = fresh(case_in_hand)
    actions.answer_quote(fresh(case_in_hand), answer="refused", by=None, now=MONDAY)
    with pytest.raises(Refused), transaction.atomic():
        actions.answer_quote(behind, answer="agreed", by=chen, now=MONDAY, answered_by="林女士")
    assert Quote.objects.get().answer == "refused"


def test_finishing_without_the_price_takes_it_back(client, case_in_hand, liu):
    told(client, case_in_hand, liu)
    assert finish(client, liu, case_in_hand).status_code == 302
    assert Quote.objects.get().answer == "dropped"
    client.logout()
    assert "120.00" not in client.get(tracking(case_in_hand)).content.decode().split("timeline")[0]


def test_a_repair_that_was_reported_again_is_free_as_well(client, case_in_hand, liu):
    Case.objects.filter(pk=case_in_hand.pk).update(is_repeat=True, follows=case_in_hand.pk)
    assert told(client, case_in_hand, liu).status_code == 403
    assert not Quote.objects.exists()
