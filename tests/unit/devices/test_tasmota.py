"""Tasmota: SENSOR with its local time, and LWT."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

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
from tests.unit.devices.meter import DEVICE, RECEIVED_AT, captured

PLUG = DEVICE._replace(device_id="tasmota_1A2B3C", prefix="tele/tasmota_1A2B3C")


def says(rest, payload, *, received_at=RECEIVED_AT, device=PLUG):
    sent = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return decode(f"{device.prefix}/{rest}", sent, received_at, device)


def energy(time="2026-01-01T01:00:30", **fields):
    return {"Time": time, "ENERGY": fields}


def test_a_sensor_gives_powers_and_the_register_at_the_devices_local_time():
    power, registers = says("SENSOR", captured("tasmota_sensor.json"))

    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    values = Power(
        power=412.0, apparent_power=430.0, reactive_power=120.0, voltage=231.0, current=1.86, power_factor=0.96
    )
    assert power == Sample(7, "energy:0", midnight, TimeSource.DEVICE, values, NO_ANOMALY)
    assert registers.reading == Registers(Energies(total=1_234_567_000))
    assert (registers.at, registers.anomalies) == (midnight, Anomaly.DIRECTION_UNKNOWN)


def test_a_meter_that_counts_its_export_knows_both_directions():
    (registers,) = says("SENSOR", energy(Total=0.017, TotalTariff=[0, 0.017], ExportActive=12.5))

    assert registers.reading == Registers(Energies(drawn=17_000, returned=12_500_000))
    assert registers.anomalies == NO_ANOMALY


def test_lists_are_phases_and_powers_add_up():
    power, registers = says(
        "SENSOR",
        energy(Power=[1, 2, -4], Voltage=[230, 231, 232], Frequency=50, Total=[1, 2, 0.5], ExportActive=[0, 0, 0.25]),
    )

    assert power.reading == Power(
        power=-1.0,
        frequency=50.0,
        a_power=1.0,
        b_power=2.0,
        c_power=-4.0,
        a_voltage=230.0,
        b_voltage=231.0,
        c_voltage=232.0,
    )
    assert registers.reading.energies == Energies(
        3_500_000, 250_000, None, 1_000_000, 0, 2_000_000, 0, 500_000, 250_000
    )


def test_a_list_of_one_is_one_value_and_two_are_two_channels():
    (one,) = says("SENSOR", energy(Power=[5]))
    (two,) = says("SENSOR", energy(Power=[5, 6], Current=[0.1, 0.2]))

    assert one.reading == Power(power=5.0)
    assert two.reading == Power(power=11.0, a_power=5.0, b_power=6.0, a_current=0.1, b_current=0.2)


def test_a_list_with_a_hole_has_no_total():
    (power,) = says("SENSOR", energy(Power=[5, None, 7]))

    assert power.reading == Power(a_power=5.0, c_power=7.0)


def test_a_plug_that_is_off_measures_no_voltage_and_that_is_no_anomaly():
    (power,) = says("SENSOR", energy(Power=0, Voltage=0, Current=0))

    assert power.anomalies == NO_ANOMALY


@pytest.mark.parametrize(
    ("fields", "anomaly"),
    [
        ({"Voltage": "231"}, Anomaly.FIELD_NOT_A_NUMBER),
        ({"Voltage": [1, 2, 3, 4]}, Anomaly.FIELD_OUT_OF_RANGE),
        ({"Current": []}, Anomaly.FIELD_OUT_OF_RANGE),
        ({"Factor": {}}, Anomaly.FIELD_NOT_A_NUMBER),
        ({"Frequency": True}, Anomaly.FIELD_NOT_A_NUMBER),
        ({"Voltage": [[231]]}, Anomaly.FIELD_NOT_A_NUMBER),
        ({"Total": -1}, Anomaly.NEGATIVE_REGISTER),
        ({"Total": 10**9}, Anomaly.FIELD_OUT_OF_RANGE),
    ],
)
def test_a_field_that_cannot_be_used_is_dropped_and_the_others_stay(fields, anomaly):
    (power,) = says("SENSOR", energy(Power=5, **fields))

    assert power.reading == Power(power=5.0)
    assert power.anomalies == anomaly


@pytest.mark.parametrize("payload", [energy(Power="5"), energy(Total="1"), {"ENERGY": []}, {"ENERGY": 5}, [], 5])
def test_a_sensor_of_which_nothing_can_be_used_is_refused(payload):
    with pytest.raises(UnreadableMessage):
        says("SENSOR", payload)


@pytest.mark.parametrize("payload", [{}, {"Time": "x", "DS18B20": {"Temperature": 20}}, {"ENERGY": None}, energy()])
def test_other_sensors_carry_nothing_for_us(payload):
    assert says("SENSOR", payload) == []


def test_a_key_that_comes_twice_is_flagged():
    (power,) = says("SENSOR", b'{"Time":"2026-01-01T01:00:30","ENERGY":{"Power":1,"Power":2}}')

    assert (power.reading, power.anomalies) == (Power(power=2.0), Anomaly.DUPLICATE_KEY)


# --- Local time ---


@pytest.mark.parametrize(
    ("zone", "time", "at"),
    [
        ("Europe/Rome", "2026-07-01T12:00:00", "2026-07-01T10:00:00+00:00"),
        ("Europe/Rome", "2026-03-29T01:59:59", "2026-03-29T00:59:59+00:00"),  # the last second of winter
        ("Europe/Rome", "2026-03-29T03:00:00", "2026-03-29T01:00:00+00:00"),
        ("Europe/Rome", "2026-10-25T01:59:59", "2026-10-24T23:59:59+00:00"),
        ("Europe/Rome", "2026-10-25T03:00:00", "2026-10-25T02:00:00+00:00"),
        ("UTC", "2026-03-29T02:30:00", "2026-03-29T02:30:00+00:00"),
        ("Europe/Rome", "2026-07-01T12:00:00+01:00", "2026-07-01T11:00:00+00:00"),  # SetOption52
        ("Europe/Rome", "2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00+00:00"),
    ],
)
def test_local_time_is_that_of_the_devices_zone(zone, time, at):
    instant = datetime.fromisoformat(at)

    (power,) = says("SENSOR", energy(time, Power=5), received_at=instant, device=PLUG._replace(zone=ZoneInfo(zone)))

    assert (power.at, power.time_source, power.anomalies) == (instant, TimeSource.DEVICE, NO_ANOMALY)


@pytest.mark.parametrize("hour", [0, 1])
@pytest.mark.parametrize("late", [timedelta(seconds=2), timedelta(minutes=20), timedelta(seconds=-3)])
def test_the_hour_that_comes_twice_is_the_one_nearest_to_receipt_and_flagged(hour, late):
    instant = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)

    (power,) = says("SENSOR", energy("2026-10-25T02:30:00", Power=5), received_at=instant + late)

    assert (power.at, power.time_source) == (instant, TimeSource.DEVICE)
    assert power.anomalies == Anomaly.LOCAL_TIME_AMBIGUOUS
    assert power.anomalies.words == ["local_time_ambiguous"]


def test_the_hour_that_march_leaves_out_gives_way_to_ours():
    received_at = datetime(2026, 3, 29, 1, 30, 2, tzinfo=UTC)

    (power,) = says("SENSOR", energy("2026-03-29T02:30:00", Power=5), received_at=received_at)

    assert (power.at, power.time_source) == (received_at, TimeSource.RECEIVED)
    assert power.anomalies.words == ["local_time_nonexistent"]
    assert power.reported_ts == datetime(2026, 3, 29, 1, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("time", "anomaly"),
    [
        ("1970-01-01T00:00:10", Anomaly.CLOCK_NOT_SET),
        ("0001-01-01T00:00:00", Anomaly.CLOCK_NOT_SET),
        ("2026-01-01T02:00:00", Anomaly.CLOCK_AHEAD),
        ("9999-12-31T23:59:59", Anomaly.CLOCK_AHEAD),
        ("9999-12-31T23:59:59-12:00", Anomaly.CLOCK_AHEAD),
        ("2026-13-01T00:00:00", Anomaly.CLOCK_NOT_SET),
        ("2026-01-01T00:00:60", Anomaly.CLOCK_NOT_SET),
        ("2026-W01-1", Anomaly.CLOCK_NOT_SET),
        ("٢٠٢٦-01-01T00:00:00", Anomaly.CLOCK_NOT_SET),
        ("", Anomaly.CLOCK_NOT_SET),
        (None, Anomaly.CLOCK_NOT_SET),
        (1767225600, Anomaly.CLOCK_NOT_SET),
    ],
)
def test_a_time_that_cannot_be_believed_gives_way_to_ours(time, anomaly):
    (power,) = says("SENSOR", energy(time, Power=5))

    assert (power.at, power.time_source, power.anomalies) == (RECEIVED_AT, TimeSource.RECEIVED, anomaly)


# --- Presence and the rest ---


@pytest.mark.parametrize(("payload", "online"), [(b"Online", True), (b"Offline", False), (b"Offline\n", False)])
def test_lwt_is_the_presence_of_the_device(payload, online):
    assert says("LWT", payload) == [Sample(7, "online", RECEIVED_AT, TimeSource.RECEIVED, Presence(online))]


@pytest.mark.parametrize("payload", [b"", b"online", b"true", b"\xff", b"Offline!"])
def test_lwt_is_one_of_two_words(payload):
    with pytest.raises(UnreadableMessage, match="LWT must be Online or Offline"):
        says("LWT", payload)


@pytest.mark.parametrize(("rest", "payload"), [("STATE", b'{"POWER":"ON"}'), ("LOGGING", b"00:00:01 MQT: ...")])
def test_other_topics_carry_nothing_for_us(rest, payload):
    assert says(rest, payload) == []


def test_the_levels_of_the_topic_may_stand_in_any_order():
    (power,) = says("SENSOR", energy(Power=5), device=PLUG._replace(prefix="casa/presa/tele"))

    assert power.reading == Power(power=5.0)
