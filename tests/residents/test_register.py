"""The register: who occupies what, with which share, of which company; who is told what; what a unit is."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import QuerySet
from django.urls import reverse

from residents import actions, register
from residents.models import Contact, Occupancy, Person, ReleaseSlip, Unit, Vehicle
from residents.plates import clean_plate
from servicedesk.core import once
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from tests import counting
from tests.factories import MONDAY, resident, slip, unit
from tests.racing import race

pytestmark = pytest.mark.django_db

TODAY = MONDAY.date()
DAY = datetime.timedelta(days=1)
Kind = Occupancy.Kind


@pytest.fixture(autouse=True)
def on_monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def person(community, name="赵敏", phone="13800002222", **facts):
    return actions.register_person(community, name=name, phone=phone, by=None, now=MONDAY, **facts)


def own(home, who, share, by=None, starts_on=TODAY, **facts):
    return actions.move_in(
        home, who, kind=Kind.OWNER, share=Decimal(share), starts_on=starts_on, by=by, now=MONDAY, **facts
    )


def post(client, who, step, **typed):
    return client.post(reverse(f"residents:{step}", args=[who.pk]), typed)


# Homes ----------------------------------------------------------------------------------------------------------------


def test_a_clerk_enters_somebody_and_moves_them_in(client, yunhu, home, chen):
    client.force_login(chen)
    answer = client.post(reverse("residents:add"), {"kind": "person", "name": "赵敏", "phone": "138 0000 2222"})
    entered = Person.objects.get(name="赵敏")
    assert answer.url == f"/residents/{entered.pk}/?do=move_in#panel"
    assert entered.phone == "13800002222" and entered.initials == "zm"
    typed = {"unit": "3 2 1201", "kind": "owner", "starts_on": "2010-06-01", "share": "50"}
    assert post(client, entered, "move_in", **typed).status_code == 302
    there = Occupancy.objects.get(person=entered)
    assert (there.unit, there.share, there.period.lower) == (home, Decimal(50), datetime.date(2010, 6, 1))
    assert Event.objects.about(home).filter(verb="moved_in", by=chen).exists()
    assert "赵敏" in client.get(reverse("residents:person", args=[entered.pk])).text


def test_a_form_that_is_sent_twice_enters_one_person_and_used_again_for_another_says_so(client, yunhu, chen):
    client.force_login(chen)
    page = client.get(reverse("residents:add"))
    typed = {"kind": "person", "name": "赵敏", "phone": "13800002222"}
    typed["submission"] = page.context["form"]["submission"].value()
    first, again = (client.post(reverse("residents:add"), typed) for _n in range(2))
    assert again.url == first.url and Person.objects.filter(name="赵敏").count() == 1
    answer = client.post(reverse("residents:add"), typed | {"name": "赵敏敏"})
    assert answer.status_code == 409 and 'value="赵敏敏"' in answer.text
    renewed = answer.context["form"]["submission"].value()
    assert client.post(reverse("residents:add"), typed | {"name": "赵敏敏", "submission": renewed}).status_code == 302
    assert Person.objects.filter(name="赵敏敏").count() == 1


def test_somebody_of_the_same_name_and_number_is_asked_about_before_a_second_entry(
    client, yunhu, home, lin, other, chen
):
    client.force_login(chen)
    typed = {"kind": "person", "name": lin.name, "phone": lin.phone}
    answer = client.post(reverse("residents:add"), typed)
    assert answer.status_code == 409 and Person.objects.filter(name=lin.name).count() == 1
    line = answer.text.split(f'href="{lin.get_absolute_url()}"')[1].split("</li>")[0]
    assert home.label in line and lin.masked_phone in line and lin.phone not in line
    assert client.post(reverse("residents:add"), typed | {"phone": ""}).status_code == 302
    assert client.post(reverse("residents:add"), typed | {"another": "1"}).status_code == 302
    assert Person.objects.filter(name=lin.name, phone=lin.phone).count() == 2
    person(other, "远方", "13800007777")
    assert client.post(reverse("residents:add"), typed | {"name": "远方", "phone": "13800007777"}).status_code == 302


def test_a_contact_that_is_sent_twice_is_one(client, home, lin, chen):
    client.force_login(chen)
    page = client.get(reverse("residents:person", args=[lin.pk]), {"do": "add_contact"})
    typed = {"unit": home.pk, "role": "family", "tell": ["case"], "name": "林母", "phone": "13800009999"}
    typed["submission"] = page.context["form"]["submission"].value()
    assert [post(client, lin, "add_contact", **typed).status_code for _n in range(2)] == [302, 302]
    assert Contact.objects.get().name == "林母"
    answer = post(client, lin, "add_contact", **typed | {"name": "林父"})
    assert answer.status_code == 409 and 'value="林父"' in answer.text
    typed |= {"name": "林父", "submission": answer.context["form"]["submission"].value()}
    assert post(client, lin, "add_contact", **typed).status_code == 302
    assert Contact.objects.count() == 2


def test_owners_of_one_day_have_a_whole_at_most(client, home, lin, chen):
    own(unit(home.community, "3-2-1203"), person(home.community, "钱多"), 100)
    first, second = person(home.community), person(home.community, "孙立")
    own(home, first, 60)
    client.force_login(chen)
    typed = {"unit": home.label, "kind": "owner", "starts_on": "2025-09-15", "share": "60"}
    answer = post(client, second, "move_in", **typed)
    assert answer.status_code == 409 and "60.00" in answer.text and 'value="60"' in answer.text
    assert not Occupancy.objects.filter(person=second).exists()
    assert post(client, second, "move_in", **typed | {"share": "40"}).status_code == 302


def test_a_share_that_was_sold_is_free_again(home):
    first, second = person(home.community), person(home.community, "孙立")
    sold = own(home, first, 100, starts_on=TODAY - 30 * DAY)
    actions.end_occupancy(sold, on=TODAY - DAY, by=None, now=MONDAY)
    own(home, second, 100)
    with pytest.raises(Refused):
        own(home, person(home.community, "周正"), 1, starts_on=TODAY - 40 * DAY)


@pytest.mark.parametrize(
    ("kind", "share"), [(Kind.OWNER, "0"), (Kind.OWNER, "100.01"), (Kind.LESSEE, "50"), (Kind.OWNER, "-1")]
)
def test_the_database_refuses_a_share_that_cannot_be(home, kind, share):
    period = DateRange(TODAY, None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Occupancy.objects.create(
            unit=home, person=person(home.community), kind=kind, share=Decimal(share), period=period
        )


def test_nobody_occupies_a_unit_twice_in_the_same_days(client, home, lin, chen):
    client.force_login(chen)
    answer = post(client, lin, "move_in", unit=home.label, kind="household", starts_on="2025-09-15")
    assert answer.status_code == 409 and Occupancy.objects.filter(person=lin).count() == 1


def test_staff_belong_to_the_company_in_the_unit(client, home, chen):
    firm = person(home.community, "远航科技有限公司", "", kind="company")
    actions.move_in(home, firm, kind=Kind.LESSEE, starts_on=TODAY, by=chen, now=MONDAY)
    worker = person(home.community, "钱多")
    client.force_login(chen)
    typed = {"unit": home.label, "kind": "staff", "starts_on": "2025-09-15"}
    assert post(client, worker, "move_in", **typed).status_code == 302
    assert Occupancy.objects.get(person=worker).company == firm
    assert "远航科技有限公司" in client.get(reverse("desk:find"), {"q": "钱多"}).text
    elsewhere = unit(home.community, "3-2-1203")
    answer = post(client, worker, "move_in", **typed | {"unit": elsewhere.label})
    assert answer.status_code == 422 and Occupancy.objects.filter(person=worker).count() == 1


def test_an_entry_by_mistake_counts_no_more_and_stays(client, home, lin, zhou):
    client.force_login(zhou)
    mistaken = Occupancy.objects.get(person=lin)
    assert post(client, lin, "void_home", home=mistaken.pk).status_code == 422
    assert post(client, lin, "void_home", home=mistaken.pk, reason="登记错房号").status_code == 302
    assert not Occupancy.objects.on(TODAY).filter(person=lin).exists()
    assert Occupancy.objects.get(pk=mistaken.pk).voided_at == MONDAY
    assert Event.objects.get(verb="occupancy_voided").note == "登记错房号"
    assert "林晓梅" not in client.get(reverse("desk:find"), {"q": home.label}).text
    own(home, lin, 100)


def test_who_entered_a_home_voids_it_for_ten_minutes_and_then_another_does(client, home, chen, zhou, time_machine):
    first, second = (own(home, person(home.community, name), 10, by=chen) for name in ("赵敏", "钱丽"))
    client.force_login(chen)
    typed = {"reason": "录错房号"}
    time_machine.move_to(MONDAY + datetime.timedelta(minutes=10), tick=False)
    assert post(client, first.person, "void_home", home=first.pk, **typed).status_code == 302
    time_machine.move_to(MONDAY + datetime.timedelta(minutes=11), tick=False)
    refused = post(client, second.person, "void_home", home=second.pk, **typed)
    assert refused.status_code == 403 and typed["reason"] in refused.text
    client.force_login(zhou)
    assert post(client, second.person, "void_home", home=second.pk, **typed).status_code == 302


def test_who_moved_out_is_found_in_the_register_and_not_at_the_desk(client, home, lin, chen):
    client.force_login(chen)
    post(client, lin, "end_home", home=Occupancy.objects.get(person=lin).pk, on="2025-09-14")
    assert "林晓梅" not in client.get(reverse("residents:people")).text
    assert "林晓梅" in client.get(reverse("residents:people"), {"when": "ended"}).text
    assert "林晓梅" in client.get(reverse("residents:people"), {"q": "林晓"}).text
    assert "林晓梅" not in client.get(reverse("desk:find"), {"q": "林晓"}).text


def test_two_who_change_one_entry_do_not_overwrite_each_other(client, lin, chen):
    client.force_login(chen)
    seen = {"version": 0, "kind": "person", "name": "林小梅", "phone": "13800001234", "reason": "本人更正"}
    assert post(client, lin, "edit", **seen).status_code == 302
    lin.refresh_from_db()
    assert lin.phone == "13800001234"
    late = post(client, lin, "edit", **seen | {"name": "林大梅"})
    assert late.status_code == 409 and "林大梅" in late.text
    lin.refresh_from_db()
    assert lin.name == "林小梅" and lin.pinyin == "linxiaomei"
    assert Event.objects.about(lin).filter(verb="data_corrected", note="本人更正").count() == 1


@pytest.mark.parametrize("field", ["note", "name", "reason"])
def test_an_identity_number_is_not_taken_in_words(client, lin, chen, field):
    client.force_login(chen)
    typed = {"version": 0, "kind": "person", "name": "林晓梅", "phone": "", "note": "", "reason": "更正"}
    answer = post(client, lin, "edit", **typed | {field: "11010519491231002X"})
    assert answer.status_code == 422 and "11010519491231002X" in answer.text


# What a unit is -------------------------------------------------------------------------------------------------------


def state(home, today=TODAY):
    found = Unit.objects.with_state(today).get(pk=home.pk).state
    every = [state for state in Unit.State if Unit.objects.in_state(state, today).filter(pk=home.pk).exists()]
    assert every == [found], "a unit is in one state, however it is asked for"
    return found


def test_the_state_of_a_unit_follows_from_facts(home, zhou):
    assert state(home) == "not_handed_over"
    actions.mark_handed_over(home, on=TODAY, by=None, now=MONDAY)
    assert state(home) == "vacant"
    owner = own(home, person(home.community), 100)
    assert state(home) == "occupied" and state(home, TODAY - DAY) == "vacant"
    lessee = actions.move_in(
        home, person(home.community, "孙立"), kind=Kind.LESSEE, starts_on=TODAY, by=None, now=MONDAY
    )
    assert state(home) == "let"
    actions.void_occupancy(lessee, reason="误登记", by=zhou, now=MONDAY)
    actions.end_occupancy(owner, on=TODAY, by=None, now=MONDAY)
    assert state(home, TODAY) == "occupied" and state(home, TODAY + DAY) == "vacant"


# Contacts and vehicles ------------------------------------------------------------------------------------------------


def test_an_emergency_contact_is_told_of_emergencies_until_it_ends(client, home, lin, chen):
    client.force_login(chen)
    typed = {"unit": home.pk, "role": "emergency", "name": "林母", "phone": "139 0000 1111", "tell": ["emergency"]}
    assert post(client, lin, "add_contact", **typed).status_code == 302
    contact = Contact.objects.told_of("emergency").get()
    assert contact.occupant == lin and contact.masked_phone == "139****1111"
    assert not Contact.objects.told_of("fees").exists()
    assert "139****1111" in client.get(reverse("residents:person", args=[lin.pk])).text
    assert post(client, lin, "end_contact", contact=contact.pk, reason="已搬走").status_code == 302
    assert not Contact.objects.told_of("emergency").exists() and Contact.objects.count() == 1


def test_a_contact_has_a_way_to_be_told(client, home, lin, chen):
    client.force_login(chen)
    typed = {"unit": home.pk, "role": "agent", "name": "", "phone": "", "tell": ["fees"]}
    for wrong in ({}, {"name": "林母"}, {"name": "林母", "phone": "139", "tell": []}):
        assert post(client, lin, "add_contact", **typed | wrong).status_code == 422
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("car", "浙a·12345", "浙A12345"),
        ("new_energy", "浙 A D12345", "浙AD12345"),
        ("ebike", "杭州 123456", "杭州123456"),
    ],
)
def test_a_plate_is_written_one_way(kind, typed, kept):
    assert clean_plate(kind, typed) == kept


def test_a_plate_is_registered_once_at_a_time(client, home, lin, wu, chen):
    client.force_login(chen)
    typed = {"unit": home.pk, "kind": "car", "plate": "浙A·12345", "starts_on": "2025-09-01"}
    assert post(client, lin, "add_vehicle", **typed | {"plate": "浙A1234"}).status_code == 422
    assert post(client, lin, "add_vehicle", **typed).status_code == 302
    theirs = typed | {"unit": Occupancy.objects.get(person=wu).unit_id, "plate": "浙A12345"}
    refused = post(client, wu, "add_vehicle", **theirs)
    assert refused.status_code == 409 and home.label in refused.text
    sold = Vehicle.objects.get()
    assert post(client, lin, "end_vehicle", vehicle=sold.pk, on="2025-09-14").status_code == 302
    assert post(client, wu, "add_vehicle", **theirs | {"starts_on": "2025-09-15"}).status_code == 302


# The list -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def street(yunhu, home, lin, wu):
    """Lin and Wu, a lessee in building 5, a firm, and Zhao, who has no home here."""
    five = unit(yunhu, "5-1-0301")
    resident(five, "白雪", "13700002210", Kind.LESSEE)
    person(yunhu)
    resident(unit(yunhu, "5-1-0302"), "A座设计", "", Kind.OWNER)
    return five


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["A座设计", "白雪", "林晓梅", "吴刚"]),
        ({"when": "none"}, ["赵敏"]),
        ({"role": "lessee"}, ["白雪"]),
        ({"state": "let"}, ["白雪"]),
        ({"letter": "L"}, ["林晓梅"]),
        ({"q": "3-2-1202"}, ["吴刚"]),
        ({"q": "5678"}, ["吴刚"]),
        ({"q": "lxm"}, ["林晓梅"]),
        ({"q": "晓梅"}, ["林晓梅"]),
        ({"role": "owner", "state": "let"}, []),
    ],
)
def test_the_register_is_narrowed(client, street, chen, query, names):
    client.force_login(chen)
    answer = client.get(reverse("residents:people"), query)
    assert [line.person.name for line in answer.context["lines"]] == names


def test_a_filter_that_cannot_be_says_so(client, street, chen):
    client.force_login(chen)
    assert client.get(reverse("residents:people"), {"building": "x", "letter": "?"}).status_code == 422


def test_the_pages_of_the_register_follow_each_other_both_ways(client, yunhu, chen, monkeypatch):
    monkeypatch.setattr(register, "PAGE", 2)
    for name in ("安", "安", "白", "陈", "丁"):
        person(yunhu, name, "")
    client.force_login(chen)

    def names(address):
        answer = client.get(address)
        return [line.person.name for line in answer.context["lines"]], answer.context

    first, context = names(reverse("residents:people") + "?when=none")
    second, context = names(context["older_url"])
    third, context = names(context["older_url"])
    assert (first, second, third) == (["安", "安"], ["白", "陈"], ["丁"]) and not context["older_url"]
    back, context = names(context["newer_url"])
    assert back == second
    first_again, context = names(context["newer_url"])
    assert first_again == first and not context["newer_url"]


def test_a_cashier_looks_up_and_changes_nothing(client, lin, li_na):
    client.force_login(li_na)
    page = client.get(reverse("residents:person", args=[lin.pk])).text
    assert "138****1234" in page and "do=unmask" not in page and "13800001234" not in page
    assert post(client, lin, "unmask", what="phone", reason="收费").status_code == 403


def test_people_of_another_community_are_nowhere(client, lin, stranger):
    client.force_login(stranger)
    assert client.get(reverse("residents:person", args=[lin.pk])).status_code == 404
    assert client.get(reverse("residents:people"), {"q": "林晓梅"}).context["lines"] == []
    assert post(client, lin, "unmask", what="phone", reason="x").status_code == 404


# Two at once ----------------------------------------------------------------------------------------------------------


def two_clerks_with_sixty(home, n):
    people = [person(home.community, f"业主{n}{side}", "") for side in "甲乙"]
    return race(*[lambda who=who: own(home, who, 60) for who in people])


def owned(home):
    return sum(home.occupancies.values_list("share", flat=True))


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_two_clerks_who_record_sixty_percent_at_once_one_does(yunhu):
    for n in range(8):
        home = unit(yunhu, f"3-2-{n}01")
        outcomes = two_clerks_with_sixty(home, n)
        assert [isinstance(outcome, Refused) for outcome in outcomes].count(True) == 1, outcomes
        assert owned(home) == 60


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_database_still_refuses_the_second(yunhu, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self)
    refused = []
    for n in range(8):
        home = unit(yunhu, f"3-2-{n}01")
        refused += [outcome for outcome in two_clerks_with_sixty(home, n) if isinstance(outcome, Exception)]
        assert owned(home) == 60
    assert any(isinstance(outcome, IntegrityError) for outcome in refused), "the trigger had nothing to do"


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_control_without_lock_and_trigger_both_own_sixty(yunhu, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self)
    trigger = "TRIGGER occupancy_shares_are_a_whole_at_most"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE residents_occupancy DISABLE {trigger}")
    try:
        homes = [unit(yunhu, f"3-2-{n}01") for n in range(8)]
        for n, home in enumerate(homes):
            two_clerks_with_sixty(home, n)
        assert any(owned(home) == 120 for home in homes)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE residents_occupancy ENABLE {trigger}")


# What the pages cost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [1, 12])
def test_the_register_costs_the_same_for_few_and_for_many(client, yunhu, home, lin, wu, chen, zhou, others):
    facts = {"by": chen, "now": MONDAY}
    for n in range(others + 1):
        twin = person(yunhu, f"邻居{n}", "13800001234")
        actions.move_in(home, twin, kind=Kind.HOUSEHOLD, starts_on=TODAY, **facts)
        actions.add_contact(home, lin, role="family", person=twin, tell=["case"], **facts)
        actions.add_contact(home, twin, role="family", person=lin, tell=["case"], **facts)
        actions.add_vehicle(home, lin, kind="other", plate=f"A{n}", starts_on=TODAY, **facts)
    client.force_login(zhou)
    entry = reverse("residents:person", args=[lin.pk])
    for name, url in [
        ("register", reverse("residents:people")),
        ("register, narrowed", reverse("residents:people") + "?q=3-2-1201&role=owner&state=occupied"),
        ("register, entry", entry),
        ("register, contact", f"{entry}?do=add_contact"),
        ("register, duplicates", reverse("desk:duplicates")),
        ("register, two entries", reverse("desk:merge_people", args=[lin.pk, twin.pk])),
    ]:
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name


def test_the_whole_number_does_not_stand_in_the_form_that_changes_an_entry(client, chen, lin):
    client.force_login(chen)
    page = client.get(reverse("residents:person", args=[lin.pk]), {"do": "edit"}).text
    assert "138****1234" in page and "13800001234" not in page
    typed = {"version": 0, "kind": "person", "name": "林晓梅", "phone": "", "reason": "更正称呼", "title": "女士"}
    assert post(client, lin, "edit", **typed).status_code == 302
    lin.refresh_from_db()
    assert (lin.phone, lin.title) == ("13800001234", "女士")
    both = typed | {"version": lin.version, "drop_phone": "on"}
    assert post(client, lin, "edit", **both | {"phone": "13900001234"}).status_code == 422
    assert post(client, lin, "edit", **both).status_code == 302
    lin.refresh_from_db()
    assert lin.phone == ""


def test_a_company_has_its_staff_on_its_page_and_is_nobodys_family(client, yunhu, home, chen):
    firm = person(yunhu, "远航科技", "", kind="company")
    actions.move_in(home, firm, kind="lessee", starts_on=TODAY, by=chen, now=MONDAY)
    clerk = person(yunhu, "赵敏")
    actions.move_in(home, clerk, kind="staff", starts_on=TODAY, company=firm, by=chen, now=MONDAY)
    client.force_login(chen)
    assert "赵敏" in client.get(firm.get_absolute_url()).text
    other = unit(yunhu, "3-2-1301")
    with pytest.raises(Refused):
        actions.move_in(other, firm, kind="household", starts_on=TODAY, by=chen, now=MONDAY)


def ten_sendings(make):
    """Return what came of each form that is sent ten times at once, for three forms."""
    return [race(*[lambda key=key: make(key)] * 10) for key in (uuid.uuid4() for _n in range(3))]


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_form_that_is_sent_ten_times_at_once_makes_one_row(yunhu, home, lin, chen):
    told = {"role": "family", "tell": ["case"], "name": "林母", "phone": "13800009999", "by": None, "now": MONDAY}
    makers = [
        lambda key: person(yunhu, "赵敏", submission=key),
        lambda key: actions.add_contact(home, lin, submission=key, **told),
        lambda key: slip(home, by=chen, submission=key),
    ]
    for make in makers:
        for outcomes in ten_sendings(make):
            assert len({getattr(outcome, "pk", outcome) for outcome in outcomes}) == 1
    assert (Person.objects.filter(name="赵敏").count(), Contact.objects.count()) == (3, 3)
    assert ReleaseSlip.objects.count() == 3


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_control_without_the_wait_ten_sendings_meet_at_the_unique_key(yunhu, monkeypatch):
    def careless(submission, rows, **facts):
        return rows.filter(submission=submission).first()

    monkeypatch.setattr(once, "made_by", careless)
    found = [one for outcomes in ten_sendings(lambda key: person(yunhu, submission=key)) for one in outcomes]
    assert any(isinstance(one, IntegrityError) for one in found)
