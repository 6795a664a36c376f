"""Identity numbers and the copies of the papers they stand on (ruling 13; PIPL 19, 28, 51)."""

from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from residents import identity
from residents.models import IdentityCopy, Person
from servicedesk.core import events, photos
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.models import Community, Photo
from servicedesk.core.moves import write

CHUNK = 1000


@transaction.atomic
def record_identity(person, *, kind, number, by, now):
    """Keep the identity number of `person`, encrypted; `number` is clean already (`identity.clean_number`).

    Raises Refused where another entry of the community has the same number, and where the installation has no key.
    """
    facts = identity.columns(person.community, kind, number)
    others = Person.objects.filter(
        community=person.community_id, identity_hash__in=identity.hashes(person.community, number), merged_into=None
    )
    if others.exclude(pk=person.pk).exists():
        raise Refused(_("This number stands on another entry. Look there: it may be the same person twice."))
    try:
        with transaction.atomic():
            write(person, **facts)
    except IntegrityError:
        raise Refused(_("This number stands on another entry. Look there: it may be the same person twice.")) from None
    events.log(person, "identity_recorded", by=by, now=now, data={"kind": str(kind)})


@transaction.atomic
def unmask_identity(person, *, by, now, reason):
    """Return the whole identity number of `person`; who looked, when and why is logged (ruling 13). Raises Unreadable
    where its key is missing."""
    number = identity.number_of(person)
    events.log(person, "identity_unmasked", by=by, now=now, note=reason)
    return number


@transaction.atomic
def look_at_copies(person, *, by, now, reason):
    """Record that `by` takes the copies of a person's papers on screen; the pictures are served to them for a while."""
    events.log(person, "identity_copy_seen", by=by, now=now, note=reason)


@transaction.atomic
def keep_identity_copy(person, *, pictures, delete_on, by, now):
    """Keep pictures of a paper until `delete_on` and return the IdentityCopy. `pictures` are pairs of a Picture and the
    name under which it is stored."""
    today = person.community.local(now).date()
    if delete_on <= today:
        raise Refused(_("Choose a day after today on which the copy is removed."))
    copy = IdentityCopy(community_id=person.community_id, person=person, delete_on=delete_on, added_on=today)
    copy.added_by = by
    copy.save(force_insert=True)
    for picture, name in pictures:
        photos.attach(picture, name, to=copy, by=by, now=now)
    events.log(person, "identity_copied", by=by, now=now, data={"copy": copy.pk, "until": delete_on.isoformat()})
    return copy


@transaction.atomic
def remove_identity_copy(copy, *, reason, by, now):
    """Remove the pictures of a copy before their day. Raises Refused where they are gone already."""
    if not erase_identity_copies(IdentityCopy.objects.kept().filter(pk=copy.pk), now=now):
        raise Refused(_("This copy has been removed already."))
    events.log(copy.person, "identity_copy_removed", by=by, now=now, note=reason, data={"copy": copy.pk})


def forget_identity_copies(*, now):
    """Remove the pictures of identity papers whose day has come, by each community's own calendar; return how many
    copies. Up to 1,000 a transaction, each with one event of the community that counts them."""
    total = 0
    for community in Community.objects.order_by("pk"):
        while count := _forget(community, now):
            total += count
    return total


@transaction.atomic
def _forget(community, now):
    due = IdentityCopy.objects.filter(community=community).due(community.local(now).date())
    keys = list(due.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if keys:
        erase_identity_copies(IdentityCopy.objects.filter(pk__in=keys), now=now)
        events.log(community, "identity_copies_forgotten", by=None, now=now, data={"count": len(keys)})
    return len(keys)


def erase_identity_copies(rows, *, now):
    """Remove the files of copies once that is certain, in the caller's transaction; return how many copies."""
    keys = list(rows.values_list("pk", flat=True))
    pictures = Photo.objects.kept().filter(subject_type__app_label="residents", subject_type__model="identitycopy")
    pictures = pictures.filter(subject_id__in=keys)
    names = list(pictures.values_list("name", flat=True))
    Photo.objects.filter(name__in=names).update(erased_at=now)
    IdentityCopy.objects.filter(pk__in=keys).update(erased_at=now)
    transaction.on_commit(lambda: [default_storage.delete(name) for name in names])
    return len(keys)


def renew_identities():
    """Encrypt every identity number anew with the newest key; return how many.

    Each row is a statement of its own, so it may be stopped and begun again; what somebody changes meanwhile is read
    again.
    """
    people = Person.objects.exclude(identity_cipher="").select_related("community").order_by("pk")
    return sum(_renew(person) for person in people.iterator(CHUNK))


def _renew(person):
    while True:
        facts = identity.columns(person.community, person.identity_kind, identity.number_of(person))
        try:
            write(person, **facts)
        except Stale:
            person.refresh_from_db()
            if not person.identity_cipher:
                return 0
        else:
            return 1
