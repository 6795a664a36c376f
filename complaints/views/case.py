"""The case page: everything about one case, and one door for each step that may be taken."""

import functools
from datetime import timedelta

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions, courtesy, listing, papers, presence, problems, repeats, reports, traces, warranty
from complaints.actions.undoing import UNDOABLE
from complaints.forms import hotline
from complaints.forms import problems as problem_forms
from complaints.forms import staff as forms
from complaints.forms import warranty as warranty_forms
from complaints.models import Case, Channel, Grade, Outcome, Status
from complaints.models.cases import REPLY_OWED
from complaints.permissions import may_record, steps_for
from complaints.views.courtesy import hint, warn_of_identity
from servicedesk.core import clock, photos, tokens
from servicedesk.core.errors import Refused, Stale, waits_refused
from servicedesk.core.models import Event, Photo, Role
from servicedesk.core.roles import communities_with, role_required
from servicedesk.core.undoing import undo_url
from servicedesk.core.views import back_to

STAFF = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM, Role.HEAD, Role.WORKER)

# The panels of the page, in the order of the buttons: step, label, form. The first that is allowed is the main button.
PANELS = [
    ("decide", gettext_lazy("Decide"), forms.DecideForm),
    ("propose", gettext_lazy("Propose"), forms.ProposeForm),
    ("reply", gettext_lazy("Reply"), forms.ReplyForm),
    ("visit", gettext_lazy("Return visit"), forms.VisitForm),
    ("tell_caller", gettext_lazy("Tell a joined caller"), forms.TellCallerForm),
    ("decide_warranty", gettext_lazy("Decide on the refused warranty"), warranty_forms.DecideForm),
    ("note_warranty_call", gettext_lazy("Record the call to the repair unit"), warranty_forms.CallForm),
    ("answer_warranty", gettext_lazy("The repair unit has answered"), warranty_forms.AnswerForm),
    ("finish_warranty", gettext_lazy("Repaired under warranty"), warranty_forms.FinishForm),
    ("resolve", gettext_lazy("Resolve"), forms.ResolveForm),
    ("hand_over", gettext_lazy("Hand over"), forms.HandOverForm),
    ("assign", gettext_lazy("Assign"), forms.AssignForm),
    ("verify", gettext_lazy("Verify"), forms.VerifyForm),
    ("answer_quote", gettext_lazy("Record the answer to the price"), forms.AnswerQuoteForm),
    ("quote", gettext_lazy("Tell a price"), forms.QuoteForm),
    ("note_report", gettext_lazy("Read the report"), forms.DecideForm),
    ("send_warranty", gettext_lazy("Claim under warranty"), warranty_forms.SendForm),
    ("drop_warranty", gettext_lazy("Take the warranty claim back"), warranty_forms.DropForm),
    ("pause", gettext_lazy("Pause"), forms.PauseForm),
    ("escalate", gettext_lazy("Escalate"), forms.ReasonForm),
    ("lower", gettext_lazy("Lower the level"), forms.LowerForm),
    ("promise", gettext_lazy("Promise a reply"), forms.PromiseForm),
    ("follow_up", gettext_lazy("Set the next follow-up"), forms.FollowUpForm),
    ("reclassify", gettext_lazy("Judge anew"), forms.ReclassifyForm),
    ("urge", gettext_lazy("Urge"), forms.OptionalNoteForm),
    ("decline_job", gettext_lazy("Return the job"), forms.DeclineForm),
    ("merge", gettext_lazy("Join to another case"), forms.MergeForm),
    ("link_incident", gettext_lazy("Link to a known event"), forms.LinkForm),
    ("mark_problem", gettext_lazy("Product or after-sales problem"), problem_forms.MarkForm),
    ("drop_problem", gettext_lazy("Take the mark of a problem back"), problem_forms.DropForm),
    ("answer_external", gettext_lazy("Answer the authority"), hotline.AnswerForm),
    ("mark_external", gettext_lazy("Slip signed or resident contacted"), hotline.MarkForm),
    ("return_external", gettext_lazy("Return the slip: none of our duty"), hotline.ReturnForm),
    ("evaluate_external", gettext_lazy("How the authority judged it"), hotline.JudgedForm),
    ("reopen", gettext_lazy("Reopen"), forms.ReasonForm),
    ("ask_void", gettext_lazy("Ask to void"), forms.VoidForm),
    ("confirm_void", gettext_lazy("Decide on voiding"), forms.ReasonForm),
    ("name_concerned", gettext_lazy("It is about a member of staff"), forms.ConcernForm),
    ("register_external", gettext_lazy("Slip of an authority (12345)"), hotline.RegisterForm),
    ("work_order", gettext_lazy("Print the work order"), forms.WorkOrderForm),
    ("unmask", gettext_lazy("Show the telephone number"), forms.UnmaskForm),
]
FORMS = {step: form for step, _label, form in PANELS}
# What brings a case nearer to its end: only such a step is the main button of the page.
LEADS_ON = {"decide", "propose", "reply", "visit", "resolve", "hand_over", "assign", "verify"}

# What an address may fill in: whom a link beside the case means.
ASKED_FOR = {"tell_caller": ("caller",), "merge": ("into",)}
# Steps that ask nothing: one button each.
BUTTONS = [
    ("take", gettext_lazy("Take up")),
    ("start", gettext_lazy("Start work")),
    ("accept", gettext_lazy("Accept the job")),
    ("arrive", gettext_lazy("Arrived")),
    ("resume", gettext_lazy("Let the clock run")),
    ("withdraw", gettext_lazy("Take the proposal back")),
    ("archive", gettext_lazy("Archive")),
]


def say_with_undo(request, case, text, now):
    """Say what was done to `case` just now, with a button that undoes it. One query."""
    done = Event.objects.about(case).filter(by=request.user, at=now, verb__in=UNDOABLE)
    address = undo_url(done.values_list("pk", flat=True), back_to(request, case.get_absolute_url()))
    messages.success(request, text, extra_tags=f"undo:{address}")


def find(request, number, *, only_looks=False):
    """Return the case if this person may see it; 404 for everybody else, whether or not it exists. Two queries.

    A page that `only_looks` is told with it what stands beside the case; a step looks again (see `traces`).
    """
    cases = Case.objects.visible_to(request.user).with_place()
    case = get_object_or_404(traces.with_traces(cases) if only_looks else cases, number=number)
    request.community = case.community = next(c for c in communities_with(request.user) if c.pk == case.community_id)
    reports.name_staff(case)
    return case


def show(request, case, *, bound=None, step="", refusal="", others=(), status=200):
    """Render the page of `case`, with a form that came back where there is one."""
    now = clock.now()
    related = reports.relatives(case, request.user)
    slips = reports.slips(case)
    reports.load_papers(case)
    claims, marks = warranty.claims_of(case), problems.marks_of(case)
    allowed = steps_for(request.user, case) - _idle(case, related, slips, now) - warranty.idle_steps(case, claims)
    allowed -= set() if marks else {"drop_problem"}
    step = step or request.GET.get("do", "")
    panels = [
        {"step": name, "label": label, "leads_on": name in LEADS_ON, "url": _elsewhere(name, case)}
        for name, label, _form in PANELS
        if name in allowed
    ]
    form = bound
    if form is None and step in allowed and step in FORMS:
        initial = {name: request.GET[name] for name in ASKED_FOR.get(step, ()) if name in request.GET}
        form = FORMS[step](case=case, user=request.user, now=now, initial=initial)
    note = form if step == "note" and form is not None else forms.NoteForm(case=case, user=request.user, now=now)
    only = request.GET.get("show", "")
    open_here, in_a_year = reports.same_unit(case, request.user, now)
    quotes, works = reports.work_of(case)
    context = {
        "case": case,
        "now": now,
        "quotes": quotes,
        "works": works,
        "form": form,
        "panel": next((panel for panel in panels if panel["step"] == step), None),
        "panels": panels,
        "buttons": [{"step": name, "label": label} for name, label in BUTTONS if name in allowed],
        "care": reports.aftercare_of(case),
        "allowed": allowed,
        "note_form": note,
        "list_name": listing.name_of(request.COOKIES[listing.LIST]) if listing.LIST in request.COOKIES else "",
        "letters": reports.letters_of(case),
        "incoming": reports.incoming_of(case),
        "phrases": courtesy.phrases_of(case.community, case.category_id),
        "refusal": refusal,
        "others": [(event, reports.sentence(event, case.community.tz)) for event in others],
        "entries": reports.timeline(case, only=only),
        "only": only,
        "ladder": reports.ladder_of(case, now),
        "clears": reports.five_clears(case),
        "pause": reports.waiting(case),
        "proposals": reports.proposals_of(case),
        "same_unit": open_here,
        "in_a_year": in_a_year,
        "related": related,
        "claims": claims,
        "marks": marks,
        "coverage": warranty.coverage_of(case, now),
        "slips": [(slip, slip.missed(now)) for slip in slips],
        "may_be_same": _may_be_same(case, open_here, allowed, now),
        "also_told": reports.also_told(case) if step == "reply" and form is not None else [],
        "can_follow_on": too_old_to_reopen(case, now) and may_record(request.user, case),
        "presences": presence.others(case, request.user, now),
        "is_late": case.is_late(now),
        "reply_late": now - case.reply_due_at if case.status in REPLY_OWED and now > case.reply_due_at else None,
    }
    with timezone.override(case.community.tz):
        return render(request, "complaints/case.html", context, status=status)


def too_old_to_reopen(case, now):
    """Return whether what comes back is a new case now: this one was archived longer ago than may be reopened."""
    return case.archived_at is not None and now - case.archived_at > timedelta(days=case.community.reopen_days)


def _idle(case, related, slips, now):
    """Return the steps that this person might take, and that lead to nothing now."""
    idle = set() if related.untold else {"tell_caller"}
    if not any(slip.is_running for slip in slips):
        idle |= {"answer_external", "mark_external", "return_external"}
    if not any(slip.replied_at for slip in slips):
        idle |= {"evaluate_external"}
    return idle | {"reopen"} if too_old_to_reopen(case, now) else idle


def _may_be_same(case, others, allowed, now):
    """Return the open cases of the unit that may be the same matter, as long as this one can be joined to them. At
    most one query, twice a minute."""
    if "merge" not in allowed or not any(other.category_id == case.category_id for other in others):
        return []
    rule = repeats.shown_rule(case.community)
    return [other for other in others if repeats.may_be_same(other, case.category, rule, case.received_at)]


def _elsewhere(step, case):
    """Return the address of the page of its own that a step has, "" where it is a panel: a letter answers a letter."""
    is_letter = step == "reply" and case.channel == Channel.LETTER
    return reverse("complaints:letter", args=[case.number]) if is_letter else ""


@require_GET
@role_required(*STAFF)
def page(request, number):
    """One case with everything about it, and a button for each step this person may take now."""
    case = find(request, number, only_looks=True)
    if address := _elsewhere(request.GET.get("do"), case):
        return redirect(address)
    return show(request, case)


def door_to(form_class=forms.PlainForm, done=None, page=show, home="complaints:case", roles=STAFF):
    """Make a door of a short function that takes one step: who has one of `roles` and may see the case comes in, the
    form is read in the community's own time, a page that is out of date or a refused step comes back with every word
    that was typed, shown by `page`. A GET leads to `home`."""

    def decorate(take_step):
        @require_http_methods(["GET", "POST"])
        @role_required(*roles)
        @functools.wraps(take_step)
        def view(request, number):
            case = find(request, number)
            if request.method == "GET":
                # Who signs in again after a step was sent without a session arrives here.
                return redirect(home, case.number)
            now = clock.now()
            name = take_step.__name__
            with timezone.override(case.community.tz):
                form = form_class(request.POST, request.FILES, case=case, user=request.user, now=now)
                if not form.is_valid():
                    return page(request, case, bound=form, step=name, status=422)
                version = form.cleaned_data["version"]
                others = reports.changed_since(case, version, request.user) if version is not None else []
                try:
                    if others:
                        raise Stale
                    with waits_refused():
                        answer = take_step(request, case, form.facts, now)
                except Refused as refused:
                    return _come_back(request, number, form_class, name, refused, others, page)
            if done:
                messages.success(request, done)
            return answer or redirect(back_to(request, case.get_absolute_url()))

        return view

    return decorate


def _come_back(request, number, form_class, name, refused, others, page):
    """Show the page as the case is now, with the words that were typed: saving again is a decision made knowingly."""
    case = find(request, number)
    data = request.POST.copy()
    data["version"] = case.version
    form = form_class(data, request.FILES, case=case, user=request.user, now=clock.now())
    return page(request, case, bound=form, step=name, refusal=str(refused), others=others, status=refused.status_code)


@door_to(done=gettext_lazy("Taken up. You are the first responsible until the resident has been told."))
def take(request, case, facts, now):
    actions.take(case, by=request.user, now=now)


@door_to()
def start(request, case, facts, now):
    actions.start(case, by=request.user, now=now)


@door_to()
def accept(request, case, facts, now):
    actions.accept(case, by=request.user, now=now)


@door_to()
def arrive(request, case, facts, now):
    actions.arrive(case, by=request.user, now=now)


@door_to()
def resume(request, case, facts, now):
    actions.resume(case, by=request.user, now=now)


@door_to(done=gettext_lazy("Archived."))
def archive(request, case, facts, now):
    actions.archive(case, by=request.user, now=now)


@door_to(done=gettext_lazy("Noted that it was read back."))
def read_back(request, case, facts, now):
    actions.confirm_read_back(case, by=request.user, now=now)


@door_to(forms.VerifyForm)
def verify(request, case, facts, now):
    actions.verify(case, by=request.user, now=now, **facts)
    if case.status == Status.VERIFIED:
        say_with_undo(request, case, _("Verified. Now propose what is to be done."), now)
        return redirect(f"{case.get_absolute_url()}?do=propose#panel")
    say_with_undo(request, case, _("Verified."), now)
    return None


@door_to(forms.ProposeForm, done=gettext_lazy("Proposed. A second person decides; the clock runs on."))
def propose(request, case, facts, now):
    actions.propose(case, by=request.user, now=now, **facts)


@door_to(forms.DecideForm)
def decide(request, case, facts, now):
    if "approve" in request.POST:
        actions.approve(case, by=request.user, now=now, **facts)
        said = _("%(number)s: approved.")
    else:
        actions.return_proposal(case, by=request.user, now=now, **facts)
        said = _("%(number)s: returned to the desk.")
    say_with_undo(request, case, said % {"number": case.short_number}, now)


@door_to(done=gettext_lazy("Taken back. Change it and propose it again."))
def withdraw(request, case, facts, now):
    actions.withdraw_proposal(case, by=request.user, now=now)


@door_to(forms.DecideForm)
def note_report(request, case, facts, now):
    actions.note_report(case, by=request.user, now=now, question="approve" not in request.POST, **facts)
    say_with_undo(request, case, _("Noted."), now)


@door_to(forms.HandOverForm, done=gettext_lazy("Handed over."))
def hand_over(request, case, facts, now):
    actions.hand_over(case, by=request.user, now=now, **facts)


@door_to(forms.AssignForm, done=gettext_lazy("Assigned."))
def assign(request, case, facts, now):
    actions.assign(case, by=request.user, now=now, **facts)


@door_to(forms.DeclineForm, done=gettext_lazy("The job is back at the desk."))
def decline_job(request, case, facts, now):
    actions.decline_job(case, by=request.user, now=now, **facts)


@door_to(forms.PauseForm, done=gettext_lazy("The clock stands still and runs again by itself."))
def pause(request, case, facts, now):
    actions.pause(case, by=request.user, now=now, **facts)


@door_to(forms.ResolveForm, done=gettext_lazy("Resolved. The resident is still to be told."))
def resolve(request, case, facts, now):
    actions.resolve(case, by=request.user, now=now, **facts)


@door_to(forms.ReplyForm)
def reply(request, case, facts, now):
    if (outcome := facts.pop("outcome")) != Outcome.TOLD:
        channel, note = facts["channel"], facts["text"]
        actions.log_try(case, channel=channel, outcome=outcome, note=note, by=request.user, now=now)
        messages.info(request, _("Noted. The reply is still owed."))
        return
    actions.reply(case, by=request.user, now=now, **facts)
    messages.success(request, _("The resident has been told."))
    hint(request, case.community, facts["text"])


@door_to(forms.VisitForm)
def visit(request, case, facts, now):
    record_visit(request, case, facts, now)


def record_visit(request, case, facts, now):
    """Record a visit, or the try of one, and say what came of it."""
    grade, words, problem = facts["grade"], facts["words"], facts.get("problem")
    if grade == forms.VisitForm.NOBODY:
        left = actions.miss_visit(case, by=request.user, now=now, words=words)
        said = ngettext("The try is noted; %(n)s is left.", "The try is noted; %(n)s are left.", left) % {"n": left}
        said = said if left else _("That was the last try: the visit has ended with your note.")
        say_with_undo(request, case, said, now)
    elif actions.visit(
        case, by=request.user, now=now, channel=facts["channel"], grade=grade, words=words, problem=problem
    ):
        said = _("Saved. %(number)s is open again, with a new deadline.") % {"number": case.short_number}
        messages.warning(request, said)
    else:
        said = _("Saved: %(number)s, %(grade)s.") % {"number": case.short_number, "grade": Grade(grade).label}
        say_with_undo(request, case, said, now)


@door_to(forms.TellCallerForm, done=gettext_lazy("Saved."))
def tell_caller(request, case, facts, now):
    reason, caller = facts.pop("reason"), facts.pop("caller")
    if reason:
        actions.excuse_caller(case, caller=caller, reason=reason, by=request.user, now=now)
    else:
        actions.tell_caller(case, caller=caller, by=request.user, now=now, **facts)


@door_to(forms.ReasonForm, done=gettext_lazy("Reopened, with a new deadline."))
def reopen(request, case, facts, now):
    actions.reopen(case, by=request.user, now=now, **facts)


@door_to(forms.ReasonForm, done=gettext_lazy("Escalated."))
def escalate(request, case, facts, now):
    actions.escalate(case, by=request.user, now=now, **facts)


@door_to(forms.LowerForm, done=gettext_lazy("The level was lowered."))
def lower(request, case, facts, now):
    actions.lower(case, by=request.user, now=now, **facts)


@door_to(forms.PromiseForm, done=gettext_lazy("Promised."))
def promise(request, case, facts, now):
    actions.promise_reply(case, by=request.user, now=now, **facts)


@door_to(forms.FollowUpForm, done=gettext_lazy("Saved."))
def follow_up(request, case, facts, now):
    actions.set_follow_up(case, by=request.user, now=now, **facts)


@door_to(forms.ReclassifyForm, done=gettext_lazy("Judged anew; the deadline was counted again."))
def reclassify(request, case, facts, now):
    actions.reclassify(case, by=request.user, now=now, **facts)


@door_to(forms.QuoteForm, done=gettext_lazy("Told. The resident agrees on the tracking page, or to you."))
def quote(request, case, facts, now):
    actions.quote(case, by=request.user, now=now, **facts)


@door_to(forms.AnswerQuoteForm, done=gettext_lazy("Recorded."))
def answer_quote(request, case, facts, now):
    actions.answer_quote(case, by=request.user, now=now, **facts)


@door_to(forms.OptionalNoteForm, done=gettext_lazy("Urged."))
def urge(request, case, facts, now):
    actions.urge(case, by=request.user, now=now, **facts)


@door_to(forms.NoteForm)
def note(request, case, facts, now):
    following = _following(request, case, now) if "go_on" in request.POST else None
    actions.add_note(case, by=request.user, now=now, **facts)
    if facts["public"]:
        hint(request, case.community, facts["note"])
    else:
        warn_of_identity(request, facts["note"])
    return redirect(following) if following else None


def _following(request, case, now):
    """Return where the list that this person came from goes on behind `case`; at its end the list itself."""
    address = request.COOKIES.get(listing.LIST, "")
    if found := listing.next_in(address, case, user=request.user, now=now):
        return found.get_absolute_url()
    messages.info(request, _("That was the last one of this list."))
    return reverse("complaints:list") + address


@door_to(forms.MergeForm, done=gettext_lazy("Joined."))
def merge(request, case, facts, now):
    actions.merge(case, by=request.user, now=now, **facts)


@door_to(forms.LinkForm, done=gettext_lazy("Saved."))
def link_incident(request, case, facts, now):
    actions.link_incident(case, by=request.user, now=now, **facts)


@door_to(hotline.RegisterForm, done=gettext_lazy("Recorded. The earlier of the two clocks counts from now on."))
def register_external(request, case, facts, now):
    actions.register_external(case, by=request.user, now=now, **facts)


@door_to(hotline.MarkForm, done=gettext_lazy("Saved."))
def mark_external(request, case, facts, now):
    actions.mark_external(case, by=request.user, now=now, **facts)


@door_to(hotline.AnswerForm, done=gettext_lazy("Saved. Their clock has ended; the resident is told by your own reply."))
def answer_external(request, case, facts, now):
    actions.answer_external(case, by=request.user, now=now, **facts)


@door_to(hotline.ReturnForm, done=gettext_lazy("Returned. Now resolve the case and tell the resident where to turn."))
def return_external(request, case, facts, now):
    actions.return_external(case, by=request.user, now=now, **facts)


@door_to(hotline.JudgedForm, done=gettext_lazy("Saved."))
def evaluate_external(request, case, facts, now):
    actions.evaluate_external(case, by=request.user, now=now, **facts)


@door_to(forms.VoidForm, done=gettext_lazy("A second person decides. Until then the clock runs on."))
def ask_void(request, case, facts, now):
    actions.ask_void(case, by=request.user, now=now, **facts)


@door_to(forms.ReasonForm)
def confirm_void(request, case, facts, now):
    decide = actions.confirm_void if "confirm" in request.POST else actions.refuse_void
    decide(case, by=request.user, now=now, **facts)


@door_to(forms.ConcernForm, done=gettext_lazy("Noted. They no longer see this case."))
def name_concerned(request, case, facts, now):
    actions.name_concerned(case, by=request.user, now=now, **facts)
    return redirect("complaints:list") if facts["user"] == request.user else None


@door_to(forms.UnmaskForm)
def unmask(request, case, facts, now):
    phone = actions.unmask_reporter(case, by=request.user, now=now, **facts)
    messages.info(request, _("Telephone %(phone)s. That you looked is in the history.") % {"phone": phone})


@door_to()
def new_code(request, case, facts, now):
    token = actions.renew_code(case, by=request.user, now=now)
    return render(request, "complaints/slip.html", slip_context(request, case, token, now))


@door_to(forms.WorkOrderForm)
def work_order(request, case, facts, now):
    return order_sheet(request, case, facts, now, back=case.get_absolute_url())


def order_sheet(request, case, facts, now, *, back):
    """Log the printing and render the work order; `back` is the page that it was asked for from."""
    size, with_phone = facts["size"], facts.get("with_phone", False)
    printed = actions.print_order(case, by=request.user, now=now, with_phone=with_phone)
    context = {
        "case": case,
        "now": now,
        "order": papers.work_order(case, now, size=size, with_phone=with_phone),
        "phone": case.reporter_phone if with_phone else case.masked_phone,
        "copy": printed.data["copy"],
        "size": size,
        "link": request.build_absolute_uri(reverse("complaints:job", args=[case.number])),
        "back": back,
    }
    return render(request, "complaints/work_order.html", context)


def slip_context(request, case, token, now, *, size="slip"):
    """Return what a slip shows that is printed on a paper of `size`: the case, its link and its code."""
    link = request.build_absolute_uri(reverse("complaints:track", args=[token]))
    matter, *later = papers.sheets_of(papers.matter(case), width=papers.WIDTH[size])
    code = tokens.code_of(token)
    return {"case": case, "link": link, "code": code, "now": now, "size": size, "matter": matter, "later": later}


@require_POST
@role_required(*STAFF)
def ping(request, number):
    """Say that this person looks at or edits the case, and answer who else does."""
    case = find(request, number)
    now = clock.now()
    presence.seen(case, request.user, editing=request.POST.get("state") == "editing", now=now)
    return render(request, "components/presence.html", {"people": presence.others(case, request.user, now)})


@require_http_methods(["GET", "HEAD"])
@role_required(*STAFF)
def photo(request, number, name):
    """A photo of a case, for those who may see the case."""
    case = find(request, number)
    if not Photo.objects.about(case).filter(name=name).exists():
        raise Http404
    return photos.serve(name)
