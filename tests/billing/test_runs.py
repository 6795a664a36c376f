"""A billing run: what each unit comes to by independent arithmetic, once and only once, whatever happens meanwhile."""

import datetime
import uuid
from decimal import Decimal

import pytest

from billing import actions
from billing.models import Bill, BillRun
from tests import factories

OCTOBER = datetime.date(2025, 10, 1)
NOW = factories.at("2025-10-08 09:00")


def billed(community, by, month=OCTOBER, now=NOW):
    """Bill a month to the end and return the run."""
    run = actions.start_run(community, month=month, submission=uuid.uuid4(), by=by, now=now)
    while actions.work_on_run(run.pk, now=now):
        pass
    return BillRun.objects.get(pk=run.pk)


@pytest.mark.django_db
def test_smoke(yunhu, home, lin, qian):
    home.area = Decimal("89.53")
    home.save()
    service = factories.fee(yunhu)
    factories.tariff(service)
    run = billed(yunhu, qian)
    print(vars(run))
    print(Bill.objects.values())
