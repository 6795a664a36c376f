"""What is owed to the people whose data is kept: a class for every column, periods, a copy, a correction, erasure."""

import datetime
import io
import json
import zipfile

import pytest
from django.contrib.postgres.fields import ArrayField
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, models, transaction
from django.urls import reverse
from django.utils import timezone

from complaints import actions, figures, portable, retention
from complaints.actions import erasing
from complaints.models import Case, DataRequest, Draft, IntakeDraft, Survey
from complaints.personal import HELD, NOT_HELD
from complaints.subjects import TITLES, Subject, rows_of
from residents import actions as register
from residents.models import HomeVisit, Occupancy, Person
from servicedesk.core import events, photos
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.masking import ERASED
from servicedesk.core.models import Event, Notification, Photo
from tests.factories import (
    MONDAY,
    at,
    board,
    booking,
    case,
    cleared,
    company,
    fresh,
    key_loan,
    key_set,
    lift,
    plate,
    slip,
    told,
    unit,
)
from tests.test_house import our_models

pytestmark = pytest.mark.django_db

CANARY = "石榴花"
PHONE = "13711112222"
DAY = datetime.timedelta(days=1)
LATER = MONDAY + 30 * DAY
IN_FOUR_YEARS = MONDAY + 4 * 366 * DAY


def words_of(model):
    """The columns of a model that can hold words: no keys, no choices."""
    kinds = models.CharField | models.TextField | models.JSONField | ArrayField | models.FileField | models.BinaryField
    return {f.name for f in model._meta.concrete_fields if isinstance(f, kinds) and not f.choices}


def test_every_column_that_can_hold_words_has_a_class():
    for model in our_models():
        held = set(HELD.get(model._meta.label, {}))
        other = set(NOT_HELD.get(model._meta.label, "").split())
        assert not held & other, model
        assert held | other == words_of(model), model._meta.label
    assert set(HELD) <= set(TITLES)


def picture():
    return photos.Picture(b"jpeg", 4, 3)


@pytest.fixture
def closed(yunhu, office, home, chen, zhou, liu):
    """A case of somebody with canaries in every word about it: photo, price, reply, visit, rating, letter, slip."""
    person = factories_resident(home)
    made = case(
        yunhu,
        by=chen,
        unit=home,
        reporter=person,
        reporter_name=f"{CANARY}女士",
        reporter_phone=PHONE,
        summary=f"{CANARY}家漏水",
        description=f"致电{PHONE}",
        wish=f"{CANARY}希望尽快",
        category="service",
        channel="letter",
        letter_ref=f"{CANARY}函1号",
        pictures=[(picture(), photos.store(picture()))],
        external={"source_org": "12345", "external_no": "G1", "received_from": CANARY, "reply_due_at": LATER},
    )
    cleared(made)
    actions.add_note(made, note=f"{CANARY}来电", by=chen, now=MONDAY)
    actions.resolve(made, by=chen, now=MONDAY, remedy=f"已到{CANARY}家处理")
    actions.answer_external(made, external=made.external_cases.get(), reply_text=f"{CANARY}已答复", by=chen, now=MONDAY)
    told(made, by=chen, text=f"{CANARY}女士您好")
    call = actions.enter_call(yunhu, kind="missed", phone=PHONE, caller=f"{CANARY}女士", by=chen, now=MONDAY)
    actions.link_call(call, case=made, by=chen, now=MONDAY)
    actions.rate(made, overall=2, words=f"{CANARY}不满意", now=MONDAY)
    Case.objects.filter(pk=made.pk).update(place=CANARY, void_reason="", imported_facts={"备注": CANARY})
    made = fresh(made)
    actions.visit(made, grade=4, words=f"{CANARY}满意", channel="letter", by=zhou, now=MONDAY)
    made = fresh(made)
    if made.status != "archived":
        actions.archive(made, by=chen, now=MONDAY)
    return fresh(made)


def factories_resident(home):
    from tests.factories import resident

    person = resident(home, f"{CANARY}女士", PHONE)
    Person.objects.filter(pk=person.pk).update(note=f"{CANARY}请勿来电", title=CANARY)
    return Person.objects.get(pk=person.pk)


def everything():
    """All words of the database as one text: every table but those of Django's own that hold no rows of ours."""
    with connection.cursor() as cursor:
        tables = [
            t
            for t in connection.introspection.table_names(cursor)
            if t.split("_")[0] in ("core", "residents", "complaints")
        ]
        parts = []
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{table}\" t")
            parts.append(cursor.fetchone()[0])
    return "\n".join(parts)


def held(value):
    return CANARY in value or PHONE in value


@pytest.fixture
def typed(yunhu, closed, chen, home):
    """What was typed about the same person and not sent, and what their home wrote in a survey."""
    Draft.objects.create(community=yunhu, answers={"phone": PHONE, "summary": CANARY}, updated_at=MONDAY)
    IntakeDraft.objects.create(user=chen, community=yunhu, answers={"reporter_phone": PHONE}, saved_at=MONDAY)
    questions = [{"kind": "grade", "text": "总体", "choices": []}, {"kind": "text", "text": "建议", "choices": []}]
    days = {"opens_on": MONDAY.date(), "closes_on": MONDAY.date()}
    survey = Survey.objects.create(
        community=yunhu, title="满意度", questions=questions, made_by=chen, made_at=MONDAY, **days
    )
    survey.given.create(community=yunhu, unit=home, answers=[5, f"{CANARY}多种树"], at=MONDAY)


@pytest.fixture
def subject(yunhu, closed):
    return Subject(yunhu, person=Person.objects.get(name__startswith=CANARY))


def move_out(person, on):
    home = Occupancy.objects.get(person=person)
    home.period = type(home.period)(home.period.lower, on)
    home.save(update_fields=["period"])


def erase(subject, asked_by, by, *, now):
    asked = actions.ask_data(subject, kind="erase", reason="本人要求", path="/", by=asked_by, now=now)
    return actions.confirm_erasure(asked, subject, by=by, now=now)


def test_a_copy_holds_every_word_that_is_held(subject, closed, typed, zhou):
    found = {table["label"]: table for table in portable.tables(subject, subject.cases(zhou))}
    for label, columns in HELD.items():
        names = [name for name, kind in columns.items() if kind not in portable.LEFT_OUT]
        rows = rows_of(subject, subject.cases(zhou))[label]
        if rows.exists():
            assert set(names) <= {name for name, _heading in found[label]["columns"]}
            assert len(found[label]["rows"]) == rows.count(), label
    for label in ("residents.Person", "complaints.Case", "complaints.Reply", "complaints.SurveyAnswer", "core.Event"):
        assert held(str(found[label]["rows"])), label


def test_the_file_has_data_to_read_and_data_to_load_and_the_photos(subject, closed, zhou):
    about = [("For", "本人")]
    packed = portable.pack(subject, portable.tables(subject, subject.cases(zhou)), about=about)
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        data = json.loads(file.read("data.json"))
        assert data["held"]["complaints.Case"][0]["reporter_phone"] == PHONE
        assert CANARY in file.read("data.html").decode()
        assert [name for name in file.namelist() if name.startswith("photos/")]


def test_after_erasure_nothing_of_a_person_is_left_anywhere(
    subject, closed, typed, yunhu, zhou, guo, django_capture_on_commit_callbacks
):
    photo = Photo.objects.get()
    period = figures.period_of("week", MONDAY.date())
    before = figures.count(figures.Scope(yunhu, None, period, IN_FOUR_YEARS))
    move_out(subject.person, (MONDAY + DAY).date())
    events.seal_events()
    with django_capture_on_commit_callbacks(execute=True):
        assert erase(subject, zhou, guo, now=IN_FOUR_YEARS) == {"erased": 1, "sealed": 0, "entry": "erased"}
    left = everything()
    assert CANARY not in left and PHONE not in left and "shiliuhua" not in left
    assert not default_storage.exists(photo.name)
    events.seal_events()
    assert events.first_break(yunhu) is None
    assert figures.count(figures.Scope(yunhu, None, period, IN_FOUR_YEARS)) == before


def test_what_is_within_its_legal_period_is_sealed_and_hidden_and_counts_all_the_same(
    client, subject, closed, yunhu, zhou, guo, chen, typed, time_machine
):
    time_machine.move_to(LATER, tick=False)
    period = figures.period_of("week", MONDAY.date())
    before = {who: figures.count(figures.Scope(yunhu, who, period, LATER)) for who in (None, zhou)}
    link = reverse("complaints:track", args=[actions.first_token(closed)])
    assert client.get(link).status_code == 200
    assert erase(subject, zhou, guo, now=LATER) == {"erased": 0, "sealed": 1, "entry": "sealed"}
    assert {who: figures.count(figures.Scope(yunhu, who, period, LATER)) for who in before} == before
    client.force_login(zhou)
    for query in (CANARY, PHONE, PHONE[-4:], closed.short_number, "3-2-1201"):
        found = client.get(reverse("desk:search"), {"q": query}).context
        assert not found["cases"] and not held(str(found["people"])), query
    for address in (
        f"{reverse('complaints:list')}?view=all",
        f"{reverse('complaints:mail')}?first=2025-09-01&last=2025-09-30",
        reverse("core:inbox"),
    ):
        assert not held(client.get(address).content.decode()), address
    assert client.get(closed.get_absolute_url()).status_code == 404
    assert client.get(link).status_code == 404
    client.force_login(chen)
    assert CANARY not in client.get(reverse("desk:find"), {"q": "3-2-1201"}).content.decode()


def test_what_is_sealed_is_erased_when_its_legal_period_ends(subject, closed, zhou, guo):
    erase(subject, zhou, guo, now=LATER)
    move_out(subject.person, LATER.date())
    actions.apply_retention(now=closed.archived_at + 1094 * DAY)
    assert fresh(closed).sealed_at and fresh(closed).erased_at is None
    actions.apply_retention(now=closed.archived_at + 1096 * DAY)
    assert fresh(closed).summary == ERASED and fresh(closed).sealed_at is None
    assert CANARY not in everything()


def test_answers_are_theirs_from_the_midnight_they_came_to_the_midnight_they_left(yunhu, home, known, chen, zhou):
    """By the clock of the community, whose day begins at 16:00 in Greenwich; of a home of theirs alone."""
    facts = {"community": yunhu, "opens_on": MONDAY.date(), "closes_on": MONDAY.date(), "made_at": MONDAY}
    facts |= {"questions": [{"kind": "grade", "text": "总体", "choices": []}], "made_by": chen}
    moments = ["2025-09-09 23:59", "2025-09-10 00:00", "2025-09-14 23:59", "2025-09-15 00:00", "2025-09-15 12:00"]
    for moment in moments:
        survey = Survey.objects.create(title=moment, **facts)
        survey.given.create(community=yunhu, unit=home, answers=[5], at=at(moment))
    bears = Occupancy.objects.get(person=known)
    bears.period = type(bears.period)(at(moments[1]).date(), at(moments[3]).date())
    bears.save()
    subject = Subject(yunhu, person=known)
    with timezone.override("UTC"):
        found = rows_of(subject, subject.all_cases)["complaints.SurveyAnswer"].order_by("at")
        assert [one.survey.title for one in found] == moments[1:3]
    register.void_occupancy(bears, reason="录错", by=zhou, now=MONDAY)
    assert not rows_of(subject, subject.all_cases)["complaints.SurveyAnswer"].exists()


def test_erasure_takes_two_people(subject, zhou, guo):
    asked = actions.ask_data(subject, kind="erase", reason="本人要求", path="/", by=zhou, now=LATER)
    with pytest.raises(NotAllowed):
        actions.confirm_erasure(asked, subject, by=zhou, now=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        DataRequest.objects.update(decision="confirmed", decided_by=zhou, decided_at=LATER)
    actions.refuse_data(asked, note="身份未核实", by=guo, now=LATER)
    with pytest.raises(Refused):
        actions.confirm_erasure(asked, subject, by=guo, now=LATER)


def test_nobody_erases_while_a_case_is_open(subject, yunhu, zhou, guo, chen):
    case(yunhu, by=chen, reporter=subject.person, reporter_name=subject.name, reporter_phone=PHONE)
    with pytest.raises(Refused, match="0002"):
        erase(subject, zhou, guo, now=LATER)
    assert DataRequest.objects.get().is_open


@pytest.fixture
def known(home):
    """Somebody of the register without a case."""
    return factories_resident(home)


def running(kind, person, home, by):
    """What still runs for a person, of one kind."""
    who = {"applicant_name": person.name, "applicant_phone": PHONE}
    if kind == "booking":
        return booking(home, by=by, lift=lift(home), **who)
    if kind == "slip":
        return slip(home, by=by, **who)
    if kind == "loan":
        return key_loan(key_set(home.community, by=by, unit=home), by=by, borrower="owner", person=person)
    days = {"booked_for": MONDAY, "moves_on": MONDAY.date()}
    return register.open_move_out(Occupancy.objects.get(person=person), by=by, now=MONDAY, **days)


@pytest.mark.parametrize("kind", ["booking", "slip", "loan", "move-out"])
def test_nobody_erases_while_something_of_the_person_runs_and_the_night_leaves_it_alone(
    yunhu, home, known, chen, zhou, guo, kind
):
    thing = running(kind, known, home, chen)
    with pytest.raises(Refused):
        erase(Subject(yunhu, person=known), zhou, guo, now=LATER)
    assert DataRequest.objects.get().is_open
    erasing.erase_people([known.pk], now=LATER)
    column = {"booking": "applicant", "slip": "applicant", "loan": "person", "move-out": "party"}[kind]
    kept = type(thing).objects.get(pk=thing.pk)
    assert getattr(kept, column) == known and ERASED not in str(vars(kept))


@pytest.mark.parametrize("sealed_at", [None, MONDAY])
def test_who_has_a_key_of_ours_is_known_until_it_is_back(yunhu, home, known, chen, sealed_at):
    loan = running("loan", known, home, chen)
    move_out(known, MONDAY.date())
    Person.objects.filter(pk=known.pk).update(sealed_at=sealed_at)
    actions.apply_retention(now=IN_FOUR_YEARS)
    assert Person.objects.get(pk=known.pk).name == known.name
    register.take_back_loan(loan, copies=1, by=chen, now=IN_FOUR_YEARS)
    actions.apply_retention(now=IN_FOUR_YEARS + DAY)
    assert Person.objects.get(pk=known.pk).name != known.name


def test_a_visit_in_the_copy_by_its_name_alone_is_erased_with_the_person(yunhu, home, known, chen, zhou, guo):
    found = {"met_name": known.name, "notes": f"{CANARY}说水压低", "needs": []}
    visit = register.record_visit(home, outcome="done", by=chen, now=MONDAY, **found)
    HomeVisit.objects.update(person=None, met_name=known.name)
    subject = Subject(yunhu, person=known)
    assert rows_of(subject, subject.all_cases)["residents.HomeVisit"].get() == visit
    move_out(known, MONDAY.date())
    erase(subject, zhou, guo, now=LATER)
    visit.refresh_from_db()
    assert (visit.met_name, visit.notes) == (ERASED, ERASED)


def test_why_a_home_was_entered_by_mistake_is_given_out_and_erased(yunhu, home, known, chen, zhou, guo):
    bears = Occupancy.objects.get(person=known)
    register.void_occupancy(bears, reason=f"{CANARY}其实住 1202", by=zhou, now=MONDAY)
    subject = Subject(yunhu, person=known)
    assert held(str(list(rows_of(subject, subject.all_cases)["core.Event"].values_list("note", flat=True))))
    erase(subject, zhou, guo, now=LATER)
    assert Event.objects.get(verb="occupancy_voided").note == ""


def test_what_knows_a_person_by_number_or_name_alone_is_sealed_with_their_entry(
    yunhu, home, lin, known, chen, zhou, guo
):
    made = running("booking", known, home, chen)
    register.cancel_move(made, by=chen, now=MONDAY, reason="改期")
    type(made).objects.update(applicant=None)
    register.record_visit(home, outcome="done", met_name=known.name, notes="", by=chen, now=MONDAY)
    HomeVisit.objects.update(person=None, met_name=known.name)
    named = {"name": known.name, "phone": PHONE, "role": "family", "tell": ["emergency"]}
    contact = register.add_contact(home, lin, by=chen, now=MONDAY, **named)
    assert erase(Subject(yunhu, person=known), zhou, guo, now=LATER)["entry"] == "sealed"
    assert (type(made).objects.get().who, HomeVisit.objects.get().met) == ("–", "")
    contact.refresh_from_db()
    assert not contact.is_active


def test_a_contact_known_by_the_number_of_a_caller_goes_with_the_caller(yunhu, home, lin, chen, zhou, guo):
    made = case(yunhu, by=chen, reporter=None, reporter_name=CANARY, reporter_phone=PHONE)
    actions_void(made)
    named = {"name": CANARY, "phone": PHONE, "role": "family", "tell": ["emergency"]}
    contact = register.add_contact(home, lin, by=chen, now=MONDAY, **named)
    erase(Subject(yunhu, case=fresh(made)), zhou, guo, now=LATER)
    contact.refresh_from_db()
    assert (contact.name, contact.phone) == (ERASED, "")


def test_who_a_case_is_about_neither_erases_it_nor_learns_of_it(subject, closed, zhou, guo):
    closed.concerned.create(user=zhou)
    assert erase(subject, zhou, guo, now=IN_FOUR_YEARS)["erased"] == 0
    assert fresh(closed).erased_at is None


def test_the_database_lets_words_give_way_to_the_sentence_alone(closed):
    reply = closed.replies.get()
    for text in ("改写", ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(reply).objects.filter(pk=reply.pk).update(text=text)
    with pytest.raises(IntegrityError), transaction.atomic():
        type(reply).objects.filter(pk=reply.pk).update(text=ERASED, channel="phone")
    assert type(reply).objects.filter(pk=reply.pk).update(text=ERASED) == 1


def test_a_second_look_at_what_is_sealed_takes_two_and_ends(subject, closed, zhou, guo, chen):
    erase(subject, zhou, guo, now=LATER)
    asked = actions.ask_data(subject, kind="read", reason="诉讼", path="/", by=zhou, now=LATER)
    with pytest.raises(NotAllowed):
        actions.log_sealed_read(asked, by=zhou, now=LATER)
    actions.confirm_read(asked, by=guo, now=LATER)
    actions.log_sealed_read(asked, by=zhou, now=LATER)
    with pytest.raises(Refused):
        actions.correct_data(subject, name="石", phone=PHONE, reason="改", by=zhou, now=LATER)
    for who, moment in ((chen, LATER), (zhou, LATER + 2 * DAY)):
        with pytest.raises(NotAllowed):
            actions.log_sealed_read(asked, by=who, now=moment)
    assert Event.objects.about(asked).filter(verb="data_read", by=zhou).count() == 1


def test_a_correction_reaches_the_entry_and_each_case_and_repeats_no_name(subject, closed, zhou):
    facts = {"name": "石柳", "phone": "13600000000", "reason": "登记有误"}
    actions.correct_data(subject, by=zhou, now=LATER, **facts)
    person, one = Person.objects.get(pk=subject.person.pk), fresh(closed)
    assert (person.name, person.phone, person.phone_reversed) == ("石柳", "13600000000", "00000000631")
    assert (one.reporter_name, one.reporter_phone) == ("石柳", "13600000000")
    assert "13600000000" in one.terms and PHONE[-4:] not in one.terms
    event = Event.objects.about(one).first()
    assert (event.verb, event.note) == ("data_corrected", "登记有误") and "石柳" not in str(event.data)


# Periods --------------------------------------------------------------------------------------------------------------


def test_nothing_is_kept_past_its_time(closed, typed, yunhu, subject, django_capture_on_commit_callbacks):
    web = case(yunhu, by=None, reporter_name="石榴", reporter_phone="13733334444", summary="路灯不亮")
    actions_void(web)
    move_out(subject.person, MONDAY.date())
    photo = Photo.objects.get()

    def run(days):
        with django_capture_on_commit_callbacks(execute=True):
            actions.forget_drafts(now=MONDAY + days * DAY)
            return actions.apply_retention(now=MONDAY + days * DAY)

    assert run(6) == {}
    assert run(8) == {"drafts": 1}
    assert run(201).keys() == {"outbox"} and not Notification.objects.filter(data__summary__startswith="路灯").exists()
    assert run(366 + 1) == {"photos": 1} and not default_storage.exists(photo.name)
    assert run(732) == {"contacts": 1, "surveys": 1}
    web.refresh_from_db()
    assert (web.reporter_name, web.reporter_phone) == ("石**", "137****4444")
    assert "路灯" in web.terms and "4444" not in web.terms
    assert run(1096) == {"moved": 1} and Person.objects.get(pk=subject.person.pk).name == "石**"
    assert run(1828) == {"cases": 2}
    assert run(1829) == {}
    left = everything()
    assert "路灯" not in left and PHONE not in left
    for kind in retention.periods(yunhu):
        assert not kind.due(yunhu, MONDAY + 1829 * DAY).exists(), kind
    counts = Event.objects.filter(verb="retention_applied").values_list("data__class", "data__count")
    assert ("cases", 2) in counts and events.first_break(yunhu) is None


def actions_void(one):
    """End a case as if two people had voided it long ago."""
    from servicedesk.core.models import User

    Case.objects.filter(pk=one.pk).update(
        status="void", void_reason="重复", void_asked_by=User.objects.first(), next_escalation_at=None
    )


@pytest.mark.parametrize("why", ["open", "slip", "followed", "taken over"])
def test_what_still_runs_is_left_alone(closed, yunhu, chen, why):
    if why == "open":
        one = case(yunhu, by=chen)
    elif why == "slip":
        one = closed
        closed.external_cases.create(community=yunhu, source_org="街道", external_no="7", received_at=MONDAY)
    elif why == "followed":
        one = closed
        case(yunhu, by=chen, category="service", follows=closed)
    else:
        one = closed
        Case.objects.filter(pk=one.pk).update(is_imported=True, recorded_at=IN_FOUR_YEARS + 890 * DAY)
    actions.apply_retention(now=IN_FOUR_YEARS + 900 * DAY)
    assert fresh(one).erased_at is None and fresh(one).summary != ERASED


def test_messages_about_a_case_lose_its_words_with_it_however_long_messages_are_kept(yunhu, closed, tang):
    actions.set_retention(yunhu, "outbox", days=9000, source="公司制度", by=tang, now=LATER)
    assert Notification.objects.filter(data__summary__startswith=CANARY).exists()
    actions.apply_retention(now=MONDAY + 1900 * DAY)
    assert not Notification.objects.filter(data__summary__startswith=CANARY).exists()


def test_what_a_joined_caller_said_goes_from_the_case_that_goes_on(yunhu, subject, chen, zhou, guo):
    joined = case(yunhu, by=chen, summary=f"{CANARY}家漏水", reporter=subject.person)
    actions.merge(joined, into=case(yunhu, by=chen), by=chen, now=MONDAY)
    note = Event.objects.get(verb="merge_received")
    Case.objects.filter(pk=joined.merged_into_id).update(
        status="void", void_reason="误报", void_asked_by=zhou, next_escalation_at=None
    )
    erase(subject, zhou, guo, now=LATER)
    note.refresh_from_db()
    assert fresh(joined).sealed_at == LATER and note.note == ""


def test_a_community_has_its_own_periods_and_none_below_the_shortest(closed, yunhu, tang, zhou):
    with pytest.raises(NotAllowed):
        actions.set_retention(yunhu, "cases", days=2000, source="公司制度", by=zhou, now=LATER)
    with pytest.raises(Refused):
        actions.set_retention(yunhu, "cases", days=1000, source="公司制度", by=tang, now=LATER)
    actions.set_retention(yunhu, "cases", days=1100, source="公司制度", by=tang, now=LATER)
    assert actions.apply_retention(now=MONDAY + 1102 * DAY)["cases"] == 1
    assert Event.objects.get(verb="retention_set").data == {"class": "cases", "was": 1826, "days": 1100}


def test_everything_that_is_held_has_a_period_or_a_reason_to_have_none():
    named = {label for kind in retention.CLASSES.values() for label in kind.removes}
    assert named | set(retention.WITHOUT_PERIOD) == set(HELD)
    assert not named & set(retention.WITHOUT_PERIOD)


@pytest.fixture
def register_rows(yunhu, home, lin, chen, zhou):
    """A canary in every table of the register, in words typed about people who still live here or never did, all of it
    over on Monday."""
    by, day = {"by": chen, "now": MONDAY}, MONDAY.date()
    keys = key_set(yunhu, by=chen, unit=home)
    called = {"proof": "id", "owner_called": True, "owner_said": f"{CANARY}可以取"}
    lent = key_loan(keys, by=chen, borrower="contractor", name=CANARY, phone=PHONE, proof="id")
    register.take_back_loan(lent, copies=1, reason=f"{CANARY}已还", **by)
    given = register.issue_keys(fresh_row(keys), copies=1, name=CANARY, reason=f"{CANARY}取走", **called, **by)
    register.take_back_keys(fresh_row(given), copies=1, reason=f"{CANARY}退回", **by)
    worker = {"kind": "worker_pass", "number": "W1", "name": CANARY, "valid_from": day, "valid_to": day}
    register.return_credential(register.issue_credential(yunhu, **worker, **by), reason=f"{CANARY}退证", **by)
    seen = [(picture(), photos.store(picture()))]
    met = {"met_name": CANARY, "notes": f"{CANARY}说水压低", "pictures": seen}
    register.record_visit(home, outcome="done", **met, **by)
    lobby, firm = board(yunhu, home.building, by=zhou), company(unit(yunhu, "3-2-1301"))
    register.withdraw_plate(plate(lobby, firm, by=chen, agreed_by=CANARY), reason=f"{CANARY}不要了", **by)
    days = {"booked_for": MONDAY, "moves_on": day}
    moving = register.open_move_in(unit(yunhu, "3-2-1401"), name=CANARY, phone=PHONE, capacity="owner", **days, **by)
    shown = [(picture(), photos.store(picture()))]
    defect = register.note_shown_defect(moving, text=f"{CANARY}说窗坏", pictures=shown, **by)
    register.void_defect(defect, reason=f"{CANARY}看错", **by)
    register.cancel_handover(fresh_row(moving), reason=f"{CANARY}不来了", **by)
    named = {"name": CANARY, "phone": PHONE, "role": "family", "tell": ["emergency"]}
    register.end_contact(register.add_contact(home, lin, **named, **by), reason=f"{CANARY}搬走", **by)
    photos.attach(picture(), photos.store(picture()), to=home.meters.create(**METER, community=yunhu), **by)


METER = {"resource": "water", "serial": "W1", "max_value": 99999}


def fresh_row(thing):
    return type(thing).objects.get(pk=thing.pk)


def test_words_of_the_register_end_with_their_time(yunhu, register_rows):
    periods = {one.kind.key: one for one in retention.periods(yunhu)}
    for key in ("loans", "keys", "passes", "visits", "plates", "handovers", "named", "meters", "moved"):
        days = periods[key].days
        assert not periods[key].due(yunhu, MONDAY + (days - 1) * DAY).exists(), key
        assert periods[key].due(yunhu, MONDAY + (days + 1) * DAY).exists(), key
    actions.apply_retention(now=MONDAY + 1828 * DAY)
    left = everything()
    assert CANARY not in left and PHONE not in left
    assert not Photo.objects.kept().exists()
    assert Person.objects.filter(name="石**", masked_at__isnull=False).count() == 1, "who never had a home here"
    assert actions.apply_retention(now=MONDAY + 1829 * DAY) == {}


def test_who_is_masked_leaves_no_copy_of_name_or_number_elsewhere(yunhu, home, known, chen, zhou):
    by = {"by": chen, "now": MONDAY}
    bears = Occupancy.objects.get(person=known)
    loan = {"borrower": "resident", "person": known, "phone": PHONE, "proof": "id"}
    register.take_back_loan(key_loan(key_set(yunhu, by=chen, unit=home), by=chen, **loan), copies=1, **by)
    asked = plate(board(yunhu, home.building, by=zhou), bears, by=chen, is_private_agreed=True)
    register.withdraw_plate(asked, reason="不要", **by)
    register.record_visit(home, outcome="done", met_name=known.name, **by)
    HomeVisit.objects.update(person=None, met_name=known.name)
    signed = register.open_move_out(bears, booked_for=MONDAY, moves_on=MONDAY.date(), **by)
    signed = type(signed).objects.filter(pk=signed.pk)
    facts = {"status": "completed", "started_at": MONDAY, "completed_at": MONDAY, "completed_by": chen}
    signed.update(**facts, signed_name=known.name, signed_how="paper")
    move_out(known, MONDAY.date())
    assert actions.apply_retention(now=MONDAY + 1096 * DAY)["moved"] == 1
    left = everything()
    assert CANARY not in left and PHONE not in left


def test_somebody_told_for_another_is_known_as_long_as_that_is_so(yunhu, home, lin, known, chen):
    contact = register.add_contact(home, lin, person=known, role="agent", tell=["fees"], by=chen, now=MONDAY)
    move_out(known, MONDAY.date())
    actions.apply_retention(now=IN_FOUR_YEARS)
    assert Person.objects.get(pk=known.pk).name == known.name
    register.end_contact(contact, reason="换人", by=chen, now=IN_FOUR_YEARS)
    actions.apply_retention(now=IN_FOUR_YEARS + DAY)
    assert Person.objects.get(pk=known.pk).name == "石**"
