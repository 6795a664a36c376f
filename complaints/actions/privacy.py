"""What a person may ask for about their data (PIPL 45 to 47): a copy, a correction, erasure by two people."""

import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints import retention
from complaints.actions import erasing
from complaints.actions.receiving import terms_of
from complaints.models import Case, DataRequest
from complaints.permissions import demand_in
from complaints.subjects import rows_of, still_running
from residents.actions import correct_person, seal_person
from residents.ring import joined
from servicedesk.core import events, notifications
from servicedesk.core.duty import holders
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.moves import write

READ_HOURS = 24
# What is found by the number of a person, too, and not by their entry alone.
BY_NUMBER = ("residents.MoveBooking", "residents.ReleaseSlip", "residents.Contact")


def ask_data(subject, *, kind, reason, path, by, now):
    """Ask for a person's data to be erased, or for what was sealed to be read; a second person decides.

    `path` is where they do. Raises Refused where the same is asked for already.
    """
    demand_in(by, "ask_data", subject.community)
    asked = DataRequest(
        community=subject.community, kind=kind, reason=reason, asked_by=by, asked_at=now, **subject.keys
    )
    try:
        with transaction.atomic():
            asked.save(force_insert=True)
            events.log(asked, "data_asked", by=by, now=now, note=reason, data={"kind": str(kind)})
            _tell(asked, path, by=by, now=now)
    except IntegrityError:
        raise Refused(_("This is asked for already and waits for a second person.")) from None
    return asked


def _tell(asked, path, *, by, now):
    people = holders(asked.community, Role.SUPERVISOR) + holders(asked.community, Role.DEPUTY_GM)
    people = [person for person in people if person != by]
    notifications.notify(people, "data_asked", about=asked, key=f"data_asked:{asked.pk}", now=now, data={"path": path})


@transaction.atomic
def refuse_data(asked, *, note, by, now):
    """Refuse what was asked for, with the reason that the person is given."""
    _decide(asked, DataRequest.Decision.REFUSED, by=by, now=now, note=note)
    events.log(asked, "data_refused", by=by, now=now, note=note, data={"kind": str(asked.kind)})


@transaction.atomic
def confirm_read(asked, *, by, now, note=""):
    """Let the two of them read what was sealed for 24 hours; each look is logged."""
    until = now + datetime.timedelta(hours=READ_HOURS)
    _decide(asked, DataRequest.Decision.CONFIRMED, by=by, now=now, note=note, read_until=until)
    events.log(asked, "data_opened", by=by, now=now, note=note, data={"until": until.isoformat()})


@transaction.atomic
def confirm_erasure(asked, subject, *, by, now, note=""):
    """Erase what may be erased of a person and seal the rest; return how many rows of what.

    Cases whose legal period has ended are erased, the others sealed until it has: kept, protected and nothing else
    (PIPL 47). So is the entry of somebody who still lives here, for the contract of their home. What is about the two
    who decide is left alone: they may not know of it (ruling 12). Raises Refused while a case is open.
    """
    cases = subject.cases(asked.asked_by, by).filter(erased_at=None)
    keys = list(cases.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    cases = Case.objects.filter(pk__in=keys)
    if busy := cases.exclude(pk__in=cases.at_rest().values("pk")).order_by("pk").first():
        raise Refused(
            _("%(number)s is not at an end yet, or something that runs rests on it. Finish it; then confirm again.")
            % {"number": busy.short_number}
        )
    rows = rows_of(subject, cases)
    if running := still_running(rows):
        raise Refused(
            _("Something of this person still runs: %(what)s. End it; then confirm again.") % {"what": joined(running)}
        )
    _decide(asked, DataRequest.Decision.CONFIRMED, by=by, now=now, note=note)
    legal = next(one for one in retention.periods(subject.community) if one.kind.key == "asked")
    old = list(cases.at_rest().filter(rested_since__lt=legal.before(now)).values_list("pk", flat=True))
    kept = [key for key in keys if key not in set(old)]
    outcome = {"erased": len(old), "sealed": len(kept)}
    erasing.erase_answers(list(rows["complaints.SurveyAnswer"].values_list("pk", flat=True)))
    theirs = {label: list(rows[label].values_list("pk", flat=True)) for label in BY_NUMBER}
    for name in ("complaints.Draft", "complaints.IntakeDraft"):
        _drop_drafts(rows[name])
    erasing.erase_copies(keys)
    cases.filter(pk__in=kept, sealed_at=None).update(sealed_at=now)
    if subject.person is not None:
        outcome["entry"] = _end_entry(subject, rows, now)
    if outcome.get("entry") != "sealed":
        erasing.erase_moves(theirs["residents.MoveBooking"])
        erasing.erase_slips(theirs["residents.ReleaseSlip"])
        erasing.erase_contacts(theirs["residents.Contact"])
    erasing.erase_cases(old, now=now)
    asked.outcome = outcome
    asked.save(update_fields=["outcome"])
    events.log(asked, "data_erased", by=by, now=now, note=note, data=outcome)
    return outcome


def _end_entry(subject, rows, now):
    if subject.lives_here(subject.community.local(now).date()):
        _bind(subject, rows)
        seal_person(subject.person, now=now)
        return "sealed"
    erasing.erase_people([subject.person.pk], now=now)
    return "erased"


def _bind(subject, rows):
    """Let what knows a person by name or number alone know their entry, so that it is sealed with it; nobody is told
    anything at their number any more."""
    rows["residents.MoveBooking"].filter(applicant=None).update(applicant=subject.person)
    rows["residents.ReleaseSlip"].filter(applicant=None).update(applicant=subject.person)
    rows["residents.HomeVisit"].filter(person=None).update(person=subject.person, met_name="")
    rows["residents.Contact"].filter(person=None, phone=subject.phone).exclude(phone="").update(is_active=False)


def _drop_drafts(rows):
    photos = [photo["name"] for draft in rows for photo in getattr(draft, "photos", ())]
    transaction.on_commit(lambda: [erasing.default_storage.delete(name) for name in photos])
    rows.delete()


def _decide(asked, decision, *, by, now, note, **facts):
    """Write the decision once; raise NotAllowed for who asked, Refused where somebody else has decided."""
    demand_in(by, "ask_data", asked.community)
    if asked.asked_by_id == by.pk:
        raise NotAllowed(_("You asked for this yourself, so a second person decides."))
    rows = DataRequest.objects.open().filter(pk=asked.pk)
    facts |= {"decision": decision, "decided_by": by, "decided_at": now, "note": note}
    if rows.update(**facts) != 1:
        raise Refused(_("Somebody else has decided on this already."))
    for name, value in facts.items():
        setattr(asked, name, value)


@transaction.atomic
def correct_data(subject, *, name, phone, reason, by, now):
    """Correct the name and telephone number of a person, on their entry and on each case that has the wrong ones
    (PIPL 46). The event says that it was done and why; it does not repeat either. The same again changes nothing.
    Raises Refused for data that is sealed."""
    demand_in(by, "ask_data", subject.community)
    was = {"reporter_name": subject.name, "reporter_phone": subject.phone}
    now_is = {"reporter_name": name, "reporter_phone": phone}
    if subject.is_sealed:
        raise Refused(_("Data of this person is sealed; nothing of it is changed."))
    if now_is == was:
        return
    cases = list(subject.cases(by).filter(erased_at=None, sealed_at=None).select_related("unit", "building"))
    if subject.person is not None:
        correct_person(subject.person, name=name, phone=phone, reason=reason, by=by, now=now)
    for case in cases:
        changed = {key: now_is[key] for key in was if getattr(case, key) == was[key] and now_is[key] != was[key]}
        if changed:
            reference = getattr(getattr(case, "incoming_letter", None), "sender_ref", "")
            terms = terms_of(case.as_if(**changed), reference)
            # An ended case is filed anew, so that its papers are found again beside the right name.
            write(case, terms=terms, filed_at=None, **changed)
            events.log(case, "data_corrected", by=by, now=now, note=reason, data={"version": case.version})


def demand_copy(subject, *, by, now):
    """Raise Refused where something of a person is sealed, and `by` is not one of two who may read it now."""
    demand_in(by, "ask_data", subject.community)
    if subject.is_sealed and not _may_read(subject.requests(), by, now):
        raise Refused(_("Data of this person is sealed. Ask for it to be read; when that is confirmed, try again."))


def _may_read(requests, user, now):
    return requests.readable(now).filter(Q(asked_by=user) | Q(decided_by=user)).exists()


@transaction.atomic
def log_data_export(subject, *, reason, count, by, now):
    """Record that a person's data was given out: by whom, what for, how many cases. One INSERT."""
    demand_in(by, "ask_data", subject.community)
    events.log(subject.thing, "data_exported", by=by, now=now, note=reason, data={"count": count})


@transaction.atomic
def log_sealed_read(asked, *, by, now):
    """Record a look at sealed data. Raises NotAllowed for everybody but the two who asked and confirmed, and after
    their time."""
    if asked is None or not _may_read(DataRequest.objects.filter(pk=asked.pk), by, now):
        raise NotAllowed(_("Sealed data is read by the two who asked and confirmed, for 24 hours."))
    events.log(asked, "data_read", by=by, now=now)
