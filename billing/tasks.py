import logging

from celery import shared_task

from billing import actions
from servicedesk.core import clock

logger = logging.getLogger(__name__)

# How long a run waits for its turn behind what else the worker has to do.
PAUSE_SECONDS = 1


@shared_task(name="billing.tasks.work_on_run")
def work_on_run(key):
    if actions.work_on_run(key, now=clock.now()):
        wake(key, countdown=PAUSE_SECONDS)


@shared_task(name="billing.tasks.continue_runs")
def continue_runs():
    for key in actions.silent_runs(now=clock.now()):
        wake(key)


@shared_task(name="billing.tasks.check_books")
def check_books():
    actions.check_all_books(now=clock.now())


@shared_task(name="billing.tasks.forget_statement_files")
def forget_statement_files():
    actions.forget_statement_files(now=clock.now())


def wake(key, **options):
    """Ask a worker to look at a billing run now. Where the broker does not answer, the sweep finds it in a minute."""
    try:
        work_on_run.apply_async((key,), retry=False, **options)
    except Exception:  # each broker has its own errors
        logger.exception("the worker could not be told of billing run %s", key)


@shared_task(name="billing.tasks.advance_arrears")
def advance_arrears():
    actions.advance_arrears(now=clock.now())
