"""Frames of a Shelly Gen2+ on events/rpc and rpc: what changed, records, and answers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cercollettiva.devices.decoding import reader_of
from cercollettiva.devices.samples import (
    NO_ANOMALY,
    NO_POWER,
    Anomaly,
    Energies,
    Power,
    Record,
    Registers,
    TimeSource,
    UnreadableMessage,
    is_without_power,
)
from tests.unit.devices.meter import (
    COMMISSIONED_AT,
    DEVICE,
    PREFIX,
    RECEIVED_AT,
    captured,
    record_frame,
    record_row,
    says,
    status_frame,
)

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # 1767225600
A_RECORD = Record(
    Energies(45_906, 0, None, 15_302, 0, 15_302, 0, 15_302, 0),  # 3 x 15.3021 Wh = 45.9063 Wh
    seconds=60,
)


def test_a_partial_status_knows_only_what_it_says():
    payload = captured("notifystatus_partial.json")

    (sample,) = says("events/rpc", payload)

    assert sample.component == "em:0"
    assert sample.reading == Power(power=715.5, a_power=951.2)
    assert sample.at == datetime(2026, 1, 1, 0, 0, 0, 120_000, tzinfo=UTC)
    assert sample.time_source is TimeSource.DEVICE
    assert sample.anomalies == NO_ANOMALY
    assert sample.reported_ts is None


def test_a_full_status_gives_every_component_that_measures():
    frame = status_frame(
        1767225600,
        **{
            "em:0": json.loads(captured("em0_status.json")),
            "emdata:0": {"total_act": 215966.76, "total_act_ret": 36.01},
            "sys": {"unixtime": 1767225600},
            "wifi": {"rssi": -60},
        },
    )
    frame["method"] = "NotifyFullStatus"

    power, registers = says("events/rpc", frame)

    assert (power.component, power.reading.power) == ("em:0", 715.5)
    assert registers.reading == Registers(Energies(drawn=215_966_760, returned=36_010))
    assert {power.at, registers.at} == {NEW_YEAR}


def test_a_record_is_the_energy_of_its_minute_summed_over_the_phases():
    payload = captured("notifyevent_emdata_record.json")

    (sample,) = says("events/rpc", payload)

    assert sample.component == "emdata:0"
    assert (sample.at, sample.time_source) == (NEW_YEAR, TimeSource.DEVICE)
    assert sample.reading == A_RECORD
    assert sample.anomalies == NO_ANOMALY


def test_each_row_of_a_block_starts_a_period_after_the_one_before():
    frame = record_frame({"ts": 1767225000, "period": 300, "values": [record_row(1, 2, 3, 0.5), record_row(4, 5, 6)]})

    first, second = says("events/rpc", frame)

    assert (first.at, second.at) == (NEW_YEAR - timedelta(minutes=10), NEW_YEAR - timedelta(minutes=5))
    assert first.reading == Record(Energies(6000, 1500, None, 1000, 500, 2000, 500, 3000, 500), 300)
    assert second.reading.energies.drawn == 15_000


def test_two_blocks_leave_out_the_time_without_power_between_them():
    frame = record_frame(
        {"ts": 1767222000, "period": 60, "values": [record_row()]},
        {"ts": 1767225600, "period": 60, "values": [record_row()]},
    )

    samples = says("events/rpc", frame)

    assert [sample.at for sample in samples] == [NEW_YEAR - timedelta(hours=1), NEW_YEAR]


def off_in(*blocks: Any) -> list[tuple[datetime, int]]:
    """When the meter says that it had no power, and for how long, in what the ingestor reads. [s]"""
    read = reader_of(f"{PREFIX}/events/rpc", DEVICE)
    samples = read(json.dumps(record_frame(*blocks)).encode(), RECEIVED_AT, DEVICE)
    found = [sample for sample in samples if is_without_power(sample)]
    assert all(sample.reading.energies == NO_POWER and sample.anomalies == Anomaly.DEVICE_OFF for sample in found)
    return [(sample.at, sample.reading.seconds) for sample in found]


def rows_from(ts: Any, *rows: Any, period: int = 60) -> dict[str, Any]:
    return {"ts": ts, "period": period, "values": list(rows) or [record_row()]}


def test_between_two_blocks_of_one_message_the_meter_had_no_power():
    after = timedelta(microseconds=1)  # a record of that time, should one come, has the key to itself

    assert off_in(rows_from(1767222000, record_row(), record_row()), rows_from(1767225600)) == [
        (NEW_YEAR - timedelta(minutes=58) + after, 58 * 60)
    ]
    assert off_in(rows_from(1767215400), rows_from(1767225600)) == [
        (NEW_YEAR - timedelta(minutes=169) + after, 3600),
        (NEW_YEAR - timedelta(minutes=109) + after, 3600),
        (NEW_YEAR - timedelta(minutes=49) + after, 49 * 60),
    ]


@pytest.mark.parametrize(
    "blocks",
    [
        [rows_from(1767225600)],
        [rows_from(1767225540), rows_from(1767225600)],  # nothing between them
        [rows_from(1767225600), rows_from(1767222000)],  # in the wrong order
        [rows_from(1767222000), rows_from(1767222000)],
        [rows_from(1767222000), rows_from(5)],  # a clock that is not believed
        [rows_from(1767222000), rows_from(4_100_000_000)],
        [rows_from(1767222000), "no block", rows_from(1767225600)],  # what it measured cannot be read
        [rows_from(1767222000), rows_from(1767223000, []), rows_from(1767225600)],
        [rows_from(1767222000), {"ts": 1767223000, "period": 60, "values": []}, rows_from(1767225600)],
        [rows_from(1767225600 - 70 * 86_400), rows_from(1767225600)],  # longer than a meter remembers
        [rows_from(1767225600 - days * 86_400) for days in (90, 60, 30, 0)],
    ],
)
def test_else_nobody_said_that_it_had_none(blocks):
    assert off_in(*blocks) == []


@pytest.mark.parametrize("bad_row", [[], [1.0] * 50, [1.0] * 52, None, "row", {}, record_row("1", None, True, [])])
def test_a_bad_row_does_not_take_its_neighbours_along(bad_row):
    frame = record_frame({"ts": 1767225480, "period": 60, "values": [record_row(), bad_row, record_row()]})

    samples = says("events/rpc", frame)

    assert [sample.at for sample in samples] == [NEW_YEAR - timedelta(minutes=2), NEW_YEAR]
    assert [sample.reading for sample in samples] == [A_RECORD, A_RECORD]
    assert {sample.anomalies for sample in samples} == {Anomaly.FIELD_NOT_A_NUMBER}


def test_a_record_without_one_phase_has_no_sum():
    frame = record_frame({"ts": 1767225600, "period": 60, "values": [record_row(b=None)]})

    (sample,) = says("events/rpc", frame)

    assert sample.reading == Record(Energies(None, 0, None, 15_302, 0, None, 0, 15_302, 0), 60)
    assert sample.anomalies == Anomaly.FIELD_NOT_A_NUMBER


@pytest.mark.parametrize(
    "block",
    [
        {"ts": 1767225600, "period": 60, "values": [[]]},
        {"ts": 1767225600, "period": 60, "values": None},
        {"ts": 1767225600, "period": 60, "values": {"0": []}},
        {"ts": 1767225600, "period": 0, "values": [record_row()]},
        {"ts": 1767225600, "period": 3601, "values": [record_row()]},
        {"ts": 1767225600, "period": 60.5, "values": [record_row()]},
        {"ts": 1767225600, "period": True, "values": [record_row()]},
        {"ts": 1767225600, "period": "60", "values": [record_row()]},
        {"ts": 1767225600, "values": [record_row()]},
        None,
        "data",
    ],
)
def test_an_event_without_one_good_row_is_refused(block):
    with pytest.raises(UnreadableMessage):
        says("events/rpc", record_frame(block))


def test_a_bad_block_does_not_take_a_good_one_along():
    good = {"ts": 1767225600, "period": 60, "values": [record_row()]}

    (sample,) = says("events/rpc", record_frame("not a block", good))

    assert sample.reading == A_RECORD
    assert sample.anomalies == Anomaly.FIELD_NOT_A_NUMBER


@pytest.mark.parametrize(
    "event",
    [
        {"component": "emdata:0", "event": "ctypes_changed"},
        {"component": "sys", "event": "data", "data": {}},
        {"component": "bthomesensor:200", "event": "data", "data": {}},
        {"component": ["emdata:0"], "event": "data"},
        {"event": "data"},
        "data",
        None,
    ],
)
def test_other_events_carry_nothing_for_us(event):
    frame = record_frame()
    frame["params"]["events"] = [event]

    assert says("events/rpc", frame) == []


# --- Clocks (rule R12) ---


@pytest.mark.parametrize(
    ("ts", "at"),
    [
        (1767225961, RECEIVED_AT + timedelta(seconds=300)),  # as far ahead as is believed
        (COMMISSIONED_AT.timestamp(), COMMISSIONED_AT),
        (1767225596.09, datetime(2025, 12, 31, 23, 59, 56, 90_000, tzinfo=UTC)),  # 4.03 s back
    ],
)
def test_a_time_that_can_be_believed_is_kept(ts, at):
    (sample,) = says("events/rpc", status_frame(ts, **{"em:0": {"total_act_power": 1.5}}))

    assert (sample.at, sample.time_source) == (at, TimeSource.DEVICE)
    assert sample.anomalies == NO_ANOMALY


@pytest.mark.parametrize(
    ("ts", "anomaly", "reported_ts"),
    [
        (1767225961.01, Anomaly.CLOCK_AHEAD, 1767225961.01),
        (1767225600120, Anomaly.CLOCK_AHEAD, 1767225600120.0),  # milliseconds
        (1e300, Anomaly.CLOCK_AHEAD, 1e300),
        (0, Anomaly.CLOCK_NOT_SET, 0.0),
        (-5, Anomaly.CLOCK_NOT_SET, -5.0),
        (COMMISSIONED_AT.timestamp() - 0.01, Anomaly.CLOCK_NOT_SET, COMMISSIONED_AT.timestamp() - 0.01),
        (10**400, Anomaly.CLOCK_NOT_SET, None),
        (None, Anomaly.CLOCK_NOT_SET, None),
        (True, Anomaly.CLOCK_NOT_SET, None),
        ("1767225600", Anomaly.CLOCK_NOT_SET, None),
    ],
)
def test_a_time_that_cannot_be_believed_gives_way_to_ours(ts, anomaly, reported_ts):
    (sample,) = says("events/rpc", status_frame(ts, **{"em:0": {"total_act_power": 1.5}}))

    assert (sample.at, sample.time_source) == (RECEIVED_AT, TimeSource.RECEIVED)
    assert sample.anomalies == anomaly
    assert sample.reported_ts == reported_ts


def test_a_status_without_a_time_gets_ours():
    frame = {"method": "NotifyStatus", "params": {"em:0": {"total_act_power": 1.5}}}

    (sample,) = says("events/rpc", frame)

    assert (sample.at, sample.time_source) == (RECEIVED_AT, TimeSource.RECEIVED)
    assert sample.anomalies == Anomaly.CLOCK_NOT_SET


@pytest.mark.parametrize(("ts", "anomaly"), [(60, Anomaly.CLOCK_NOT_SET), (4_000_000_000, Anomaly.CLOCK_AHEAD)])
def test_records_of_a_wrong_clock_end_when_they_arrive(ts, anomaly):
    frame = record_frame({"ts": ts, "period": 60, "values": [record_row(), record_row()]})

    first, second = says("events/rpc", frame)

    assert first.at == RECEIVED_AT - timedelta(seconds=120)
    assert second.at == RECEIVED_AT - timedelta(seconds=60)
    assert (first.reported_ts, second.reported_ts) == (ts, ts + 60)
    assert {first.time_source, second.time_source} == {TimeSource.RECEIVED}
    assert {first.anomalies, second.anomalies} == {anomaly}


def test_a_block_that_runs_into_the_future_is_not_believed_at_all():
    frame = record_frame({"ts": 1767225600, "period": 3600, "values": [record_row(), record_row()]})

    samples = says("events/rpc", frame)

    assert {sample.anomalies for sample in samples} == {Anomaly.CLOCK_AHEAD}


# --- Identity (rule R10), neighbours, odd frames ---


@pytest.mark.parametrize("source", ["shellypro3em-ffffff", "ShellyPro3EM-A1B2C3", "shellypro3em-a1b2c3 ", "", 5])
def test_a_frame_of_another_device_is_refused_with_both_names(source):
    frame = status_frame(1767225600, **{"em:0": {"total_act_power": 1.5}}) | {"src": source}

    with pytest.raises(UnreadableMessage) as refusal:
        says("events/rpc", frame)

    assert repr(source) in str(refusal.value)
    assert "shellypro3em-a1b2c3" in str(refusal.value)


def test_an_unknown_device_may_say_any_name():
    frame = status_frame(1767225600, **{"em:0": {"total_act_power": 1.5}})

    (sample,) = says("events/rpc", frame, device=DEVICE._replace(id=None, device_id=None))

    assert sample.device_id is None


def test_a_bad_component_does_not_take_its_neighbours_along():
    frame = status_frame(1767225600, **{"em:0": [], "em:1": {"total_act_power": 1.5}})

    (sample,) = says("events/rpc", frame)

    assert sample.component == "em:1"
    assert sample.anomalies == Anomaly.FIELD_NOT_A_NUMBER


def test_a_status_of_which_no_component_can_be_read_is_refused():
    with pytest.raises(UnreadableMessage, match="em:0 must be a JSON object"):
        says("events/rpc", status_frame(1767225600, **{"em:0": []}))


def test_a_key_that_comes_twice_in_the_frame_is_flagged():
    payload = b'{"method":"NotifyStatus","params":{"ts":0,"ts":1767225600,"em:0":{"total_act_power":1.5}}}'

    (sample,) = says("events/rpc", payload)

    assert sample.at == NEW_YEAR
    assert sample.anomalies == Anomaly.DUPLICATE_KEY


@pytest.mark.parametrize(
    "frame",
    [
        {"method": "NotifyStatus"},
        {"method": "NotifyStatus", "params": None},
        {"method": "NotifyFullStatus", "params": []},
        {"method": "NotifyEvent", "params": {}},
        {"method": "NotifyEvent", "params": {"events": {}}},
        [],
        "NotifyStatus",
    ],
)
def test_a_frame_without_its_parts_is_refused(frame):
    with pytest.raises(UnreadableMessage):
        says("events/rpc", frame)


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"method": "NotifySomething", "params": {}},
        {"method": None},
        {"method": ["NotifyStatus"]},
        status_frame(1767225600),
        status_frame(1767225600, **{"sys": {}, "switch:0": {"output": False}, "em:x": {}, "em:0": None, "em:01": {}}),
        {"method": "NotifyEvent", "params": {"events": []}},
    ],
)
def test_a_frame_that_carries_nothing_for_us_gives_no_sample(frame):
    assert says("events/rpc", frame) == []


# --- Answers ---


@pytest.mark.parametrize("wrap", [lambda status: status, lambda status: {"id": 1, "result": status}])
def test_the_answer_to_get_status_gives_every_component_at_the_time_of_receipt(wrap):
    status = {"em:0": {"total_act_power": 715.5}, "emdata:0": {"total_act": 1.0}, "sys": {"unixtime": None}}

    power, registers = says("rpc", wrap(status))

    assert power.reading == Power(power=715.5)
    assert registers.reading == Registers(Energies(drawn=1000))
    assert {power.at, registers.at} == {RECEIVED_AT}
    assert {power.time_source, registers.time_source} == {TimeSource.RECEIVED}
    assert {power.anomalies, registers.anomalies} == {NO_ANOMALY}


def test_an_answer_with_an_error_is_refused_with_its_code_and_message():
    answer = {"id": 1, "src": "shellypro3em-a1b2c3", "error": {"code": 404, "message": "No handler"}}

    with pytest.raises(UnreadableMessage, match="404: 'No handler'"):
        says("rpc", answer)


@pytest.mark.parametrize(
    "frame",
    [
        {"id": 1, "src": "cercollettiva/reader", "method": "EMData.GetData", "params": {"id": 0, "ts": 0}},
        {"id": 1, "result": None},
        {"id": 1, "result": {"keys": [], "data": []}},
    ],
)
def test_requests_and_other_answers_carry_nothing_for_us(frame):
    assert says("rpc", frame) == []
