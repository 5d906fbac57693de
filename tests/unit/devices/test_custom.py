"""Generic devices, read by their payload template."""

import json
from datetime import UTC, datetime

import pytest

from cercollettiva.devices.decoding import decode
from cercollettiva.devices.samples import (
    NO_ANOMALY,
    Anomaly,
    Energies,
    Power,
    Presence,
    Registers,
    TimeSource,
    UnreadableMessage,
)
from cercollettiva.devices.templates import BadTemplate, compile_template
from tests.support.hostile import CUSTOM_TEMPLATE
from tests.unit.devices.meter import DEVICE, RECEIVED_AT

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # 1767225600
STATE = {"ts": 1767225600, "p": 1.25, "phases": [{"u": 230.5}], "energy": {"in": 12.5, "out": 0.125}}


def one(values, **others):
    return {"messages": [{"topic": "state", "component": "meter:0", "values": values, **others}]}


def says(payload, template=CUSTOM_TEMPLATE, rest="state"):
    device = DEVICE._replace(payload_template=template)
    sent = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return decode(f"{device.prefix}/{rest}" if rest else device.prefix, sent, RECEIVED_AT, device)


def test_values_are_found_at_the_end_of_their_paths_and_brought_to_our_units():
    power, registers = says(STATE)

    assert power.component == "meter:0"
    assert (power.at, power.time_source, power.anomalies) == (NEW_YEAR, TimeSource.DEVICE, NO_ANOMALY)
    assert power.reading == Power(power=1250.0, a_voltage=230.5)
    assert registers.reading == Registers(Energies(drawn=12_500_000, returned=125_000))


def test_what_is_absent_stands_as_it_was():
    (power,) = says({"ts": 1767225600, "p": 0.5})

    assert power.reading == Power(power=500.0)
    assert power.is_partial


@pytest.mark.parametrize(
    ("column", "unit", "told", "known"),
    [
        ("power", None, 5, 5.0),
        ("power", "kW", 2.3, 2300.0),
        ("apparent_power", "kVA", 1, 1000.0),
        ("b_reactive_power", "kvar", -0.5, -500.0),
        ("voltage", "mV", 230500, 230.5),
        ("neutral_current", "mA", 15, 0.015),
        ("power_factor", "%", 97, 0.97),
        ("frequency", "Hz", 50, 50.0),
    ],
)
def test_every_quantity_has_its_units(column, unit, told, known):
    field = {"field": "x", "unit": unit} if unit else "x"

    (power,) = says({"x": told}, one({column: field}))

    assert getattr(power.reading, column) == known


@pytest.mark.parametrize(("unit", "mwh"), [("mWh", 2), ("Wh", 1500), ("kWh", 1_500_400), ("MWh", 1_500_400_000)])
def test_energies_are_rounded_once(unit, mwh):
    (registers,) = says({"x": 1.5004}, one({"drawn": {"field": "x", "unit": unit}}))

    assert registers.reading.energies.drawn == mwh


def test_phases_add_up_where_there_is_no_total():
    (registers,) = says({"a": 1, "b": 2, "c": 3}, one({"a_drawn": "a", "b_drawn": "b", "c_drawn": "c"}))

    assert registers.reading.energies == Energies(drawn=6000, a_drawn=1000, b_drawn=2000, c_drawn=3000)


def test_a_register_of_both_directions_says_so():
    (registers,) = says({"x": 1}, one({"total": "x"}))

    assert registers.reading.energies == Energies(total=1000)
    assert registers.anomalies == Anomaly.DIRECTION_UNKNOWN


@pytest.mark.parametrize(
    ("time", "told", "at"),
    [
        ({"field": "t"}, 1767225600.5, "2026-01-01T00:00:00.500000+00:00"),
        ({"field": "t", "as": "milliseconds"}, 1767225600500, "2026-01-01T00:00:00.500000+00:00"),
        ({"field": "t", "as": "local"}, "2026-01-01 01:00:00", "2026-01-01T00:00:00+00:00"),
        ({"field": "t", "as": "local"}, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
    ],
)
def test_time_is_read_as_the_template_says(time, told, at):
    (power,) = says({"t": told, "x": 1}, one({"power": "x"}, time=time))

    assert (power.at.isoformat(), power.time_source) == (at, TimeSource.DEVICE)


@pytest.mark.parametrize("told", [None, "x", 10**400, 1767225600])
def test_a_time_that_cannot_be_believed_gives_way_to_ours(told):
    (power,) = says({"t": told, "x": 1}, one({"power": "x"}, time={"field": "t", "as": "milliseconds"}))

    assert (power.at, power.anomalies) == (RECEIVED_AT, Anomaly.CLOCK_NOT_SET)


def test_a_topic_may_speak_of_several_components_and_a_bad_one_leaves_the_others():
    template = {
        "messages": [
            {"topic": "state", "component": f"line:{number}", "values": {"power": f"lines.{number}"}}
            for number in range(2)
        ]
    }

    both = says({"lines": [5, 6]}, template)
    (left,) = says({"lines": ["x", 6]}, template)

    assert [(sample.component, sample.reading.power) for sample in both] == [("line:0", 5.0), ("line:1", 6.0)]
    assert (left.component, left.anomalies) == ("line:1", Anomaly.FIELD_NOT_A_NUMBER)


def test_the_prefix_itself_may_be_the_topic():
    template = {"messages": [{"component": "plug:0", "values": {"power": "power"}}]}

    (power,) = says({"power": 5}, template, rest="")

    assert power.reading == Power(power=5.0)


def test_a_message_may_be_the_value_itself():
    (power,) = says(b"12.5", one({"power": ""}))

    assert power.reading == Power(power=12.5)


@pytest.mark.parametrize(
    "payload", [b"5", b'"x"', b"null", {"p": "x"}, {"p": True}, {"p": 1e9}, {"energy": {"in": -1}}]
)
def test_what_cannot_be_used_is_refused(payload):
    with pytest.raises(UnreadableMessage, match="meter:0"):
        says(payload)


@pytest.mark.parametrize("payload", [{}, [], [1], {"p": None}, {"phases": {}}, {"phases": []}, {"energy": 5}])
def test_a_path_that_leads_nowhere_gives_nothing(payload):
    assert says(payload) == []


@pytest.mark.parametrize("number", ["1e400", "1e999999999", "9" * 400, "-1e99", "1e-40"])
def test_the_largest_numbers_do_no_harm(number):
    with pytest.raises(UnreadableMessage):
        says(f'{{"p":{number},"energy":{{"in":-1}}}}'.encode())


def test_topics_that_the_template_does_not_name_may_say_what_they_like():
    assert says(b"anything", rest="log") == []


def test_its_presence_is_read_where_it_has_one():
    (presence,) = says(b"true", rest="online")

    assert presence.reading == Presence(online=True)


def test_a_template_that_cannot_be_used_refuses_every_message_with_its_reason():
    with pytest.raises(UnreadableMessage, match=r"the payload template .* messages must be a list"):
        says({}, {"messages": []})


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (None, "the template must be an object"),
        ({}, "messages must be a list"),
        ({"power": "$.p"}, "keys that we do not know: power"),
        ({"messages": [5]}, "message 1 must be an object"),
        (one({"power": "p"}, topic="a/#"), "topic must be levels"),
        (one({"power": "p"}, topic="/a"), "topic must be levels"),
        (one({"power": "p"}, component="meter"), "component must be a word and a number"),
        (one({}), "has no values"),
        (one({"watts": "p"}), "keys that we do not know: watts"),
        (one({"power": 5}), "field must be a path"),
        (one({"power": "a..b"}), "field must be a path"),
        (one({"power": "a.99999999"}), "field must be a path"),
        (one({"power": {"field": "p", "unit": "kWh"}}), "unit must be one of W, kW"),
        (one({"power": {"field": "p", "unit": 5}}), "unit must be text"),
        (one({"drawn": {"field": "p", "unit": "W"}}), "unit must be one of Wh, kWh"),
        (one({"total": "t", "drawn": "d"}), "total counts both directions"),
        (one({"power": "p"}, time={"field": "t", "as": "swatch"}), "as must be one of unix"),
        (one({"power": "p"}, time={"field": ""}), "field must not be empty"),
        (one({"power": "p"}, interval=5), "keys that we do not know: interval"),
    ],
)
def test_a_template_that_cannot_be_used_says_where_and_why(template, reason):
    with pytest.raises(BadTemplate, match=reason):
        compile_template(template)
