#!/usr/bin/env python
"""Runs a management command: `python manage.py help` lists them."""

import os
import sys
from pathlib import Path

import environ


def main() -> None:
    environ.Env.read_env(str(Path(__file__).resolve().parent / ".env"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    from django.core.management import execute_from_command_line

    from cercollettiva.settings.refusal import red_for_the_doctor

    with red_for_the_doctor(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
