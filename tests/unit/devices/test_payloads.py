"""Reading frames quickly gives what reading them closely gives."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.devices.payloads import DoubledKeys, read_exact_object, read_frame
from cercollettiva.devices.samples import UnreadableMessage
from tests.unit.devices.meter import captured

LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


def outcome_of(reader, payload):
    """The frame, or the reason it was refused."""
    try:
        return floats(reader(payload, "frame"))
    except UnreadableMessage as refusal:
        return str(refusal)


def floats(value):
    """With floats for Decimals."""
    if isinstance(value, dict):
        return {key: floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [floats(inner) for inner in value]
    return float(value) if isinstance(value, Decimal) else value


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), st.booleans())
def test_a_frame_is_the_same_however_it_is_read(frame, is_plain):
    payload = json.dumps(frame, ensure_ascii=not is_plain).encode("utf-8", "surrogatepass")

    closely, quickly = (outcome_of(reader, payload) for reader in (read_exact_object, read_frame))

    assert quickly == closely


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":1,"a":2}',
        b'{"x":{"a":1,"a":2},"src":"y"}',
        b'{"x":[{"a":"b","a":"b"}]}',
        b'{"a":1,"\\u0061":2}',
    ],
)
def test_a_key_that_comes_twice_is_found_at_any_depth(payload):
    frame = read_frame(payload, "frame")

    inner = frame.get("x", frame)
    assert type(inner[0] if isinstance(inner, list) else inner) is DoubledKeys


@pytest.mark.parametrize("file", ["emdata0_status.json", "switch0_status.json", "notifyevent_emdata_record.json"])
def test_what_speaks_of_energy_is_exact(file):
    frame = read_frame(captured(file), "frame")

    assert frame == read_exact_object(captured(file), "frame")
    assert "Decimal" in repr(frame)


def test_what_changed_in_a_power_is_read_with_floats():
    frame = read_frame(captured("notifystatus_partial.json"), "frame")

    assert type(frame["params"]["em:0"]["total_act_power"]) is float


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"5", b'{"a":NaN}', b'{"a":"\x00"}', b'{"a":"\xff"}', b"[" * 60_000, b'{"a":' * 12_000]
)
def test_what_cannot_be_read_closely_cannot_be_read_quickly(payload):
    with pytest.raises(UnreadableMessage):
        read_frame(payload, "frame")
