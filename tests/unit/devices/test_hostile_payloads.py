"""Payloads that no meter should send: refused with a reason, never a traceback."""

import pytest

from cercollettiva.devices.payloads import MAX_PAYLOAD_BYTES
from cercollettiva.devices.samples import NO_ANOMALY, Power, UnreadableMessage
from tests.unit.devices.meter import captured, says

JSON_TOPICS = ["status/em:0", "status/emdata:0", "status/wifi", "events/rpc", "rpc", "online", "anything/else"]


@pytest.mark.parametrize("rest", JSON_TOPICS)
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "the message is empty"),
        (b" \r\n", "the message is empty"),
        (captured("bad_truncated.txt"), "not JSON"),
        (captured("bad_nan.json"), "NaN is not a number"),
        (b'{"a_act_power":Infinity}', "Infinity is not a number"),
        (b'{"a_act_power":-Infinity}', "-Infinity is not a number"),
        (b'{"a_act_power":nan}', "not JSON"),
        (b'{"a_act_power":951,2}', "not JSON"),  # a decimal comma
        (b"{'a_act_power':951.2}", "not JSON"),
        (b'{"a_act_power":951.2}}', "not JSON: Extra data"),
        (b'{"a_act_power":+1}', "not JSON"),
        (b'{"a_act_power":0x10}', "not JSON"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b'{"a":"\xff"}', "not UTF-8 text: byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),  # half a surrogate pair in raw bytes
        (b'{"a":"\x00"}', "not JSON"),
        (b"\x00", "not JSON"),
        (b'{"a":"x\\u0000y"}', "NUL"),
        (b'{"a\\u0000":1}', "NUL"),
        (b'{"a":[{"b":"\\ud800"}]}', "surrogate"),
        (b'{"a_act_power":' + b"9" * 5000 + b"}", "too many digits"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"a":' * 12_000, "nested too deeply"),
        (b'"' + b"x" * MAX_PAYLOAD_BYTES + b'"', "too long: 65538 bytes"),
    ],
)
def test_what_is_not_json_is_refused_on_every_topic(rest, payload, reason):
    with pytest.raises(UnreadableMessage, match=reason):
        says(rest, payload)


def test_a_number_with_an_absurd_exponent_is_refused_where_it_should_be_exact():
    with pytest.raises(UnreadableMessage, match="too many digits"):
        says("status/emdata:0", b'{"total_act": 1e9999999999999999999}')


@pytest.mark.parametrize("exponent", ["999999999", "-999999999"])
def test_the_largest_exponents_do_no_harm(exponent):
    payload = f'{{"total_act": 1e{exponent}, "a_total_act_energy": 1e{exponent}, "total_act_ret": 1}}'.encode()

    (sample,) = says("status/emdata:0", payload)

    assert sample.reading.energies.returned == 1000
    assert sample.reading.energies.drawn in (None, 0)


@pytest.mark.parametrize("payload", [b"[]", b"1", b'"text"', b"null", b"true"])
@pytest.mark.parametrize("rest", ["status/em:0", "status/emdata:0", "events/rpc", "rpc"])
def test_what_is_not_an_object_is_refused_where_one_is_due(rest, payload):
    with pytest.raises(UnreadableMessage, match="must be a JSON object, not"):
        says(rest, payload)


def test_the_longest_payload_is_read():
    start, end = b'{"total_act_power":715.5,"x":"', b'"}'
    payload = start + b"x" * (MAX_PAYLOAD_BYTES - len(start) - len(end)) + end

    (sample,) = says("status/em:0", payload)

    assert len(payload) == 65_536
    assert sample.reading == Power(power=715.5)


def test_a_reason_is_never_as_long_as_the_payload():
    payload = b'"' + b"x" * 60_000 + b'"'

    with pytest.raises(UnreadableMessage) as refusal:
        says("status/em:0", payload)

    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("text", ["perché", "\\u00e9", "\\ud83d\\ude00", "C:\\\\u0000"])
def test_text_that_a_database_can_store_is_no_obstacle(text):
    payload = f'{{"total_act_power":715.5,"name":"{text}"}}'.encode()

    (sample,) = says("status/em:0", payload)

    assert sample.reading == Power(power=715.5)
    assert sample.anomalies == NO_ANOMALY
