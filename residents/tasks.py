import logging

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


@shared_task(name="residents.tasks.end_former_contacts")
def end_former_contacts():
    actions.end_former_contacts(now=clock.now())


logger = logging.getLogger(__name__)

# How long an import waits for its turn behind what else the worker has to do.
PAUSE_SECONDS = 1


@shared_task(name="residents.tasks.work_on_import")
def work_on_import(key):
    if actions.work_on_import(key, now=clock.now()):
        wake(key, countdown=PAUSE_SECONDS)


@shared_task(name="residents.tasks.continue_imports")
def continue_imports():
    for key in actions.silent_imports(now=clock.now()):
        wake(key)


@shared_task(name="residents.tasks.forget_import_files")
def forget_import_files():
    actions.forget_import_files(now=clock.now())


def wake(key, **options):
    """Ask a worker to look at an import now. Where the broker does not answer, the sweep finds it within a minute."""
    try:
        work_on_import.apply_async((key,), retry=False, **options)
    except Exception:  # each broker has its own errors
        logger.exception("the worker could not be told of import %s", key)
