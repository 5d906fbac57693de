"""Settings that refuse to load are a finding too: `doctor` says it in its own way, though nothing else can run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured

ADVICE = "correggi la variabile indicata: .env.example dice che cosa significa ciascuna"


@contextmanager
def red_for_the_doctor(arguments: Sequence[str]) -> Iterator[None]:
    """For the entry points of commands; whatever is not `doctor` ends as it would."""
    try:
        yield
    except ImproperlyConfigured as error:
        if list(arguments[1:2]) != ["doctor"]:
            raise
        finding = {"name": "configuration", "ok": False, "found": str(error), "advice": ADVICE}
        if "--json" in arguments:
            print(json.dumps({"ok": False, "checks": [finding]}))
        else:
            print(f"ROSSO  configurazione: {error}\n       {ADVICE}")
        sys.exit(1)
