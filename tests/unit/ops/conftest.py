"""One invented community for all tests of the simulation."""

from __future__ import annotations

from datetime import datetime

import pytest

from cercollettiva.ops.simulation.energy import CommunityEnergy, Flows
from cercollettiva.ops.simulation.italian_time import ITALY
from cercollettiva.ops.simulation.lucernaia import COMMUNITY

ORIGIN = datetime(2025, 9, 1, tzinfo=ITALY)


@pytest.fixture(scope="session")
def energy() -> CommunityEnergy:
    return CommunityEnergy(COMMUNITY, origin=ORIGIN)


@pytest.fixture(scope="session")
def year(energy: CommunityEnergy) -> dict[str, Flows]:
    """Quarter-hours of every point from October 2025 to September 2026."""
    return energy.history(datetime(2025, 10, 1, tzinfo=ITALY), datetime(2026, 10, 1, tzinfo=ITALY))
