"""Status topics of a Shelly Gen2+: em, emdata and online, without a time of their own."""

import json

import pytest

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
from tests.unit.devices.meter import RECEIVED_AT, captured, says


def test_a_three_phase_status_gives_every_value_in_its_place():
    payload = captured("em0_status.json")

    samples = says("status/em:0", payload)

    expected = Power(
        power=715.5,
        apparent_power=2619.9,
        current=11.083,
        a_power=951.2,
        a_apparent_power=951.9,
        a_voltage=236.1,
        a_current=4.029,
        a_power_factor=1.0,
        a_frequency=50.0,
        b_power=-951.1,
        b_apparent_power=951.8,
        b_voltage=236.201,
        b_current=4.027,
        b_power_factor=1.0,
        b_frequency=50.0,
        c_power=715.4,
        c_apparent_power=716.2,
        c_voltage=236.402,
        c_current=3.03,
        c_power_factor=1.0,
        c_frequency=50.0,
    )
    assert samples == [Sample(7, "em:0", RECEIVED_AT, TimeSource.RECEIVED, expected, NO_ANOMALY)]


def test_registers_become_whole_milliwatt_hours():
    payload = captured("emdata0_status.json")

    samples = says("status/emdata:0", payload)

    expected = Energies(
        drawn=215_966_760,  # the meter's own total: the phases add up to 215,966.58
        returned=36_010,
        a_drawn=105_681_310,
        a_returned=24_010,
        b_drawn=85_377_960,
        b_returned=12_000,
        c_drawn=24_907_490,
        c_returned=0,
    )
    assert samples == [Sample(7, "emdata:0", RECEIVED_AT, TimeSource.RECEIVED, Registers(expected), NO_ANOMALY)]


def test_a_register_that_floats_cannot_hold_is_exact():
    payload = b'{"total_act": 26289.56, "total_act_ret": 0.1}'

    (sample,) = says("status/emdata:0", payload)

    assert sample.reading == Registers(Energies(drawn=26_289_560, returned=100))


@pytest.mark.parametrize(
    ("watt_hours", "mwh"),
    [("0.0005", 0), ("0.0015", 2), ("0.0025", 2), ("0.00150000000000000000000000000000001", 2), ("3", 3000)],
)
def test_a_register_is_rounded_once_and_half_to_even(watt_hours, mwh):
    payload = f'{{"total_act": {watt_hours}, "total_act_ret": 0}}'.encode()

    (sample,) = says("status/emdata:0", payload)

    assert sample.reading.energies.drawn == mwh


def test_without_a_total_the_phases_are_summed_before_they_are_rounded():
    payload = {f"{phase}_total_act_energy": 0.0004 for phase in "abc"}

    (sample,) = says("status/emdata:0", payload)

    assert sample.reading == Registers(Energies(drawn=1, a_drawn=0, b_drawn=0, c_drawn=0))


def test_two_phases_of_three_are_not_a_total():
    payload = {"a_total_act_energy": 10.0, "b_total_act_energy": 20.0}

    (sample,) = says("status/emdata:0", payload)

    assert sample.reading == Registers(Energies(a_drawn=10_000, b_drawn=20_000))


@pytest.mark.parametrize(
    ("wrong", "anomaly"),
    [
        (-0.01, Anomaly.NEGATIVE_REGISTER),
        ("12.3", Anomaly.FIELD_NOT_A_NUMBER),
        (True, Anomaly.FIELD_NOT_A_NUMBER),
        (10**12, Anomaly.FIELD_OUT_OF_RANGE),
        (10**400, Anomaly.FIELD_OUT_OF_RANGE),
    ],
)
def test_a_register_that_cannot_be_used_is_dropped_and_flagged(wrong, anomaly):
    payload = {"total_act": wrong, "total_act_ret": 36.01}

    (sample,) = says("status/emdata:0", payload)

    assert sample.reading == Registers(Energies(returned=36_010))
    assert sample.anomalies == anomaly


def test_a_register_just_below_the_limit_that_rounds_up_to_it_is_dropped():
    payload = b'{"total_act": 999999999999.9996, "total_act_ret": 1}'

    (sample,) = says("status/emdata:0", payload)

    assert sample.reading == Registers(Energies(returned=1000))
    assert sample.anomalies == Anomaly.FIELD_OUT_OF_RANGE


@pytest.mark.parametrize("wrong", ["null", "12.3", "", True, False, [], {}, [1.0]])
def test_a_field_that_is_not_a_number_is_dropped_and_the_others_stay(wrong):
    payload = json.loads(captured("em0_status.json")) | {"a_act_power": wrong}

    (sample,) = says("status/em:0", payload)

    assert sample.reading.a_power is None
    assert sample.reading.b_power == -951.1
    assert sample.anomalies == Anomaly.FIELD_NOT_A_NUMBER


@pytest.mark.parametrize("wrong", ["1e9", "-1e9", "1e400", "-1e400", "1" + "0" * 400, "1e-300"])
def test_a_power_no_meter_can_measure_is_dropped_and_the_others_stay(wrong):
    payload = f'{{"a_act_power": {wrong}, "b_act_power": -951.1}}'.encode()

    (sample,) = says("status/em:0", payload)

    assert sample.reading == Power(b_power=-951.1)
    assert sample.anomalies == Anomaly.FIELD_OUT_OF_RANGE


@pytest.mark.parametrize("beside", ["1.5", "1", '"x"'])
def test_what_no_float_can_tell_from_zero_is_zero_whatever_stands_beside_it(beside):
    frame = f'{{"method":"NotifyStatus","params":{{"em:0":{{"a_act_power":1e-400,"b_act_power":{beside}}}}}}}'

    for sample in (
        *says("status/em:0", f'{{"a_act_power":1e-400,"b_act_power":{beside}}}'.encode()),
        *says("events/rpc", frame.encode()),
    ):
        assert sample.reading.a_power == 0.0


def test_a_null_field_is_absent_like_one_that_is_missing():
    payload = {"id": 0, "n_current": None, "a_act_power": None, "b_act_power": 5.0}

    (sample,) = says("status/em:0", payload)

    assert sample.reading == Power(b_power=5.0)
    assert sample.anomalies == NO_ANOMALY


def test_a_whole_number_is_a_float_in_the_sample():
    (sample,) = says("status/em:0", {"a_act_power": 951})

    assert type(sample.reading.a_power) is float


@pytest.mark.parametrize("payload", [{}, {"id": 0}, {"id": 0, "a_act_power": None}, {"temperature": {"tC": 41.2}}])
@pytest.mark.parametrize("component", ["em:0", "emdata:0"])
def test_a_status_that_says_nothing_gives_no_sample(component, payload):
    assert says(f"status/{component}", payload) == []


@pytest.mark.parametrize(
    ("component", "payload"),
    [
        ("em:0", {"a_act_power": "951.2"}),
        ("em:0", {"a_act_power": 1e9, "b_act_power": True}),
        ("emdata:0", {"total_act": "1", "total_act_ret": None}),
        ("emdata:0", {"total_act": -1}),
    ],
)
def test_a_status_of_which_nothing_can_be_used_is_refused(component, payload):
    with pytest.raises(UnreadableMessage, match=f"{component} holds no usable value"):
        says(f"status/{component}", payload)


@pytest.mark.parametrize(("phase", "anomaly"), list(zip("abc", list(Anomaly)[:3], strict=True)))
def test_a_dead_phase_is_flagged_and_its_values_stay_as_sent(phase, anomaly):
    dead = {f"{phase}_voltage": 0.0, f"{phase}_freq": 198.0, f"{phase}_current": 0.027, f"{phase}_pf": 1.0}
    payload = json.loads(captured("em0_status.json")) | dead

    (sample,) = says("status/em:0", payload)

    assert getattr(sample.reading, f"{phase}_frequency") == 198.0
    assert getattr(sample.reading, f"{phase}_voltage") == 0.0
    assert sample.anomalies == anomaly


@pytest.mark.parametrize(
    "report",
    [
        {"errors": ["power_meter_failure"]},
        {"a_errors": ["out_of_range:voltage"]},
        {"flags": ["count_disabled"]},
        {"n_errors": ["an_error_of_next_year"]},
    ],
)
def test_a_meter_that_reports_an_error_keeps_its_reading(report):
    payload = {"id": 0, "total_act_power": 715.5, "b_errors": []} | report

    (sample,) = says("status/em:0", payload)

    assert sample.reading == Power(power=715.5)
    assert sample.anomalies == Anomaly.METER_ERROR


def test_an_error_without_a_value_is_still_told():
    (sample,) = says("status/em:0", {"id": 0, "errors": ["power_meter_failure"]})

    assert sample.reading == Power()
    assert sample.anomalies == Anomaly.METER_ERROR


def test_empty_lists_of_errors_are_no_error():
    (sample,) = says("status/em:0", {"total_act_power": 715.5, "errors": [], "a_flags": []})

    assert sample.anomalies == NO_ANOMALY


def test_the_component_decides_where_the_id_inside_differs():
    (sample,) = says("status/em:1", {"id": 0, "total_act_power": 715.5})

    assert sample.component == "em:1"
    assert sample.anomalies == Anomaly.ID_MISMATCH


@pytest.mark.parametrize(
    ("component", "payload"),
    [
        ("em:0", b'{"total_act_power": 1.0, "total_act_power": 715.5}'),
        ("em:0", b'{"id": 0, "user_calibrated_phase": ["a"], "total_act_power": 1.0, "total_act_power": 715.5}'),
        ("emdata:0", b'{"total_act": 1.0, "total_act": 715.5}'),
    ],
)
def test_of_a_key_that_comes_twice_the_last_one_counts(component, payload):
    (sample,) = says(f"status/{component}", payload)

    assert sample.reading in (Power(power=715.5), Registers(Energies(drawn=715_500)))
    assert sample.anomalies == Anomaly.DUPLICATE_KEY


@pytest.mark.parametrize(("payload", "online"), [(b"true", True), (b"false", False), (b" false\n", False)])
def test_online_is_the_presence_of_the_device(payload, online):
    samples = says("online", payload)

    assert samples == [Sample(7, "online", RECEIVED_AT, TimeSource.RECEIVED, Presence(online))]


@pytest.mark.parametrize("payload", [b"1", b"0", b'"true"', b"null", b"[]", b"True", b"offline"])
def test_online_is_true_or_false_and_nothing_else(payload):
    with pytest.raises(UnreadableMessage):
        says("online", payload)
