"""What holds for any payload at all."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.devices.clocks import moment_of_local
from cercollettiva.devices.decoding import decode
from cercollettiva.devices.samples import NO_ANOMALY, Anomaly, Power, TimeSource, UnreadableMessage
from tests.unit.devices.meter import (
    DEVICE,
    EVERY_MAKE,
    RECEIVED_AT,
    captured,
    check_soundness,
    record_frame,
    record_row,
    says,
    status_frame,
)

TOPICS = st.sampled_from(["status/em:0", "status/emdata:0", "status/sys", "events/rpc", "rpc", "online", "x"])
CAPTURED = [captured(f) for f in ("em0_status.json", "emdata0_status.json", "notifystatus_partial.json")]
CAPTURED += [captured("notifyevent_emdata_record.json")]

ODD_NUMBERS = st.sampled_from([1e400, -1e400, 1e308, 5e-324, -0.0, 2**63, -(2**63), 10**400, 10**15, 1767225600123])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | ODD_NUMBERS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))

SHELLY, RELAY, GEN1, TASMOTA, CUSTOM = EVERY_MAKE
GEN1_NAMES = ["power", "voltage", "current", "pf", "energy", "returned_energy", "total", "total_returned", "x"]
EVERY_TOPIC = st.sampled_from(
    [
        *((SHELLY, f"status/{component}") for component in ("em1:0", "em1data:2", "switch:0", "pm1:0", "cover:0")),
        *((SHELLY, "events/rpc"), (SHELLY, "rpc")),
        *((GEN1, f"emeter/0/{name}") for name in GEN1_NAMES),
        *((TASMOTA, "SENSOR"), (TASMOTA, "LWT"), (TASMOTA, "STATE")),
        *((CUSTOM, "state"), (CUSTOM, "online"), (CUSTOM, "other")),
    ]
)

EM = json.loads(CAPTURED[0])
EMDATA = json.loads(CAPTURED[1])


def sent(value):
    """JSON as a meter would write it: infinity stands for a number beyond any float."""
    return json.dumps(value).replace("-Infinity", "-1e400").replace("Infinity", "1e400").encode()


def samples_or_refusal(rest, payload, device=None):
    """Raises what is not a refusal; what is stored must be finite, in range and printable."""
    try:
        samples = says(rest, payload) if device is None else decode(rest, payload, RECEIVED_AT, device)
    except UnreadableMessage:
        return []
    for sample in samples:
        check_soundness(sample)
    return samples


@given(TOPICS, st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(rest, payload):
    samples_or_refusal(rest, payload)


@given(TOPICS, VALUES)
def test_any_json_is_read_or_refused(rest, value):
    samples_or_refusal(rest, sent(value))


@given(TOPICS, st.sampled_from(CAPTURED), st.data())
def test_a_damaged_payload_is_read_or_refused(rest, payload, data):
    start = data.draw(st.integers(0, len(payload)))
    end = data.draw(st.integers(start, min(len(payload), start + 20)))
    damage = data.draw(st.binary(max_size=8) | st.sampled_from([b"null", b"1e400", b"NaN", b'"', b"{", b"\\ud800"]))

    samples_or_refusal(rest, payload[:start] + damage + payload[end:])


@given(st.dictionaries(st.sampled_from(sorted(EM)), VALUES), st.dictionaries(st.sampled_from(sorted(EMDATA)), VALUES))
def test_any_value_in_a_known_field_is_read_or_refused(em_changes, emdata_changes):
    samples_or_refusal("status/em:0", sent(EM | em_changes))
    samples_or_refusal("status/emdata:0", sent(EMDATA | emdata_changes))
    samples_or_refusal("events/rpc", sent(status_frame(1767225600, **{"em:0": EM | em_changes, "emdata:0": EMDATA})))


@given(VALUES, VALUES, VALUES, st.lists(st.lists(VALUES, max_size=2) | st.just(record_row()), max_size=3))
def test_any_record_is_read_or_refused(ts, period, cell, rows):
    block = {"ts": ts, "period": period, "values": [*rows, record_row(a=cell)]}

    samples_or_refusal("events/rpc", sent(record_frame(block)))
    samples_or_refusal("events/rpc", sent(record_frame(block | {"period": 60})))
    samples_or_refusal("events/rpc", sent(record_frame(block | {"ts": 1767225600, "period": 60})))
    samples_or_refusal("events/rpc", sent(status_frame(ts, **{"em:0": {"total_act_power": 1.5}})))


@given(st.lists(st.sampled_from(sorted(EM)), unique=True))
def test_what_is_absent_is_unknown_and_never_zero(keys):
    (whole,) = says("status/em:0", EM)

    samples = says("status/em:0", {key: EM[key] for key in keys})

    values = samples[0].reading if samples else Power()
    measured = {key for key in keys if isinstance(EM[key], float)}
    assert sum(value is not None for value in values) == len(measured)
    assert all(part in (None, full) for part, full in zip(values, whole.reading, strict=True))


@given(st.permutations(sorted(EM)), st.permutations(sorted(EMDATA)))
def test_the_order_of_the_keys_does_not_matter(em_keys, emdata_keys):
    shuffled = says("status/em:0", {key: EM[key] for key in em_keys})
    shuffled += says("status/emdata:0", {key: EMDATA[key] for key in emdata_keys})

    assert shuffled == says("status/em:0", EM) + says("status/emdata:0", EMDATA)


@given(st.lists(st.integers(0, 10**9), min_size=3, max_size=3))
def test_the_sum_of_a_record_is_that_of_its_phases_rounded_once(tenths_of_mwh):
    row = record_row(*(value / 10_000 for value in tenths_of_mwh))

    (sample,) = says("events/rpc", record_frame({"ts": 1767225600, "period": 60, "values": [row]}))

    assert abs(sample.reading.energies.drawn * 10 - sum(tenths_of_mwh)) <= 5


# --- Every make ---


def of_device(topic, payload):
    device, rest = topic
    return samples_or_refusal(f"{device.prefix}/{rest}", payload, device)


@given(EVERY_TOPIC, st.binary(max_size=300) | VALUES.map(sent))
def test_any_make_reads_or_refuses_anything(topic, payload):
    of_device(topic, payload)


RELAY_STATUS = json.loads(captured("switch0_status.json"))
FEW_VALUES = LEAVES | st.lists(LEAVES, max_size=4) | st.dictionaries(st.text(max_size=3), LEAVES, max_size=2)
SENSOR = json.loads(captured("tasmota_sensor.json"))["ENERGY"]
STATE = {"ts": 1767225600, "p": 1.25, "phases": [{"u": 230.5}], "energy": {"in": 12.5, "out": 0.125}}


@given(
    st.dictionaries(st.sampled_from(sorted(RELAY_STATUS)), FEW_VALUES),
    st.dictionaries(st.sampled_from(["total", "by_minute"]), FEW_VALUES),
    st.dictionaries(st.sampled_from([*sorted(SENSOR), "ExportActive", "Frequency"]), FEW_VALUES),
    st.dictionaries(st.sampled_from(sorted(STATE)), FEW_VALUES),
    FEW_VALUES,
)
def test_any_value_in_a_known_field_of_any_make_is_read_or_refused(relay, counter, sensor, state, time):
    for component in ("switch:0", "pm1:3", "cover:0"):
        of_device((RELAY, f"status/{component}"), sent(RELAY_STATUS | relay))
        of_device((RELAY, f"status/{component}"), sent(RELAY_STATUS | {"aenergy": counter}))
        of_device((RELAY, f"status/{component}"), sent(RELAY_STATUS | {"ret_aenergy": counter}))
    of_device((TASMOTA, "SENSOR"), sent({"Time": time, "ENERGY": SENSOR | sensor}))
    of_device((CUSTOM, "state"), sent(STATE | state))
    of_device((CUSTOM, "state"), sent(STATE | {"energy": {"in": time}, "phases": [{"u": time}]}))


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_of_a_relay_drawn_and_returned_add_up_to_what_it_counted(drawn, returned):
    """In mWh: the counters have three decimals of a Wh."""
    counted = f'{{"aenergy":{{"total":{(drawn + returned) // 1000}.{(drawn + returned) % 1000:03d}}},'
    payload = counted + f'"ret_aenergy":{{"total":{returned // 1000}.{returned % 1000:03d}}}}}'

    (registers,) = of_device((RELAY, "status/switch:0"), payload.encode())

    assert (registers.reading.energies.drawn, registers.reading.energies.returned) == (drawn, returned)
    assert registers.anomalies == NO_ANOMALY


@given(
    st.datetimes(datetime(2025, 7, 1), datetime(2027, 12, 31)).map(lambda moment: moment.replace(microsecond=0)),  # noqa: DTZ001
    st.integers(0, 1700),
)
def test_an_instant_told_in_local_time_comes_back_where_it_was(utc, late):
    instant = utc.replace(tzinfo=UTC)
    written = instant.astimezone(DEVICE.zone).replace(tzinfo=None).isoformat()

    moment = moment_of_local(written, received_at=instant + timedelta(seconds=late), device=DEVICE)

    assert (moment.at, moment.source) == (instant, TimeSource.DEVICE)
    assert moment.anomalies in (NO_ANOMALY, Anomaly.LOCAL_TIME_AMBIGUOUS)
