#!/usr/bin/env python
"""Django's command line for Foyer."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    if sys.argv[1:2] == ["sandbox_conformance"]:
        os.environ.setdefault(
            "DEBUG", "1"
        )  # it replays recordings against the stand-in: there is nothing to keep secret
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))  # a setting that cannot be used: one sentence, no traceback
    except (DatabaseError, OSError) as error:
        from dashboard import trouble

        if words := trouble.at_the_start(error):
            sys.exit(words)
        if trouble.has_no_tables(error) and sys.argv[1:2] != ["migrate"]:
            sys.exit("The database is not set up yet: run `manage.py migrate` first.")
        raise


if __name__ == "__main__":
    main()
