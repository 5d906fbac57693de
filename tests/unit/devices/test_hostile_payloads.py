"""Payloads that no meter should send: refused with a reason, never a traceback."""

import pytest

from cercollettiva.devices.decoding import decode
from cercollettiva.devices.payloads import MAX_PAYLOAD_BYTES
from cercollettiva.devices.samples import NO_ANOMALY, Anomaly, Power, UnreadableMessage
from tests.unit.devices.meter import EVERY_MAKE, RECEIVED_AT, captured, says

SHELLY, RELAY, GEN1, TASMOTA, CUSTOM = EVERY_MAKE
JSON_TOPICS = [
    *(f"{SHELLY.prefix}/{rest}" for rest in ("status/em:0", "status/emdata:0", "status/wifi", "events/rpc", "rpc")),
    *(f"{SHELLY.prefix}/{rest}" for rest in ("online", "anything/else", "status/em1:0", "status/em1data:0")),
    *(f"{RELAY.prefix}/status/{component}" for component in ("switch:0", "pm1:0", "cover:0")),
    f"{RELAY.prefix}/events/rpc",
    *(f"{GEN1.prefix}/emeter/0/{name}" for name in ("power", "voltage", "total", "total_returned", "energy")),
    *(f"{GEN1.prefix}/{rest}" for rest in ("online", "announce", "info")),
    *(f"{TASMOTA.prefix}/{rest}" for rest in ("SENSOR", "STATE", "INFO1")),
    f"{CUSTOM.prefix}/state",
]


def hears(topic, payload):
    (device,) = [device for device in EVERY_MAKE if topic.startswith(f"{device.prefix}/")]
    return decode(topic, payload, RECEIVED_AT, device)


@pytest.mark.parametrize("topic", JSON_TOPICS)
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
def test_what_is_not_json_is_refused_on_every_topic_of_every_make(topic, payload, reason):
    with pytest.raises(UnreadableMessage, match=reason):
        hears(topic, payload)


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


ONE_GOOD_FIELD = [
    (f"{SHELLY.prefix}/status/em:0", '{"total_act_power":5.5,"a_act_power":%s}'),
    (f"{SHELLY.prefix}/status/em1:0", '{"act_power":5.5,"voltage":%s}'),
    (f"{RELAY.prefix}/status/switch:0", '{"apower":5.5,"voltage":%s}'),
    (f"{RELAY.prefix}/status/pm1:0", '{"apower":5.5,"aenergy":{"total":%s}}'),
    (f"{TASMOTA.prefix}/SENSOR", '{"Time":"2026-01-01T01:00:30","ENERGY":{"Power":5.5,"Total":%s}}'),
    (f"{CUSTOM.prefix}/state", '{"ts":1767225600,"p":0.0055,"energy":{"in":%s}}'),
]


@pytest.mark.parametrize(("topic", "payload"), ONE_GOOD_FIELD)
@pytest.mark.parametrize("value", ['"null"', '"12.5"', "true", "{}", "1e15", "-1e15", "1e400", "<b>", '"<b>x</b>"'])
def test_a_bad_field_is_dropped_with_an_anomaly_and_never_takes_the_good_one_along(topic, payload, value):
    if value == "<b>":
        with pytest.raises(UnreadableMessage, match="not JSON"):
            hears(topic, (payload % value).encode())
        return

    (sample,) = hears(topic, (payload % value).encode())

    assert sample.reading.power == 5.5
    assert sample.anomalies & (Anomaly.FIELD_NOT_A_NUMBER | Anomaly.FIELD_OUT_OF_RANGE | Anomaly.NEGATIVE_REGISTER)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"ts":1767225600123,"p":1}',  # milliseconds where seconds are due
        b'{"ts":1e300,"p":1}',
    ],
)
def test_milliseconds_for_seconds_are_not_believed(payload):
    (sample,) = hears(f"{CUSTOM.prefix}/state", payload)

    assert (sample.at, sample.anomalies) == (RECEIVED_AT, Anomaly.CLOCK_AHEAD)


@pytest.mark.parametrize("device", EVERY_MAKE[:2])
def test_a_forged_name_is_refused(device):
    payload = (
        b'{"src":"shellypro3em-ffffff","method":"NotifyStatus","params":{"ts":1767225600,"switch:0":{"apower":1}}}'
    )

    with pytest.raises(UnreadableMessage, match="src is 'shellypro3em-ffffff'"):
        decode(f"{device.prefix}/events/rpc", payload, RECEIVED_AT, device)
