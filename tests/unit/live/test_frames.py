from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.energy.queries import CommunityPower, DeviceNow, EnergyToday, PhaseNow, PlantPower
from cercollettiva.live.frames import community_frame, encoded, plant_frame, stamped

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_plant_is_told_in_watts_and_kilowatt_hours():
    power = PlantPower(exchange_w=-1500.26, production_w=2000.0, drawn_w=0.0, injected_w=1500.26, at=NOON, online=True)
    phase = PhaseNow("a", "em:0", "EXCHANGE", -1500.26, 231.4, 6.5, 0.99, NOON)
    device = DeviceNow("shelly-1", "Pro 3EM", ("EXCHANGE",), -1500.26, NOON, (phase,), NOON, timedelta(0), online=True)

    frame = plant_frame("PROSUMER", power, EnergyToday(1_234_567, 2_000_000, None), [device])

    assert frame == {
        "type": "power",
        "timestamp": "2026-06-01T12:00:00+00:00",
        "power": -1500.3,
        "energy_today": 1.234567,
        "drawn": 0.0,
        "injected": 1500.3,
        "produced": 2000.0,
        "drawn_today": 1.234567,
        "injected_today": 2.0,
        "produced_today": None,
        "online": True,
        "devices": [
            {
                "device_id": "shelly-1",
                "power": -1500.3,
                "last_seen": "2026-06-01T12:00:00+00:00",
                "online": True,
                "phases": [
                    {"phase": "a", "voltage": 231.4, "current": 6.5, "power": -1500.26, "power_factor": 0.99},
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("kind", "today", "told"),
    [
        ("PRODUCER", EnergyToday(1, 2_000_000, 3_000_000), 3.0),
        ("PRODUCER", EnergyToday(1, 2_000_000, None), 2.0),
        ("PROSUMER", EnergyToday(1_000_000, 2, 3), 1.0),
        ("CONSUMER", EnergyToday(0, None, None), 0.0),
        ("CONSUMER", EnergyToday(None, 2, 3), None),
    ],
)
def test_the_energy_of_today_is_what_a_producer_gave_and_others_drew(kind, today, told):
    assert plant_frame(kind, PlantPower(), today, [])["energy_today"] == told


def test_a_community_is_told_in_kilowatts():
    frame = community_frame(3, CommunityPower(6500.0, 2300.04, 2300.04, 12, 5, 4, NOON))

    assert frame == {
        "type": "cer_power",
        "id": 3,
        "timestamp": "2026-06-01T12:00:00+00:00",
        "producer_power": 6.5,
        "consumer_power": 2.3,
        "net_power": 2.3,
        "plants_online": 4,
    }


def test_what_is_unknown_is_null_and_never_zero():
    frame = community_frame(3, CommunityPower(None, None, None, 0, 0, 0, None))

    assert [frame[key] for key in ("timestamp", "producer_power", "consumer_power", "net_power")] == [None] * 4


def test_a_frame_is_stamped_when_it_is_sent():
    body = encoded({"type": "power", "name": "Casa dell’Olmo"})

    text = stamped(body, NOON + timedelta(microseconds=1500))

    assert json.loads(text) == {
        "type": "power",
        "name": "Casa dell’Olmo",
        "sent_at": "2026-06-01T12:00:00.001+00:00",
    }
    assert body == encoded({"type": "power", "name": "Casa dell’Olmo"})
