"""The letter that answers a case (回函): its draft from a template, its number, its paper, its delivery."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from complaints import actions, courtesy, letters, reports
from complaints.actions.replying import SAME_WAY
from complaints.forms.letters import DeliverForm, LetterForm
from complaints.forms.staff import ReasonForm
from complaints.models import Channel, LetterTemplate, ReplyLetter
from complaints.permissions import steps_for
from complaints.views.case import STAFF, door_to, find
from complaints.views.courtesy import hint
from servicedesk.core import clock
from servicedesk.core.roles import role_required


def show(request, case, *, bound=None, step="", refusal="", others=(), status=200):
    """Render the letters of `case`, with a form that came back where there is one."""
    now = clock.now()
    written = list(ReplyLetter.objects.filter(case=case).select_related("written_by").order_by("-id"))
    letter = next((one for one in written if one.is_open), None)
    may_write = _may_write(request.user, case)
    given = {"case": case, "user": request.user, "now": now}
    is_draft = letter is None or letter.status == ReplyLetter.Stage.DRAFT
    write_form = bound if step == "letter_write" else None
    if may_write and is_draft and write_form is None:
        write_form = LetterForm(initial=_first_words(request, case, letter), **given)
    issued = letter if may_write and not is_draft else None
    context = {
        "case": case,
        "now": now,
        "form": bound,
        "letter": letter,
        "letters": written,
        "write_form": write_form,
        "deliver_form": bound if step == "letter_deliver" else DeliverForm(**given) if issued else None,
        "void_form": bound if step == "letter_void" else ReasonForm(**given) if issued else None,
        "templates": _templates(case) if write_form and letter is None else [],
        "may_write": may_write,
        "phrases": courtesy.phrases_of(case.community, case.category_id),
        "refusal": refusal,
        "others": [(event, reports.sentence(event, case.community.tz)) for event in others],
    }
    with timezone.override(case.community.tz):
        return render(request, "complaints/letter.html", context, status=status)


HOME = "complaints:letter"


def _may_write(user, case):
    """Return whether the answer to `case` is owed by `user` now, and may be a letter."""
    step = "tell_caller" if case.merged_into else "reply"
    return Channel.LETTER in SAME_WAY[case.channel] and step in steps_for(user, case.merged_into or case)


def _templates(case):
    """Return the templates for `case`, that of its own category first. One query."""
    rows = LetterTemplate.objects.filter(community=case.community_id).in_use()
    found = [row for row in rows if row.category_id in (None, case.category_id)]
    return sorted(found, key=lambda row: row.category_id is None)


def _first_words(request, case, letter):
    if letter is not None:
        return {"addressee": letter.addressee, "text": letter.text}
    found = _templates(case)
    asked = request.GET.get("template")
    template = next((row for row in found if str(row.pk) == asked), found[0] if found else None)
    text = letters.draft(template, case, incoming=reports.incoming_of(case)) if template else ""
    return {"addressee": case.reporter_name, "text": text}


@require_GET
@role_required(*STAFF)
def letter(request, number):
    """The letters of a case, and the one that is being written."""
    return show(request, find(request, number))


@door_to(LetterForm, page=show, home=HOME)
def letter_write(request, case, facts, now):
    with transaction.atomic():
        written = actions.write_letter(case, by=request.user, now=now, **facts)
        if "issue" in request.POST:
            actions.issue_letter(case, by=request.user, now=now)
    hint(request, case.community, facts["text"])
    if "issue" in request.POST:
        return redirect("complaints:letter_print", case.number, written.pk)
    messages.success(request, _("The draft is kept."))
    return redirect("complaints:letter", case.number)


@door_to(DeliverForm, done=gettext_lazy("Delivered. The resident has been told."), page=show, home=HOME)
def letter_deliver(request, case, facts, now):
    actions.deliver_letter(case, by=request.user, now=now, **facts)


@door_to(
    ReasonForm, done=gettext_lazy("The letter is void; its number stays. You can write another."), page=show, home=HOME
)
def letter_void(request, case, facts, now):
    actions.void_letter(case, by=request.user, now=now, **facts)
    return redirect("complaints:letter", case.number)


@door_to(page=show, home=HOME)
def letter_reprint(request, case, facts, now):
    wanted = request.POST.get("letter", "")
    row = get_object_or_404(ReplyLetter, case=case, pk=wanted if wanted.isascii() and wanted.isdigit() else 0)
    actions.reprint_letter(case, letter=row, by=request.user, now=now)
    return redirect("complaints:letter_print", case.number, row.pk)


@require_GET
@role_required(*STAFF)
def letter_print(request, number, pk):
    """One letter as it stands on paper; a reprint and a draft are marked."""
    case = find(request, number)
    row = get_object_or_404(ReplyLetter.objects.select_related("issued_by"), case=case, pk=pk)
    context = {"case": case, "letter": row, "paragraphs": [line for line in row.text.split("\n") if line.strip()]}
    with timezone.override(case.community.tz):
        return render(request, "complaints/letter_print.html", context)
