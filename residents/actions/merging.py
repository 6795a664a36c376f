"""Two entries of one person become one."""

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, Q
from django.utils.translation import gettext as _

from residents.models import (
    Contact,
    Credential,
    Handover,
    HomeVisit,
    IdentityCopy,
    KeyLoan,
    KeyMove,
    MoveBooking,
    Occupancy,
    Person,
    Plate,
    ReleaseSlip,
    Vehicle,
)
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.joining import Joined

# Of two capacities in one unit at one time the first of these stays.
STRONGEST = [Occupancy.Kind.OWNER, Occupancy.Kind.LESSEE, Occupancy.Kind.HOUSEHOLD, Occupancy.Kind.STAFF]


# What points to an entry and moves with it; an upper app adds its own when it is loaded. A test fails for what is
# neither here, nor below, nor in `complaints.actions.people`.
MOVED = Joined(
    [
        (Contact, "occupant"),
        (Contact, "person"),
        (Vehicle, "person"),
        (IdentityCopy, "person"),
        (Occupancy, "person"),
        (Occupancy, "company"),
        (Person, "merged_into"),
        (Credential, "person"),
        (Handover, "party"),
        (HomeVisit, "person"),
        (KeyLoan, "person"),
        (KeyMove, "person"),
        (MoveBooking, "applicant"),
        (ReleaseSlip, "applicant"),
    ]
)
# What points to a home and moves with it where two homes become one: how, says `_follow`. A test fails for what is not
# here.
MOVED_HOME = [(Occupancy, "united_into"), (Plate, "occupancy"), (Handover, "occupancy"), (Handover, "companions")]


@transaction.atomic
def merge_people(keep, drop, *, reason, by, now):
    """Make the entry `drop` part of `keep`: homes, contacts, vehicles and papers move to it, what is not known
    of `keep` is taken over, and `drop` is found no more.

    Times in one unit that overlap become one. The verb to call is `complaints.actions.merge_people`, which moves what
    belongs to upper apps in the same transaction. Raises Refused for two that are no duplicates: an entry that is
    sealed, erased or merged already, one of another community, a person and a company, two identity numbers.
    """
    locked = Person.objects.select_for_update(no_key=True).filter(pk__in=[keep.pk, drop.pk]).order_by("pk")
    rows = {person.pk: person for person in locked}
    keep, drop = rows[keep.pk], rows[drop.pk]
    _demand_one_person(keep, drop)
    _end_doubled_contacts(keep, drop)
    united = _unite_homes(keep, drop)
    taken = _taken_over(keep, drop)
    emptied = dict.fromkeys(("identity_cipher", "identity_hash"), "") if "identity_cipher" in taken else {}
    # First, because the ledger of keys follows only an entry that was merged.
    emptied |= Person.SILENT
    Person.objects.filter(pk=drop.pk).update(merged_into=keep, merged_at=now, version=F("version") + 1, **emptied)
    for model, column in MOVED:
        model.objects.filter(**{column: drop}).update(**{column: keep})
    if taken:
        Person.objects.filter(pk=keep.pk).update(version=F("version") + 1, **taken)
    data = {"kept": keep.pk, "dropped": drop.pk, "united": united}
    for person in (keep, drop):
        events.log(person, "people_merged", by=by, now=now, note=reason, data=data)


@transaction.atomic
def tell_apart(first, second, *, reason, by, now):
    """Record that two entries that look alike are two people, so that nobody asks again."""
    if first == second or first.community_id != second.community_id:
        raise Refused(_("Choose two entries of one community."))
    for one, other in ((first, second), (second, first)):
        events.log(one, "people_told_apart", by=by, now=now, note=reason, data={"other": other.pk})


def _demand_one_person(keep, drop):
    if keep == drop or keep.community_id != drop.community_id or keep.kind != drop.kind:
        raise Refused(_("These two cannot be the same: choose two people, or two companies, of one community."))
    for person in (keep, drop):
        if person.merged_into_id or person.sealed_at or person.erased_at or person.masked_at:
            raise Refused(_("One of the two entries is not in use any more. Look them up again."))
    if keep.identity_hash and drop.identity_hash:
        raise Refused(_("The two have different identity numbers, so they are two people. Correct the number first."))


def _end_doubled_contacts(keep, drop):
    """End what would stand there twice, the same contact in the same role, and who would be their own contact."""
    contacts = Contact.objects.active().filter(person__isnull=False)
    seen = set()
    for contact in contacts.filter(Q(occupant__in=[keep, drop]) | Q(person__in=[keep, drop])).order_by("pk"):
        occupant, person = (keep.pk if one == drop.pk else one for one in (contact.occupant_id, contact.person_id))
        key = (contact.unit_id, contact.role, occupant, person)
        if key in seen or occupant == person:
            Contact.objects.filter(pk=contact.pk).update(is_active=False)
        seen.add(key)


def _unite_homes(keep, drop):
    """Make the homes of both that overlap one; return how many counted before and do no more."""
    united = 0
    for home in Occupancy.objects.in_force().filter(person=drop).order_by("pk"):
        theirs = Occupancy.objects.in_force().filter(person=keep, unit=home.unit_id, period__overlap=home.period)
        same = list(theirs.order_by("pk"))
        if same:
            united += len(same)
            _unite(same[0], [*same[1:], home])
    return united


def _unite(first, others):
    """Make `others` part of `first`: the whole time, the strongest capacity with what belongs to it."""
    every = [first, *others]
    kind = min((home.kind for home in every), key=STRONGEST.index)
    ends = [home.period.upper for home in every]
    period = DateRange(min(home.period.lower for home in every), None if None in ends else max(ends))
    share = next((home.share for home in every if home.share), None) if kind == Occupancy.Kind.OWNER else None
    company = next((home.company for home in every if home.company), None) if kind == Occupancy.Kind.STAFF else None
    # What is united counts no more before the first takes its days: no two of one person overlap at any statement.
    Occupancy.objects.filter(pk__in=[home.pk for home in others]).update(united_into=first)
    Occupancy.objects.filter(pk=first.pk).update(kind=kind, period=period, share=share, company=company)
    _follow(first, others)


def _follow(first, others):
    """Let what points to `others` point to `first`. About ten statements."""
    Occupancy.objects.filter(united_into__in=others).update(united_into=first)
    Plate.objects.filter(occupancy__in=others).update(occupancy=first, version=F("version") + 1)
    # A running move-in ends with itself what it began. What has become one with another home it did not begin alone.
    moving_in = Handover.objects.running().filter(kind=Handover.Kind.MOVE_IN, occupancy__in=[first, *others])
    moving_in.update(occupancy=None, version=F("version") + 1)
    Handover.objects.filter(occupancy__in=others).update(occupancy=first, version=F("version") + 1)
    for handover in Handover.objects.filter(companions__in=others).distinct():
        handover.companions.remove(*others)
        # Nobody goes along with themselves.
        if handover.occupancy_id != first.pk:
            handover.companions.add(first)
    for handover in Handover.objects.filter(occupancy=first, companions=first):
        handover.companions.remove(first)


def _taken_over(keep, drop):
    """Return the columns of `keep` that were empty and that `drop` knows."""
    groups = [("phone", "phone_reversed"), ("title",), ("identity_kind", "identity_cipher", "identity_hash")]
    # What they agreed to goes with the address for which they did.
    groups.append(("mail_agreed_at", "mail_agreed_by", "mail_receipts", "email"))
    taken = {}
    for columns in groups:
        if not getattr(keep, columns[-1]) and getattr(drop, columns[-1]):
            taken |= {column: getattr(drop, column) for column in columns}
    if drop.note and drop.note not in keep.note:
        taken["note"] = "\n".join(filter(None, [keep.note, drop.note]))
    return taken
