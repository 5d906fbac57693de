"""Which broker the demo takes."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from cercollettiva.ops import broker
from cercollettiva.ops.broker import NoBroker, demo_broker


@pytest.fixture
def without_iotcore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_a_broker_that_is_named_is_taken_and_not_started(tmp_path):
    chosen = demo_broker(mqtt_url="mqtts://somewhere.example", folder=tmp_path)

    assert chosen == ("mqtts://somewhere.example", None, "external")


def test_without_a_name_iotcore_listens_on_this_machine(tmp_path):
    chosen = demo_broker(mqtt_url="", folder=tmp_path)

    port = chosen.url.removeprefix("mqtt://127.0.0.1:")
    assert chosen.kind == "iotcore"
    assert chosen.command == (sys.executable, "-m", "cercollettiva.ops.broker", port)


def test_two_demos_get_two_ports(tmp_path):
    with_one_taken = {broker.free_port() for _ in range(5)}

    assert len(with_one_taken) > 1


@pytest.mark.usefixtures("without_iotcore")
def test_mosquitto_stands_in_and_listens_on_this_machine_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(broker, "mosquitto", lambda: "mosquitto-program")

    chosen = demo_broker(mqtt_url="", folder=tmp_path)

    port = chosen.url.removeprefix("mqtt://127.0.0.1:")
    lines = (tmp_path / "mosquitto.conf").read_text().splitlines()
    assert chosen.command == ("mosquitto-program", "-c", str(tmp_path / "mosquitto.conf"))
    assert [line for line in lines if line.startswith("listener")] == [f"listener {port} 127.0.0.1"]
    assert "max_inflight_messages 1000" in lines
    assert "max_queued_messages 0" in lines


def test_mosquitto_is_found_outside_a_persons_path(monkeypatch):
    places: list[str | None] = []

    def which(name: str, path: str | None = None) -> str | None:
        places.append(path)
        return None if path is None else str(Path("sbin") / name)

    monkeypatch.setattr(shutil, "which", which)

    assert broker.mosquitto() == "sbin/mosquitto"
    assert places == [None, "/usr/local/sbin:/usr/sbin"]


@pytest.mark.usefixtures("without_iotcore")
def test_where_there_is_none_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(broker, "mosquitto", lambda: None)

    with pytest.raises(NoBroker, match="installa iotcore"):
        demo_broker(mqtt_url="", folder=tmp_path)
