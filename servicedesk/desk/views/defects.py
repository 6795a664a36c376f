"""Defects found at handovers: the open ones, one with its case and its re-inspection, and the sheet of a community."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, F, When
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions as case_actions
from complaints.defects import waiting_for_inspection
from residents import actions, ring, voiding
from residents.models import Defect, FacilityItem, Handover, Reading
from servicedesk.core import clock, photos
from servicedesk.core.errors import Refused
from servicedesk.core.models import Photo, Role
from servicedesk.core.roles import has_role, role_required
from servicedesk.desk import handovers
from servicedesk.desk.forms import handover as forms
from servicedesk.desk.views.handover import A_PAGE, DESK, READERS, tabs

SETTERS = (Role.SUPERVISOR, Role.ADMIN)


@require_GET
@role_required(*READERS)
def defects(request):
    """The defects that are not accepted yet: those to re-inspect first, then by the day that was promised."""
    now, community = clock.now(), request.community
    rows = Defect.objects.open().filter(community=community)
    waiting = Case(When(pk__in=waiting_for_inspection(rows).values("pk"), then=0), default=1)
    urgent = rows.order_by(waiting, F("promised_on").asc(nulls_first=True), "pk").values_list("pk", flat=True)
    page = Paginator(urgent, A_PAGE).get_page(request.GET.get("page"))
    keys = list(page.object_list)
    lines = handovers.mended(Defect.objects.filter(pk__in=keys), request.user)
    page.object_list = sorted(lines, key=lambda line: keys.index(line.defect.pk))
    today = community.local(now).date()
    context = {"page": page, "now": now, "today": today, "tabs": tabs(request, "desk:defects")}
    with timezone.override(community.tz):
        return render(request, "desk/handover/defects.html", context)


def _find(request, pk):
    rows = Defect.objects.filter(community=request.community)
    return get_object_or_404(rows.select_related("community", "unit__building", "handover__party", "found_by"), pk=pk)


def _show(request, defect, *, form=None, panel="", status=200):
    panels = {
        "promise": forms.PromiseForm(),
        "inspect": forms.InspectForm(),
        "photo": forms.DefectPhotoForm(),
        "void": forms.ReasonForm(),
    }
    if form is not None:
        panels[panel] = form
    for name, one in panels.items():
        one.auto_id = f"id_{name}_%s"
    context = {
        "line": handovers.mended(Defect.objects.filter(pk=defect.pk), request.user)[0],
        "defect": defect,
        "photos": handovers.photos_of(defect).get((Defect, defect.pk), []),
        "panels": panels,
        "form": form,
        "now": clock.now(),
        "may_void": voiding.may_void(
            request.user, defect.community_id, author=defect.found_by_id, since=defect.found_at, now=clock.now()
        ),
        "is_desk": has_role(request.user, defect.community_id, *DESK),
        "in_field": ring.may_do(request.user, defect.community, "facilities"),
    }
    with timezone.override(defect.community.tz):
        return render(request, "desk/handover/defect.html", context, status=status)


@require_GET
@role_required(*READERS)
def defect(request, pk):
    """One defect: what was found, the case that mends it, and the re-inspection."""
    return _show(request, _find(request, pk))


def _step(request, pk, form_class, panel, act, done):
    now, row = clock.now(), _find(request, pk)
    with timezone.override(request.community.tz):
        form = form_class(request.POST, request.FILES)
        if not form.is_valid():
            return _show(request, row, form=form, panel=panel, status=422)
        try:
            act(row, form, now)
        except Refused as refused:
            form.add_error(None, str(refused))
            return _show(request, _find(request, pk), form=form, panel=panel, status=refused.status_code)
    messages.success(request, done)
    return redirect("desk:defect", pk)


@require_POST
@role_required(*DESK)
def promise(request, pk):
    """Promise a day, and make the defect a case; its photos go to the job with it."""

    def act(row, form, now):
        shown = [photos.copy_of(photo) for photo in Photo.objects.about(row)]
        with photos.stored(shown) as stored:
            facts = {"promised_on": form.cleaned_data["promised_on"], "pictures": stored}
            case_actions.open_case_from_defect(row, by=request.user, now=now, **facts)

    return _step(request, pk, forms.PromiseForm, "promise", act, _("It is a case now, with the promised day."))


@require_POST
@role_required(*DESK)
def inspect(request, pk):
    """Record a re-inspection; not accepted, its case is opened again."""

    def act(row, form, now):
        facts = {"is_good": form.cleaned_data["result"] == form.GOOD, "note": form.cleaned_data["note"]}
        case_actions.reinspect_defect(row, by=request.user, now=now, **facts)

    return _step(request, pk, forms.InspectForm, "inspect", act, _("The re-inspection is recorded."))


@require_POST
@role_required(*DESK, *ring.FIELD)
def show_defect(request, pk):
    """Add a photo of a defect."""

    def act(row, form, now):
        with photos.stored(form.pictures) as stored:
            actions.show_defect(row, pictures=stored, by=request.user, now=now)

    return _step(request, pk, forms.DefectPhotoForm, "photo", act, _("The photo is kept."))


@require_POST
@role_required(*DESK)
def void(request, pk):
    """Void a defect that was noted by mistake."""

    def act(row, form, now):
        actions.void_defect(row, by=request.user, now=now, **form.cleaned_data)

    return _step(request, pk, forms.ReasonForm, "void", act, _("Void. It stays in the history."))


@require_GET
@role_required(*READERS)
def photo(request, name):
    """A photo of a defect, of a signed sheet or of a meter, of the community that this person works in."""
    row = get_object_or_404(Photo.objects.kept().filter(community=request.community), name=name)
    if row.subject_type.model_class() not in (Defect, Handover, Reading):
        raise Http404
    return photos.serve(row.name)


# The facility sheet of a community ------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@role_required(*SETTERS)
def facilities(request):
    """The lines of the facility sheet, with a form for another; a POST adds one."""
    now, community = clock.now(), request.community
    form, status = forms.FacilityForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_facility(community, by=request.user, now=now, **form.cleaned_data)
            messages.success(request, _("It is on the sheet."))
            return redirect("desk:facilities")
        except Refused as refused:
            form.add_error(None, str(refused))
            status = refused.status_code
    elif form.is_bound:
        status = 422
    rows = FacilityItem.objects.filter(community=community)
    context = {"rows": rows, "form": form, "tabs": tabs(request, "desk:facilities")}
    return render(request, "desk/handover/facilities.html", context, status=status)


@require_POST
@role_required(*SETTERS)
def fill_facilities(request):
    """Begin with the usual lines."""
    actions.fill_facilities(request.community, by=request.user, now=clock.now())
    return redirect("desk:facilities")


@require_POST
@role_required(*SETTERS)
def facility_switch(request, pk):
    """Take a line off the sheet, or put it back."""
    row = get_object_or_404(FacilityItem, pk=pk, community=request.community)
    actions.switch_facility(row, by=request.user, now=clock.now())
    return redirect("desk:facilities")
