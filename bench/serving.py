"""The app behind gunicorn as in production, and a browser without a screen that takes the time of each answer."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import psutil

from servicedesk import embedded

HOST = "127.0.0.1"
WORKERS = 2
START_SECONDS = 60


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def cache():
    """Let the app have the cache that it has in production, Redis, where this machine has one; yields what it is."""
    program = shutil.which("redis-server")
    if "REDIS_URL" in os.environ or program is None:
        yield "Redis" if "REDIS_URL" in os.environ else "the database, as there is no redis-server here"
        return
    port = free_port()
    os.environ["REDIS_URL"] = f"redis://{HOST}:{port}/0"
    command = [program, "--bind", HOST, "--port", str(port), "--save", "", "--dir", str(embedded.data_dir())]
    redis = subprocess.Popen(command, stdout=subprocess.DEVNULL, process_group=0)
    try:
        yield "Redis"
    finally:
        redis.terminate()
        redis.wait()


class Server:
    """Two workers over one database, on a free port."""

    def __init__(self, database):
        self.port = free_port()
        self.log = embedded.data_dir() / f"{database}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "gunicorn", "servicedesk.wsgi:application", "--workers", str(WORKERS),
                    "--bind", f"{HOST}:{self.port}", "--timeout", "60", "--preload", "--no-control-socket",
                ],
                env=os.environ | {"DATABASE_URL": embedded.database_url(database)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )  # fmt: skip

    def wait(self):
        """Return once it answers; raises RuntimeError with its last words where it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if Browser(self.port).get("/healthz").status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"The server does not answer:\n{self.log.read_text()[-2000:]}")

    def memory(self):
        """Return the resident memory of the largest worker, in MB."""
        workers = psutil.Process(self.process.pid).children()
        return max(worker.memory_info().rss for worker in workers) / 1e6

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass(frozen=True)
class Answer:
    """What came back, and how long it took from opening the connection to the last byte."""

    status: int
    headers: dict
    body: bytes
    seconds: float

    @property
    def location(self):
        return self.headers.get("Location", "")


class Browser:
    """Sends requests one after the other and keeps the cookies."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def get(self, path, headers=()):
        return self._send("GET", path, None, dict(headers))

    def post(self, path, fields, headers=()):
        body = urlencode({"csrfmiddlewaretoken": self.cookies.get("csrf", ""), **fields}, doseq=True)
        return self._send("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **dict(headers)})

    def sign_in(self, name, password):
        """Sign in by the form, as a person does. Raises RuntimeError where that does not succeed."""
        self.get("/accounts/login/")
        if self.post("/accounts/login/", {"login": name, "password": password}).status != 302:
            raise RuntimeError(f"{name} cannot sign in.")
        return self

    def _send(self, method, path, body, headers):
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        began = time.perf_counter()
        connection = http.client.HTTPConnection(HOST, self.port, timeout=120)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        seconds = time.perf_counter() - began
        for line in response.headers.get_all("Set-Cookie", []):
            self.cookies.update((name, morsel.coded_value) for name, morsel in SimpleCookie(line).items())
        return Answer(response.status, dict(response.headers), content, seconds)
