"""The letter that answers a letter: written, numbered, printed, delivered. Delivering it is the reply (暂行7)."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints.actions.courtesy import count_phrases
from complaints.actions.letters import next_number
from complaints.actions.replying import SAME_WAY, reply, tell_caller
from complaints.models import Channel, ReplyLetter
from complaints.permissions import demand
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.moves import move, write


def _answers(case, by):
    """Return the case whose result a letter about `case` tells: the one that it was joined to, else itself. Raises
    NotAllowed unless `by` answers for that one."""
    answered = case.merged_into or case
    demand(by, "reply" if answered is case else "tell_caller", answered)
    return answered


def _open_letter(case, status):
    """Return the letter of `case` in `status`. Raises Refused where there is none: somebody was faster."""
    letter = ReplyLetter.objects.filter(case=case, status=status).first()
    if letter is None:
        raise Refused(_("There is no such letter any more. Look at the letters of this case again."))
    return letter


@transaction.atomic
def write_letter(case, *, by, now, text, addressee, template=None):
    """Keep the draft of the letter that answers `case`, and return it; one draft a case. Raises Refused while a
    numbered letter waits to be delivered, and where the matter did not come in a way that a letter answers."""
    answered = _answers(case, by)
    if Channel.LETTER not in SAME_WAY[case.channel]:
        raise Refused(
            _("This matter came by %(came)s and is not answered by letter. Your text is kept; copy it from here.")
            % {"came": case.get_channel_display()}
        )
    write(case)
    letter = ReplyLetter.objects.filter(case=case, status__in=ReplyLetter.OPEN).first()
    if letter is None:
        letter = ReplyLetter.objects.create(
            community=case.community,
            case=case,
            cycle=answered.cycle,
            template=template,
            addressee=addressee,
            text=text,
            written_by=by,
            written_at=now,
        )
        events.log(case, "letter_written", by=by, now=now, data={"version": case.version})
        return letter
    if letter.status != ReplyLetter.Stage.DRAFT:
        raise Refused(
            _("A numbered letter is not changed. Deliver it, or void it and write another; your text is kept.")
        )
    write(letter, text=text, addressee=addressee, cycle=answered.cycle, written_by=by, written_at=now)
    return letter


@transaction.atomic
def issue_letter(case, *, by, now):
    """Give the draft its number in the register of outgoing letters and return it; from now on it is never changed.

    The number has no gaps; what is about staff is numbered in a series of its own. This is its first print.
    """
    answered = _answers(case, by)
    write(case)
    letter = _open_letter(case, ReplyLetter.Stage.DRAFT)
    number = next_number(case.community, "FW", "replies", now=now, kept=case.concerned.exists())
    facts = {"number": number, "issued_by": by, "issued_at": now, "prints": 1, "cycle": answered.cycle}
    move(letter, ReplyLetter.Stage.ISSUED, by=by, now=now, **facts)
    _log(case, letter, "letter_issued", by=by, now=now)
    count_phrases(case.community, letter.text)
    return letter


@transaction.atomic
def reprint_letter(case, *, letter, by, now):
    """Count one more print of a numbered letter; each but the first is marked on the paper."""
    demand(by, "note", case)
    write(case)
    letter = ReplyLetter.objects.get(pk=letter.pk, case=case)
    if letter.status == ReplyLetter.Stage.DRAFT:
        raise Refused(_("A draft has no number yet and is not sent. Number it first."))
    write(letter, prints=letter.prints + 1)
    _log(case, letter, "letter_printed", by=by, now=now, prints=letter.reprint)
    return letter


@transaction.atomic
def void_letter(case, *, by, now, note):
    """Void a numbered letter that was not delivered, with the reason; its number stays, another may be written."""
    _answers(case, by)
    write(case)
    letter = _open_letter(case, ReplyLetter.Stage.ISSUED)
    move(letter, ReplyLetter.Stage.VOID, by=by, now=now, note=note, void_reason=note)
    _log(case, letter, "letter_void", by=by, now=now, note=note)


@transaction.atomic
def deliver_letter(case, *, by, now, delivery, sent_at=None, tracking_no="", received_by=""):
    """Record how the numbered letter reached the resident: that is the reply, or what a caller who was joined to
    another case is told. Raises Refused for a letter that was written before the case was opened again."""
    answered = _answers(case, by)
    letter = _open_letter(case, ReplyLetter.Stage.ISSUED)
    if letter.cycle != answered.cycle:
        raise Refused(_("This letter was written before the case was opened again. Void it and write another."))
    told_at = sent_at or now
    told = {"person_told": received_by or letter.addressee, "told_at": told_at, "letter": letter}
    told |= {"channel": Channel.LETTER, "text": letter.text, "by": by, "now": now}
    if answered is case:
        reply(case, **told)
    else:
        tell_caller(answered, caller=case, **told)
    facts = {"delivery": delivery, "tracking_no": tracking_no, "received_by": received_by, "sent_at": told_at}
    move(letter, ReplyLetter.Stage.SENT, by=by, now=now, **facts)


def _log(case, letter, verb, *, by, now, note="", **more):
    data = {"letter": letter.number, "letter_id": letter.pk, "version": case.version, **more}
    events.log(case, verb, by=by, now=now, note=note, data=data)
