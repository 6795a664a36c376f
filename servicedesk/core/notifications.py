"""The outbox: a wish to tell somebody is written with the fact, sent later and stamped.

`KINDS` holds the words of every kind; each app adds its own when it is loaded. A sweep sends what is due, counts
failures, tries again later and later, and after a day leaves the row visible as dead.
"""

import ipaddress
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import apprise
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.mail import send_mail
from django.db import transaction
from django.utils import translation

from servicedesk.core.masking import mask_runs
from servicedesk.core.models import Notification
from servicedesk.core.models.notifications import Channel

logger = logging.getLogger(__name__)

UNDO_MINUTES = 10
CHUNK = 100
GIVE_UP_AFTER = timedelta(hours=24)
# A message that waited for its hour is tried for some hours, however long it has waited.
LEAST_TRIES = 8
KINDS = {}
SENT, FAILED, PASSED = "sent", "failed", "passed"
# The messengers whose servers their makers have fixed, and mail, whose server is looked at. Apprise knows a hundred
# more, and many of them are a request to any address that somebody types.
MESSENGERS = {"wecombot", "dingtalk", "feishu", "lark"}
MAIL = {"mailto", "mailtos"}
# What opens something is kept no longer than its message needs it.
SECRETS = {"code"}
# What a message says of its case in figures is no person's data.
NOT_MASKED = {"number", "path", "phone", "link"}


@dataclass(frozen=True)
class Words:
    """The lazy title of one kind of notification; `%(name)s` places are filled from its data.

    `detail` is what an e-mail says below it to somebody who cannot open the case. `check(row, now)` is asked at the
    moment of sending, in its transaction: it returns the facts that the words are filled with, as they are by then, or
    Later or Never.
    """

    title: str
    detail: str = ""
    check: Callable | None = None


@dataclass(frozen=True)
class Later:
    """That a message is not sent before `until`."""

    until: datetime


@dataclass(frozen=True)
class Never:
    """That a message is not sent any more; `reason` is a short code that `last_error` keeps."""

    reason: str


def undoable_from(now):
    """Return the moment at which the message of an undoable act may leave."""
    return now + timedelta(minutes=UNDO_MINUTES)


def build(recipients, kind, *, about, key, now, not_before=None, data=None):
    """Return unsaved Notifications for each of `recipients` over each channel they have: inbox, e-mail, messenger."""
    if kind not in KINDS:
        raise KeyError(kind)
    subject_type = ContentType.objects.get_for_model(about)
    built = []
    for person in {person.pk: person for person in recipients}.values():
        channels = [Channel.INBOX]
        channels += [Channel.EMAIL] if person.email else []
        channels += [Channel.PUSH] if person.push_url else []
        for channel in channels:
            built.append(
                Notification(
                    community_id=about.community_id,
                    recipient_id=person.pk,
                    channel=channel,
                    kind=kind,
                    subject_type=subject_type,
                    subject_id=about.pk,
                    key=key,
                    data=data or {},
                    created_at=now,
                    not_before=not_before or now,
                )
            )
    return built


def notify(recipients, kind, *, about, key, now, not_before=None, data=None):
    """Write what `recipients` are to be told, in the transaction of the fact. Told once for each `key`; one INSERT."""
    built = build(recipients, kind, about=about, key=key, now=now, not_before=not_before, data=data)
    Notification.objects.bulk_create(built, ignore_conflicts=True)


def notify_outside(address, kind, *, about, key, now, data):
    """Write what somebody without an account is told by e-mail, in the transaction of the fact. Told once a `key`.

    About a resident it is about their entry, so that the address is erased with it."""
    row = Notification(
        community_id=about.community_id,
        address=address,
        channel=Channel.EMAIL,
        kind=kind,
        subject_type=ContentType.objects.get_for_model(about),
        subject_id=about.pk,
        key=key,
        data=data,
        created_at=now,
        not_before=now,
    )
    Notification.objects.bulk_create([row], ignore_conflicts=True)


def digest(person, kind, *, about, key, count, now, path):
    """Tell `person` of `count` things in one message that leads to `path`; the same `key` again adds to its count.

    One or two statements."""
    rows = Notification.objects.filter(recipient=person, key=key)
    told = rows.select_for_update().first()
    if told is not None:
        rows.update(data={**told.data, "count": told.data["count"] + count})
        return
    data = {"count": count, "path": path}
    notify([person], kind, about=about, key=key, now=now, data=data)


def withdraw(subject_type, subject_id, *, now, reason, of=None, created_at=None):
    """Take back what has been told of one thing and not been sent: all of it, that of one person, of one moment.

    It disappears from the inbox, too. Returns how many messages. One UPDATE.
    """
    rows = Notification.objects.filter(subject_type=subject_type, subject_id=subject_id, sent_at=None, dead_at=None)
    rows = rows.filter(recipient=of) if of else rows
    rows = rows.filter(created_at=created_at) if created_at else rows
    return rows.update(dead_at=now, last_error=reason)


def title_of(notification):
    """Return the sentence of a notification in the active language, without telephone and identity numbers: it leaves
    the desk by mail and messenger, and stands on a screen that others see."""
    return KINDS[notification.kind].title % _masked(notification.data)


def _masked(data):
    return {
        key: mask_runs(value) if isinstance(value, str) and key not in NOT_MASKED else value
        for key, value in data.items()
    }


def send_notifications(*, now):
    """Send what is due over e-mail and messengers; return (sent, failed). Chunks of 100, SKIP LOCKED.

    Each row is sent in its own transaction, which holds only that row's lock; one bad row stops nothing.
    """
    sent = failed = 0
    due = list(Notification.objects.to_send(now).order_by("not_before").values_list("pk", flat=True)[:CHUNK])
    for pk in due:
        result = _send_one(pk, now)
        sent += result == SENT
        failed += result == FAILED
    return sent, failed


@transaction.atomic
def _send_one(pk, now):
    row = (
        Notification.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("recipient", "community")
        .to_send(now)
        .filter(pk=pk)
        .first()
    )
    if row is None:
        return PASSED
    try:
        if not _may_leave(row, now):
            return PASSED
        _deliver(row)
    except Exception as error:  # whatever a mail server or messenger answers, the next row must still go
        row.attempts += 1
        row.last_error = f"{type(error).__name__}: {error}"[:300]
        row.not_before = now + timedelta(minutes=min(2**row.attempts, 60))
        if now - row.created_at > GIVE_UP_AFTER and row.attempts >= LEAST_TRIES:
            row.dead_at = now
            _forget(row)
        row.save(update_fields=["attempts", "last_error", "not_before", "dead_at", "data"])
        logger.warning("notification %s not sent: %s", pk, row.last_error)
        return FAILED
    row.sent_at = now
    _forget(row)
    row.save(update_fields=["sent_at", "data"])
    return SENT


def _forget(row):
    """Keep no secret longer than the message needs it: what opens something is nobody's to read afterwards."""
    row.data |= {name: "" for name in SECRETS if name in row.data}


def _may_leave(row, now):
    """Ask whether what `row` tells is still to be told, and fill in what its words say by now."""
    check = KINDS[row.kind].check
    answer = check(row, now) if check else {}
    if isinstance(answer, Later):
        row.not_before = answer.until
        row.save(update_fields=["not_before"])
    elif isinstance(answer, Never):
        row.dead_at, row.last_error = now, answer.reason
        row.save(update_fields=["dead_at", "last_error"])
    else:
        row.data |= answer
        return True
    return False


def _deliver(row):
    if row.recipient is None:
        with translation.override(settings.LANGUAGE_CODE):
            subject, detail = f"[{row.community.name}] {title_of(row)}", KINDS[row.kind].detail % _masked(row.data)
            send_mail(subject, f"{detail}\n", None, [row.address])
        return
    with translation.override(row.recipient.language):
        title = title_of(row)
        link = f"{settings.SITE_URL}{row.data.get('path', '/')}"
        if row.channel == Channel.EMAIL:
            send_mail(f"[{row.community.name}] {title}", f"{title}\n\n{link}\n", None, [row.recipient.email])
        else:
            _push(row.recipient.push_url, title, link)


def _push(url, title, link):
    scheme, host = urlsplit(url).scheme, (urlsplit(url).hostname or "").lower()
    if scheme not in {"https", *MESSENGERS, *MAIL}:
        raise ValueError(f"{scheme or 'this'} is no kind of address that notices may go to")
    if scheme == "https" and host not in settings.NOTICE_HOSTS:
        raise ValueError(f"{host} is not among the hosts that notices may go to")
    # One address, one service: what apprise takes for a list of addresses is not understood here.
    service = apprise.Apprise.instantiate(url)
    if service is None:
        raise ValueError("the notice address is not understood")
    kinds = {kind for part in (service.protocol, service.secure_protocol) for kind in _as_tuple(part)}
    if not kinds & (MESSENGERS | MAIL):
        raise ValueError("this is no service that notices may go to")
    if kinds & MAIL:
        _refuse_inner(service.smtp_host or service.host)
    messenger = apprise.Apprise()
    messenger.add(service)
    if not messenger.notify(title=title, body=link):
        raise ConnectionError("the messenger did not take the notice")


def _as_tuple(part):
    return part if isinstance(part, tuple | list) else (part,)


def _refuse_inner(host):
    """Raise ValueError where `host` is this machine or one of its own network. One look-up of the name."""
    for *_rest, address in socket.getaddrinfo(host.strip("[]"), None):
        if not ipaddress.ip_address(address[0].partition("%")[0]).is_global:
            raise ValueError(f"{host} is not outside, so no notice goes there")


def mark_read(user, *, now, ids=None):
    """Mark what `user` has been told in the app as read; return how many rows."""
    rows = Notification.objects.inbox_of(user, now).unread()
    return rows.order_by().filter(pk__in=ids).update(read_at=now) if ids else rows.order_by().update(read_at=now)
