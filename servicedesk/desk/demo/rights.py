"""What residents asked about their own data: one request that was refused, one that waits for a second person."""

from datetime import timedelta

from complaints import actions
from complaints.models import Case, DataRequest
from complaints.subjects import Subject
from residents.models import Person


def claim(community, people, now):
    """Let two residents whose matters are settled ask for their data to be erased, yesterday and this morning."""
    open_cases = Case.objects.open().exclude(reporter=None).values("reporter")
    settled = Case.objects.in_community(community).at_rest().exclude(reporter=None).values("reporter")
    first, second = Person.objects.filter(pk__in=settled).exclude(pk__in=open_cases).order_by("pk")[:2]
    sup, deputy = people["sup1"], people["gm1"]
    asked = _ask(community, first, "来电要求删除全部记录", sup, now - timedelta(days=1))
    actions.refuse_data(
        asked, note="来电人未能核实身份，已请本人持证件来访。", by=deputy, now=now - timedelta(hours=20)
    )
    _ask(community, second, "本人来访，房屋已出售，要求删除个人信息，身份已核实", sup, now - timedelta(hours=3))


def _ask(community, person, reason, by, now):
    subject = Subject(community, person=person)
    path = f"/people/{person.pk}/data/"
    return actions.ask_data(subject, kind=DataRequest.Kind.ERASE, reason=reason, path=path, by=by, now=now)
