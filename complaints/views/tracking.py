"""Following a request without an account: by its link, or by its number and ten-character code."""

import functools
from dataclasses import dataclass, replace
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from complaints import actions, aftercare, following, warranty
from complaints.actions.drafting import MOST_PHOTOS
from complaints.budget import Budget, address_of
from complaints.forms.public import AddForm, CodeForm, NotSolvedForm, RateForm, typed
from complaints.models import Case, Quote, Status
from complaints.views.public import SeeOther, begin_again
from servicedesk.core import clock, masking, photos, tokens
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community, Event
from servicedesk.core.roles import public

REASON = "residents have no account; the link or the code is the key"
# Wrong tries by hand, in fifteen minutes (5-reliability, Following a case).
TRIES_OF_ADDRESS = Budget("track-address", most=5, seconds=900)
TRIES_OF_CASE = Budget("track-case", most=5, seconds=900)
# A rating is theirs to change; no hand changes it more often than this in an hour.
RATINGS_OF_CASE = Budget("rate-case", most=10, seconds=3600)
SAME_NOTE_MINUTES = 10
# A link that has got about cannot fill the disk.
MOST_PHOTOS_OF_A_CASE = 20


@dataclass(frozen=True)
class Followed:
    """A case and the way by which this browser came to it: the link's token, or "" for who typed the code."""

    case: Case
    token: str

    @functools.cached_property
    def lead(self):
        """The case in which the matter goes on: another one where this was joined to it."""
        return following.lead_of(self.case)

    @functools.cached_property
    def shown(self):
        """The case whose status and clock the page shows."""
        return following.standing(self.case, self.lead)

    def url(self, page="", *args):
        """Return the address of the tracking page or of one of its parts, along the same way."""
        way, key = ("track", self.token) if self.token else ("followed", self.case.number)
        return reverse(f"complaints:{way}{page and '_'}{page}", args=[key, *args])

    @property
    def code(self):
        """The ten-character code; only who holds the link can be shown it again."""
        return tokens.code_of(self.token) if self.token else ""


def confidential(view):
    """Let no cache keep, no search find and no other site be told the address of what `view` shows.

    Not `no-referrer`: browsers then send `Origin: null` with every form, which Django refuses as forged. With
    `strict-origin` no site, not even ours, is told more than the name of this one.
    """

    @functools.wraps(view)
    def wrapped(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        response["Referrer-Policy"] = "strict-origin"
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


def posted(view):
    """Do what a button of the tracking page says; a GET, as after a change of language there, leads back to it."""

    @functools.wraps(view)
    def wrapped(request, followed, now):
        return view(request, followed, now) if request.method == "POST" else SeeOther(followed.url())

    return wrapped


def followed_case(view):
    """Hand `view` the Followed case and the time. Unknown, wrong and expired are one and the same page."""

    @functools.wraps(view)
    def wrapped(request, *, token="", number="", **kwargs):
        now = clock.now()
        opened = request.session.get("followed", {}).get(number) if number else None
        case = following.by_session(number, opened, now) if number else following.by_link(token, now)
        if case is None:
            phones = Community.objects.filter(is_public=True).order_by("code")
            return render(request, "complaints/tracking/unknown.html", {"communities": phones}, status=404)
        with timezone.override(case.community.tz):
            return view(request, Followed(case, token), now, **kwargs)

    return wrapped


@require_GET
@public(REASON)
@confidential
@followed_case
def page(request, followed, now):
    """How far a request has come, what happens next, and what the resident can do about it."""
    return _page(request, followed, now)


@require_http_methods(["GET", "POST"])
@public(REASON)
@confidential
@followed_case
@posted
def note(request, followed, now):
    """Add words or photos. The same words again within ten minutes are taken as said once."""
    lately = now - timedelta(minutes=SAME_NOTE_MINUTES)
    mine = Event.objects.about(followed.case).filter(verb="resident_noted", at__gte=lately)
    room = min(MOST_PHOTOS, MOST_PHOTOS_OF_A_CASE - len(following.pictures(followed.case)))
    form = AddForm(typed(request.POST), request.FILES, room=max(room, 0))
    if not form.is_valid():
        return _page(request, followed, now, status=422, add_form=form)
    words = form.cleaned_data["note"]
    if not words or not mine.filter(note=words).exists():
        pictures = [(picture, photos.store(picture)) for picture in form.pictures]
        try:
            actions.add_resident_note(followed.case, now=now, note=words, pictures=pictures)
        except Refused as refused:
            for _picture, name in pictures:
                photos.discard(name)
            return _refuse(request, followed, now, refused, add_form=form)
    messages.success(request, _("Added. The person responsible has been told."))
    return SeeOther(followed.url())


@require_http_methods(["GET", "POST"])
@public(REASON)
@confidential
@followed_case
@posted
def urge(request, followed, now):
    """Ask to hurry, once in four hours; who was joined to another case hurries that one."""
    try:
        if followed.lead.pk != followed.case.pk:
            actions.urge_joined(followed.case, lead=followed.lead, now=now)
        else:
            actions.resident_urge(followed.case, now=now)
    except Refused as refused:
        return _refuse(request, followed, now, refused)
    messages.success(request, _("We have told the person responsible that it is urgent for you."))
    return SeeOther(followed.url())


@require_http_methods(["GET", "POST"])
@public(REASON)
@confidential
@followed_case
@posted
def quote(request, followed, now):
    """Agree to the price of chargeable work, or not."""
    answer = Quote.Answer.AGREED if "agree" in request.POST else Quote.Answer.REFUSED
    try:
        if following.open_quote(followed.case) is None:
            raise Refused(_("There is no price to answer any more. Please call us if you have a question."))
        actions.answer_quote(followed.case, answer=answer, by=None, now=now)
    except Refused as refused:
        return _refuse(request, followed, now, refused)
    messages.success(request, _("Thank you. We have told our colleague."))
    return SeeOther(followed.url())


@require_http_methods(["GET", "POST"])
@public(REASON)
@confidential
@followed_case
@posted
def reopen(request, followed, now):
    """Say that the problem is not solved: the request is opened again, with a new promised time."""
    form = NotSolvedForm(typed(request.POST))
    if not form.is_valid():
        return _page(request, followed, now, status=422, reopen_form=form)
    try:
        if not aftercare.reopens(followed.shown, now):
            raise Refused(_("This request cannot be opened again. Please report it anew or call us."))
        caller = followed.case if followed.lead.pk != followed.case.pk else None
        actions.reopen(followed.lead, by=None, now=now, note=form.cleaned_data["note"], caller=caller)
    except Refused as refused:
        return _refuse(request, followed, now, refused, reopen_form=form)
    messages.success(request, _("Opened again. You find the new promised time below."))
    return SeeOther(followed.url())


@require_http_methods(["GET", "POST"])
@public(REASON)
@confidential
@followed_case
@posted
def rate(request, followed, now):
    """Rate how the request was handled, or change that within a week."""
    form = RateForm(typed(request.POST))
    if not form.is_valid():
        return _page(request, followed, now, status=422, rate_form=form)
    if not RATINGS_OF_CASE.take(followed.case.number):
        refused = _("You have changed this many times. Please wait an hour, or call us.")
        return _page(request, followed, now, status=429, rate_form=form, refused=refused)
    try:
        rating = actions.rate(followed.case, now=now, **form.cleaned_data)
    except Refused as refused:
        return _refuse(request, followed, now, refused, rate_form=form)
    if rating.is_bad:
        messages.success(
            request, _("Thank you. We are sorry that it went badly: somebody else calls you within a day.")
        )
    else:
        messages.success(request, _("Thank you for telling us."))
    return SeeOther(followed.url())


@require_http_methods(["GET", "POST"])
@public(REASON)
@confidential
@followed_case
@posted
def again(request, followed, now):
    """Begin a new request that follows this one: what it is about is filled in, who it is and where is asked again,
    because whoever holds the link may be somebody else."""
    if not following.follows_on(followed.shown, now):
        return SeeOther(followed.url())
    return begin_again(request, followed.lead, now)


@require_GET
@public(REASON)
@confidential
@followed_case
def photo(request, followed, now, name):
    """A photo that the resident may see."""
    if name not in [picture.name for picture in following.pictures(followed.case)]:
        raise Http404
    return photos.serve(name)


@require_GET
@public(REASON)
@confidential
@followed_case
def receipt(request, followed, now):
    """The one-page receipt: number, code and promised time, to print or keep."""
    context = {**_facts(followed, now), "back_url": followed.url()}
    return render(request, "complaints/tracking/receipt.html", context)


@require_http_methods(["GET", "POST"])
@public("the residents' way to a request by number and code; five tries in 15 minutes")
@confidential
def by_code(request):
    """Open the tracking page by number and code. Wrong, unknown and expired get the same answer."""
    form = CodeForm(typed(request.POST) if request.method == "POST" else None)
    refused, status = "", 200
    if request.method == "POST":
        case, refused, status = _try(request, form)
        if case:
            request.session["followed"] = {**request.session.get("followed", {}), case.number: case.code_digest}
            return SeeOther(Followed(case, "").url())
    phones = Community.objects.filter(is_public=True).order_by("code")
    context = {"form": form, "refused": refused, "communities": phones}
    return render(request, "complaints/tracking/by_code.html", context, status=status)


def _try(request, form):
    """Return (case or None, sentence, status) of one try by hand. A right one does not count."""
    if not form.is_valid():
        return None, "", 422
    number, code = form.cleaned_data["number"], form.cleaned_data["code"]
    slots = [
        TRIES_OF_ADDRESS.take(address_of(request)),
        TRIES_OF_CASE.take(following.spoken_number(number)),
    ]
    if not all(slots):
        return None, _("Too many tries. Please wait 15 minutes, or call us."), 429
    case = following.by_code(number, code, clock.now())
    if case is None:
        return None, _("No request fits this number and code, or its time to be followed is over."), 422
    for budget, slot in zip((TRIES_OF_ADDRESS, TRIES_OF_CASE), slots, strict=True):
        budget.give_back(slot)
    return case, "", 200


def _refuse(request, followed, now, refused, **forms):
    """Show the page as the case stands now, with the sentence why not and what was typed."""
    fresh = replace(followed, case=following.again(followed.case))
    return _page(request, fresh, now, status=409, refused=str(refused), **forms)


def _facts(followed, now):
    """Return what the tracking page and the receipt both show."""
    case, shown = followed.case, followed.shown
    return {
        "case": case,
        "community": case.community,
        "code": followed.code,
        "link": f"{settings.SITE_URL}{followed.url()}" if followed.token else "",
        "matter": following.plain(case, case.summary),
        "name": masking.mask_name(case.reporter_name),
        "where": following.where(case),
        "due_at": shown.due_at if shown.is_clocked and not shown.is_late(now) else None,
        "missed_at": shown.due_at if shown.is_clocked and shown.is_late(now) else None,
        "why": shown.why("resident"),
        "next_update": following.next_update(shown, now),
        "stage": following.stage_of(shown),
        "now": now,
    }


def _page(request, followed, now, status=200, add_form=None, reopen_form=None, rate_form=None, refused=""):
    case, shown = followed.case, followed.shown
    events = following.history(case, followed.lead)
    can_add, can_reopen = case.status != Status.VOID, aftercare.reopens(shown, now)
    rating = following.rating_of(case)
    can_rate = aftercare.may_rate(case, rating, now)
    # Words whose own box is not on the page any more are shown all the same, to be copied.
    homeless = (add_form if not can_add else None) or (reopen_form if not can_reopen else None)
    words = homeless["note"].value() if homeless else ""
    if rate_form and not can_rate:
        words = rate_form["words"].value()
    context = {
        **_facts(followed, now),
        "followed": followed,
        "urls": {name: followed.url(name) for name in ("note", "urge", "rate", "reopen", "again", "quote", "print")},
        "stages": following.stages(case, events, shown),
        "entries": following.entries(case, events),
        "pictures": [(picture, followed.url("photo", picture.name)) for picture in following.pictures(case)],
        "quote": following.open_quote(case),
        "can_urge": shown.is_clocked,
        "warranty": warranty.for_resident(followed.lead, events),
        "urge_at": following.urges_from(case, now),
        "can_reopen": can_reopen,
        "rating": rating,
        "rate_form": (rate_form or RateForm(initial=following.stars(rating))) if can_rate else None,
        "rate_until": aftercare.rates_until(case, rating),
        "can_follow_on": following.follows_on(shown, now),
        "add_form": add_form or AddForm(),
        "reopen_form": reopen_form or NotSolvedForm(),
        "form": add_form or reopen_form or rate_form,
        "can_add": can_add,
        "refused": refused,
        "words": words,
        # A page that answers a form would send it again if it were loaded anew.
        "refresh": status == 200,
    }
    return render(request, "complaints/tracking/page.html", context, status=status)
