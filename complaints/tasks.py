from celery import shared_task

from complaints import actions
from servicedesk.core import clock


@shared_task(name="complaints.tasks.escalate_overdue")
def escalate_overdue():
    actions.escalate_overdue(now=clock.now())


@shared_task(name="complaints.tasks.resume_waiting")
def resume_waiting():
    actions.resume_waiting(now=clock.now())


@shared_task(name="complaints.tasks.remind_follow_ups")
def remind_follow_ups():
    actions.remind_follow_ups(now=clock.now())


@shared_task(name="complaints.tasks.forget_drafts")
def forget_drafts():
    actions.forget_drafts(now=clock.now())


@shared_task(name="complaints.tasks.release_left")
def release_left():
    actions.release_left(now=clock.now())


@shared_task(name="complaints.tasks.recount_deadlines")
def recount_deadlines():
    actions.recount_deadlines(now=clock.now())


@shared_task(name="complaints.tasks.remind_warranty")
def remind_warranty():
    actions.remind_warranty(now=clock.now())


@shared_task(name="complaints.tasks.archive_answered")
def archive_answered():
    actions.archive_answered(now=clock.now())


@shared_task(name="complaints.tasks.apply_retention")
def apply_retention():
    actions.apply_retention(now=clock.now())


@shared_task(name="complaints.tasks.file_ended")
def file_ended():
    actions.file_ended(now=clock.now())
