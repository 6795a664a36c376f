from celery import shared_task

from residents import actions
from servicedesk.core import clock


@shared_task(name="residents.tasks.forget_identity_copies")
def forget_identity_copies():
    actions.forget_identity_copies(now=clock.now())


@shared_task(name="residents.tasks.expire_slips")
def expire_slips():
    actions.expire_slips(now=clock.now())


@shared_task(name="residents.tasks.remind_keys")
def remind_keys():
    actions.remind_keys(now=clock.now())


@shared_task(name="residents.tasks.expire_credentials")
def expire_credentials():
    actions.expire_credentials(now=clock.now())
