"""Identity numbers and the copies of papers: encrypted, found by exactly the number, shown with a reason, forgotten."""

import datetime
import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from PIL import Image

from complaints import actions as upper
from complaints import portable
from complaints.subjects import Subject
from residents import actions, identity, tasks
from residents.identity import clean_number
from residents.models import Contact, IdentityCopy, Occupancy, Person, Vehicle
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Photo
from tests.factories import MONDAY, resident, unit

pytestmark = pytest.mark.django_db

NUMBER = "11010519491231002X"
MASKED = "1101**********002X"
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def on_monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def post(client, who, step, **typed):
    return client.post(reverse(f"residents:{step}", args=[who.pk]), typed)


def record(client, who, number=NUMBER, kind="id_card"):
    return post(client, who, "record_identity", kind=kind, number=number)


def dump(*tables):
    with connection.cursor() as cursor:
        parts = []
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM {table} t")
            parts.append(cursor.fetchone()[0])
    return "\n".join(parts)


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("id_card", " 110105 19491231 002x ", NUMBER),
        ("licence", "91350100m000100y43", "91350100M000100Y43"),
        ("passport", "E 1234 5678", "E12345678"),
    ],
)
def test_a_number_is_kept_one_way(kind, typed, kept):
    assert clean_number(kind, typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("id_card", "110105194912310021"),
        ("id_card", "11010519491331002X"),
        ("id_card", "1101051949123100"),
        ("licence", "91350100M000100Y44"),
        ("licence", "91350100O000100Y43"),
        ("passport", "12"),
    ],
)
def test_a_wrong_number_is_said_to_be_wrong(kind, typed):
    with pytest.raises(ValidationError):
        clean_number(kind, typed)


def test_a_dump_of_the_database_shows_no_number(client, lin, chen, zhou):
    client.force_login(chen)
    assert record(client, lin).status_code == 302
    assert post(client, lin, "unmask", what="identity", reason="核对身份").status_code == 200
    events.seal_events()
    text = dump("residents_person", "core_event", "django_session")
    assert lin.name in text and NUMBER not in text and NUMBER[:17] not in text and NUMBER[6:14] not in text
    assert identity.number_of(Person.objects.get(pk=lin.pk)) == NUMBER


def test_the_number_is_masked_until_somebody_says_why(client, lin, chen):
    client.force_login(chen)
    record(client, lin)
    page = client.get(reverse("residents:person", args=[lin.pk])).text
    assert MASKED in page and NUMBER not in page
    assert post(client, lin, "unmask", what="identity", reason="").status_code == 422
    assert not Event.objects.filter(verb="identity_unmasked").exists()
    shown = post(client, lin, "unmask", what="identity", reason="核对身份")
    assert NUMBER in shown.text and shown["Cache-Control"] == "no-store"
    logged = Event.objects.about(lin).get(verb="identity_unmasked")
    assert (logged.by, logged.note) == (chen, "核对身份") and NUMBER not in str(logged.data)


def test_the_telephone_number_is_shown_for_a_reason(client, lin, chen):
    client.force_login(chen)
    assert "13800001234" in post(client, lin, "unmask", what="phone", reason="回电").text
    assert Event.objects.about(lin).get(verb="unmasked").note == "回电"


def test_somebody_is_found_by_exactly_their_number(client, lin, wu, chen):
    client.force_login(chen)
    record(client, lin)
    found = client.get(reverse("residents:people"), {"q": "110105 19491231 002x"}).context["lines"]
    assert [line.person for line in found] == [lin]
    assert client.get(reverse("residents:people"), {"q": NUMBER[:17]}).context["lines"] == []


def test_two_entries_do_not_have_one_number(client, lin, wu, chen):
    client.force_login(chen)
    record(client, lin)
    assert record(client, wu).status_code == 409
    wu.refresh_from_db()
    assert wu.identity_cipher == ""
    hashed = Person.objects.get(pk=lin.pk).identity_hash
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.filter(pk=wu.pk).update(identity_kind="id_card", identity_cipher="x", identity_hash=hashed)


def test_two_communities_cannot_tell_that_they_know_the_same_person(yunhu, other, lin):
    assert not set(identity.hashes(yunhu, NUMBER)) & set(identity.hashes(other, NUMBER))


def test_without_a_key_no_number_is_taken_down(client, lin, chen, settings):
    settings.ID_KEYS = []
    client.force_login(chen)
    answer = record(client, lin)
    assert answer.status_code == 409 and NUMBER in answer.text
    assert Person.objects.get(pk=lin.pk).identity_cipher == ""


def test_a_new_key_takes_over_and_the_old_one_can_be_dropped(client, lin, chen, settings):
    settings.ID_KEYS = old = ["a" * 40]
    client.force_login(chen)
    record(client, lin)
    settings.ID_KEYS = ["b" * 40, *old]
    assert MASKED in client.get(reverse("residents:person", args=[lin.pk])).text
    assert client.get(reverse("residents:people"), {"q": NUMBER}).context["lines"]
    call_command("renew_identities", stdout=io.StringIO())
    settings.ID_KEYS = ["b" * 40]
    assert MASKED in client.get(reverse("residents:person", args=[lin.pk])).text
    assert client.get(reverse("residents:people"), {"q": NUMBER}).context["lines"]
    settings.ID_KEYS = old
    page = client.get(reverse("residents:person", args=[lin.pk]))
    assert page.status_code == 200 and MASKED not in page.text
    assert post(client, lin, "unmask", what="identity", reason="核对").status_code == 409


# Copies of papers -----------------------------------------------------------------------------------------------------


def upload(name="front.jpg"):
    buffer = io.BytesIO()
    Image.new("RGB", (80, 50), "white").save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def keep(client, who, **typed):
    facts = {"front": upload(), "delete_on": "2025-09-20", "agreed": "on", **typed}
    return post(client, who, "keep_copy", **facts)


def test_a_copy_is_seen_by_who_said_why_and_for_ten_minutes(client, lin, chen, zhou, time_machine):
    client.force_login(chen)
    assert keep(client, lin).status_code == 302
    address = reverse("residents:picture", args=[lin.pk, Photo.objects.get().name])
    assert client.get(address).status_code == 404
    assert address in post(client, lin, "unmask", what="copies", reason="核对身份").text
    assert client.get(address).status_code == 200
    time_machine.move_to(MONDAY + datetime.timedelta(minutes=11), tick=False)
    assert client.get(address).status_code == 404
    time_machine.move_to(MONDAY, tick=False)
    client.force_login(zhou)
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("wrong", [{"agreed": ""}, {"delete_on": "2025-09-15"}, {"front": ""}])
def test_no_copy_is_kept_without_consent_or_an_end(client, lin, chen, wrong):
    client.force_login(chen)
    assert keep(client, lin, **wrong).status_code == 422
    assert not IdentityCopy.objects.exists() and not Photo.objects.exists()


@pytest.mark.parametrize("door", ["command", "task"])
def test_copies_are_removed_on_their_day(
    client, yunhu, lin, chen, door, time_machine, django_capture_on_commit_callbacks
):
    client.force_login(chen)
    keep(client, lin)
    keep(client, lin, delete_on="2025-10-20")
    first, second = Photo.objects.order_by("id")

    def run():
        with django_capture_on_commit_callbacks(execute=True):
            if door == "task":
                tasks.forget_identity_copies()
            else:
                call_command("forget_identity_copies", stdout=io.StringIO())

    # The day is the community's own: at 23:30 of the 19th in China it is not the 20th yet.
    time_machine.move_to(datetime.datetime(2025, 9, 19, 15, 30, tzinfo=datetime.UTC), tick=False)
    run()
    assert IdentityCopy.objects.kept().count() == 2
    time_machine.move_to(datetime.datetime(2025, 9, 19, 16, 30, tzinfo=datetime.UTC), tick=False)
    run()
    assert not default_storage.exists(first.name) and default_storage.exists(second.name)
    assert [copy.erased_at is None for copy in IdentityCopy.objects.order_by("id")] == [False, True]
    assert Event.objects.about(yunhu).get(verb="identity_copies_forgotten").data == {"count": 1}
    run()
    assert Event.objects.about(yunhu).filter(verb="identity_copies_forgotten").count() == 1


def test_a_copy_can_be_removed_before_its_day(client, lin, chen, django_capture_on_commit_callbacks):
    client.force_login(chen)
    keep(client, lin)
    with django_capture_on_commit_callbacks(execute=True):
        post(client, lin, "remove_copy", copy=IdentityCopy.objects.get().pk, reason="已核对完")
    assert not default_storage.exists(Photo.objects.get().name)
    with pytest.raises(Refused):
        actions.remove_identity_copy(IdentityCopy.objects.get(), reason="x", by=chen, now=MONDAY)


# Copy and erasure of a person's data ----------------------------------------------------------------------------------

CANARY, PHONE = "石榴花", "13711112222"


@pytest.fixture
def known(client, yunhu, chen):
    """Somebody with everything that the register can know of a person."""
    home = unit(yunhu, "5-1-0301")
    who = resident(home, f"{CANARY}女士", PHONE)
    neighbour = resident(home, "白雪", "13700002210", Occupancy.Kind.HOUSEHOLD)
    client.force_login(chen)
    record(client, who)
    keep(client, who)
    facts = {"role": "emergency", "tell": ["emergency"], "by": chen, "now": MONDAY}
    actions.add_contact(home, who, name=f"{CANARY}母亲", phone="13911113333", note=f"{CANARY}的母亲", **facts)
    actions.add_contact(home, neighbour, name=f"{CANARY}女士", phone=PHONE, **facts)
    starts = MONDAY.date() - 9 * DAY
    actions.add_vehicle(home, who, kind="car", plate="浙A12345", colour=CANARY, starts_on=starts, by=chen, now=MONDAY)
    return Person.objects.get(pk=who.pk)


def test_a_copy_of_the_data_holds_contacts_vehicles_number_and_papers(yunhu, known, zhou):
    subject = Subject(yunhu, person=known)
    found = {table["label"]: str(table["rows"]) for table in portable.tables(subject, subject.cases(zhou))}
    assert NUMBER in found["residents.Person"] and known.identity_cipher not in found["residents.Person"]
    assert "13911113333" in found["residents.Contact"] and PHONE in found["residents.Contact"]
    assert "浙A12345" in found["residents.Vehicle"]
    assert "residents.IdentityCopy" in found and Photo.objects.get().name in found["core.Photo"]


def test_erasure_takes_contacts_vehicles_number_and_papers(
    yunhu, known, zhou, guo, chen, django_capture_on_commit_callbacks
):
    photo = Photo.objects.get()
    actions.end_occupancy(Occupancy.objects.get(person=known), on=MONDAY.date() - DAY, by=chen, now=MONDAY)
    subject = Subject(yunhu, person=known)
    asked = upper.ask_data(subject, kind="erase", reason="本人要求", path="/", by=zhou, now=MONDAY)
    with django_capture_on_commit_callbacks(execute=True):
        upper.confirm_erasure(asked, subject, by=guo, now=MONDAY)
    text = dump("residents_person", "residents_contact", "residents_vehicle", "core_event")
    for word in (CANARY, PHONE, "13911113333", "浙A12345", known.identity_cipher, known.identity_hash):
        assert word not in text, word
    assert not default_storage.exists(photo.name)
    assert Vehicle.objects.get().period.upper is not None and not Contact.objects.active().exists()


def test_what_hangs_on_an_entry_goes_when_it_is_masked_after_years(yunhu, known, chen):
    actions.end_occupancy(Occupancy.objects.get(person=known), on=MONDAY.date() - DAY, by=chen, now=MONDAY)
    upper.apply_retention(now=MONDAY + 1100 * DAY)
    known.refresh_from_db()
    assert known.masked_at and known.identity_cipher == known.identity_hash == ""
    assert "浙A12345" not in dump("residents_vehicle") and "13911113333" not in dump("residents_contact")


def test_a_home_entered_by_mistake_keeps_nobody_from_being_masked(yunhu, known, chen):
    home = Occupancy.objects.get(person=known)
    actions.end_occupancy(home, on=MONDAY.date() - DAY, by=chen, now=MONDAY)
    facts = {"kind": "owner", "starts_on": MONDAY.date(), "by": chen, "now": MONDAY}
    mistaken = actions.move_in(unit(yunhu, "5-1-0302"), known, **facts)
    actions.void_occupancy(mistaken, reason="误登记", by=chen, now=MONDAY)
    upper.apply_retention(now=MONDAY + 1100 * DAY)
    assert Person.objects.get(pk=known.pk).masked_at
