"""Every make from its topic to its rows, on both databases: Shelly, Tasmota and a generic device side by side."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.energy.models import (
    DeviceConfiguration,
    DeviceMeasurement,
    DeviceState,
    DeviceType,
    EnergyMeasurement,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.ingest.replay import replay
from tests.support.hostile import CUSTOM_TEMPLATE, METERS
from tests.unit.ingest.meters import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SHELLY, RELAY, GEN1, TASMOTA, CUSTOM = (meter.device_id for meter in METERS)
PREFIXES = {meter.device_id: meter.prefix for meter in METERS}


@pytest.fixture(autouse=True)
def _devices() -> None:
    DeviceType.objects.filter(code="CUSTOM").update(payload_template=CUSTOM_TEMPLATE)
    for meter in METERS:
        DeviceConfiguration.objects.create(
            device_id=meter.device_id, device_type_id=meter.device_type, topic_prefix=meter.prefix
        )


def line(device: str, rest: str, payload: object, *, second: float = 0, **marks: bool) -> str:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    topic = f"{PREFIXES[device]}/{rest}"
    return json.dumps({"recv": NOON.timestamp() + second, "topic": topic, "payload": text, **marks})


def powers(device: str) -> list[tuple[object, ...]]:
    rows = DeviceMeasurement.objects.filter(device__device_id=device).order_by("timestamp")
    return list(rows.values_list("timestamp", "component", "power", "voltage"))


def registers(device: str) -> list[tuple[object, ...]]:
    rows = EnergyMeasurement.objects.filter(device__device_id=device).order_by("timestamp", "kind")
    return list(rows.values_list("timestamp", "component", "drawn", "returned", "total"))


def state_of(device: str) -> DeviceState:
    return DeviceState.objects.get(device__device_id=device)


def test_gen1_numbers_become_rows_and_one_state():
    outcome = replay(
        [
            line(GEN1, "online", "true"),
            line(GEN1, "emeter/0/power", "-219.5", second=1),
            line(GEN1, "emeter/0/voltage", "231.25", second=1.01),
            line(GEN1, "emeter/0/total", "120345.6", second=1.02),
            line(GEN1, "emeter/0/total_returned", "12.5", second=1.03),
            line(GEN1, "emeter/0/energy", "73", second=1.04),
            line(GEN1, "relay/0", "on", second=1.05),
        ]
    )

    assert (outcome.stored, outcome.refused, outcome.strangers) == (4, 0, 0)
    assert [row[1:] for row in powers(GEN1)] == [("emeter:0", -219.5, None), ("emeter:0", None, 231.25)]
    assert [row[1:] for row in registers(GEN1)] == [
        ("emeter:0", 120_345_600, None, None),
        ("emeter:0", None, 12_500, None),
    ]
    state = state_of(GEN1)
    assert state.online
    assert (state.values["emeter:0"]["power"], state.values["emeter:0"]["voltage"]) == (-219.5, 231.25)
    assert (state.registers["emeter:0"]["drawn"], state.registers["emeter:0"]["returned"]) == (120_345_600, 12_500)


def test_tasmota_speaks_at_its_own_time_and_its_will_is_believed():
    sensor = {"Time": "2026-06-01T14:00:00", "ENERGY": {"Total": 1234.567, "Power": 412, "Voltage": 231}}

    outcome = replay(
        [
            line(TASMOTA, "LWT", "Online", second=0),
            line(TASMOTA, "STATE", {"POWER": "ON"}, second=1),
            line(TASMOTA, "SENSOR", sensor, second=1.5),
            line(TASMOTA, "LWT", "Offline", second=400),
        ]
    )

    assert (outcome.stored, outcome.refused) == (2, 0)
    assert powers(TASMOTA) == [(NOON, "energy:0", 412.0, 231.0)]
    assert registers(TASMOTA) == [(NOON, "energy:0", None, None, 1_234_567_000)]
    assert state_of(TASMOTA).online is False


def test_the_hour_that_comes_twice_keeps_both_its_halves():
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    sensor = {"Time": "2026-10-25T02:30:00", "ENERGY": {"Power": 5}}

    replay(
        [line(TASMOTA, "SENSOR", sensor, second=(instant - NOON).total_seconds() + 1) for instant in (first, second)]
    )

    assert [row[0] for row in powers(TASMOTA)] == [first, second]


def test_a_relay_and_a_channel_have_their_rows():
    counters = {"aenergy": {"total": 185774.593}, "ret_aenergy": {"total": 185618.039}}

    replay(
        [
            line(RELAY, "status/switch:0", {"id": 0, "apower": 12.5, **counters}),
            line(SHELLY, "status/em1:2", {"id": 0, "act_power": 5.5}, second=1),
            line(SHELLY, "status/em1data:2", {"id": 2, "total_act_energy": 1.5, "total_act_ret_energy": 0}, second=2),
        ]
    )

    assert powers(RELAY) == [(NOON, "switch:0", 12.5, None)]
    assert registers(RELAY) == [(NOON, "switch:0", 156_554, 185_618_039, None)]
    assert powers(SHELLY) == [(NOON + timedelta(seconds=1), "em1:2", 5.5, None)]
    assert registers(SHELLY) == [(NOON + timedelta(seconds=2), "em1data:2", 1500, 0, None)]


def test_a_generic_device_is_read_by_the_template_of_its_type():
    at = NOON.timestamp() - 2

    outcome = replay(
        [
            line(CUSTOM, "state", {"ts": at, "p": 1.25, "energy": {"in": 12.5}}),
            line(CUSTOM, "log", "what it likes", second=1),
            line(CUSTOM, "state", {"ts": at, "p": "x"}, second=2),
        ]
    )

    assert (outcome.stored, outcome.refused) == (2, 1)
    assert powers(CUSTOM) == [(NOON - timedelta(seconds=2), "meter:0", 1250.0, None)]
    assert registers(CUSTOM) == [(NOON - timedelta(seconds=2), "meter:0", 12_500_000, None, None)]
    assert "meter:0 holds no usable value" in RejectedMessage.objects.get().reason


def test_a_generic_device_may_speak_on_its_prefix_itself():
    template = {"messages": [{"component": "plug:0", "values": {"power": "power"}}]}
    DeviceType.objects.filter(code="CUSTOM").update(payload_template=template)
    delivery = {"recv": NOON.timestamp(), "topic": PREFIXES[CUSTOM], "payload": {"power": 5}}

    replay([json.dumps(delivery)])

    assert powers(CUSTOM) == [(NOON, "plug:0", 5.0, None)]


def test_what_a_known_tasmota_says_beside_its_prefix_makes_no_unknown_device():
    topics = ["stat/tasmota_1A2B3C/POWER", "cmnd/tasmota_1A2B3C/Power"]

    outcome = replay([json.dumps({"recv": NOON.timestamp(), "topic": topic, "payload": "ON"}) for topic in topics])

    assert (outcome.deliveries, outcome.strangers, outcome.refused) == (2, 0, 0)


def test_an_unknown_device_is_listed_under_the_prefix_to_adopt():
    topics = [
        "shellies/shellyem3-FFEEDD/emeter/1/power",
        "tele/tasmota_FFEEDD/SENSOR",
        "cer/x/shellyplus1pm-1/status/switch:0",
    ]

    replay([json.dumps({"recv": NOON.timestamp(), "topic": topic, "payload": "1"}) for topic in topics])

    assert set(UnknownDevice.objects.values_list("prefix", flat=True)) == {
        "shellies/shellyem3-FFEEDD",
        "tele/tasmota_FFEEDD",
        "cer/x/shellyplus1pm-1",
    }


def test_the_values_of_a_gen1_channel_may_share_their_instant():
    names = {"power": "-219.5", "voltage": "231.25", "pf": "-0.97", "total": "120345.6", "total_returned": "12.5"}

    outcome = replay([line(GEN1, f"emeter/0/{name}", value, second=1) for name, value in names.items()])

    assert (outcome.stored, outcome.refused) == (5, 0)
