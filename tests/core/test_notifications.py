"""The outbox: a message is written with its fact, sent once, tried again, and never lost silently."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction

from complaints import actions, telling
from servicedesk.core import notifications
from servicedesk.core.models import Event, Notification
from servicedesk.core.models.notifications import Channel
from tests import factories
from tests.factories import fresh

pytestmark = pytest.mark.django_db
NOW = factories.MONDAY


@pytest.fixture
def mailed(yunhu):
    """A clerk with an e-mail address."""
    return factories.staff("fang", "方圆", "clerk", community=yunhu, email="fang@example.cn")


def tell(person, about, *, key="1", now=NOW, **more):
    data = {"number": "BX1", "summary": "漏水", "path": "/cases/1/"}
    notifications.notify([person], "case_urged", about=about, key=key, now=now, data=data, **more)


def send(now):
    return notifications.send_notifications(now=now)


def row(person, channel):
    return Notification.objects.get(recipient=person, channel=channel)


class Broken:
    """A mail server that does not answer as often as it is told to."""

    def __init__(self, monkeypatch, times):
        self.left, self.send = times, notifications.send_mail
        monkeypatch.setattr(notifications, "send_mail", self)

    def __call__(self, *args, **kwargs):
        if self.left:
            self.left -= 1
            raise ConnectionRefusedError("mail server away")
        return self.send(*args, **kwargs)


def test_a_message_is_sent_once_in_the_readers_language(mailed, taken_case):
    mailed.language = "en"
    mailed.save()
    tell(mailed, taken_case)
    assert send(NOW) == (1, 0)
    assert send(NOW + timedelta(minutes=5)) == (0, 0)
    (message,) = mail.outbox
    assert message.to == ["fang@example.cn"]
    assert "Please hurry: BX1 漏水" in message.subject
    assert message.body.endswith("/cases/1/\n")
    assert row(mailed, Channel.EMAIL).sent_at == NOW


def test_the_same_key_is_told_once_however_often_it_is_said(mailed, taken_case):
    for _ in range(3):
        tell(mailed, taken_case)
    assert Notification.objects.filter(recipient=mailed, kind="case_urged").count() == 2, "the inbox and the e-mail"


def test_a_fact_that_is_rolled_back_tells_nobody(mailed, taken_case):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell(mailed, taken_case)
        raise ZeroDivisionError
    assert send(NOW) == (0, 0)
    assert not Notification.objects.filter(kind="case_urged").exists()


def test_a_failed_message_is_tried_again_later_and_later(mailed, taken_case, monkeypatch):
    Broken(monkeypatch, times=3)
    tell(mailed, taken_case)
    now, waits = NOW, []
    for _ in range(3):
        assert send(now) == (0, 1)
        due = row(mailed, Channel.EMAIL).not_before
        waits.append((due - now) // timedelta(minutes=1))
        assert send(due - timedelta(seconds=1)) == (0, 0)
        now = due
    assert waits == [2, 4, 8]
    assert "mail server away" in row(mailed, Channel.EMAIL).last_error
    assert send(now) == (1, 0)
    assert len(mail.outbox) == 1


def test_after_a_day_of_failures_the_message_is_dead_and_stays_visible(mailed, taken_case, monkeypatch):
    Broken(monkeypatch, times=1000)
    tell(mailed, taken_case)
    now = NOW
    while row(mailed, Channel.EMAIL).dead_at is None:
        now = row(mailed, Channel.EMAIL).not_before
        send(now)
    assert timedelta(hours=24) < now - NOW < timedelta(hours=26)
    assert send(now + timedelta(days=1)) == (0, 0)
    assert row(mailed, Channel.EMAIL).attempts > 20


def test_one_bad_message_stops_no_other(mailed, taken_case, monkeypatch):
    Broken(monkeypatch, times=1)
    tell(mailed, taken_case)
    tell(mailed, taken_case, key="2")
    assert send(NOW) == (1, 1)


def test_no_message_goes_to_a_host_that_was_not_allowed(yunhu, taken_case, monkeypatch):
    person = factories.staff("he", "何苗", "clerk", community=yunhu, push_url="https://evil.example/hook")
    monkeypatch.setattr(notifications.apprise, "Apprise", lambda: pytest.fail("a request was about to leave"))
    tell(person, taken_case)
    assert send(NOW) == (0, 1)
    assert "evil.example" in row(person, Channel.PUSH).last_error


# One of the hundred services that apprise loads with its first message asks for a module that Python will drop.
APPRISE_LOADS = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
INNER = [
    "json://evil.example/",
    "xml://127.0.0.1/",
    "form://127.0.0.1/",
    "jsons://127.0.0.1/",
    "http://127.0.0.1:5432/",
    "file:///etc/passwd",
    "syslog://",
    "slack://a/b/c",
    "wecombot",
    "wecombot://key, json://127.0.0.1/",
    "https://qyapi.weixin.qq.com/nothing-known",
    "https://qyapi.weixin.qq.com@127.0.0.1/",
    "mailto://a:b@127.0.0.1/?from=a@example.cn&to=x@example.cn",
    "mailtos://a:b@[::1]/?from=a@example.cn&to=x@example.cn",
    "mailtos://a:b@example.cn/?smtp=10.0.0.5&to=x@example.cn",
    "mailtos://a:b@example.cn/?smtp=169.254.169.254&to=x@example.cn",
    "mailtos://a:b@example.cn/?smtp=localhost&to=x@example.cn",
]


@APPRISE_LOADS
@pytest.mark.parametrize("url", INNER)
def test_no_way_of_writing_an_address_gets_around_the_list(yunhu, taken_case, url, monkeypatch):
    person = factories.staff("he", "何苗", "clerk", community=yunhu, push_url=url)
    monkeypatch.setattr(notifications.apprise.Apprise, "notify", lambda *a, **k: pytest.fail("a request left"))
    tell(person, taken_case)
    assert send(NOW) == (0, 1)
    assert row(person, Channel.PUSH).sent_at is None
    assert row(person, Channel.PUSH).last_error.startswith("ValueError"), "refused, not merely unanswered"


@APPRISE_LOADS
@pytest.mark.parametrize(
    "url",
    [
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0b7e8f1c-aaaa-bbbb-cccc-0123456789ab",
        "https://open.larksuite.com/open-apis/bot/v2/hook/0b7e8f1c-aaaa-bbbb-cccc-0123456789ab",
        "wecombot://0b7e8f1c-aaaa-bbbb-cccc-0123456789ab",
        "dingtalk://0123456789abcdef/",
        "feishu://0b7e8f1c-aaaa-bbbb-cccc-0123456789ab",
        "lark://0b7e8f1c-aaaa-bbbb-cccc-0123456789ab",
        "mailtos://a:b@8.8.8.8/?from=a@example.cn&to=x@example.cn",
    ],
)
def test_the_messengers_of_the_office_are_reached(yunhu, taken_case, url, monkeypatch):
    person = factories.staff("he", "何苗", "clerk", community=yunhu, push_url=url)
    taken = []
    monkeypatch.setattr(notifications.apprise.Apprise, "notify", lambda self, **words: taken.append(len(self)) or True)
    tell(person, taken_case)
    assert send(NOW) == (1, 0), row(person, Channel.PUSH).last_error
    assert taken == [1]


def test_no_telephone_number_leaves_in_a_message(yunhu, office, zhou, chen, guo):
    zhou.email = "zhou@example.cn"
    zhou.save()
    words = "请回电13800001234，或身份证11010119900307123X的业主"
    case = factories.case(yunhu, by=chen, summary=words, urgency="special_urgent", now=NOW)
    assert send(NOW + timedelta(minutes=1))[0] > 0
    message = mail.outbox[0]
    told = Notification.objects.filter(recipient=zhou, subject_id=case.pk, channel=Channel.INBOX)
    for text in (message.subject, message.body, *map(notifications.title_of, told)):
        assert "13800001234" not in text
        assert "11010119900307123X" not in text
    assert "138" in message.subject, "that there is a number can still be seen"
    assert message.body.rstrip().endswith(case.get_absolute_url())


def test_a_number_that_the_length_of_a_title_cuts_is_masked_too(yunhu, chen):
    case = factories.case(yunhu, by=chen, summary="漏" * 50 + "13800001234")
    assert "1380000123" not in telling.about(case)["summary"]


def test_what_was_written_before_is_masked_when_it_is_shown(taken_case, chen):
    data = {"number": "BX1", "summary": "回电13800001234", "path": "/cases/13800001234/"}
    notifications.notify([chen], "case_urged", about=taken_case, key="old", now=NOW, data=data)
    assert "13800001234" not in notifications.title_of(Notification.objects.get(key="old"))


def test_the_message_of_an_undoable_act_waits_ten_minutes(yunhu, handed_case, han):
    worker = factories.staff("sun", "孙强", "worker", community=yunhu, department="engineering", email="sun@example.cn")
    actions.assign(handed_case, worker=worker, by=han, now=NOW)
    assert send(NOW + timedelta(minutes=9)) == (0, 0)
    assert send(NOW + timedelta(minutes=10)) == (1, 0)


def test_the_message_of_an_undone_act_never_leaves(yunhu, handed_case, han):
    worker = factories.staff("sun", "孙强", "worker", community=yunhu, department="engineering", email="sun@example.cn")
    actions.assign(handed_case, worker=worker, by=han, now=NOW)
    event = Event.objects.about(handed_case).get(verb="assigned")
    actions.undo(event, by=han, now=NOW + timedelta(minutes=5))
    assert fresh(handed_case).assigned_to is None
    assert send(NOW + timedelta(hours=1)) == (0, 0)
    assert not Notification.objects.inbox_of(worker, NOW + timedelta(hours=1)).exists()
    assert not mail.outbox
