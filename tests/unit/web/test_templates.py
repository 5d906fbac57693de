"""What no template may do."""

from __future__ import annotations

import re

from tests.unit.house.tree import ROOT

KEY = re.compile(r"\{\{ *[a-z_.]+\.pk *\}\}")
SIZE = re.compile(r"""(?:height|width|viewBox|data-rows)="[^"]*\{\{ *map\.(?:height|rows) *\}\}""")


def test_keys_and_sizes_are_written_without_a_thousand_separator():
    """1.234 is no key for whoever reads it back, and no height: a year of days was drawn one pixel high."""
    templates = sorted((ROOT / "cercollettiva").rglob("templates/**/*.html"))

    spoiled = [str(path) for path in templates if KEY.search(path.read_text()) or SIZE.search(path.read_text())]

    assert len(templates) > 50
    assert spoiled == []
