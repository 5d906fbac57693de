"""One durable PostgreSQL for all faults, empty and running at the beginning of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import platform
from tests.support.postgres import PostgresServer

PROVISIONED = 1000
WRITTEN = (
    *("energy_devicemeasurement", "energy_energymeasurement", "energy_devicestate", "energy_dirtyquarter"),
    *("energy_ingestbatch", "energy_rejectedmessage", "energy_unknowndevice", "monitoring_alert"),
)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """With a thousand devices; it remembers when each row was committed."""
    with platform.provisioned_postgres(PROVISIONED, track_commit_timestamp="on") as server:
        yield server


@pytest.fixture
def postgres(server: PostgresServer) -> PostgresServer:
    if not server.running:
        server.start()
    with platform.connect(server) as connection:
        connection.execute(f"TRUNCATE {', '.join(WRITTEN)} CASCADE")
    return server
