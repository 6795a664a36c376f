"""History only grows, and its chain names the first place at which somebody changed it."""

import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from servicedesk.core import events
from servicedesk.core.models import Community, Event
from tests import factories

pytestmark = pytest.mark.django_db
NOW = factories.MONDAY


def write(community, count=5, *, by=None):
    return [events.log(community, "noted", by=by, now=NOW, note=f"第 {n} 条") for n in range(count)]


def tamper(statement, *parameters):
    """Change history as somebody with the keys of the database would: without its guards."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE core_event DISABLE TRIGGER USER")
        cursor.execute(statement, parameters)
        cursor.execute("ALTER TABLE core_event ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_event SET verb = 'x'",
        "UPDATE core_event SET note = 'x'",
        "UPDATE core_event SET at = now()",
        "UPDATE core_event SET by_name = 'x'",
        "UPDATE core_event SET note = ''",
        "DELETE FROM core_event",
    ],
)
def test_the_database_refuses_to_change_an_event(yunhu, statement):
    write(yunhu, 1)
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_refuses_to_empty_the_history(db):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_event ENABLE TRIGGER event_no_truncate")
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE core_event CASCADE")


def test_a_seal_is_set_once(yunhu):
    write(yunhu, 1)
    events.seal_events()
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
        Event.objects.update(seal=7, hash="0" * 64)


def test_the_words_of_an_erased_person_can_go_and_the_chain_stays_whole(yunhu):
    write(yunhu)
    events.seal_events()
    Event.objects.filter(seal=3).update(note="", salt="")
    assert Event.objects.get(seal=3).note == ""
    assert events.first_break(yunhu) is None


def test_events_are_sealed_in_order_without_gaps_each_community_for_itself(yunhu, other):
    write(yunhu, 3)
    write(other, 2)
    write(yunhu, 2)
    assert events.seal_events() == 7
    assert list(Event.objects.filter(community=yunhu).order_by("id").values_list("seal", flat=True)) == [1, 2, 3, 4, 5]
    assert list(Event.objects.filter(community=other).order_by("id").values_list("seal", flat=True)) == [1, 2]
    assert events.first_break(yunhu) is events.first_break(other) is None


def test_sealing_twice_seals_nothing_new_and_the_chain_goes_on(yunhu):
    write(yunhu, 3)
    assert (events.seal_events(), events.seal_events()) == (3, 0)
    write(yunhu, 2)
    assert events.seal_events() == 2
    assert Event.objects.get(seal=4).previous_hash == Event.objects.get(seal=3).hash
    assert events.first_break(yunhu) is None


def test_the_actors_name_stays_as_it_was_at_the_time(yunhu, chen):
    (event,) = write(yunhu, 1, by=chen)
    chen.name = "陈婧"
    chen.save()
    event.refresh_from_db()
    assert event.by_name == "陈静"


@pytest.mark.parametrize(
    ("statement", "seal", "reason"),
    [
        ("UPDATE core_event SET verb = 'x' WHERE seal IN (3, 5)", 3, "changed"),
        ("UPDATE core_event SET by_name = '别人' WHERE seal = 2", 2, "changed"),
        ("UPDATE core_event SET at = at + interval '1 microsecond' WHERE seal = 4", 4, "changed"),
        ("UPDATE core_event SET data = '{\"x\": 1}' WHERE seal = 1", 1, "changed"),
        ("UPDATE core_event SET is_public = true WHERE seal = 5", 5, "changed"),
        ("UPDATE core_event SET note = '改过' WHERE seal = 2", 2, "words_changed"),
        ("UPDATE core_event SET note = '', salt = '', note_digest = repeat('0', 64) WHERE seal = 2", 2, "changed"),
        ("DELETE FROM core_event WHERE seal = 3", 3, "missing"),
        ("DELETE FROM core_event WHERE seal = 1", 1, "missing"),
        ("UPDATE core_event SET seal = CASE seal WHEN 2 THEN 102 ELSE 103 END WHERE seal IN (2, 3)", 2, "missing"),
    ],
)
def test_the_first_changed_deleted_or_moved_event_is_named(yunhu, statement, seal, reason):
    write(yunhu)
    events.seal_events()
    tamper(statement)
    found = events.first_break(yunhu)
    assert (found.seal, found.reason) == (seal, reason)


def test_two_events_that_changed_places_are_found(yunhu):
    write(yunhu)
    events.seal_events()
    tamper("UPDATE core_event SET seal = 99 WHERE seal = 2")
    tamper("UPDATE core_event SET seal = 2 WHERE seal = 3")
    tamper("UPDATE core_event SET seal = 3 WHERE seal = 99")
    found = events.first_break(yunhu)
    assert (found.seal, found.reason) == (2, "changed")


def test_a_forged_hash_breaks_the_link_to_the_next_event(yunhu):
    write(yunhu)
    events.seal_events()
    forged = Event.objects.get(seal=3)
    forged.verb = "x"
    tamper("UPDATE core_event SET verb = 'x', hash = %s WHERE seal = 3", events.chain_hash(forged))
    found = events.first_break(yunhu)
    assert (found.seal, found.reason) == (4, "changed")


def test_the_command_names_the_break_and_fails(yunhu, capsys):
    write(yunhu)
    events.seal_events()
    call_command("verify_events")
    assert "YH: whole" in capsys.readouterr().out
    tamper("DELETE FROM core_event WHERE seal = 3")
    with pytest.raises(CommandError):
        call_command("verify_events")
    assert "YH: broken at seal 3 (missing)" in capsys.readouterr().err


def test_the_command_fails_for_events_left_unsealed_for_five_minutes(yunhu, time_machine):
    write(yunhu)
    time_machine.move_to(NOW + timedelta(minutes=4), tick=False)
    call_command("verify_events")
    time_machine.move_to(NOW + timedelta(minutes=6), tick=False)
    with pytest.raises(CommandError):
        call_command("verify_events")
    call_command("seal_events")
    call_command("verify_events")


def test_the_page_says_whether_the_history_is_whole(client, yunhu, zhou, time_machine):
    time_machine.move_to(NOW + timedelta(minutes=6), tick=False)
    write(yunhu)
    client.force_login(zhou)
    page = client.get(reverse("core:history")).content.decode()
    assert 'data-kind="ok"' in page
    assert 'data-kind="warn"' in page, "five events have waited for more than five minutes"
    events.seal_events()
    tamper("UPDATE core_event SET verb = 'x' WHERE seal = 2")
    page = client.get(reverse("core:history")).content.decode()
    assert 'data-kind="error"' in page
    assert 'data-kind="ok"' not in page


def test_a_clerk_may_not_ask_for_the_history(client, chen):
    client.force_login(chen)
    assert client.get(reverse("core:history")).status_code == 403


def in_thread(work):
    """Run `work` in a thread with a connection of its own; return the started thread."""

    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_a_second_sealer_leaves_a_community_alone_that_another_one_seals(yunhu):
    write(yunhu)
    sealed = []
    with transaction.atomic():
        Community.objects.select_for_update(no_key=True).get(pk=yunhu.pk)
        in_thread(lambda: sealed.append(events.seal_events())).join()
    assert sealed == [0]
    assert events.seal_events() == 5


@pytest.mark.django_db(transaction=True)
def test_many_sealers_and_writers_at_once_leave_one_whole_chain(yunhu):
    threads = [in_thread(lambda: write(yunhu, 20)) for _ in range(4)]
    threads += [in_thread(lambda: [events.seal_events() for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.join()
    events.seal_events()
    seals = list(Event.objects.filter(community=yunhu).order_by("seal").values_list("seal", flat=True))
    assert seals == list(range(1, 81))
    assert events.first_break(yunhu) is None
