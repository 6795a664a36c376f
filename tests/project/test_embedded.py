"""The embedded PostgreSQL: started by whoever needs it, kept by who uses it, and not put off by a kill."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.pq import PGconn, Ping

from manage import needs_embedded_database
from servicedesk import embedded

pytestmark = pytest.mark.slow

HOLD = "from servicedesk import embedded; embedded.ensure_running(); print('up', flush=True); input()"


@pytest.fixture
def data(monkeypatch):
    """An empty data directory that no other test sees; nothing runs in it afterwards."""
    path = Path(tempfile.mkdtemp(prefix="desk-")).resolve()
    monkeypatch.setenv("SERVICEDESK_DATA", str(path))
    yield path
    embedded.leave()
    embedded.stop()
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def stopped_server():
    """A data directory with one row in it, made once, as making one takes most of a test's time."""
    path = Path(tempfile.mkdtemp(prefix="desk-")).resolve()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SERVICEDESK_DATA", str(path))
        write_a_row()
        embedded.leave()
    yield path / "postgres"
    shutil.rmtree(path)


@pytest.fixture
def kept(data, stopped_server):
    """A data directory with a server that was stopped, holding one row."""
    subprocess.run(["cp", "-a", stopped_server, data / "postgres"], check=True)
    return data


def postmaster_pid(data):
    return int((data / "postgres" / "postmaster.pid").read_text().split()[0])


def answers():
    return PGconn.ping(embedded.database_url("postgres").encode()) == Ping.OK


def write_a_row():
    with psycopg.connect(embedded.ensure_running()) as connection:
        connection.execute("CREATE TABLE note (words text)")
        connection.execute("INSERT INTO note VALUES ('水管漏水')")


def the_row():
    with psycopg.connect(embedded.ensure_running()) as connection:
        return connection.execute("SELECT words FROM note").fetchone()[0]


def test_data_outlives_a_stop_and_a_start(kept):
    assert the_row() == "水管漏水"
    embedded.stop()
    assert not answers()
    assert the_row() == "水管漏水"


def test_a_killed_server_starts_again_with_what_was_committed(kept):
    embedded.ensure_running()
    os.kill(postmaster_pid(kept), signal.SIGKILL)
    assert the_row() == "水管漏水"


def test_the_number_of_a_killed_server_may_belong_to_another_program_by_now(kept):
    embedded.ensure_running()
    killed = postmaster_pid(kept)
    os.kill(killed, signal.SIGKILL)
    owner = psutil.Process().username() if os.geteuid() else embedded.SYSTEM_USER
    other = subprocess.Popen(["sleep", "600"], user=owner if os.geteuid() == 0 else None)
    try:
        pid_file = kept / "postgres" / "postmaster.pid"
        pid_file.write_text(pid_file.read_text().replace(str(killed), str(other.pid), 1))
        assert the_row() == "水管漏水"
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_the_server_is_shared_by_all_who_ask_and_stops_with_the_last(data):
    askers = [
        subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for asker in askers:
        assert asker.stdout.readline() == "up\n"
    first_pid = postmaster_pid(data)
    for asker in askers[:3]:
        asker.communicate("\n")
    assert answers()
    assert postmaster_pid(data) == first_pid
    askers[3].communicate("\n")
    assert not answers()
    assert [asker.returncode for asker in askers] == [0, 0, 0, 0]


def test_a_path_too_long_for_a_socket_is_served_all_the_same(data, monkeypatch):
    monkeypatch.setenv("SERVICEDESK_DATA", str(data / "服务中心 data" / ("x" * 80)))
    write_a_row()
    assert the_row() == "水管漏水"
    embedded.leave()
    assert not answers()
    shutil.rmtree(embedded.database_url().partition("host=")[2].partition("&")[0])


def test_data_removed_under_a_running_server_is_made_anew(kept):
    embedded.ensure_running()
    shutil.rmtree(kept / "postgres")
    with psycopg.connect(embedded.ensure_running()) as connection:
        assert connection.execute("SELECT to_regclass('note')").fetchone()[0] is None


def test_naming_the_database_starts_and_makes_nothing(data):
    assert embedded.database_url() == f"postgresql://postgres@/servicedesk?host={data}/postgres&port=5432"
    assert list(data.iterdir()) == []


def test_data_of_another_version_is_left_alone_with_a_sentence(data):
    (data / "postgres").mkdir()
    (data / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(embedded.EmbeddedError, match="was made by PostgreSQL 17, this is 18"):
        embedded.ensure_running()
    assert [path.name for path in (data / "postgres").iterdir()] == ["PG_VERSION"]


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["migrate"], True),
        (["import_cases", "cases.csv"], True),
        (["import_cases", "--help"], False),
        (["makemessages", "--locale", "zh_Hans"], False),
        (["check"], False),
        ([], False),
    ],
)
def test_only_a_command_that_needs_the_database_starts_it(arguments, needed, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert needs_embedded_database(arguments) is needed


def test_no_command_starts_it_beside_a_database_url(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://desk@localhost/desk")
    assert needs_embedded_database(["migrate"]) is False
