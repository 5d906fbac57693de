"""Logging is configured in the settings and nowhere else: importing the project adds no handler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.house.tree import ROOT

PROBE = """
import importlib, logging, pkgutil, sys

def handlers():
    loggers = [logging.root, *(each for each in logging.root.manager.loggerDict.values() if hasattr(each, "handlers"))]
    silent = logging.NullHandler  # what libraries add so that nothing is printed
    return {(each.name, repr(handler)) for each in loggers for handler in each.handlers if type(handler) is not silent}

name = sys.argv[1]
before = handlers()
if name == "cercollettiva":
    from django.conf import settings
    import django
    settings.LOGGING_CONFIG = None
    django.setup()
def fail(module):
    raise
modules = [name]
for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}.", onerror=fail):
    if not module.name.endswith(("__main__", "settings.production")):
        importlib.import_module(module.name)
        modules.append(module.name)
print(len(modules), *sorted(handlers() - before), sep="\\n")
"""


def handlers_added_by(package: str, *, folder: Path) -> tuple[int, list[str]]:
    """How many modules were imported, and the handlers there were afterwards."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, package],
        cwd=folder,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "cercollettiva.settings.local"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    count, *added = done.stdout.splitlines()
    return int(count), added


def test_importing_the_project_adds_no_handler():
    modules, added = handlers_added_by("cercollettiva", folder=ROOT)

    assert added == []
    assert modules > 10


def test_a_module_that_configures_logging_would_be_noticed(tmp_path):
    package = tmp_path / "careless"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "noisy.py").write_text("import logging\nlogging.getLogger('x').addHandler(logging.StreamHandler())\n")

    modules, added = handlers_added_by("careless", folder=tmp_path)

    assert modules == 2
    assert len(added) == 1
