"""What residents were told by e-mail: a list for the desk and finance, and what to do where it did not arrive."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing import actions
from billing.actions.rights import MONEY
from billing.forms.messages import ShowForm
from billing.models import Message, Receipt
from servicedesk.core import clock
from servicedesk.core.doors import part_of
from servicedesk.core.errors import Refused
from servicedesk.core.masking import mask_email
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required

READERS = (Role.FINANCE, Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM, Role.CASHIER)
TAGS = {"sent": "done", "waiting": "soon", "withdrawn": "wait", "failed": "over"}


def with_all(rows):
    return rows.select_related("notification", "unit", "person", "receipt", "by")


def lines(found):
    """Return what stands on the page of each message: with the address masked, and none of an entry that is sealed."""
    return [{"message": one, "tag": TAGS[one.state], "to": _to(one)} for one in found]


def _to(message):
    is_known = message.person.sealed_at is None and message.person.erased_at is None
    return mask_email(message.notification.address) if is_known else ""


@require_GET
@role_required(*READERS)
def mails(request):
    """What was sent, waits or could not be delivered, the newest first."""
    form = ShowForm(request.GET)
    rows = form.narrowed(Message.objects.filter(community=request.community))
    part = part_of(with_all(rows), request)
    context = {
        "form": form,
        "part": part,
        "lines": lines(part.rows),
        "failed": Message.objects.filter(community=request.community).failed().count(),
        "is_filtered": bool(form.wanted),
        "now": clock.now(),
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/messages/list.html", context)


@require_POST
@role_required(*MONEY)
def receipt_mail(request, pk):
    """Send a receipt by e-mail to who paid."""
    rows = Receipt.objects.select_related("payer", "community")
    receipt = get_object_or_404(rows, community=request.community, pk=pk)
    try:
        actions.mail_receipt(receipt, by=request.user, now=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The receipt is on its way by e-mail."))
    return redirect(receipt)
