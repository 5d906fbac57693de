from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.integration.core.scene import Scene, make_scene
from tests.support.processes import Child, accepts_connections, free_port
from tests.support.services import ROOT, url_of_the_database


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return make_scene()


@pytest.fixture(scope="session")
def live_port(django_db_setup: None) -> Iterator[int]:
    """One live process for all tests that only look at it: its start takes longer than most of them."""
    port = free_port()
    command = [sys.executable, "-u", str(ROOT / "manage.py"), "live", "--port", str(port)]
    env = {"DATABASE_URL": url_of_the_database()}
    child = Child(command, name="live", env=env, answers=lambda: accepts_connections(port))
    try:
        child.start(within=30)
        yield port
    finally:
        child.remove()


@pytest.fixture
def port(scene: Scene, live_port: int) -> int:
    return live_port
