from django.core.management.base import BaseCommand

from servicedesk.core import clock, notifications


class Command(BaseCommand):
    help = "Send the notifications that are due."

    def handle(self, **options):
        sent, failed = notifications.send_notifications(now=clock.now())
        self.stdout.write(f"{sent} sent, {failed} failed.")
