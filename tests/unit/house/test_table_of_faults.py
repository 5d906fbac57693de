"""The table that says which test holds which fault names tests that exist, and leaves no fault out."""

from __future__ import annotations

import re

from tests.support.services import ROOT

ROWS = [line for line in (ROOT / "docs" / "energy.md").read_text().splitlines() if re.match(r"\| \d+ \|", line)]


def test_the_faults_are_all_there():
    assert [int(row.split("|")[1]) for row in ROWS] == list(range(1, 37))


def test_each_has_tests_that_exist():
    named = {name for row in ROWS for name in re.findall(r"`([a-z0-9_]+)`", row)}
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    defined = set(re.findall(r"def ([a-z0-9_]+)\(", written))

    assert named - defined == set()
    assert [row for row in ROWS if "`test_" not in row] == []
