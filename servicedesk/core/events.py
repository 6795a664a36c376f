"""The verbs of history: add a fact, seal the facts of a community into a chain, verify the chain.

Events are inserted unsealed, so that writers never queue for the chain; the sweep seals what is committed, in order.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Max

from servicedesk.core import bulk
from servicedesk.core.models import Community, Event

CHUNK = 2000


def build(subject, verb, *, by, now, note="", data=None, public=False):
    """Return an unsaved Event about `subject`, the actor's name frozen beside the key; `by=None` is the clock."""
    salt = secrets.token_hex(8)
    return Event(
        community_id=subject.community_id,
        subject_type=ContentType.objects.get_for_model(subject),
        subject_id=subject.pk,
        verb=verb,
        by=by,
        by_name=str(by) if by else "",
        at=now,
        note=note,
        salt=salt,
        note_digest=digest(salt, note),
        data=data or {},
        is_public=public,
    )


def log(subject, verb, *, by, now, note="", data=None, public=False):
    """Save and return one Event about `subject`. Call it in the transaction of the fact; one INSERT."""
    event = build(subject, verb, by=by, now=now, note=note, data=data, public=public)
    event.save(force_insert=True)
    return event


def log_many(model, facts, verb, *, community, by, now):
    """Save one Event without words for each pair of key and data in `facts`, about rows of `model`; one COPY."""
    subject_type = ContentType.objects.get_for_model(model).pk
    shared = {
        "community_id": community.pk,
        "subject_type_id": subject_type,
        "verb": verb,
        "by_id": by.pk if by else None,
        "by_name": str(by) if by else "",
        "at": now,
    }
    rows = []
    for key, data in facts:
        salt = secrets.token_hex(8)
        rows.append(shared | {"subject_id": key, "salt": salt, "note_digest": digest(salt, ""), "data": data})
    return bulk.copy_values(Event, rows)


def digest(salt, note):
    """Return the digest that stands for a note in the chain, so that the words can be erased and the chain stay."""
    return hashlib.sha256(f"{salt}{note}".encode()).hexdigest()


def chain_hash(event):
    """Return the hash of one event over its facts and the hash before it."""
    facts = [
        event.previous_hash,
        event.seal,
        event.community_id,
        event.subject_type_id,
        event.subject_id,
        event.verb,
        event.by_id,
        event.by_name,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.note_digest,
        event.data,
        event.is_public,
    ]
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def seal_events():
    """Seal all committed events of every community; return how many. Chunks of 2,000, each its own transaction.

    Two sealers at once do no harm: the second finds the community's row locked and leaves it alone.
    """
    sealed = 0
    for community in Community.objects.order_by("pk"):
        while count := _seal_chunk(community):
            sealed += count
    return sealed


@transaction.atomic
def _seal_chunk(community):
    if not Community.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=community.pk).exists():
        return 0
    chunk = list(Event.objects.filter(community=community).unsealed().order_by("id")[:CHUNK])
    if not chunk:
        return 0
    last = Event.objects.filter(community=community).aggregate(last=Max("seal"))["last"] or 0
    previous = Event.objects.get(community=community, seal=last).hash if last else ""
    for number, event in enumerate(chunk, start=last + 1):
        event.seal, event.previous_hash = number, previous
        event.hash = previous = chain_hash(event)
    _write_seals(chunk)
    return len(chunk)


def _write_seals(chunk):
    # One statement over arrays: `bulk_update` spends four times as long on writing its CASE expressions.
    columns = ("pk", "seal", "previous_hash", "hash")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_event SET seal = sealed.seal, previous_hash = sealed.previous_hash, hash = sealed.hash"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS sealed (id, seal, previous_hash, hash)"
            " WHERE core_event.id = sealed.id",
            [[getattr(event, column) for event in chunk] for column in columns],
        )


@dataclass(frozen=True)
class Break:
    """The first place at which a community's history is not what it was when it was sealed."""

    community: Community
    seal: int
    event: Event | None
    reason: str


def first_break(community, *, after=0, previous=""):
    """Return the first Break in the chain of `community`, or None. Reads every sealed event once, streaming; only
    those behind the seal `after`, of which `previous` is the hash, where somebody has kept these two."""
    expected = after + 1
    for event in Event.objects.filter(community=community, seal__gt=after).order_by("seal").iterator(CHUNK):
        if event.seal != expected:
            return Break(community, expected, event, "missing")
        if event.previous_hash != previous or chain_hash(event) != event.hash:
            return Break(community, event.seal, event, "changed")
        if event.salt and digest(event.salt, event.note) != event.note_digest:
            return Break(community, event.seal, event, "words_changed")
        expected, previous = event.seal + 1, event.hash
    return None
