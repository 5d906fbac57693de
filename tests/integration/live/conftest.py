from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.core.scene import Scene, make_scene
from tests.support.processes import Child, accepts_connections, free_port


@pytest.fixture
def start_live(start_manage: Callable[..., Child]) -> Callable[..., int]:
    """Starts the live process and returns its port."""

    def start(**env: str) -> int:
        port = free_port()
        start_manage("live", "--port", str(port), env=env, answers=lambda: accepts_connections(port))
        return port

    return start


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return make_scene()


@pytest.fixture
def port(scene: Scene, start_live: Callable[..., int]) -> int:
    return start_live()
