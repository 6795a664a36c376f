"""What a resident may find and read of a case without an account: by its link, or by its number and code.

Nothing here shows a whole name, room or telephone number; staff appear by surname and role (ruling 13).
"""

import datetime
import re
import unicodedata
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from complaints import aftercare
from complaints.actions.replying import URGE_HOURS
from complaints.models import CallerTold, Case, Kind, Quote, Rating, Status
from complaints.models.cases import PUBLIC_STAGE, PUBLIC_STAGES, REPLY_OWED
from complaints.reports import Entry, sentence
from complaints.words import PUBLIC_NOTES, PUBLIC_VERBS, RESIDENTS_VERBS
from servicedesk.core import masking, tokens
from servicedesk.core.models import Community, Event, Membership, Photo, Role

LINK_DAYS = 90
# What the tag of each of the residents' five words looks like.
STAGE_KEYS = ["new", "new", "work", "visit", "closed"]
PEOPLE = ("community", "unit", "first_responsible", "assigned_to")
# What is said on the page of the case that others were joined to and is not meant for them: the words, photos and
# wishes of its own caller, and that this one has been told.
NOT_FOR_JOINED = {*RESIDENTS_VERBS, "replied", "merged"} - {"reopened"}
_ADDRESSED = "女士|先生|小姐|太太|阿姨|叔叔|大爷|大妈|大姐|大哥|奶奶|爷爷|老师|师傅|家"
_ROOM_END = re.compile(r"\d{2}(?=\D*$)")
_BARE_NUMBER = re.compile(r"([A-Z]{2}\d{6})-?(\d{4,})")


@dataclass(frozen=True)
class Stage:
    """One of the five steps that residents see, with the time at which it was reached."""

    label: str
    state: str
    at: datetime.datetime | None


def by_link(token, now):
    """Return the case that a link leads to, None where it leads nowhere or has ended. One query in every case."""
    return _alive(now).filter(token_digest=tokens.digest(token)).first()


def by_code(number, code, now):
    """Return the case with this number and ten-character code as typed, or None. Two queries in every case.

    The number may be the whole one or the one spoken inside the community; capitals, blanks, full-width characters
    and letters that look like digits make no difference.
    """
    spoken = plain_number(number)
    numbers = [spoken, *(f"{community}-{spoken}" for community in Community.objects.values_list("code", flat=True))]
    secret = tokens.plain_code(unicodedata.normalize("NFKC", code))
    return _alive(now).filter(number__in=numbers, code_digest=tokens.digest(secret)).first()


def by_session(number, code_digest, now):
    """Return the case that somebody has opened by its code, as long as that code is the one in force. One query."""
    return _alive(now).filter(number=number, code_digest=code_digest or "-").first()


def plain_number(typed):
    """Return a typed number as it is kept: capitals, ASCII, no blanks, one kind of dash."""
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", typed)).upper()
    text = re.sub(r"[‐-―_.]", "-", text)
    return _BARE_NUMBER.sub(r"\1-\2", text) if _BARE_NUMBER.fullmatch(text) else text


def spoken_number(typed):
    """Return a typed number without the community's code, under which tries for it are counted."""
    plain = plain_number(typed)
    return plain.partition("-")[2] if plain.count("-") > 1 else plain


def again(case):
    """Return `case` as the database has it now. One query."""
    return Case.objects.select_related(*PEOPLE).get(pk=case.pk)


def _alive(now):
    """The link ends 90 days after archiving (5-reliability, Following a case)."""
    since = now - datetime.timedelta(days=LINK_DAYS)
    open_or_recent = Q(archived_at=None) | Q(archived_at__gt=since)
    # What was joined to another ends with it.
    goes_on = Q(merged_into=None) | Q(merged_into__archived_at=None) | Q(merged_into__archived_at__gt=since)
    return Case.objects.filter(open_or_recent, goes_on, sealed_at=None).select_related(*PEOPLE)


def lead_of(case):
    """Return the case in which the matter goes on: the one that `case` was joined to, else itself. At most one
    query."""
    if case.status != Status.MERGED:
        return case
    return Case.objects.select_related(*PEOPLE).get(pk=case.merged_into_id)


def standing(case, lead):
    """Return the case whose status and clock the caller of `case` reads: its own, or those of its `lead` as far as
    they hold for them. They wait for the result until they have been told it themselves. At most one query.
    """
    if lead.pk == case.pk:
        return case
    if lead.status not in (*REPLY_OWED, Status.REPLIED, Status.ARCHIVED):
        return lead
    if not CallerTold.objects.filter(case=case, cycle=lead.cycle).exists():
        return lead.as_if(status=Status.RESOLVED)
    return lead if lead.status == Status.ARCHIVED else lead.as_if(status=Status.REPLIED)


def rating_of(case):
    """Return the Rating of the running cycle of `case`, or None. One query, none before an answer."""
    if case.status not in (Status.REPLIED, Status.ARCHIVED):
        return None
    return Rating.objects.filter(case=case, cycle=case.cycle).first()


def stars(rating):
    """Return what a form begins with: the stars of `rating`, nothing without one. The words stand, masked, in the
    history."""
    return {name: getattr(rating, name) for name in ("overall", "speed", "manner")} if rating else {}


def follows_on(case, now):
    """Return whether what is still wrong is a new request now that follows this one: it was closed too long ago."""
    return case.status == Status.ARCHIVED and not aftercare.reopens(case, now)


def urges_from(case, now):
    """Return the time from which the resident may ask to hurry again, None where they may now."""
    again = case.urged_at + datetime.timedelta(hours=URGE_HOURS) if case.urged_at else None
    return again if again and again > now else None


def where(case):
    """Return the place as a public page may show it.

    Always from what was typed, where something was: a room taken from the register would tell that it is known there.
    """
    if case.place:
        if _ROOM_END.search(case.place):
            return masking.mask_runs(_ROOM_END.sub("**", case.place))
        return masking.mask_room(case.place) if any(c.isdigit() for c in case.place) else case.place
    return case.unit.masked if case.unit else ""


def plain(case, text, *names):
    """Return free text as a public page may show it: the people we know of by surname, long numbers hidden."""
    if case.reporter_phone:
        text = text.replace(case.reporter_phone, masking.mask_phone(case.reporter_phone))
    if len(case.reporter_name) > 1:
        text = text.replace(case.reporter_name, masking.mask_name(case.reporter_name))
    staff = [person.name for person in (case.first_responsible, case.assigned_to) if person]
    for name in {*staff, *names}:
        if len(name) > 1:
            text = text.replace(name, masking.mask_name(name))
    return masking.mask_runs(text)


def stage_of(case):
    """Return (key of the tag, word) of how far `case` is, in the residents' five words; None where it was voided."""
    stage = case.public_stage
    return None if stage is None else (STAGE_KEYS[stage], PUBLIC_STAGES[stage])


def history(case, lead=None):
    """Return the public Events of `case`, oldest first; where it was joined to its `lead`, also what has happened there
    since, without the other caller's name, words and photos. One query, and one for the lead."""
    own = list(Event.objects.about(case).public().select_related("by").reverse())
    if lead is None or lead.pk == case.pk:
        return own
    joined_at = max((event.at for event in own if event.verb == "merged"), default=case.received_at)
    theirs = Event.objects.about(lead).public().exclude(verb__in=NOT_FOR_JOINED).filter(at__gte=joined_at)
    theirs = [event for event in theirs.select_related("by") if event.verb != "told" or not names(lead, event.note)]
    return sorted(own + theirs, key=lambda event: (event.at, event.pk))


def names(case, text):
    """Return whether `text` may tell who the caller of `case` is, or where they live. No query."""
    name, unit = case.reporter_name, case.unit
    clues = [name, case.reporter_phone, case.place, unit.label if unit else "", unit.number if unit else ""]
    if any(len(clue) > 1 and clue in text for clue in clues):
        return True
    return bool(name) and re.search(rf"{re.escape(name[0])}.?({_ADDRESSED})", text) is not None


def stages(case, events, shown=None):
    """Return the five Stages of `case` as it is `shown`; none where it was voided. A reopened case starts anew. No
    query."""
    now_at = (shown or case).public_stage
    if now_at is None:
        return []
    reached = {0: case.received_at}
    for event in events:
        if event.verb == "merged":
            continue
        if event.verb == "reopened":
            reached = {0: case.received_at}
        stage = PUBLIC_STAGE.get(event.data.get("to"))
        if event.verb == "received" and event.by_id:
            stage = 1
        if event.verb == "replied":
            stage = 3
        if stage is not None:
            reached.setdefault(stage, event.at)
    return [
        Stage(
            label,
            "done" if n < now_at else "current" if n == now_at else "todo",
            reached.get(n) if n <= now_at else None,
        )
        for n, label in enumerate(PUBLIC_STAGES)
    ]


def entries(case, events):
    """Return what the resident reads of the history, newest first. At most one query, for the roles of the staff."""
    roles = _roles(case, {event.by_id for event in events if event.by_id})
    return [_entry(case, event, roles) for event in reversed(events) if event.verb in PUBLIC_VERBS]


def _entry(case, event, roles):
    note = event.note if event.verb in PUBLIC_NOTES else ""
    return Entry(
        at=event.at,
        who=_who(case, event, roles),
        kind="outer" if note else "inner",
        title=sentence(event, case.community.tz, words=PUBLIC_VERBS),
        text=plain(case, note, event.by_name),
        event=event,
    )


def _who(case, event, roles):
    if event.by_id is None:
        # That it has come is said by those with whom it has; what another caller did is not theirs.
        is_theirs = event.verb in RESIDENTS_VERBS and event.verb != "received"
        if event.verb == "reopened":
            is_theirs = event.data.get("caller") == (case.short_number if case.status == Status.MERGED else "")
        return _("You") if is_theirs else _("Service centre")
    surname = event.by.surname or event.by.name[:1]
    if event.by_id not in roles:
        return surname
    return _("%(surname)s (%(role)s)") % {"surname": surname, "role": roles[event.by_id]}


def _roles(case, user_ids):
    """Return the role under which each member of staff appears to residents, the first of the list that they hold."""
    if not user_ids:
        return {}
    held = Membership.objects.filter(community=case.community_id, user__in=user_ids).values_list("user_id", "role")
    order = list(Role)
    first = {}
    for user_id, role in sorted(held, key=lambda row: order.index(row[1])):
        first.setdefault(user_id, Role(role).label)
    return first


def open_quote(case):
    """Return the price that waits for the resident's answer, or None. One query, none for what is no repair at work."""
    if case.kind != Kind.REPAIR or not case.is_clocked:
        return None
    return Quote.objects.filter(case=case, answer="").first()


def pictures(case):
    """Return the Photos that the resident may see. One query."""
    return list(Photo.objects.about(case).filter(is_public=True))


def next_update(case, now):
    """Return the sentence that promises when the resident hears more, true for the case as it stands. No query."""

    def by(moment):
        return {"time": f"{case.community.local(moment):%m-%d %H:%M}"}

    if case.next_follow_up_at and case.next_follow_up_at > now and not case.is_ended:
        return _("Next update by %(time)s.") % by(case.next_follow_up_at)
    if case.promised_reply_at and case.promised_reply_at > now and case.replied_at is None and not case.is_ended:
        return _("We answer you by %(time)s.") % by(case.promised_reply_at)
    if case.status in REPLY_OWED and case.reply_due_at >= now:
        return _("We tell you the result by %(time)s.") % by(case.reply_due_at)
    if case.status in REPLY_OWED or (case.is_late(now) and case.is_clocked):
        return _("This takes longer than we promised, and we are sorry. Please call us if it cannot wait.")
    if case.status == Status.RECEIVED:
        return _(
            "Next update as soon as a colleague has taken it up, as a rule within %(minutes)s minutes of service."
        ) % {"minutes": case.community.take_minutes}
    if case.is_clocked and case.due_at:
        return _("Next update by %(time)s at the latest.") % by(case.due_at)
    if case.status == Status.REPLIED:
        return _("You have our answer. If the problem is not solved, say so below.")
    return _("This request is closed.")
