"""One bad field, time, name or key in each shape of message of every make: the rest is read, and what was odd is told.

`test_hostile_payloads.py` has what is no JSON at all.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cercollettiva.devices.decoding import as_json, decode
from cercollettiva.devices.samples import Anomaly, Device, Presence, Sample, TimeSource, UnreadableMessage
from tests.unit.devices.meter import EVERY_MAKE, RECEIVED_AT, check_soundness, record_frame, record_row

SHELLY, RELAY, GEN1, TASMOTA, CUSTOM = EVERY_MAKE
TS = 1767225600
BAD = "@bad"  # where the bad value goes, as JSON
GOOD_WATTS, GOOD_MWH = 5.5, 7000  # what stands beside it and must be there afterwards

EM = {"total_act_power": 5.5, "a_voltage": BAD}
EM1 = {"act_power": 5.5, "voltage": BAD}
EMDATA = {"total_act": BAD, "total_act_ret": 7}
EM1DATA = {"total_act_energy": BAD, "total_act_ret_energy": 7}
RELAY_STATUS = {"apower": 5.5, "voltage": BAD}
RELAY_COUNTERS = {"apower": 5.5, "aenergy": {"total": BAD}}
RELAY_RETURNED = {"apower": 5.5, "aenergy": {"total": 12.5}, "ret_aenergy": {"total": BAD}}


def frame(method: str, **components: Any) -> dict[str, Any]:
    return {"src": SHELLY.device_id, "method": method, "params": {"ts": TS, **components}}


def records(component: str, row: list[Any]) -> dict[str, Any]:
    told = record_frame({"ts": TS, "period": 60, "values": [row]})
    told["params"]["events"][0]["component"] = component
    return told


# Shape of message: who sends it, on which topic, the message with BAD in it.
VALUES: dict[str, tuple[Device, str, Any]] = {
    "em": (SHELLY, "status/em:0", EM),
    "em1": (SHELLY, "status/em1:1", EM1),
    "switch": (RELAY, "status/switch:0", RELAY_STATUS),
    "pm1": (RELAY, "status/pm1:0", RELAY_STATUS),
    "cover": (RELAY, "status/cover:0", RELAY_STATUS),
    "NotifyStatus": (SHELLY, "events/rpc", frame("NotifyStatus", **{"em:0": EM})),
    "NotifyFullStatus": (SHELLY, "events/rpc", frame("NotifyFullStatus", **{"em1:0": EM1, "sys": {}})),
    "GetStatus, bare": (SHELLY, "rpc", {"em:0": EM, "sys": {"unixtime": TS}}),
    "GetStatus, under result": (SHELLY, "rpc", {"id": 1, "src": SHELLY.device_id, "result": {"em1:2": EM1}}),
    "Tasmota": (TASMOTA, "SENSOR", {"Time": "2026-01-01T01:00:30", "ENERGY": {"Power": 5.5, "Voltage": BAD}}),
    "CUSTOM": (CUSTOM, "state", {"ts": TS, "p": 0.0055, "phases": [{"u": BAD}]}),
}
REGISTERS: dict[str, tuple[Device, str, Any]] = {
    "emdata": (SHELLY, "status/emdata:0", EMDATA),
    "em1data": (SHELLY, "status/em1data:1", EM1DATA),
    "switch": (RELAY, "status/switch:0", RELAY_COUNTERS),
    "pm1": (RELAY, "status/pm1:0", RELAY_RETURNED),
    "cover": (RELAY, "status/cover:0", RELAY_COUNTERS),
    "NotifyStatus": (SHELLY, "events/rpc", frame("NotifyStatus", **{"emdata:0": EMDATA})),
    "NotifyFullStatus": (SHELLY, "events/rpc", frame("NotifyFullStatus", **{"em1data:0": EM1DATA})),
    "record of three phases": (SHELLY, "events/rpc", records("emdata:0", record_row(a=BAD, b=0.007))),
    "record of a channel": (SHELLY, "events/rpc", records("em1data:0", [BAD, 7, *[0.0] * 12])),
    "GetStatus, bare": (SHELLY, "rpc", {"emdata:0": EMDATA}),
    "GetStatus, under result": (SHELLY, "rpc", {"id": 1, "result": {"em1data:2": EM1DATA}}),
    "Tasmota": (TASMOTA, "SENSOR", {"Time": "2026-01-01T01:00:30", "ENERGY": {"Power": 5.5, "Total": BAD}}),
    "CUSTOM": (CUSTOM, "state", {"ts": TS, "energy": {"in": BAD, "out": 0.007}}),
}
GEN1_NAMES = ("power", "reactive_power", "voltage", "current", "pf", "total", "total_returned")
NO_NUMBER = ('"12.5"', '"null"', "true", "[]", "[[1]]", "{}", '{"total":1}', '"<img src=x onerror=alert(1)>"', '"1e5"')
TOO_LARGE = ("1e400", "-1e400", "1e308", "9" * 400)
NOT_JSON = ("NaN", "-Infinity", "9" * 5000, '"\\ud800"', '"\\u0000"', "951,2", "[" * 20_000, "")


def hear(device: Device, rest: str, message: Any, bad: str = "") -> list[Sample]:
    payload = message if isinstance(message, bytes) else json.dumps(message).replace(f'"{BAD}"', bad).encode()
    samples = decode(f"{device.prefix}/{rest}", payload, RECEIVED_AT, device)
    for sample in samples:
        check_soundness(sample)
    return samples


def good_values(samples: list[Sample]) -> set[Any]:
    readings = [sample.reading for sample in samples if not isinstance(sample.reading, Presence)]
    flat = [value for reading in readings for value in (reading.energies if hasattr(reading, "energies") else reading)]
    return {value for value in flat if value in (GOOD_WATTS, GOOD_MWH, 7)}


def told(samples: list[Sample]) -> Anomaly:
    anomalies = Anomaly(0)
    for sample in samples:
        anomalies |= sample.anomalies
    return anomalies


@pytest.mark.parametrize("bad", [*NO_NUMBER, *TOO_LARGE], ids=lambda bad: bad[:20])
@pytest.mark.parametrize("shape", VALUES)
def test_a_bad_value_is_dropped_and_told_and_the_good_one_beside_it_stays(shape, bad):
    samples = hear(*VALUES[shape], bad)

    assert good_values(samples)
    assert told(samples) & (Anomaly.FIELD_NOT_A_NUMBER | Anomaly.FIELD_OUT_OF_RANGE)


@pytest.mark.parametrize("bad", [*NO_NUMBER, *TOO_LARGE, "-1", "-0.001", "1e15"], ids=lambda bad: bad[:20])
@pytest.mark.parametrize("shape", REGISTERS)
def test_a_bad_register_is_dropped_and_told_and_the_good_value_beside_it_stays(shape, bad):
    samples = hear(*REGISTERS[shape], bad)

    assert good_values(samples)
    assert told(samples) & (Anomaly.FIELD_NOT_A_NUMBER | Anomaly.FIELD_OUT_OF_RANGE | Anomaly.NEGATIVE_REGISTER)


@pytest.mark.parametrize("bad", ["-1", "-0.001", "-1e400"])
@pytest.mark.parametrize("shape", REGISTERS)
def test_a_negative_register_is_called_by_its_name(shape, bad):
    assert Anomaly.NEGATIVE_REGISTER in told(hear(*REGISTERS[shape], bad))


@pytest.mark.parametrize("bad", [*NO_NUMBER, *TOO_LARGE], ids=lambda bad: bad[:20])
@pytest.mark.parametrize("name", GEN1_NAMES)
def test_a_bad_number_of_the_first_generation_is_all_of_its_message_and_refused(name, bad):
    with pytest.raises(UnreadableMessage):
        hear(GEN1, f"emeter/0/{name}", bad.encode())


@pytest.mark.parametrize("name", ["total", "total_returned"])
def test_a_negative_register_of_the_first_generation_is_refused_by_its_name(name):
    with pytest.raises(UnreadableMessage, match="negative_register"):
        hear(GEN1, f"emeter/0/{name}", b"-0.1")


@pytest.mark.parametrize("bad", NOT_JSON, ids=lambda bad: bad[:20])
@pytest.mark.parametrize("shape", [*VALUES, *(f"registers: {name}" for name in REGISTERS)])
def test_what_makes_the_message_unreadable_refuses_it_with_a_reason(shape, bad):
    message = REGISTERS[shape.removeprefix("registers: ")] if shape.startswith("registers: ") else VALUES[shape]

    with pytest.raises(UnreadableMessage) as refusal:
        hear(*message, bad)

    assert 0 < len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    "payload", [b"", b"online", b"true", b"[]", b"\x00", b"\xef\xbb\xbfOnline", b"<b>", b"x" * 70_000, b"\xff", b"NaN"]
)
def test_the_will_of_a_tasmota_is_one_of_two_words(payload):
    with pytest.raises(UnreadableMessage) as refusal:
        hear(TASMOTA, "LWT", payload)

    assert len(str(refusal.value)) < 200


# --- Times ---

TIMES: dict[str, tuple[Device, str, Any]] = {
    "NotifyStatus": (SHELLY, "events/rpc", {"method": "NotifyStatus", "params": {"ts": BAD, "em:0": {"a_pf": 1}}}),
    "NotifyFullStatus": (
        RELAY,
        "events/rpc",
        {"method": "NotifyFullStatus", "params": {"ts": BAD, "pm1:0": {"pf": 1}}},
    ),
    "record": (SHELLY, "events/rpc", record_frame({"ts": BAD, "period": 60, "values": [record_row()]})),
    "Tasmota": (TASMOTA, "SENSOR", {"Time": BAD, "ENERGY": {"Power": 5}}),
    "CUSTOM, unix": (CUSTOM, "state", {"ts": BAD, "p": 1}),
    "CUSTOM, milliseconds": (CUSTOM, "ms", {"ts": BAD, "p": 1}),
    "CUSTOM, local": (CUSTOM, "local", {"ts": BAD, "p": 1}),
}
CLOCKS = {
    "messages": [
        {"topic": topic, "component": "meter:0", "time": {"field": "ts", "as": clock}, "values": {"power": "p"}}
        for topic, clock in (("state", "unix"), ("ms", "milliseconds"), ("local", "local"))
    ]
}
# Milliseconds for seconds and seconds for milliseconds, 1970 and 2100, and what is no time at all.
NO_TIMES = (
    *("1767225600123", "1767225.6", "0", "-1", "4102444800", "1e400", "1e308", "true", "null", '"now"', "[]", "{}"),
    *('"2026-13-45T99:99:99"', '"1767225600"', '"1970-01-01T00:00:00"'),
)


@pytest.mark.parametrize("bad", NO_TIMES)
@pytest.mark.parametrize("shape", TIMES)
def test_a_time_that_cannot_be_gives_way_to_ours_and_is_told(shape, bad):
    device, rest, message = TIMES[shape]
    if shape == "CUSTOM, milliseconds" and bad == "1767225600123":
        bad = "1767225600123000"  # of which those are the microseconds

    (sample,) = hear(device._replace(payload_template=CLOCKS if device is CUSTOM else None), rest, message, bad)

    assert sample.time_source is TimeSource.RECEIVED
    assert RECEIVED_AT - timedelta(seconds=60) <= sample.at <= RECEIVED_AT
    assert sample.anomalies in (Anomaly.CLOCK_NOT_SET, Anomaly.CLOCK_AHEAD)


# --- Names ---

FRAMES = {
    "NotifyStatus": ("events/rpc", {"method": "NotifyStatus", "params": {"ts": TS, "switch:0": {"apower": 1}}}),
    "NotifyFullStatus": ("events/rpc", {"method": "NotifyFullStatus", "params": {"ts": TS, "em:0": {"a_pf": 1}}}),
    "NotifyEvent": ("events/rpc", record_frame({"ts": TS, "period": 60, "values": [record_row()]})),
    "GetStatus, bare": ("rpc", {"pm1:0": {"apower": 1}}),
    "GetStatus, under result": ("rpc", {"id": 1, "result": {"em1:0": {"act_power": 1}}}),
    "an answer on events": ("events/rpc", {"id": 1, "result": {"em:0": {"a_pf": 1}}}),
}


@pytest.mark.parametrize(
    "src", ["shellypro3em-ffffff", "", 5, ["x"], {"a": 1}, "<script>alert(1)</script>", "x" * 5000]
)
@pytest.mark.parametrize("device", [SHELLY, RELAY], ids=lambda device: device.device_id)
@pytest.mark.parametrize("shape", FRAMES)
def test_a_forged_name_is_refused_in_every_frame_that_carries_one(shape, device, src):
    rest, message = FRAMES[shape]

    with pytest.raises(UnreadableMessage, match=r"^src is ") as refusal:
        hear(device, rest, {**message, "src": src})

    assert len(str(refusal.value)) < 200


HTML = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    ("device", "rest", "message"),
    [
        (SHELLY, "status/em:0", {**EM, "a_voltage": 230.0, "name": HTML, HTML: HTML}),
        (RELAY, "status/switch:0", {"apower": 5.5, "source": HTML, "name": HTML}),
        (SHELLY, "events/rpc", frame("NotifyFullStatus", **{"em:0": {"total_act_power": 5.5}, "sys": {"name": HTML}})),
        (SHELLY, "events/rpc", frame("NotifyStatus", **{f"em:{HTML}": {"a_pf": 1}, "em:0": {"total_act_power": 5.5}})),
        (SHELLY, "rpc", {"id": HTML, "result": {"em:0": {"total_act_power": 5.5}, "wifi": {"ssid": HTML}}}),
        (TASMOTA, "SENSOR", {"Time": "2026-01-01T01:00:30", "Name": HTML, "ENERGY": {"Power": 5.5, HTML: 1}}),
        (CUSTOM, "state", {"ts": TS, "p": 0.0055, "name": HTML, HTML: 1}),
    ],
)
def test_markup_in_a_name_is_nowhere_in_what_was_read(device, rest, message):
    (sample,) = hear(device, rest, message)

    assert good_values([sample]) == {GOOD_WATTS}
    assert "<" not in json.dumps(as_json(sample))


@pytest.mark.parametrize(
    ("device", "rest", "payload"),
    [
        (SHELLY, "status/em:0", '{"total_act_power":1,"total_act_power":5.5}'),
        (SHELLY, "status/em1data:0", '{"total_act_energy":1,"total_act_energy":7}'),
        (RELAY, "status/switch:0", '{"apower":1,"apower":5.5}'),
        (RELAY, "status/pm1:0", '{"apower":5.5,"aenergy":{"total":1,"total":2}}'),
        (RELAY, "status/cover:0", '{"apower":5.5,"apower":5.5}'),
        (SHELLY, "events/rpc", '{"method":"NotifyStatus","params":{"ts":1,"ts":1767225600,"em:0":{"b_pf":5.5}}}'),
        (SHELLY, "events/rpc", '{"method":"NotifyFullStatus","params":{"ts":1767225600,"em:0":{"a_pf":1,"a_pf":5.5}}}'),
        (SHELLY, "rpc", '{"em:0":{"total_act_power":1},"em:0":{"total_act_power":5.5}}'),
        (SHELLY, "rpc", '{"id":1,"result":{"em1:0":{"act_power":5.5,"act_power":5.5}}}'),
        (TASMOTA, "SENSOR", '{"Time":"2026-01-01T01:00:30","ENERGY":{"Power":1,"Power":5.5}}'),
        (CUSTOM, "state", '{"ts":1767225600,"p":1,"p":0.0055}'),
        (CUSTOM, "state", '{"ts":1767225600,"energy":{"in":1,"in":0.007}}'),
        (CUSTOM, "state", '{"ts":1767225600,"p":0.0055,"phases":[{"u":1,"u":230}]}'),
    ],
)
def test_of_a_key_that_comes_twice_the_last_counts_and_it_is_told(device, rest, payload):
    samples = hear(device, rest, payload.encode())

    assert good_values(samples)
    assert Anomaly.DUPLICATE_KEY in told(samples)


@pytest.mark.parametrize("payload", [b"[]", b"[1,2]", b"[{}]", b'"text"', b"5"])
@pytest.mark.parametrize(
    ("device", "rest"),
    [
        *((RELAY, f"status/{component}") for component in ("switch:0", "pm1:0", "cover:0")),
        *((SHELLY, rest) for rest in ("status/em1:0", "status/em1data:0", "rpc", "events/rpc", "online")),
        (TASMOTA, "SENSOR"),
    ],
)
def test_an_array_or_a_bare_value_where_an_object_is_due_is_refused(device, rest, payload):
    with pytest.raises(UnreadableMessage, match="must be"):
        hear(device, rest, payload)


@pytest.mark.parametrize("payload", [b"[]", b"[1,2]", b"[{}]", b'"text"', b"5"])
def test_a_generic_device_may_send_an_array_that_its_template_does_not_lead_into(payload):
    if payload.startswith(b"["):
        assert hear(CUSTOM, "state", payload) == []
    else:
        with pytest.raises(UnreadableMessage, match="must be a JSON object"):
            hear(CUSTOM, "state", payload)
