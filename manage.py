#!/usr/bin/env python
"""Django's command line for Yearline. Without DATABASE_URL and REDIS_URL it joins the embedded servers, or starts them."""

import os
import sys
from contextlib import nullcontext

from django.core.management import execute_from_command_line

from config.embedded import CannotStart, parts

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Commands do a night's or an import's work; a page may not take as long.
    os.environ.setdefault("STATEMENT_TIMEOUT_MS", "600000")
    # In a container a forgotten DATABASE_URL shall be an error, not an empty database of its own.
    servers = nullcontext() if os.environ.get("EMBEDDED") == "0" else parts()
    try:
        with servers:
            execute_from_command_line(sys.argv)
    except CannotStart as reason:
        sys.exit(str(reason))
