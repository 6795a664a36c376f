#!/usr/bin/env python
"""Django's command line. A command that needs the database gets the embedded one where DATABASE_URL is not set."""

import os
import sys

WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "startapp",
    "version",
}


def needs_embedded_database(arguments):
    """Return whether this command line is to find the embedded PostgreSQL running."""
    if "DATABASE_URL" in os.environ or {"--help", "-h", "--version"} & set(arguments):
        return False
    return bool(arguments) and arguments[0] not in WITHOUT_DATABASE


def main():
    """Run one command; a database that cannot be started is one sentence, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")
    from django.core.management import execute_from_command_line

    from servicedesk import embedded

    if needs_embedded_database(sys.argv[1:]):
        try:
            embedded.ensure_running()
        except embedded.EmbeddedError as error:
            sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
