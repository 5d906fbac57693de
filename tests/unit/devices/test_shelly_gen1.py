"""Shelly Gen1 EM and 3EM: bare numbers, one topic each."""

from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.devices.decoding import decode
from cercollettiva.devices.samples import (
    NO_ANOMALY,
    Anomaly,
    Energies,
    Power,
    Presence,
    Registers,
    Sample,
    TimeSource,
    UnreadableMessage,
)
from tests.unit.devices.meter import COMMISSIONED_AT, DEVICE, RECEIVED_AT, captured

PREFIX = "shellies/shellyem-B9E2C1"
EM = DEVICE._replace(device_id="shellyem-B9E2C1", prefix=PREFIX)


def says(rest, payload, device=EM):
    return decode(f"{device.prefix}/{rest}", payload, RECEIVED_AT, device)


def sample(component, reading, anomalies=NO_ANOMALY):
    return Sample(7, component, RECEIVED_AT, TimeSource.RECEIVED, reading, anomalies, is_partial=True)


@pytest.mark.parametrize(
    ("name", "payload", "reading"),
    [
        ("power", b"-219.42", Power(power=-219.42)),
        ("reactive_power", b"12.5", Power(reactive_power=12.5)),
        ("voltage", b"231.02", Power(voltage=231.02)),
        ("current", b"1.1", Power(current=1.1)),
        ("pf", b"-0.97", Power(power_factor=-0.97)),
        ("power", b"0", Power(power=0.0)),
        ("total", b"120345.6", Registers(Energies(drawn=120_345_600))),
        ("total_returned", b"0.0", Registers(Energies(returned=0))),
    ],
)
def test_each_number_is_one_value_of_its_channel(name, payload, reading):
    (said,) = says(f"emeter/2/{name}", payload)

    assert said._replace(at=RECEIVED_AT) == sample("emeter:2", reading)


def test_values_that_share_their_instant_stand_a_microsecond_apart():
    powers = {says(f"emeter/2/{name}", b"1")[0].at - RECEIVED_AT for name in ("power", "voltage", "current", "pf")}
    registers = {says(f"emeter/2/{name}", b"1")[0].at - RECEIVED_AT for name in ("total", "total_returned")}

    assert len(powers) == 4
    assert len(registers) == 2
    assert max(powers | registers) < timedelta(microseconds=10)


def test_the_captured_register_is_read():
    assert says("emeter/0/total", captured("gen1_emeter_total.txt")) == [
        sample("emeter:0", Registers(Energies(drawn=120_345_600)))
    ]


@pytest.mark.parametrize("name", ["energy", "returned_energy"])
def test_energy_since_the_last_power_cut_is_the_registers_once_more_and_left(name):
    assert says(f"emeter/0/{name}", b"73") == []


@pytest.mark.parametrize("name", ["power", "voltage", "total", "total_returned", "energy", "returned_energy"])
@pytest.mark.parametrize(
    "payload",
    [b"nan", b"NaN", b"inf", b"-inf", b"Infinity", b"", b"on", b'"12.5"', b"null", b"true", b"[1]", b"{}", b"12,5"],
)
def test_what_is_no_number_is_refused(name, payload):
    with pytest.raises(UnreadableMessage):
        says(f"emeter/0/{name}", payload)


@pytest.mark.parametrize(
    ("name", "payload", "word"),
    [
        ("power", b"1e400", "field_out_of_range"),
        ("power", b"-1e9", "field_out_of_range"),
        ("total", b"-0.1", "negative_register"),
        ("total", b"1e12", "field_out_of_range"),
        ("total", b"1e999999999", "field_out_of_range"),
    ],
)
def test_what_no_meter_can_measure_is_refused_by_its_name(name, payload, word):
    with pytest.raises(UnreadableMessage, match=f"emeter:0 holds no usable value: {word}"):
        says(f"emeter/0/{name}", payload)


def test_a_phase_without_voltage_is_flagged():
    (said,) = says("emeter/1/voltage", b"0.00")

    assert said._replace(at=RECEIVED_AT) == sample("emeter:1", Power(voltage=0.0), Anomaly.NO_VOLTAGE)


@pytest.mark.parametrize("prefix", ["cercollettiva/IT001E12345678/em", "shellies/house/shellyem-B9E2C1", "shellies"])
def test_bare_numbers_are_read_nowhere_else(prefix):
    assert says("emeter/0/power", b"12.5", EM._replace(prefix=prefix)) == []


@pytest.mark.parametrize(
    ("rest", "payload"),
    [("relay/0", b"on"), ("relay/0/command", b"off"), ("input/0", b"1"), ("announce", b"{}"), ("emeter/0/x", b"5")],
)
def test_other_topics_carry_nothing_for_us(rest, payload):
    assert says(rest, payload) == []


def test_an_announcement_must_be_json():
    with pytest.raises(UnreadableMessage, match="not JSON"):
        says("announce", b"{")


@pytest.mark.parametrize(("payload", "online"), [(b"true", True), (b"false", False)])
def test_presence_is_that_of_every_shelly(payload, online):
    assert says("online", payload) == [Sample(7, "online", RECEIVED_AT, TimeSource.RECEIVED, Presence(online))]


def test_its_messages_have_no_time_whatever_the_clock():
    (power,) = decode(f"{PREFIX}/emeter/0/power", b"1.5", datetime(2020, 1, 1, tzinfo=UTC), EM)

    assert power.at < COMMISSIONED_AT
    assert power.time_source is TimeSource.RECEIVED
