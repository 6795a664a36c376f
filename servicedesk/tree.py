"""`make run`: the database, the web server, the worker and the beat as one tree that one Ctrl-C ends.

`python -m servicedesk.tree` prepares what is missing, starts the three programs, starts again what dies, and says in
one sentence why it cannot. What a killed tree left running is ended by the next one from the same data directory.
"""

import contextlib
import errno
import fcntl
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import psutil

from servicedesk import demo, embedded

HOST = "127.0.0.1"
QUICK_SECONDS = 10
QUICK_DEATHS = 3
STOP_SECONDS = 15
LOOK_SECONDS = 0.2
LOUD = re.compile(r"\b(ERROR|CRITICAL|Traceback)\b")
LOUD_LEVELS = {"ERROR", "CRITICAL"}


class TreeError(RuntimeError):
    """The desk cannot be served; the message is a sentence for the person at the terminal."""


class Signals:
    """What the terminal or the system has asked for: one signal ends the tree, a second one hurries it."""

    def __init__(self):
        self.count = 0
        self.interrupts = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self)

    def __call__(self, number, frame):
        self.count += 1
        if self.interrupts:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def interrupting(self):
        """Let a signal break off the block. Elsewhere it is only counted: a child half started would be forgotten."""
        self.interrupts = True
        try:
            if self.count:
                raise KeyboardInterrupt
            yield
        finally:
            self.interrupts = False


def main():
    """Serve until a signal comes and return the exit status: 0 when told to end, 1 when it could not go on."""
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    signals = Signals()
    try:
        port = chosen_port()
        with only_tree(port):
            end_what_a_killed_tree_left()
            check_port(port)
            os.environ.setdefault("SITE_URL", f"http://{HOST}:{port}")
            if "DATABASE_URL" not in os.environ:
                print("Starting the database 正在启动数据库 ...")
                embedded.ensure_running()
            with signals.interrupting():
                prepare()
            Tree(port).serve(signals)
    except KeyboardInterrupt:
        pass
    except (TreeError, embedded.EmbeddedError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        embedded.leave()
    print("Stopped 已停止")
    return 0


def chosen_port():
    """Return the port from PORT, by default 8000. Raises `TreeError` for what is not a port."""
    words = os.environ.get("PORT") or "8000"
    if not words.isascii() or not words.isdigit() or not 0 < int(words) < 65536:
        raise TreeError(f"PORT is a number from 1 to 65535, not {words!r}.")
    return int(words)


def check_port(port):
    """Raise `TreeError` where nobody can listen on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise TreeError(f"Port {port} is in use; choose another one: make run PORT={port + 1}") from error
            raise TreeError(f"Port {port} cannot be used: {error.strerror}.") from error


@contextlib.contextmanager
def only_tree(port):
    """Hold the data directory: two trees over one would run every sweep twice. Raises `TreeError` for the second."""
    try:
        embedded.data_dir().mkdir(parents=True, exist_ok=True)
        lock = (embedded.data_dir() / "tree.lock").open("a")
    except OSError as error:
        raise TreeError(f"Cannot write to the data directory {embedded.data_dir()}: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            check_port(port)
            raise TreeError(f"Servicedesk already runs from {embedded.data_dir()}.") from error
        yield


def children_file():
    """Return where the tree writes down its children, for a successor that finds it killed."""
    return embedded.data_dir() / "tree.json"


def end_what_a_killed_tree_left():
    """End the programs whose tree was killed. A number that belongs to another program by now is left alone."""
    left = []
    with contextlib.suppress(FileNotFoundError, ValueError):
        for pid, created in json.loads(children_file().read_text()):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                program = psutil.Process(pid)
                if program.create_time() == created:
                    left += [program, *program.children(recursive=True)]
                    os.killpg(pid, signal.SIGKILL)
    # Their port is free once they are gone; a zombie that nobody collects has given it back.
    deadline = time.monotonic() + STOP_SECONDS
    while any(works(process) for process in left) and time.monotonic() < deadline:
        time.sleep(0.05)


def works(process):
    """Return whether a process is alive and more than a zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def prepare():
    """Bring the database, the static files and the demo up to date. Each step is harmless when nothing is to do."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")
    import django
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import call_command
    from django.db import OperationalError, connections

    try:
        django.setup()
        print("Preparing the tables 正在准备数据表 ...")
        owner = "migrate" if "migrate" in settings.DATABASES else "default"
        call_command("migrate", verbosity=0, interactive=False, database=owner)
        call_command("createcachetable", verbosity=0, database=owner)
        if static_files_changed():
            call_command("collectstatic", verbosity=0, interactive=False)
        # Accounts with a published password have no place in a database of somebody's own.
        if settings.EMBEDDED:
            forget_messages()
            print("Looking after the demo 正在检查演示数据 ...")
            call_command("load_demo", verbosity=0)
        connections.close_all()
    except ImproperlyConfigured as error:
        raise TreeError(str(error)) from error
    except OperationalError as error:
        raise TreeError(f"The database does not serve: {str(error).strip()}") from error


def static_files_changed():
    """Return whether a static file is newer than what was collected last."""
    from django.contrib.staticfiles.finders import get_finders
    from django.contrib.staticfiles.storage import staticfiles_storage

    manifest = getattr(staticfiles_storage, "manifest_name", None)
    if manifest is None or not staticfiles_storage.exists(manifest):
        return True
    collected = os.path.getmtime(staticfiles_storage.path(manifest))
    sources = (storage.path(path) for finder in get_finders() for path, storage in finder.list([]))
    return any(os.path.getmtime(source) > collected for source in sources)


def forget_messages():
    """Empty the embedded queue: its transport keeps every delivered message, and what is due is found in the rows."""
    from django.db import connection

    if "kombu_message" in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE kombu_message")


class Program:
    """One child of the tree: how it is started, how often it has died, and what it has said."""

    def __init__(self, name, *arguments):
        self.name = name
        self.command = [sys.executable, "-m", *map(str, arguments)]
        self.log = embedded.data_dir() / "logs" / f"{name}.log"
        self.process = None
        self.quick_deaths = 0
        self.start_at = 0
        self.started_at = 0
        self.said = 0
        self.loud = False

    def start(self):
        """Start it in a process group of its own, so that a Ctrl-C reaches the tree alone."""
        with self.log.open("ab") as log:
            self.said = log.tell()
            self.process = subprocess.Popen(
                self.command,
                cwd=embedded.BASE_DIR,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self.started_at = time.monotonic()

    def tend(self):
        """Start it when it is due, and put a death down. Returns whether it was started. Raises `TreeError`."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self.kill()
            self.process = None
            self.quick_deaths = self.quick_deaths + 1 if now - self.started_at < QUICK_SECONDS else 0
            if self.quick_deaths == QUICK_DEATHS:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
                raise TreeError(f"{self.name} ended {QUICK_DEATHS} times in a row; the end of {self.log}:\n{tail}")
            print(f"[{self.name}] has ended and is started again 已退出，正在重新启动")
            self.start_at = now + 2**self.quick_deaths
        if self.process is None and now >= self.start_at:
            self.start()
            return True
        return False

    def repeat_errors(self):
        """Print what it has logged as an error since the last look."""
        with self.log.open("rb") as log:
            log.seek(self.said)
            news = log.read()
        complete = news.rfind(b"\n") + 1
        self.said += complete
        for line in news[:complete].decode(errors="replace").splitlines():
            for words in self.errors_in(line):
                print(f"[{self.name}] {words}")

    def errors_in(self, line):
        """Return the lines to show for one line of the log; a traceback goes on until the next dated line."""
        if line.startswith("{"):
            self.loud = False
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if entry.get("levelname") in LOUD_LEVELS:
                    return f"{entry.get('message')}\n{entry.get('exc_info') or ''}".strip().splitlines()
            return []
        if LOUD.search(line):
            self.loud = True
        elif line.startswith("["):
            self.loud = False
        return [line] if self.loud else []

    def kill(self):
        """End it and whatever it left in its process group, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Tree:
    """The three programs behind one address."""

    def __init__(self, port):
        self.port = port
        data = embedded.data_dir()
        (data / "logs").mkdir(exist_ok=True)
        # No nginx stands before it: a browser opens connections before it needs them, and each would hold a worker.
        self.programs = [
            Program(
                "web", "gunicorn", "servicedesk.wsgi:application", "--workers", 2, "--threads", 4,
                "--bind", f"{HOST}:{port}", "--timeout", 20, "--graceful-timeout", 5, "--preload",
                "--no-control-socket",
            ),
            Program(
                "worker", "celery", "-A", "servicedesk", "worker", "--loglevel", "INFO", "--concurrency", 2,
                "--without-gossip", "--without-mingle",
            ),
            Program(
                "beat", "celery", "-A", "servicedesk", "beat", "--loglevel", "INFO", "--pidfile=",
                "--schedule", data / "beat-schedule",
            ),
        ]  # fmt: skip

    def serve(self, signals):
        """Keep the programs running until a signal comes. Raises `TreeError` when one cannot be kept up.

        The web server goes first and the others follow when it answers: whoever waits for the page waits least.
        """
        for program in self.programs:
            program.log.unlink(missing_ok=True)
        wanted, greeted = self.programs[:1], False
        try:
            while not signals.count:
                for program in wanted:
                    if program.tend():
                        self.write_down_children()
                    program.repeat_errors()
                if wanted is not self.programs:
                    wanted = self.programs if self.answers() else wanted
                elif not greeted:
                    greeted = True
                    print(self.greeting())
                time.sleep(LOOK_SECONDS)
            print("\nStopping 正在停止 ...")
        finally:
            self.stop(signals)

    def write_down_children(self):
        """Write the children down for the tree that comes after a kill."""
        pids = [program.process.pid for program in self.programs if program.process is not None]
        entries = []
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                entries.append((pid, psutil.Process(pid).create_time()))
        children_file().write_text(json.dumps(entries))

    def answers(self):
        """Return whether the web server answers a request by now."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status < 500
        except OSError:
            return False
        finally:
            connection.close()

    def greeting(self):
        """Return the address, and for the demo who can sign in there."""
        from django.conf import settings

        address = f"http://{HOST}:{self.port}"
        lines = ["", f"Servicedesk is ready 服务台已就绪: {address}/"]
        if settings.EMBEDDED:
            lines += [f"Residents need no login 住户无需登录:  {address}/p/report/", ""]
            lines += [f"  {name:<8} {english:<24} {chinese}" for name, (english, chinese) in demo.LOGINS.items()]
            lines += ["", f"One password for all 统一密码: {demo.PASSWORD}"]
        lines += [f"Logs 日志: {embedded.data_dir() / 'logs'}", "Ctrl-C ends everything 按 Ctrl-C 结束", ""]
        return "\n".join(lines)

    def stop(self, signals):
        """Ask the programs to end, end those that take too long, and leave none. A second signal hurries it."""
        running = [program for program in self.programs if program.process is not None]
        for program in running:
            program.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while any(program.process.poll() is None for program in running):
            if signals.count > 1 or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        for program in running:
            program.kill()
        children_file().unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
