"""Which topic is whose, and what is left alone."""

import pytest

from cercollettiva.devices.decoding import prefix_of, reader_of
from tests.unit.devices.meter import DEVICE, PREFIX, RECEIVED_AT, captured, says


@pytest.mark.parametrize(
    ("topic", "prefix"),
    [
        (f"{PREFIX}/status/em:0", PREFIX),
        (f"{PREFIX}/status/wifi", PREFIX),
        (f"{PREFIX}/events/rpc", PREFIX),
        (f"{PREFIX}/online", PREFIX),
        (f"{PREFIX}/rpc", PREFIX),
        (f"{PREFIX}/command", PREFIX),
        (f"{PREFIX}/command/switch:0", PREFIX),
        ("shelly/online", "shelly"),
        ("a/b/c/d/e/status/em:0", "a/b/c/d/e"),
        ("house/status/meter/status/em:0", "house/status/meter"),
        ("tele/tasmota_1A2B3C/STATE", "tele/tasmota_1A2B3C"),
        ("tele/cantina/presa/SENSOR", "tele/cantina/presa"),
        ("tasmota_1A2B3C/tele/LWT", "tasmota_1A2B3C/tele"),
        ("stat/tasmota_1A2B3C/RESULT", "tele/tasmota_1A2B3C"),
        ("cmnd/tasmota_1A2B3C/Power", "tele/tasmota_1A2B3C"),
        ("stat/energy/today", "stat/energy/today"),
        ("television/SENSOR", "television/SENSOR"),
        ("shellies/shellyem-B9E2C1/emeter/0/power", "shellies/shellyem-B9E2C1"),
        ("shellies/shellyem-B9E2C1/relay/0", "shellies/shellyem-B9E2C1"),
        ("shellies/shellyem-B9E2C1/online", "shellies/shellyem-B9E2C1"),
        ("shellies/announce", "shellies/announce"),
        ("shellies/command", "shellies/command"),
        ("online", "online"),
        ("/online", "/online"),
        ("", ""),
    ],
)
def test_the_prefix_of_an_unknown_device_is_what_stands_before_its_own_part(topic, prefix):
    assert prefix_of(topic) == prefix


@pytest.mark.parametrize("prefix", ["m", "VePro/x", "a/b/c/d/e/f", "house/status/em:0", "Città/contatore 1"])
def test_a_prefix_may_be_any_free_text(prefix):
    reader = reader_of(f"{prefix}/status/em:0", DEVICE._replace(prefix=prefix))

    (sample,) = reader(captured("em0_status.json"), RECEIVED_AT, DEVICE)

    assert (sample.component, sample.reading.power) == ("em:0", 715.5)


@pytest.mark.parametrize(
    "rest", ["status/wifi", "status/sys", "status/em:x", "status/em:-1", "status/em", "status/em:0/x"]
)
def test_a_topic_that_carries_nothing_for_us_gives_no_sample(rest):
    assert says(rest, captured("em0_status.json")) == []


@pytest.mark.parametrize("rest", ["command", "command/switch:0", "debug/log"])
def test_plain_text_is_left_alone_where_no_json_is_due(rest):
    assert says(rest, b"status_update") == []


def test_a_topic_of_another_prefix_is_not_ours():
    reader = reader_of(f"{PREFIX}-other/status/em:0", DEVICE)

    assert reader(captured("em0_status.json"), RECEIVED_AT, DEVICE) == []
