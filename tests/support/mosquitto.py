"""A private Mosquitto broker with the settings that the platform asks of a broker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes import (
    LOOPBACK,
    Child,
    accepts_connections,
    free_port,
    hand_over,
    make_folder,
    user_for_root,
)

SETTINGS = {
    "allow_anonymous": "true",
    "max_inflight_messages": "1000",  # at least one batch, or the broker waits for acknowledgements
    "max_queued_messages": "0",  # no limit: the default of 1000 drops what it has already acknowledged
    "persistence": "true",
    "autosave_on_changes": "true",
    "autosave_interval": "100",  # changes, not seconds: what a kill may lose
    "log_dest": "stderr",  # unbuffered, so a kill loses no line
    "connection_messages": "true",
}


class MosquittoServer(Child):
    """One broker. `settings` go over the usual ones; None takes one away, for Mosquitto's own default."""

    def __init__(
        self,
        *,
        folder: Path | None = None,
        settings: Mapping[str, str | None] | None = None,
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self.settings = {**SETTINGS, **(settings or {})}
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin")
        if program is None:
            raise FileNotFoundError("Mosquitto is not installed: run tools/system-packages mosquitto")
        folder = folder or make_folder("mosquitto")
        self.configuration = folder / "mosquitto.conf"
        super().__init__(
            [program, "-c", self.configuration],
            name="mosquitto",
            folder=folder,
            user=user_for_root("mosquitto"),
            answers=lambda: accepts_connections(self.port),
        )

    @property
    def url(self) -> str:
        return f"mqtt://{LOOPBACK}:{self.port}"

    @property
    def host(self) -> str:
        return LOOPBACK

    def start(self, *, within: float = 20) -> MosquittoServer:
        self.write_configuration()
        super().start(within=within)
        return self

    def write_configuration(self) -> None:
        lines = [f"listener {self.port} {LOOPBACK}", f"persistence_location {self.folder}/"]
        lines += [f"{name} {value}" for name, value in self.settings.items() if value is not None]
        self.configuration.write_text("\n".join(lines) + "\n")
        hand_over(self.folder, self.user)
