"""Three minutes of the real shape: nothing is lost, and no part grows. Half an hour of it: `make soak`."""

from __future__ import annotations

import pytest

from bench.soak.run import SHORT, soak

pytestmark = [pytest.mark.faults, pytest.mark.soak]


def test_three_minutes_of_meters_pages_and_sockets_lose_nothing_and_leave_no_part_larger():
    figures = soak(SHORT)

    print(figures)
    assert figures["troubles"] == []
    assert figures["load"]["messages"] > 40_000
    assert figures["load"]["meters_reconnected"] > 5
