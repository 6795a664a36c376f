"""Pages in a real browser: the system's own Chromium and a server inside the process of the test.

Two ways to have rows. A walk takes the cast of tests/conftest.py and `site`, a server over a database of its own
that is emptied afterwards. A visit only looks, so that all visits share one furnished house (`house`).
"""

import os
import shutil
import threading

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import connections
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from servicedesk.core import clock
from tests import factories
from tests.browser import rows
from tests.browser.looking import Watch
from tests.factories import MONDAY

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
NO_CHROMIUM = "There is no Chromium here: make browsers installs it."
# So long a page may take on a machine that is busy with other things.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items):
    if CHROMIUM:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ],
    }


@pytest.fixture(scope="session")
def rows_beside_a_browser(playwright):
    """Let tests look at rows: Playwright keeps an event loop in their thread, at which Django takes fright.

    Django also opens a second connection there; it must be gone before the loop is, or nobody can close it.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    connections.close_all()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def photos_of_the_house(tmp_path_factory):
    return tmp_path_factory.mktemp("house")


@pytest.fixture(autouse=True)
def nothing_remembered(settings, tmp_path, photos_of_the_house, request):
    """No calendar, cache or clock of one test reaches another; the furnished house keeps its photos."""
    factories.forget_calendars()
    cache.clear()
    settings.MEDIA_ROOT = photos_of_the_house if "house" in request.fixturenames else tmp_path / "media"
    settings.DATA_DIR = tmp_path


@pytest.fixture(scope="module")
def house(django_db_setup, django_db_blocker, rows_beside_a_browser, photos_of_the_house):
    """A community with something on every page, made once for all the visits of a file; `house.url` serves it."""
    with django_db_blocker.unblock():
        before, django_settings.MEDIA_ROOT = django_settings.MEDIA_ROOT, photos_of_the_house
        server = LiveServer("127.0.0.1")
        try:
            made = rows.furnish()
            made.url = server.url
            yield made
        finally:
            server.stop()
            django_settings.MEDIA_ROOT = before
            # What the `db` fixture does after a test with real commits.
            call_command("flush", verbosity=0, interactive=False, reset_sequences=False, inhibit_post_migrate=False)


@pytest.fixture
def site(rows_beside_a_browser, live_server):
    """The address of a server over the rows of this test alone."""
    return live_server.url


@pytest.fixture
def set_clock():
    """It is Monday at nine; `set_clock(moment)` moves on and lets the sweep run, as it would within the minute."""

    def move(moment):
        clock.move(moment - timezone.now())
        call_command("escalate_overdue")

    clock.move(MONDAY - timezone.now())
    return move


class Traffic:
    """Counts the requests that the server is answering."""

    def __init__(self):
        self._open, self._changed = 0, threading.Condition()

    def started(self, **kwargs):
        self._count(1)

    def finished(self, **kwargs):
        self._count(-1)

    def _count(self, by):
        with self._changed:
            self._open += by
            self._changed.notify_all()

    def wait(self):
        """Return when nothing is being answered any more."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._open <= 0, PATIENCE / 1000), "a request never ended"


@pytest.fixture
def traffic():
    counter = Traffic()
    request_started.connect(counter.started)
    request_finished.connect(counter.finished)
    yield counter
    request_started.disconnect(counter.started)
    request_finished.disconnect(counter.finished)


@pytest.fixture
def open_browser(browser, traffic):
    """Open a window of somebody's own and return its watched page: `open_browser(url, chen, language="en")`.

    `who` is None for a resident, a member of staff who is signed in already, or a test client whose cookies it takes.
    """
    contexts = []

    def start(url, who=None, *, language="zh-hans", width=1366, height=768, **options):
        # A colour on its way to another would be measured half-way.
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
        # A dialog that nobody answers would keep the page from being printed by a test.
        context.add_init_script("window.print = () => {}")
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        client = who if isinstance(who, Client) else Client()
        if who is not None and client is not who:
            client.force_login(who)
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        cookies[django_settings.LANGUAGE_COOKIE_NAME] = language
        context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        page = context.new_page()
        page.watch = Watch(page)
        return page

    yield start
    # A page saves its draft when it is closed, and a request on its way holds the rows that are to be emptied.
    for context in contexts:
        context.set_offline(True)
        context.close()
    traffic.wait()
