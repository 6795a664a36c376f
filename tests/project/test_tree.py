"""`make run` as one tree: it says why it cannot start, keeps its programs up, and leaves nothing behind."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
import pytest

from servicedesk import demo, embedded, tree

pytestmark = pytest.mark.slow


@pytest.fixture
def data(monkeypatch):
    """An empty data directory that no other test sees."""
    path = Path(tempfile.mkdtemp(prefix="desk-")).resolve()
    monkeypatch.setenv("SERVICEDESK_DATA", str(path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("SITE_URL", raising=False)
    yield path
    shutil.rmtree(path)


def free_port():
    with socket.socket() as probe:
        probe.bind((tree.HOST, 0))
        return probe.getsockname()[1]


def start_tree(port):
    return subprocess.Popen(
        [sys.executable, "-m", "servicedesk.tree"],
        cwd=embedded.BASE_DIR,
        env=os.environ | {"PORT": str(port), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def read_until(process, pattern):
    """Return what the tree printed up to and with the line that matches; fail where it ended before."""
    said = ""
    for line in process.stdout:
        said += line
        if re.search(pattern, line):
            return said
    pytest.fail(f"The tree ended without {pattern!r}:\n{said}")


@pytest.mark.heavy
def test_one_ctrl_c_ends_the_web_server_the_worker_the_beat_and_the_database(data):
    port = free_port()
    process = start_tree(port)
    watchdog = threading.Timer(300, process.kill)
    watchdog.start()
    try:
        greeting = read_until(process, "Ctrl-C ends everything")
        assert f"http://127.0.0.1:{port}/" in greeting
        assert all(re.search(rf"^  {name}\b", greeting, re.MULTILINE) for name in demo.LOGINS)
        assert demo.PASSWORD in greeting
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/p/report/")
        assert connection.getresponse().status == 200
        connection.close()

        worker = next(child for child in psutil.Process(process.pid).children() if "worker" in child.cmdline())
        worker.kill()
        read_until(process, r"\[worker\] has ended and is started again")

        family = psutil.Process(process.pid).children(recursive=True)
        family.append(psutil.Process(int((data / "postgres" / "postmaster.pid").read_text().split()[0])))
        process.send_signal(signal.SIGINT)
        assert "Stopped" in process.communicate()[0]
        assert process.returncode == 0
        assert [child for child in family if tree.works(child)] == []
        assert not (data / "postgres" / "postmaster.pid").exists()
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
        tree.end_what_a_killed_tree_left()
        embedded.stop()


def test_a_port_in_use_is_one_sentence_before_anything_starts(data):
    with socket.socket() as other:
        other.bind((tree.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        process = start_tree(port)
        said = process.communicate()[0]
    assert said == f"Port {port} is in use; choose another one: make run PORT={port + 1}\n"
    assert process.returncode == 1
    assert not (data / "postgres").exists()


@pytest.mark.parametrize("words", ["http", "0", "65536", "-1", "８０００"])
def test_a_port_that_is_none_is_one_sentence(words, monkeypatch):
    monkeypatch.setenv("PORT", words)
    with pytest.raises(tree.TreeError, match="PORT is a number from 1 to 65535"):
        tree.chosen_port()


def test_two_trees_over_one_data_directory_are_refused(data):
    with (
        tree.only_tree(free_port()),
        pytest.raises(tree.TreeError, match="already runs from"),
        tree.only_tree(free_port()),
    ):
        pytest.fail("The second tree started.")


def test_what_a_killed_tree_left_is_ended_and_nothing_else(data):
    left, other = (subprocess.Popen(["sleep", "600"], process_group=0) for _ in range(2))
    try:
        born = psutil.Process(left.pid).create_time()
        tree.children_file().write_text(json.dumps([(left.pid, born), (other.pid, born - 60)]))
        tree.end_what_a_killed_tree_left()
        assert left.wait() == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for process in (left, other):
            process.kill()
            process.wait()


def test_a_program_that_ends_three_times_at_once_ends_the_tree_with_its_last_words(data, capsys):
    (data / "logs").mkdir()
    program = tree.Program("beat", "servicedesk.no_such_program")
    for _ in range(2):
        program.start_at = 0
        assert program.tend()
        program.process.wait()
        assert not program.tend()
    program.start_at = 0
    program.tend()
    program.process.wait()
    with pytest.raises(tree.TreeError, match=r"(?s)beat ended 3 times in a row.*No module named"):
        program.tend()
    assert capsys.readouterr().out.count("[beat] has ended and is started again") == 2


def test_only_errors_of_the_programs_reach_the_terminal(data, capsys):
    (data / "logs").mkdir()
    program = tree.Program("web")
    program.log.write_text(
        '{"levelname": "INFO", "message": "quiet"}\n'
        '{"levelname": "ERROR", "message": "Loud", "exc_info": "Traceback\\nValueError: no"}\n'
        "[2026-01-05 09:00:00] [INFO] Booting\n"
        "Traceback (most recent call last):\n"
        "  File x\n"
        "[2026-01-05 09:00:01] [INFO] quiet again\n"
        "[2026-01-05 09:00:02] [ERROR] half a li"
    )
    program.repeat_errors()
    assert capsys.readouterr().out.splitlines() == [
        "[web] Loud",
        "[web] Traceback",
        "[web] ValueError: no",
        "[web] Traceback (most recent call last):",
        "[web]   File x",
    ]
