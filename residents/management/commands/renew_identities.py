from django.core.management.base import BaseCommand

from residents import actions


class Command(BaseCommand):
    help = "Encrypt all identity numbers anew with the first of ID_KEYS, so that the others can be dropped."

    def handle(self, **options):
        self.stdout.write(f"{actions.renew_identities()} identity numbers encrypted anew.")
