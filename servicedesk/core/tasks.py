from celery import shared_task
from django.core.management import call_command

from servicedesk.core import clock, events, notifications


@shared_task(name="core.tasks.seal_events")
def seal_events():
    events.seal_events()


@shared_task(name="core.tasks.send_notifications")
def send_notifications():
    notifications.send_notifications(now=clock.now())


@shared_task(name="core.tasks.clear_sessions")
def clear_sessions():
    call_command("clearsessions")
