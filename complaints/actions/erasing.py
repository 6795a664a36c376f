"""Removing personal data: set-based, in the caller's transaction. Numbers, times, kinds and grades stay, so that
figures stay what they were, and the chain of events holds, because it knows words only by their digest."""

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Case as Choose
from django.db.models import CharField, F, Func, JSONField, Q, Value, When
from django.db.models.functions import Cast, Concat

from complaints.models import Call, Case, IncomingLetter, SurveyAnswer
from complaints.personal import HELD, OF_CASES, Class, has_words
from complaints.subjects import RUNNING, said_of_homes, visits_to
from residents.actions import close_vehicles, erase_identity_copies
from residents.models import (
    Contact,
    Defect,
    HandoverItem,
    HandoverTask,
    IdentityCopy,
    MoveBooking,
    Person,
    Plate,
    ReleaseSlip,
    VisitNeed,
)
from servicedesk.core import bulk, search
from servicedesk.core.masking import ERASED, mask_name, mask_phone
from servicedesk.core.models import Event, Notification, Photo

# A call has a number or a matter (a CHECK): the sentence stands for whichever it was.
STANDS_FOR_ALL = {"complaints.Call": {"what": Value(ERASED)}}
REPLACED = (Class.NAME, Class.PLACE, Class.WORDS)
# Of somebody who is masked no number of a paper stays, and nothing to find them by.
MASKED_AWAY = ("phone_reversed", "pinyin", "initials", "identity_cipher", "identity_hash")
EMPTIED = (Class.CONTACT, Class.INDEX, Class.IDENTITY)


def erase_cases(keys, *, now):
    """Erase the words, names, rooms and photos of cases, and of all that hangs on them. About 20 statements."""
    cases = Case.objects.filter(pk__in=keys)
    texts = {
        key: search.terms(number, source_id, letter_no)
        for key, number, source_id, letter_no in cases.values_list("pk", "number", "source_id", "letter_no")
    }
    cases.update(
        **_erased("complaints.Case", but=("imported_facts", "terms", "no_phone_reason")),
        no_phone_reason=ERASED,
        imported_facts={},
        reporter=None,
        unit=None,
        # The link of the case ends with it.
        token_digest="",
        code_digest="",
        version=F("version") + 1,
        sealed_at=None,
        erased_at=now,
    )
    bulk.write_arrays(Case, "terms", texts)
    for label in OF_CASES:
        _erase_words(label, Q(case__in=keys))
    letters = IncomingLetter.objects.filter(case__in=keys).values("pk")
    calls = Call.objects.filter(case__in=keys).values("pk")
    _words_of_events(_about(Case, keys) | _about(IncomingLetter, letters) | _about(Call, calls))
    erase_copies(keys)
    erase_photos(Photo.objects.kept().filter(_about(Case, keys)), now=now)


def erase_copies(keys):
    """Erase what repeats the words of cases elsewhere: messages to staff, and the note on a case that they joined."""
    letters = IncomingLetter.objects.filter(case__in=keys).values("pk")
    erase_messages(Notification.objects.filter(_about(Case, keys) | _about(IncomingLetter, letters)))
    numbers = [case.short_number for case in Case.objects.filter(pk__in=keys).only("number")]
    joined = Case.objects.filter(merged_cases__in=keys).values("pk")
    _words_of_events(_about(Case, joined) & Q(verb="merge_received", data__number__in=numbers))


def erase_messages(rows):
    """Erase the matter in messages to staff: whom it went to, when and why stay."""
    text = Value(ERASED, output_field=JSONField())
    data = Func(F("data"), Value("{summary}"), text, function="jsonb_set", template="%(function)s(%(expressions)s)")
    rows.filter(data__has_key="summary").update(data=data)


def erase_photos(rows, *, now):
    """Remove the files of photos once that is certain; return how many."""
    names = list(rows.values_list("name", flat=True))
    Photo.objects.filter(name__in=names).update(erased_at=now)
    transaction.on_commit(lambda: [default_storage.delete(name) for name in names])
    return len(names)


def erase_letters(keys):
    """Erase from whom letters came and what they said; their numbers stay in the register."""
    _erase_words("complaints.IncomingLetter", Q(pk__in=keys))
    _words_of_events(_about(IncomingLetter, keys))


def erase_calls(keys):
    """Erase who called and what was said; when it was and who answered stay in the log."""
    _erase_words("complaints.Call", Q(pk__in=keys))
    _words_of_events(_about(Call, keys))


def erase_answers(keys):
    """Erase own words in answers to surveys; grades and choices stay."""
    rows = [row for row in SurveyAnswer.objects.filter(pk__in=keys) if any(isinstance(one, str) for one in row.answers)]
    for row in rows:
        row.answers = [None if isinstance(one, str) else one for one in row.answers]
    SurveyAnswer.objects.bulk_update(rows, ["answers"])


def erase_moves(keys):
    """Erase who moved, with whom and which way; when it was and with which lift stay."""
    _erase_words("residents.MoveBooking", Q(pk__in=keys))
    MoveBooking.objects.filter(pk__in=keys).update(applicant=None)
    _words_of_events(_about(MoveBooking, keys))


def erase_slips(keys):
    """Erase who let goods out and what they were; the numbers and what the gate said stay."""
    _erase_words("residents.ReleaseSlip", Q(pk__in=keys))
    _erase_words("residents.ReleaseItem", Q(slip__in=keys))
    ReleaseSlip.objects.filter(pk__in=keys).update(applicant=None)
    _words_of_events(_about(ReleaseSlip, keys))


def erase_people(keys, *, now):
    """Erase who somebody of the register was, with what hangs on their entry and on those that were merged into it;
    the homes and their times stay, and so does what still runs."""
    people = _with_merged(keys)
    _erase_hanging(people, now=now)
    people.update(
        **_erased("residents.Person", but=("title",)), title="", sealed_at=None, erased_at=now, **Person.SILENT
    )


def _with_merged(keys):
    """Return the people of these keys with the entries that were merged into theirs. One query, read at once."""
    rows = Person.objects.filter(Q(pk__in=keys) | Q(merged_into__in=keys))
    return Person.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))


def _erase_hanging(people, *, now):
    """Erase what tells of people outside their entry: in each table that leads to one, and in their history."""
    keys = [person.pk for person in people]
    erase_moves(_ended("residents.MoveBooking", keys))
    erase_slips(_ended("residents.ReleaseSlip", keys))
    erase_visits(list(visits_to(keys).values_list("pk", flat=True)), now=now)
    erase_rows("residents.Plate", Plate.objects.filter(occupancy__person__in=keys).values("pk"), now=now)
    erase_handovers(_ended("residents.Handover", keys), now=now)
    erase_rows("residents.KeyLoan", _ended("residents.KeyLoan", keys), now=now)
    for label in ("residents.KeyMove", "residents.Credential"):
        rows = apps.get_model(label)._default_manager.filter(person__in=keys)
        erase_rows(label, rows.order_by().values("pk"), now=now)
    _erase_belongings(people, now=now)
    forget_addresses(keys, now=now)
    _words_of_events(_about(Person, keys) | said_of_homes(keys))


def forget_addresses(keys, *, now):
    """Erase to which address people were told something by e-mail, and tell them nothing any more; that they were
    told, and when, stays. Two UPDATEs."""
    rows = Notification.objects.filter(_about(Person, keys), recipient=None)
    rows.filter(sent_at=None, dead_at=None).update(dead_at=now, last_error="erased")
    # Each its own, because an address is told once of one thing.
    rows.update(address=Concat(Value("erased-"), Cast("pk", CharField()), Value("@example.invalid")))


def _ended(label, keys):
    """Return the keys of the rows of people that no longer run."""
    path, runs = RUNNING[label]
    rows = apps.get_model(label)._default_manager.filter(**{f"{path}__in": keys}).exclude(runs)
    return list(rows.values_list("pk", flat=True))


def erase_rows(label, keys, *, now):
    """Erase the words of rows of one model, what was said when they changed, and their photos; what they count and
    when stays."""
    about = _about(apps.get_model(label), keys)
    _erase_words(label, Q(pk__in=keys))
    _words_of_events(about)
    erase_photos(Photo.objects.kept().filter(about), now=now)


def erase_visits(keys, *, now):
    """Erase who was met on home visits, what was said and what was asked for."""
    erase_rows("residents.HomeVisit", keys, now=now)
    erase_rows("residents.VisitNeed", VisitNeed.objects.filter(visit__in=keys).order_by().values("pk"), now=now)


def erase_contacts(keys):
    """Erase who was told of somebody and why they no longer are, and end that; `keys` is a list."""
    told_of = Contact.objects.filter(pk__in=keys).order_by().values("occupant")
    people = Person.objects.filter(Q(pk__in=told_of) | Q(merged_into__in=told_of)).order_by().values("pk")
    Contact.objects.filter(pk__in=keys, is_active=True).update(is_active=False)
    _erase_words("residents.Contact", Q(pk__in=keys))
    _words_of_events(_about(Person, people) & Q(data__contact__in=keys))


def _erase_belongings(people, *, now):
    """Erase the contacts, vehicles and identity papers of people, and what is known of them as somebody's contact."""
    keys = [person.pk for person in people]
    theirs = Q(occupant__in=keys) | Q(person__in=keys)
    for person in people:
        theirs |= Q(phone=person.phone, community=person.community_id) if person.phone else Q(pk__in=[])
    erase_contacts(list(Contact.objects.filter(theirs).values_list("pk", flat=True)))
    close_vehicles(keys, now=now)
    _erase_words("residents.Vehicle", Q(person__in=keys))
    erase_identity_copies(IdentityCopy.objects.kept().filter(person__in=keys), now=now)


def erase_handovers(keys, *, now):
    """Erase who signed and what was written when somebody moved; that it was done, and when, stays a fact of the
    home."""
    erase_rows("residents.Handover", keys, now=now)
    for model in (HandoverTask, HandoverItem, Defect):
        found = model.objects.filter(handover__in=keys).order_by().values("pk")
        erase_rows(model._meta.label, found, now=now)


def mask_people(keys, *, now):
    """Leave the first character of a name and the ends of a number; what hangs on the entry goes."""
    people = _with_merged(keys)
    _erase_hanging(people, now=now)
    for person in people:
        name, phone = mask_name(person.name), mask_phone(person.phone) if person.phone else ""
        facts = dict.fromkeys((*MASKED_AWAY, "email", "title", "note"), "") | Person.SILENT
        Person.objects.filter(pk=person.pk).update(name=name, phone=phone, masked_at=now, **facts)


def mask_contacts(keys, *, now):
    """Leave the first character of the name and the ends of the number on cases, and nothing to find them by."""
    texts = {}
    for case in Case.objects.filter(pk__in=keys).select_related("unit", "building"):
        name, phone = mask_name(case.reporter_name), mask_phone(case.reporter_phone) if case.reporter_phone else ""
        facts = {"reporter_name": name, "reporter_phone": phone, "masked_at": now}
        Case.objects.filter(pk=case.pk).update(version=F("version") + 1, **facts)
        own = {*search.terms(case.reporter_name, case.reporter_phone, case.reporter_phone[-4:])}
        words = search.terms(case.summary, case.description, case.wish, case.place, case.number)
        texts[case.pk] = [term for term in case.terms if term not in own or term in words]
    bulk.write_arrays(Case, "terms", texts)


def _about(model, keys):
    return Q(subject_type=ContentType.objects.get_for_model(model), subject_id__in=keys)


def _words_of_events(rows):
    """The chain holds the digest of the words and keeps it: see `servicedesk.core.events`."""
    Event.objects.filter(rows).exclude(note="").update(note="", salt="")


def _erase_words(label, rows):
    """Erase the words of rows that have any: the database refuses a change that changes nothing."""
    apps.get_model(label)._default_manager.filter(rows, has_words(label)).update(**_erased(label))


def _erased(label, but=()):
    """Return what each column of a resident's data is written with: the sentence where words stood, nothing where
    there were none or where a number stood."""
    kinds = {name: kind for name, kind in HELD[label].items() if name not in but}
    emptied = {name: "" for name, kind in kinds.items() if kind in EMPTIED}
    replaced = {
        name: Choose(When(**{name: ""}, then=Value("")), default=Value(ERASED))
        for name, kind in kinds.items()
        if kind in REPLACED
    }
    return emptied | replaced | STANDS_FOR_ALL.get(label, {})
