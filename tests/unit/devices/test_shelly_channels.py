"""Components of one phase of a Shelly Gen2+: em1, em1data, and relays and plugs with a meter."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.devices.samples import (
    NO_ANOMALY,
    NO_POWER,
    Anomaly,
    Energies,
    Power,
    Record,
    Registers,
    Sample,
    TimeSource,
    UnreadableMessage,
)
from cercollettiva.devices.shelly_components import Component
from cercollettiva.devices.shelly_records import samples_of_history
from tests.unit.devices.meter import DEVICE, RECEIVED_AT, captured, record_row, says, status_frame

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # 1767225600
RELAYS = ["switch:0", "pm1:0", "cover:0"]
# Values of a kind that a real device published in this order: drawn, returned, reactive twice, powers, volts, amperes.
EM1_ROW = [1.0923, 0.25, 0.0, 0.0, 694.5, 30.2, 887.9, 58.6, 234.042, 232.746, 233.83, 3.798, 0.25, 0.369]


def events(component, *blocks, number=0):
    event = {"component": component, "id": number, "event": "data", "ts": 1767225660.65, "data": list(blocks)}
    return {"src": "shellypro3em-a1b2c3", "method": "NotifyEvent", "params": {"ts": 1767225660.65, "events": [event]}}


def test_a_channel_gives_its_values_in_total():
    samples = says("status/em1:1", captured("em1_status.json"))

    expected = Power(power=-219.4, apparent_power=254.1, voltage=231.0, current=1.1, power_factor=0.86, frequency=50.0)
    assert samples == [Sample(7, "em1:1", RECEIVED_AT, TimeSource.RECEIVED, expected, NO_ANOMALY)]


def test_the_registers_of_a_channel_have_no_phases():
    samples = says("status/em1data:1", captured("em1data_status.json"))

    expected = Registers(Energies(drawn=6_644_900, returned=2_595_260))
    assert samples == [Sample(7, "em1data:1", RECEIVED_AT, TimeSource.RECEIVED, expected, NO_ANOMALY)]


def test_the_third_channel_may_call_itself_the_first():
    (sample,) = says("status/em1:2", {"id": 0, "act_power": 5.5})

    assert (sample.component, sample.reading) == ("em1:2", Power(power=5.5))
    assert sample.anomalies == Anomaly.ID_MISMATCH


def test_a_channel_without_voltage_is_flagged_and_its_values_stay_as_sent():
    (sample,) = says("status/em1:0", {"id": 0, "voltage": 0.0, "freq": 198.0, "current": 0.027, "act_power": 0.0})

    assert sample.reading == Power(power=0.0, voltage=0.0, current=0.027, frequency=198.0)
    assert sample.anomalies == Anomaly.NO_VOLTAGE


def test_channels_come_partial_in_notifications():
    frame = status_frame(1767225600.25, **{"em1:0": {"id": 0, "act_power": 30.5}, "em1data:0": {"total_act_energy": 1}})

    power, registers = says("events/rpc", frame)

    assert (power.reading, registers.reading) == (Power(power=30.5), Registers(Energies(drawn=1000)))
    assert power.is_partial
    assert registers.is_partial


# --- Records ---


@pytest.mark.parametrize("period", [60, 300])
def test_a_record_of_a_channel_has_fourteen_values(period):
    block = {"ts": 1767225000, "period": period, "values": [EM1_ROW, [0.0] * 14]}

    first, second = says("events/rpc", events("em1data:1", block, number=1))

    assert first.component == "em1data:1"
    assert (first.at, second.at) == (NEW_YEAR - timedelta(seconds=600), NEW_YEAR - timedelta(seconds=600 - period))
    assert first.reading == Record(Energies(drawn=1092, returned=250), period)
    assert second.reading == Record(Energies(drawn=0, returned=0), period)
    assert first.anomalies == NO_ANOMALY


@pytest.mark.parametrize("row", [[1.0] * 13, [1.0] * 16, record_row(), ["x", None, *[1.0] * 12]])
def test_a_record_of_a_channel_with_other_columns_is_refused(row):
    with pytest.raises(UnreadableMessage, match="em1data:0"):
        says("events/rpc", events("em1data:0", {"ts": 1767225600, "period": 60, "values": [row]}))


def test_history_is_read_by_the_names_of_its_columns():
    keys = ["lag_react_energy", "total_act_ret_energy", "total_act_energy"]
    blocks = [
        {"ts": 1767139200, "period": 60, "values": [[9.0, 0.25, 1.5], [9.0, 0.5, 2.5]]},
        {"ts": 1767142800, "period": 60, "values": [[9.0, 0.0, 3.5]]},
    ]

    samples = samples_of_history(Component.of("em1data:2"), {"keys": keys, "data": blocks}, RECEIVED_AT, DEVICE)

    *records, off = samples
    energies = [sample.reading.energies for sample in records]
    assert energies == [Energies(1500, 250), Energies(2500, 500), Energies(3500, 0)]
    assert [sample.at.timestamp() for sample in records] == [1767139200, 1767139260, 1767142800]
    assert off.reading == Record(NO_POWER, 1767142800 - 1767139320)  # between the two blocks
    assert {sample.component for sample in samples} == {"em1data:2"}


def test_history_without_names_has_the_columns_of_live_records():
    answer = {"data": [{"ts": 1767139200, "period": 60, "values": [record_row(1, 2, 3, 0.5)]}], "next_record_ts": 1}

    (sample,) = samples_of_history(Component.of("emdata:0"), answer, RECEIVED_AT, DEVICE)

    assert sample.reading.energies == Energies(6000, 1500, None, 1000, 500, 2000, 500, 3000, 500)


def test_a_block_of_history_with_an_absurd_time_belongs_nowhere():
    absurd = {"ts": 4_100_000_000, "period": 60, "values": [EM1_ROW]}
    good = {"ts": 1767139200, "period": 60, "values": [EM1_ROW]}

    samples = samples_of_history(Component.of("em1data:0"), {"data": [absurd, good]}, RECEIVED_AT, DEVICE)

    assert [sample.at.timestamp() for sample in samples] == [1767139200]


@pytest.mark.parametrize("answer", [None, [], {}, {"data": {}}, {"data": [], "keys": ["x"]}, {"data": [], "keys": 5}])
def test_history_that_cannot_be_read_is_refused(answer):
    with pytest.raises(UnreadableMessage):
        samples_of_history(Component.of("em1data:0"), answer, RECEIVED_AT, DEVICE)


# --- Relays and plugs ---


@pytest.mark.parametrize("component", RELAYS)
def test_what_was_drawn_is_all_that_was_counted_less_what_was_returned(component):
    power, registers = says(f"status/{component}", captured("switch0_status.json"))

    assert power.reading == Power(power=-219.4, voltage=231.0, current=0.98, power_factor=-0.97, frequency=50.0)
    assert registers.reading == Registers(Energies(drawn=156_554, returned=185_618_039))
    assert [power.component, registers.component] == [component, component]
    assert {power.anomalies, registers.anomalies} == {NO_ANOMALY}


@pytest.mark.parametrize("component", RELAYS)
def test_without_a_returned_part_the_direction_is_unknown(component):
    status = {"id": 0, "apower": 12.5, "aenergy": {"total": 687882.498, "by_minute": [208.3], "minute_ts": 1}}

    power, registers = says(f"status/{component}", status)

    assert registers.reading == Registers(Energies(total=687_882_498))
    assert registers.anomalies == Anomaly.DIRECTION_UNKNOWN
    assert power.anomalies == NO_ANOMALY


def test_the_difference_is_rounded_once():
    (registers,) = says("status/pm1:0", b'{"aenergy":{"total":100.0004},"ret_aenergy":{"total":0.0006}}')

    assert registers.reading.energies == Energies(drawn=100_000, returned=1)


@pytest.mark.parametrize(
    ("counters", "energies", "anomalies"),
    [
        ({"ret_aenergy": {"total": 1.5}}, Energies(returned=1500), NO_ANOMALY),
        (
            {"aenergy": {"total": 1.0}, "ret_aenergy": {"total": 1.5}},
            Energies(total=1000),
            Anomaly.DIRECTION_UNKNOWN | Anomaly.NEGATIVE_REGISTER,
        ),
        (
            {"aenergy": {"total": 1.0}, "ret_aenergy": {"total": "null"}},
            Energies(total=1000),
            Anomaly.DIRECTION_UNKNOWN | Anomaly.FIELD_NOT_A_NUMBER,
        ),
        ({"aenergy": 5, "ret_aenergy": {"total": 1.5}}, Energies(returned=1500), Anomaly.FIELD_NOT_A_NUMBER),
        ({"aenergy": {"total": -1}, "ret_aenergy": {"total": 1}}, Energies(returned=1000), Anomaly.NEGATIVE_REGISTER),
        ({"aenergy": {"total": 1.0}, "ret_aenergy": None}, Energies(total=1000), Anomaly.DIRECTION_UNKNOWN),
    ],
)
def test_a_counter_that_cannot_be_used_leaves_the_other(counters, energies, anomalies):
    (registers,) = says("status/switch:0", counters)

    assert registers.reading == Registers(energies)
    assert registers.anomalies == anomalies


def test_what_is_dropped_of_one_part_is_told_by_the_other_where_nothing_else_tells_it():
    (power,) = says("status/switch:0", {"apower": 1.5, "aenergy": {"total": "x"}})
    (registers,) = says("status/switch:1", {"id": 1, "apower": "x", "ret_aenergy": {"total": 1}})

    assert power.anomalies == Anomaly.FIELD_NOT_A_NUMBER
    assert registers.anomalies == Anomaly.FIELD_NOT_A_NUMBER


@pytest.mark.parametrize(
    "status",
    [
        {"id": 0, "source": "init", "output": False, "temperature": {"tC": 41.2}},
        {"id": 0, "output": False, "errors": ["overtemp"]},
        {"id": 0, "output": True, "apower": None, "aenergy": None},
        {"id": 0, "aenergy": {}},
    ],
)
def test_a_relay_without_a_meter_gives_nothing(status):
    assert says("status/switch:0", status) == []


def test_a_relay_that_complains_of_its_meter_is_heard_even_without_a_value():
    (sample,) = says("events/rpc", status_frame(1767225600, **{"switch:0": {"id": 0, "errors": ["overvoltage"]}}))

    assert sample.reading == Power()
    assert sample.anomalies == Anomaly.METER_ERROR


def test_a_relay_of_which_nothing_can_be_used_is_refused():
    with pytest.raises(UnreadableMessage, match="switch:0 holds no usable value: field_not_a_number"):
        says("status/switch:0", {"apower": "1", "aenergy": []})


def test_a_whole_status_yields_every_component_that_measures():
    relay = json.loads(captured("switch0_status.json"))
    status = {"em1:0": {"id": 0, "act_power": 1.5}, "em1data:0": {"total_act_energy": 2}, "switch:0": relay}
    status |= {"switch:1": {"id": 1, "output": False}, "wifi": {"rssi": -60}, "bthome": {"errors": ["x"]}}

    samples = says("rpc", {"id": 1, "src": "shellypro3em-a1b2c3", "result": status})

    assert [sample.component for sample in samples] == ["em1:0", "em1data:0", "switch:0", "switch:0"]
