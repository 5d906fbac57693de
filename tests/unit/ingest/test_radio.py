"""How well a meter hears its access point: kept as state, never as a measurement."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cercollettiva.devices.decoding import decode
from cercollettiva.energy.store import Batch
from tests.unit.ingest.meters import EM_STATUS, NOON, delivery, entry, manager_of, notification

LATER = NOON + timedelta(minutes=1)
SHELLY = {"sta_ip": "192.0.2.7", "status": "got ip", "ssid": "casa", "rssi": -71}
TASMOTA = {"Time": "2026-06-01T14:00:00", "Wifi": {"SSId": "casa", "RSSI": 58, "Signal": -71}}


def strength_after(*deliveries, one=None):
    manager, batch = manager_of(one or entry()), Batch()
    for each in deliveries:
        manager.read(each, batch)
    (row,) = manager.take_states()
    return row, batch


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("status/wifi", json.dumps(SHELLY)),
        ("events/rpc", notification(NOON, wifi={"rssi": -71})),
        ("rpc", json.dumps({"id": 1, "result": {"em:0": json.loads(EM_STATUS), "wifi": SHELLY}})),
    ],
)
def test_the_strength_is_kept_with_its_time_wherever_a_shelly_says_it(rest, payload):
    row, batch = strength_after(delivery(rest, payload))

    assert (row.rssi, row.rssi_at) == (-71, NOON)
    assert "wifi" not in {incoming.sample.component for incoming in batch.incoming}
    assert "casa" not in repr(row)  # the name of somebody's network is not ours to keep
    assert (batch.refusals, batch.strangers) == ([], [])


def test_a_tasmota_says_it_in_dbm_beside_its_per_cent():
    prefix = "tele/casa"

    row, batch = strength_after(
        delivery("STATE", json.dumps(TASMOTA), prefix=prefix), one=entry(name="casa", prefix=prefix)
    )

    assert (row.rssi, batch.incoming, batch.refusals) == (-71, [], [])


@pytest.mark.parametrize("wifi", [{}, {"rssi": None}, {"rssi": 0}, {"rssi": "-71"}, {"rssi": -500}, {"rssi": True}, []])
def test_what_no_radio_says_is_left_out_and_nothing_else_with_it(wifi):
    spoken = notification(NOON, wifi=wifi, **{"em:0": {"total_act_power": 5.0}})

    row, batch = strength_after(delivery("events/rpc", spoken))

    assert (row.rssi, row.rssi_at) == (None, None)
    assert [incoming.sample.reading.power for incoming in batch.incoming] == [5.0]


def test_the_newest_counts_and_what_the_broker_kept_does_not():
    weak, strong = (json.dumps({"rssi": rssi}) for rssi in (-90, -40))

    row, _ = strength_after(
        delivery("status/wifi", strong, at=LATER),
        delivery("status/wifi", weak, at=NOON),
        delivery("status/wifi", weak, at=LATER + timedelta(hours=1), retain=True),
        delivery("status/wifi", weak, at=LATER + timedelta(hours=1), backlog=True),
    )

    assert (row.rssi, row.rssi_at) == (-40, LATER)


def test_the_radio_speaks_for_no_channel():
    manager, batch = manager_of(entry()), Batch()
    for second in range(0, 60, 5):
        manager.read(delivery("status/wifi", '{"rssi":-60}', at=NOON + timedelta(seconds=second)), batch)

    assert manager.take_notices() == []
    assert decode("x/status/wifi", b'{"rssi":-60}', NOON, entry(prefix="x").device) == []
