"""The front desk: log a matter while the caller is still speaking."""

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions
from complaints.models import Case, IntakeDraft, Status
from complaints.views.case import slip_context
from complaints.views.courtesy import hint
from residents import finder
from residents.actions import unmask_phone
from residents.models import Occupancy
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Role
from servicedesk.core.roles import role_required
from servicedesk.core.text import clean_text
from servicedesk.core.undoing import undo_url
from servicedesk.desk import intake as desk
from servicedesk.desk.forms.intake import IntakeForm, PreviewForm

DESK = (Role.CLERK, Role.SUPERVISOR)
# What a page may begin from, named in its address and kept in its form.
BEGINNINGS = ("letter", "call", "follows")
# What a draft keeps of the page; never the proof that it came from our page.
NOT_KEPT = {"csrfmiddlewaretoken", "submission", "find", "print", "decline"}


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def intake(request):
    """The one page of the front desk; a POST saves the case, or looks up `q` where there is no JavaScript."""
    now = clock.now()
    with timezone.override(request.community.tz):
        if request.method == "GET":
            return _page(request, _fresh_form(request, now), now)
        form = IntakeForm(request.POST, community=request.community, user=request.user, now=now)
        if "find" in request.POST:
            return _page(request, _unjudged(request, now), now, hits=_hits(request, request.POST.get("q", ""), now))
        if not form.is_valid():
            return _page(request, form, now, status=422)
        receive, facts = actions.receive_case, form.facts
        if form.declines:
            receive, facts = actions.receive_to_decline, facts | form.refusal
        try:
            case, _token = receive(request.community, by=request.user, now=now, **facts)
        except Refused as refused:
            form.add_error(None, str(refused))
            return _page(request, form, now, status=refused.status_code)
        if _is_kept(request, _draft(request)):
            actions.forget_intake(request.user, request.community)
        request.session["channel"] = case.channel
        messages.success(request, *_saved(case))
        if form.declines:
            hint(request, request.community, form.refusal["answer"])
        target = reverse("desk:slip", args=[case.number]) if "print" in request.POST else reverse("desk:intake")
        return redirect(target)


def _saved(case):
    if case.merged_into is not None:
        link = format_html('<a href="{}">{}</a>', case.merged_into.get_absolute_url(), case.merged_into.short_number)
        return (format_html(_("Saved as {number} and joined to {into}."), number=case.short_number, into=link),)
    link = format_html('<a href="{}">{}</a>', case.get_absolute_url(), case.short_number)
    if case.status == Status.PROPOSED:
        text = _("Saved as {number}. Your supervisor decides whether it is declined; until then nobody says so.")
        return (format_html(text, number=link),)
    received = Event.objects.about(case).filter(verb="received").first()
    due = f"{case.community.local(case.due_at):%m-%d %H:%M}"
    text = format_html(_("Saved as {number}. Due {due}."), number=link, due=due)
    return text, f"undo:{undo_url([received.pk])}"


def _draft(request):
    return IntakeDraft.objects.filter(user=request.user, community=request.community).first()


def _is_kept(request, draft):
    """Return whether `draft` is of this page: what begins from a letter leaves a draft of something else alone."""
    asked = request.POST if request.method == "POST" else request.GET
    return draft is None or all(str(draft.answers.get(name) or "") == (asked.get(name) or "") for name in BEGINNINGS)


def _fresh_form(request, now):
    draft, began = _draft(request), desk.beginning(request.user, request.community, request.GET)
    if number := clean_text(request.GET.get("follows", "")):
        began = began or desk.first_values(request.community, request.user, number, now)
    is_kept = not began or _is_kept(request, draft)
    initial = {"channel": request.session.get("channel", "phone"), **began}
    if draft and is_kept:
        initial |= draft.answers
    form = IntakeForm(initial=initial, community=request.community, user=request.user, now=now)
    form.draft, form.is_kept = draft if is_kept else None, is_kept
    return form


def _unjudged(request, now):
    """Return the form with what was typed, none of it judged yet."""
    typed = {name: value for name, value in request.POST.items() if name not in NOT_KEPT}
    return IntakeForm(initial=typed, community=request.community, user=request.user, now=now)


def _page(request, form, now, *, hits=None, status=200):
    values = {name: form[name].value() for name in form.fields}
    preview = PreviewForm(
        {name: value for name, value in values.items() if value not in (None, [])}, community=request.community
    )
    preview.is_valid()
    context = {
        "form": form,
        "hits": hits,
        "draft": getattr(form, "draft", None),
        "is_kept": form.is_kept if hasattr(form, "is_kept") else _is_kept(request, _draft(request)),
        "came_by": _letter(form, values["letter"]),
        "categories": list(form.fields["category"].queryset),
        **_side(request, preview.cleaned_data, now),
    }
    return render(request, "desk/intake.html", context, status=status)


def _letter(form, key):
    """Return the letter that the page begins from, or None. One query, none where it begins from nothing."""
    key = str(key or "")
    is_key = key.isascii() and key.isdigit() and len(key) <= 15
    return form.fields["letter"].queryset.filter(pk=key).first() if is_key else None


def _side(request, facts, now):
    """Return what stands beside the form: the caller, their open cases, the verdict."""
    community = request.community
    someone = desk.caller(community, facts.get("who") or "", community.local(now).date())
    unit = someone.unit if someone else None
    cases = Case.objects.visible_to(request.user).filter(unit=unit).open().with_people().by_due() if unit else []
    open_cases = list(cases[:6]) if unit else []
    before = desk.before(community, request.user, facts, someone, open_cases, now)
    is_third = before.is_third and not facts.get("is_new_matter")
    return {
        "someone": someone,
        "open_cases": open_cases,
        "joins": facts.get("joins"),
        "before": before,
        "is_new_matter": facts.get("is_new_matter"),
        "verdict": desk.judge(community, facts, someone, now, is_third=is_third),
        "coverage": desk.coverage(community, facts, someone, now),
        "known_events": desk.known_events(community, facts, someone, now),
        "linked_to": facts.get("incident"),
        "now": now,
    }


def _hits(request, query, now):
    """Return the lines of the finder as the listbox shows them; telephone numbers are masked."""
    found = finder.find(request.community, query, today=request.community.local(now).date())
    hits = []
    for hit in found:
        occupancy = hit.occupancy
        value = f"o{occupancy.pk}" if occupancy else f"u{hit.unit.pk}"
        hits.append(
            {
                "id": value,
                "value": value,
                "label": hit.unit.label,
                "mark": hit.who or _("nobody registered"),
                "meta": occupancy.person.masked_phone if occupancy else "",
                "pick_url": f"{reverse('desk:pick')}?who={value}",
                "pick_target": "#caller",
            }
        )
    return hits


def _lives(occupancy):
    return f"{occupancy.person.name} {occupancy.get_kind_display()}"


@require_GET
@role_required(*DESK)
def find(request):
    """The finder's lines for what has been typed so far."""
    query = clean_text(request.GET.get("q", ""))[:120]
    empty = _("Nobody found for “%(query)s”. Go on: it is kept as the place.") % {"query": query} if query else ""
    hits = _hits(request, query, clock.now())
    return render(request, "components/finder_hits.html", {"hits": hits, "empty_text": empty})


@require_GET
@role_required(*DESK)
def pick(request):
    """The card of the caller who was picked, with the open cases of the unit."""
    now = clock.now()
    preview = PreviewForm(request.GET, community=request.community)
    preview.is_valid()
    with timezone.override(request.community.tz):
        return render(request, "desk/intake.html#caller", _side(request, preview.cleaned_data, now))


@require_POST
@role_required(*DESK)
def preview(request):
    """Department, level, deadline with its rule, and the read-back text, before anything is saved."""
    now = clock.now()
    form = PreviewForm(request.POST, community=request.community)
    form.is_valid()
    with timezone.override(request.community.tz):
        return render(request, "desk/intake.html#preview", _side(request, form.cleaned_data, now))


@require_POST
@role_required(*DESK)
def draft(request):
    """Keep what has been typed so far, of the fields that the form has. Returns an empty object."""
    kept = IntakeForm.base_fields.keys() - NOT_KEPT
    answers = {name: clean_text(value)[:5000] for name, value in request.POST.items() if name in kept and value}
    actions.keep_intake(request.user, request.community, answers, now=clock.now())
    return JsonResponse({})


@require_POST
@role_required(*DESK)
def forget_draft(request):
    """Throw the draft away and begin anew."""
    actions.forget_intake(request.user, request.community)
    return redirect("desk:intake")


@require_POST
@role_required(*DESK)
def unmask(request, pk):
    """Show the whole telephone number of the caller on the card; who looked is logged."""
    now = clock.now()
    occupancy = (
        Occupancy.objects.on(request.community.local(now).date())
        .known()
        .with_people()
        .filter(unit__community=request.community, pk=pk)
        .first()
    )
    phone = unmask_phone(occupancy.person, by=request.user, now=now, reason=_("intake")) if occupancy else ""
    return render(request, "desk/intake.html#phone", {"phone": phone})


@require_GET
@role_required(*DESK)
def slip(request, number):
    """The slip of a case for printing, on the printer's own paper or on A5, as long as its first code is in force."""
    case = get_object_or_404(Case.objects.visible_to(request.user).with_people(), number=number)
    token = actions.first_token(case)
    if token is None:
        return redirect("complaints:case", number)
    size, other = ("a5", "slip") if request.GET.get("size") == "a5" else ("slip", "a5")
    context = {**slip_context(request, case, token, clock.now(), size=size), "other_size": other}
    with timezone.override(case.community.tz):
        return render(request, "complaints/slip.html", context)
