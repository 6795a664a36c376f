"""What leaves the process in a line of the log: no person's data, UTC, which request and which user."""

import datetime
import io
import json
import logging

import pytest
from django.urls import reverse

from servicedesk.core import logs


@pytest.fixture
def log():
    """A logger that writes as the desk does, with `lines()` of what it wrote."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.SafeJson("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("desk.test")
    logger.addHandler(handler)
    logger.lines = lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    yield logger
    logger.removeHandler(handler)


def test_the_settings_write_with_it(settings):
    assert settings.LOGGING["formatters"]["json"]["()"] == "servicedesk.core.logs.SafeJson"
    assert settings.LOGGING["root"]["handlers"] == ["stderr"]


def test_a_message_hides_numbers_wherever_they_stand(log):
    log.warning(
        "call %s, %s", "13800001234", 13800001234, extra={"who": {"phone": 13800001234}, "ids": ["11010119900307123X"]}
    )
    text = json.dumps(log.lines())
    assert "13800001234" not in text
    assert "11010119900307123X" not in text
    assert log.lines()[0]["message"].startswith("call 138")


def test_a_traceback_and_a_stack_hide_what_a_message_hides(log):
    try:
        raise ValueError("DETAIL:  Failing row contains (7, 林晓梅, 13800001234, 3-2-1201).\n")
    except ValueError:
        log.exception("not saved", stack_info=True)
    try:
        raise KeyError("13900005678")
    except KeyError:
        log.exception("not found")
    first, second = log.lines()
    text = json.dumps([first, second], ensure_ascii=False)
    assert not [words for words in ("13800001234", "林晓梅", "1201", "13900005678") if words in text]
    assert "ValueError" in first["exc_info"], "what went wrong can still be read"
    assert "KeyError" in second["exc_info"]


def test_numbers_that_are_no_persons_stay_numbers(log):
    log.info("sent", extra={"count": 12, "seconds": 0.5, "dry": True})
    (line,) = log.lines()
    assert (line["count"], line["seconds"], line["dry"]) == (12, 0.5, True)


def test_the_link_of_a_case_is_not_written(log):
    log.warning("Not Found: %s", "/t/aB3-secret_token/photo/x.jpg", extra={"request": "<GET '/t/aB3-secret_token/'>"})
    assert "secret_token" not in json.dumps(log.lines())


def test_the_time_is_utc(log, time_machine):
    record = logging.LogRecord("x", logging.INFO, "x", 1, "x", None, None)
    record.created, record.msecs = datetime.datetime(2025, 9, 15, 1, 0, tzinfo=datetime.UTC).timestamp(), 7
    assert logs.SafeJson("%(asctime)s").format(record) == '{"asctime": "2025-09-15T01:00:00.007Z"}'


@pytest.mark.django_db
def test_a_line_says_which_request_and_which_user_but_not_who(client, chen, log, monkeypatch):
    from servicedesk.core import views

    healthy = views.reports.health
    monkeypatch.setattr(views.reports, "health", lambda now: log.info("asked") or healthy(now))
    client.force_login(chen)
    answers = [client.get(reverse("core:healthz")) for _ in range(2)]
    lines = log.lines()
    assert [line["request_id"] for line in lines] == [answer["X-Request-ID"] for answer in answers]
    assert lines[0]["request_id"] != lines[1]["request_id"]
    assert {line["user_id"] for line in lines} == {chen.pk}
    assert "chen" not in json.dumps(lines)
    log.info("after")
    assert "request_id" not in log.lines()[-1]
    assert "user_id" not in log.lines()[-1]


@pytest.mark.django_db
def test_a_request_that_fails_is_logged_with_its_number(client, log, monkeypatch):
    from servicedesk.core import views

    def fall(now):
        raise RuntimeError("13800001234")

    monkeypatch.setattr(views.reports, "health", fall)
    client.raise_request_exception = False
    errors = logging.getLogger("django.request")
    (handler,) = log.handlers
    errors.addHandler(handler)
    try:
        answer = client.get(reverse("core:healthz"))
    finally:
        errors.removeHandler(handler)
    assert answer.status_code == 500
    (line,) = log.lines()
    assert line["request_id"] == answer["X-Request-ID"]
    assert "13800001234" not in json.dumps(line)
