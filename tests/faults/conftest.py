"""One durable PostgreSQL for all faults, empty and running at the beginning of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.load import empty
from tests.support import platform
from tests.support.postgres import PostgresServer

PROVISIONED = 1000


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """With a thousand devices; it remembers when each row was committed."""
    with platform.provisioned_postgres(PROVISIONED, track_commit_timestamp="on") as server:
        yield server


@pytest.fixture
def postgres(server: PostgresServer) -> PostgresServer:
    if not server.running:
        server.start()
    empty(server)
    return server
