"""The residents' side: the start page and the request form of four short pages. No account, no script needed."""

import re
import uuid

from django.conf import settings
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from complaints import actions, incidents
from complaints.budget import Budget, address_of
from complaints.forms.public import (
    PHOTOS,
    ContactForm,
    MatterForm,
    PlaceForm,
    label_of,
    typed,
)
from complaints.models import Case, Category, Draft
from servicedesk.core import clock, masking, photos
from servicedesk.core.forms import PhotoField
from servicedesk.core.models import Community
from servicedesk.core.roles import public

CHECK = 4
HOLDER_COOKIE = "forms"
HOLDER_SECONDS = 24 * 3600
# So many forms a phone may have open at once; the oldest gives way.
MOST_HELD = 5
# Above these a request is kept and marked, never refused: many homes share one address, and a leak must get through.
FROM_ADDRESS = Budget("report-address", most=20, seconds=600)
WITH_PHONE = Budget("report-phone", most=5, seconds=3600)
SWITCHES = {"elder": ("elder", "on"), "standard": ("elder", "off")}
_KEY = re.compile(r"[0-9]{1,18}", re.ASCII)


class SeeOther(HttpResponseRedirect):
    """To another page after a POST, to be fetched with GET whatever the browser."""

    status_code = 303


class Pages:
    """The pages of one draft as forms; the categories are read once, and what was answered is judged once.

    Page 1 offers all categories; the others only need the one that was chosen.
    """

    def __init__(self, draft, step):
        self.draft, self._answered = draft, (None, [])
        categories = Category.objects.filter(community=draft.community, is_public=True, is_active=True)
        if step > 1:
            chosen = str(draft.answers.get("category", ""))
            categories = categories.filter(pk__in=[chosen] if _KEY.fullmatch(chosen) else [])
        self.categories = list(categories.select_related("department", "policy"))

    def form(self, step, data=None, files=None):
        """Return the form of a page with `data` bound to it, or with what was answered before."""
        answers = self.draft.answers
        kwargs = {"data": data, "files": files, "initial": answers}
        if step == 1:
            return PlaceForm(categories=self.categories, **kwargs)
        if step == 2:
            return MatterForm(scope=answers.get("scope"), room=PHOTOS - len(self.draft.photos), **kwargs)
        return ContactForm(scope=answers.get("scope"), **kwargs)

    def answered(self):
        """Return the three forms bound to the answers as they are kept."""
        answers, forms = self._answered
        if answers is not self.draft.answers:
            forms = [self.form(step, self.draft.answers) for step in range(1, CHECK)]
            self._answered = self.draft.answers, forms
        return forms

    def reached(self):
        """Return the first page whose answers are missing or no longer hold; the check page where all are there."""
        return next((step for step, form in enumerate(self.answered(), start=1) if not form.is_valid()), CHECK)


@require_GET
@public("the residents' start page; residents have no account")
def home(request):
    """Report, follow, telephone: what a resident may do here, for one community or for each."""
    communities = _open_communities()
    community = _chosen(request, communities)
    places, now = [(community, label_of(community))] if community else _labelled(communities), clock.now()
    context = {"choices": [] if community else places, "places": _with_events(places, now), "now": now}
    return _page(request, "home", context, community)


@require_GET
@public("the residents' request form; residents have no account")
def start(request):
    """Open a new form for a community and lead to its first page. Nothing is written before the first answer."""
    communities = _open_communities()
    community = _chosen(request, communities)
    if community is None and (request.GET.get("c") or not communities):
        return _page(request, "closed", {"choices": _labelled(communities)}, None, status=404)
    if community is None:
        return _page(request, "choose", {"choices": _labelled(communities)}, None)
    return _open_form(request, community, uuid.uuid4())


def begin_again(request, case, now):
    """Open a new form that follows `case`, on its first page with what it was about."""
    key = uuid.uuid4()
    scope = Category.Scope.HOME if case.unit_id else Category.Scope.COMMON
    draft = actions.start_draft(case.community, key=key, now=now)
    answers = {"scope": scope.value, "category": str(case.category_id), "follows": case.pk}
    actions.keep_answers(draft, answers, now=now)
    return _open_form(request, case.community, key)


def _open_form(request, community, key):
    """Lead to the first page of a form, which from now on belongs to this browser."""
    held = [*_held(request).items(), (key.hex, community.pk)][-MOST_HELD:]
    response = SeeOther(_address(key, 1)) if request.method == "POST" else HttpResponseRedirect(_address(key, 1))
    response.set_signed_cookie(
        HOLDER_COOKIE,
        "_".join(f"{key}.{pk}" for key, pk in held),
        salt=HOLDER_COOKIE,
        max_age=HOLDER_SECONDS,
        samesite="Lax",
        httponly=True,
        secure=not settings.PLAIN_HTTP,
    )
    return response


@require_http_methods(["GET", "POST"])
@public("the residents' request form; only the browser that began it holds its cookie")
def step(request, key, step):
    """One of the four pages of a form: show it, keep what was typed, lead on."""
    if not 1 <= step <= CHECK:
        raise Http404
    draft = _draft_of(request, key)
    if draft is None:
        return _page(request, "gone", {}, None, status=404)
    if isinstance(draft, Case):
        return SeeOther(reverse("complaints:track", args=[actions.first_token(draft) or "-"]))
    if not draft.community.is_public:
        return _page(request, "closed", {"choices": _labelled(_open_communities())}, draft.community, status=409)
    if request.method == "POST":
        return _answer(request, draft, step)
    pages = Pages(draft, step)
    reached = pages.reached()
    if step > reached:
        return HttpResponseRedirect(_address(key, reached))
    return _show(request, pages, step, pages.form(step) if step < CHECK else None)


@require_GET
@public("a photo of an unfinished form; only the browser that sent it holds its cookie")
def photo(request, key, name):
    """A photo of an unfinished form, for its holder."""
    draft = _draft_of(request, key)
    if not isinstance(draft, Draft) or name not in [kept["name"] for kept in draft.photos]:
        raise Http404
    return photos.serve(name)


def _answer(request, draft, step):
    """Keep what came from one page: lead on where it is complete, show it again where it is not."""
    now = clock.now()
    if draft._state.adding:
        draft = actions.start_draft(draft.community, key=draft.pk, now=now)
    pages = Pages(draft, step)
    reached = pages.reached()
    words, switch, drop = typed(request.POST), request.POST.get("_switch"), request.POST.get("_drop")
    if step == CHECK:
        if switch or reached < CHECK:
            return _switched(SeeOther(_address(draft.pk, reached)), switch)
        return _submit(request, draft, pages, now)
    form = pages.form(step, words, request.FILES)
    boxes = [name for name in form.fields if name in words]
    is_valid = form.is_valid()
    for picture in getattr(form, "pictures", ()):
        actions.keep_photo(draft, picture, photos.store(picture), now=now)
    if switch or drop or step > reached:
        actions.keep_answers(draft, {name: words[name] for name in boxes}, now=now)
        if drop:
            actions.drop_photo(draft, drop, now=now)
        return _switched(SeeOther(_address(draft.pk, min(step, reached))), switch)
    if not is_valid:
        return _show(request, pages, step, form, status=422)
    actions.keep_answers(draft, {name: form.cleaned_data[name] for name in boxes}, now=now)
    return SeeOther(_address(draft.pk, pages.reached()))


def _submit(request, draft, pages, now):
    """Send the form off and lead to its tracking page; whoever sends it again is led to the same one."""
    forms, facts = pages.answered(), {}
    for form in forms:
        facts |= {name: value for name, value in form.cleaned_data.items() if not name.startswith("photo")}
    category, trap, _scope = forms[0].categories[facts.pop("category")], facts.pop("website"), facts.pop("scope")
    incident = _linked(request, draft, category, now)
    case, token, is_new = actions.submit_draft(draft, now=now, category=category, incident=incident, **facts)
    if is_new:
        within = [FROM_ADDRESS.take(address_of(request)), WITH_PHONE.take(case.reporter_phone)]
        if trap or not all(within):
            actions.doubt(case, "trap" if trap else "many", now=now)
    return SeeOther(reverse("complaints:track", args=[token]))


def _events_for(draft, step, category, now):
    """Return the known events that a page of the form speaks of, as {incident, where, until}: on the first page all
    of the community's, later those of the place that was typed. At most two queries."""
    place = draft.answers.get("room") or draft.answers.get("place") or ""
    if step > 1 and not place:
        return []
    found = incidents.known(now, draft.community)
    if step > 1 and found:
        found = incidents.touching(found, incidents.spot_in(draft.community, place), category)
    return _told(found, now)


def _linked(request, draft, category, now):
    """Return the known event that the resident said it is, as far as the check page offered it, else None."""
    chosen = request.POST.get("incident", "")
    offered = _events_for(draft, CHECK, category, now) if _KEY.fullmatch(chosen) else []
    return next((one["incident"] for one in offered if one["incident"].pk == int(chosen)), None)


def _told(found, now):
    return [{"incident": one, "where": incidents.where(one, public=True), "until": one.end_known(now)} for one in found]


def _with_events(places, now):
    """Return {place, name, events} of each community, with what is known there. One query for all of them."""
    found = incidents.known(now, *(place for place, _name in places))
    return [
        {"place": place, "name": name, "events": _told([one for one in found if one.community_id == place.pk], now)}
        for place, name in places
    ]


def _open_communities():
    """Return the communities that take requests on the web, by code."""
    return list(Community.objects.filter(is_public=True).order_by("code"))


def _chosen(request, communities):
    code = request.GET.get("c", "").upper()
    if code:
        return next((community for community in communities if community.code == code), None)
    return communities[0] if len(communities) == 1 else None


def _labelled(communities):
    return [(community, label_of(community)) for community in communities]


def _address(key, step):
    return reverse("complaints:report_step", args=[key, step])


def _held(request):
    """Return {key: community id} of the forms that this browser began."""
    value = request.get_signed_cookie(HOLDER_COOKIE, default="", salt=HOLDER_COOKIE, max_age=HOLDER_SECONDS)
    return {key: int(pk) for key, _dot, pk in (pair.partition(".") for pair in value.split("_") if pair)}


def _draft_of(request, key):
    """Return the Draft of this browser's form (unsaved where nothing was typed), its Case once sent, else None.

    An address of the form that is passed on to others shows them nothing: the cookie stays with who began it.
    """
    community_id = _held(request).get(key.hex)
    if community_id is None:
        return None
    draft = Draft.objects.select_related("community").filter(pk=key).first()
    case = None if draft else Case.objects.filter(submission=key).first()
    if draft or case:
        return draft or case
    community = Community.objects.filter(pk=community_id).first()
    return community and Draft(key=key, community=community)


def _switched(response, switch):
    """Return `response` with the cookie of the large print or the language that was chosen."""
    name, value = SWITCHES.get(switch, (settings.LANGUAGE_COOKIE_NAME, switch))
    if switch in SWITCHES or switch in dict(settings.LANGUAGES):
        secure = not settings.PLAIN_HTTP
        response.set_cookie(name, value, max_age=365 * 86400, samesite="Lax", httponly=True, secure=secure)
    return response


def _show(request, pages, step, form, status=200):
    draft, now = pages.draft, clock.now()
    words = " ".join(str(draft.answers.get(name, "")) for name in ("summary", "description", "place", "name"))
    context = {
        "draft": draft,
        "step": step,
        "steps": CHECK,
        "form": form,
        "address": _address(draft.pk, step),
        "back_url": _address(draft.pk, step - 1) if step > 1 else reverse("complaints:home_public"),
        "kept": [
            (photo["name"], reverse("complaints:report_photo", args=[draft.pk, photo["name"]]))
            for photo in draft.photos
        ],
        "rows": _rows(pages) if step == CHECK else [],
        "has_identity_number": masking.has_identity_number(words),
        "answers_form": "answers",
        "now": now,
        "events": _events_for(draft, step, next(iter(pages.categories), None) if step > 1 else None, now),
    }
    return _page(request, f"step{step}", context, draft.community, status=status)


def _rows(pages):
    """Return the answers as lines of the check page, each with the way back to its page."""
    rows = []
    for step in range(1, CHECK):
        url = _address(pages.draft.pk, step)
        for field in pages.form(step):
            if not isinstance(field.field, PhotoField) and field.name != "website":
                answer = pages.draft.answers.get(field.name, "")
                shown = dict(getattr(field.field, "choices", ())).get(answer, answer)
                rows.append({"label": field.label, "value": shown or "–", "change_url": url})
        if step == 2:
            rows.append({"label": _("Photos"), "value": str(len(pages.draft.photos) or "–"), "change_url": url})
    return rows


def _page(request, name, context, community, status=200):
    """Render a page of the residents' side in the community's own time; what it shows is kept by no cache."""
    context = {"community": community, **context}
    with timezone.override(community.tz if community else None):
        response = render(request, f"complaints/public/{name}.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
