"""What holds for any payload at all."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.devices.decoding import as_json
from cercollettiva.devices.samples import Power, Record, Registers, UnreadableMessage
from tests.unit.devices.meter import captured, record_frame, record_row, says, status_frame

TOPICS = st.sampled_from(["status/em:0", "status/emdata:0", "status/sys", "events/rpc", "rpc", "online", "x"])
CAPTURED = [captured(f) for f in ("em0_status.json", "emdata0_status.json", "notifystatus_partial.json")]
CAPTURED += [captured("notifyevent_emdata_record.json")]

ODD_NUMBERS = st.sampled_from([1e400, -1e400, 1e308, 5e-324, -0.0, 2**63, -(2**63), 10**400, 10**15, 1767225600123])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | ODD_NUMBERS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))

EM = json.loads(CAPTURED[0])
EMDATA = json.loads(CAPTURED[1])


def sent(value):
    """JSON as a meter would write it: infinity stands for a number beyond any float."""
    return json.dumps(value).replace("-Infinity", "-1e400").replace("Infinity", "1e400").encode()


def samples_or_refusal(rest, payload):
    """Raises what is not a refusal; what is stored must be finite, in range and printable."""
    try:
        samples = says(rest, payload)
    except UnreadableMessage:
        return []
    for sample in samples:
        json.dumps(as_json(sample), allow_nan=False)
        assert sample.at.tzinfo is not None
        if isinstance(sample.reading, Power):
            assert all(value is None or (type(value) is float and abs(value) <= 1e8) for value in sample.reading)
        if isinstance(sample.reading, Registers | Record):
            assert all(value is None or 0 <= value < 10**15 for value in sample.reading.energies)
        assert sample.reported_ts is None or math.isfinite(sample.reported_ts)
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
