"""Celery is a door: a real worker runs the sweeps, and a message that is lost costs nothing but time."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection
from kombu import Connection
from sqlalchemy.pool import NullPool

from complaints.tasks import escalate_overdue
from servicedesk.celery import app
from servicedesk.core.models import Event
from servicedesk.core.tasks import seal_events
from tests.factories import at, case, fresh

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PATIENCE = 40


def database_url():
    """Return the address of this test's own database, as a worker process is to be told it."""
    facts = connection.settings_dict
    host = facts["HOST"] or facts["OPTIONS"].get("host", "")
    port = facts["PORT"] or facts["OPTIONS"].get("port", "5432")
    return f"postgresql://{facts['USER'] or 'postgres'}@/{facts['NAME']}?host={host}&port={port}"


def broker_url():
    return settings.REDIS_URL or "sqla+" + database_url().replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def start_worker(tmp_path):
    """Start real workers on the test's database and its queue; whatever runs at the end is killed."""
    started = []

    def start():
        environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "SECRET_KEY": "only-for-a-worker-of-the-tests-" * 3,
            "ALLOWED_HOSTS": "localhost",
            "PLAIN_HTTP": "yes",
            "SERVICEDESK_DATA": str(tmp_path),
        }
        command = [sys.executable, "-m", "celery", "-A", "servicedesk", "worker", "--pool=solo", "--loglevel=WARNING"]
        command += ["--without-gossip", "--without-mingle", "--queues", QUEUE]
        process = subprocess.Popen(command, env=environment, start_new_session=True)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# A queue of this test's own, so that a shared broker is no matter.
QUEUE = f"test-{os.getpid()}"


def send(task):
    # The SQL transport would keep its connection, and the database could not be dropped after the tests.
    options = {} if settings.REDIS_URL else {"poolclass": NullPool}
    with Connection(broker_url(), transport_options=options) as wire:
        task.apply_async(connection=wire, queue=QUEUE)


def wait_until(true):
    """Wait for another process, at most 40 seconds; return whether it came true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


def test_a_worker_runs_the_sweep_and_seals_the_history(yunhu, office, chen, start_worker):
    late = case(yunhu, by=chen, now=at("2025-09-01 09:00"))
    start_worker()
    send(escalate_overdue)
    assert wait_until(lambda: fresh(late).level == 3)
    send(seal_events)
    assert wait_until(lambda: not Event.objects.unsealed().exists())


def test_a_message_lost_with_its_worker_is_made_up_by_the_next_sweep(yunhu, office, chen, start_worker):
    late = case(yunhu, by=chen, now=at("2025-09-01 09:00"))
    first = start_worker()
    send(seal_events)
    assert wait_until(lambda: not Event.objects.unsealed().exists()), "the worker is at work"
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert fresh(late).level == 1
    start_worker()
    send(escalate_overdue)
    assert wait_until(lambda: fresh(late).level == 3)
    assert [row.to_level for row in late.escalations.order_by("id")] == [2, 3], "each level once"


def test_every_beat_entry_wakes_a_task_that_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


@pytest.mark.parametrize("entry", sorted(settings.CELERY_BEAT_SCHEDULE))
def test_a_task_that_runs_twice_ends_as_if_it_ran_once(yunhu, office, chen, entry, time_machine):
    time_machine.move_to(at("2025-09-10 12:00"), tick=False)
    late = case(yunhu, by=chen, now=at("2025-09-01 09:00"))
    app.loader.import_default_modules()
    task = app.tasks[settings.CELERY_BEAT_SCHEDULE[entry]["task"]]
    task()
    once = (fresh(late).level, Event.objects.count(), late.escalations.count())
    task()
    assert (fresh(late).level, Event.objects.count(), late.escalations.count()) == once
