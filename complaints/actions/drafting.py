"""The residents' web form: its answers are kept for a day, and become one case however often they are sent."""

from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.actions.receiving import receive_case
from complaints.models import Case, Channel, Draft
from residents.models import Unit
from residents.rooms import key_of
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.photos import Picture

DRAFT_HOURS = 24
MOST_PHOTOS = 4
# What staff read on a case that may not come from a resident. It is kept all the same: a leak must get through (T17).
DOUBTS = {
    "many": gettext_lazy(
        "Many requests came from the same connection or telephone in a short time. Call back before anybody is sent."
    ),
    "trap": gettext_lazy(
        "A box that people cannot see was filled in, so a machine may have sent this. Call back before anybody is sent."
    ),
}


@transaction.atomic
def start_draft(community, *, key, now):
    """Return the draft with this key, made with the first answer; the same key again returns the same draft."""
    return Draft.objects.get_or_create(key=key, defaults={"community": community, "updated_at": now})[0]


@transaction.atomic
def keep_answers(draft, answers, *, now):
    """Keep what was typed on one page of the form beside what the others hold. Raises Refused for a sent form."""
    _write(draft, now, answers=_locked(draft).answers | answers)


def keep_photo(draft, picture, name, *, now):
    """Keep a stored Picture with the draft. Raises Refused, and removes the file, where there are four already."""
    try:
        with transaction.atomic():
            kept = _locked(draft).photos
            if len(kept) >= MOST_PHOTOS:
                raise Refused(_("There are four photos already. Remove one first."))
            _write(draft, now, photos=[*kept, {"name": name, "width": picture.width, "height": picture.height}])
    except Refused:
        default_storage.delete(name)
        raise


@transaction.atomic
def drop_photo(draft, name, *, now):
    """Take a photo out of the draft; its file goes once that is certain. One that is gone already is no error."""
    kept = _locked(draft).photos
    left = [photo for photo in kept if photo["name"] != name]
    if left != kept:
        _write(draft, now, photos=left)
        transaction.on_commit(lambda: default_storage.delete(name))


@transaction.atomic
def submit_draft(
    draft, *, now, category, summary, phone, description="", place="", name="", room="", visit="", incident=None
):
    """Make the case of a finished form and return (case, link token, whether it is new).

    The draft's key is the submission: sent twice, or ten times at once, it is one case, and all get its page. The
    draft ends in the same transaction. A room is matched against the register without a word to the sender (T3).
    """
    row = Draft.objects.select_for_update().filter(pk=draft.pk).first()
    case, token = receive_case(
        draft.community,
        by=None,
        now=now,
        channel=Channel.WEB,
        kind=category.kind,
        category=category,
        summary=summary,
        description=description,
        wish=_wish(visit, draft.community.local(now)),
        reporter_name=name,
        reporter_phone=phone,
        unit=_unit_of(draft.community, room),
        place=room or place,
        incident=incident,
        follows=_followed(draft.community, row),
        submission=draft.pk,
        pictures=_pictures(row.photos if row else ()),
    )
    is_new = row is not None and case.recorded_at == now
    if row is not None:
        row.delete()
    return case, token, is_new


@transaction.atomic
def doubt(case, reason, *, now):
    """Mark a case that a machine may have sent, for whoever takes it up; `reason` is a key of DOUBTS."""
    with translation.override(settings.LANGUAGE_CODE):
        note = str(DOUBTS[reason])
    events.log(case, "noted", by=None, now=now, note=note, data={"doubt": reason, "version": case.version})


@transaction.atomic
def forget_drafts(*, now):
    """Delete the answers and photos of web forms that nobody finished within 24 hours; return how many forms."""
    old = Draft.objects.select_for_update(skip_locked=True).filter(updated_at__lt=now - timedelta(hours=DRAFT_HOURS))
    photos = dict(old.values_list("pk", "photos"))
    names = [photo["name"] for kept in photos.values() for photo in kept]
    transaction.on_commit(lambda: [default_storage.delete(name) for name in names])
    return Draft.objects.filter(pk__in=photos).delete()[0]


def _followed(community, row):
    """Return the case that a form begun on its tracking page follows, None for every other. At most one query."""
    key = row.answers.get("follows") if row else None
    return Case.objects.filter(community=community, pk=key).first() if key else None


def _locked(draft):
    row = Draft.objects.select_for_update().filter(pk=draft.pk).first()
    if row is None:
        raise Refused(_("This form has been sent already. Nothing was lost."))
    return row


def _write(draft, now, **facts):
    Draft.objects.filter(pk=draft.pk).update(updated_at=now, **facts)
    for fact, value in facts.items():
        setattr(draft, fact, value)


def _unit_of(community, room):
    """Return the one unit that answers to a typed room, None where none or several do. At most one query."""
    key = key_of(room)
    found = Unit.objects.filter(community=community).by_room(key).select_related("building")[:2] if key else []
    return found[0] if len(found) == 1 else None


def _wish(visit, local):
    """Return what staff read about the time of the visit, in their language, with the day that was meant."""
    with translation.override(settings.LANGUAGE_CODE):
        if visit == "today":
            return _("Visit wanted today, %(day)s.") % {"day": f"{local:%m-%d}"}
        if visit == "tomorrow":
            return _("Visit wanted tomorrow, %(day)s.") % {"day": f"{local + timedelta(days=1):%m-%d}"}
        return _("Agree on the time of the visit by telephone.") if visit == "agree" else ""


def _pictures(kept):
    """Return (Picture, stored name) of each photo whose file is still there; a lost file never stops a request."""
    found = []
    for photo in kept:
        try:
            with default_storage.open(photo["name"]) as file:
                found.append((Picture(file.read(), photo["width"], photo["height"]), photo["name"]))
        except FileNotFoundError:
            continue
    return found
