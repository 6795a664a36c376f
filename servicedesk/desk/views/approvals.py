"""One queue for everything that waits for a second person (S3 暂行5A): facts on the left, the decision on the right."""

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from billing import asked
from billing.models import Discount, MoneyRequest
from complaints import reports
from residents.models import KeyLoan, Plate, ReleaseSlip
from servicedesk.core import clock
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required


@require_GET
@role_required(Role.SUPERVISOR, Role.DEPUTY_GM)
def approvals(request):
    """Slips for goods first, whose people stand at the counter, then keys, plates, discounts and money; then proposals,
    reports on urgent complaints and voidings, the longest waiting first."""
    now, community = clock.now(), request.community
    items = reports.to_decide(request.user, community)
    waiting = ReleaseSlip.objects.filter(community=community).waiting(community.local(now).date())
    slips = list(waiting.with_places().select_related("consent_recorded_by").prefetch_related("items").order_by("pk"))
    keys = KeyLoan.objects.filter(community=community, status=KeyLoan.Status.REQUESTED).with_people().order_by("pk")
    plates = Plate.objects.filter(community=community, status=Plate.Status.REQUESTED)
    others = [
        *(
            (_("Emergency use of keys"), one, one.key_set.tag, one.key_set.unit or one.key_set.place, one.asked_by)
            for one in keys
        ),
        *(
            (_("Name on a directory board"), one, one, one.unit, one.requested_by)
            for one in plates.select_related("unit", "board", "requested_by").order_by("pk")
        ),
        *(
            (_("Discount"), one, f"{one.fee} −{one.percent.normalize():f} %", one.unit, one.asked_by)
            for one in Discount.objects.filter(community=community).waiting().with_people().order_by("asked_at", "pk")
        ),
    ]
    money = MoneyRequest.objects.filter(community=community).waiting().select_related(*asked.WITH_THINGS)
    money = [(one, asked.number_of(one.thing)) for one in money.order_by("asked_at", "pk")]
    count = len(items) + len(slips) + len(others) + len(money)
    context = {"items": items, "slips": slips, "others": others, "money": money, "waiting": count, "now": now}
    with timezone.override(request.community.tz):
        return render(request, "desk/approvals.html", context)
