"""The virtual Shelly: shapes as real meters send them, figures that agree with the true energy."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.ops.simulation.readings import PHASES, RECORD_KEYS
from cercollettiva.ops.simulation.shelly import VirtualShelly
from tests.unit.ops.conftest import ORIGIN

NOON = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOME = next(point for point in COMMUNITY.points if point.array and point.array.inverter_phases == "b")
EXCHANGE, PRODUCTION = HOME.meters


@pytest.fixture
def shelly(energy) -> VirtualShelly:
    return VirtualShelly(EXCHANGE, energy, started_at=NOON)


def on(topic: str, messages):
    """Decoded payloads of the messages on a topic under the prefix."""
    return [json.loads(message.payload) for message in messages if message.topic == f"{EXCHANGE.topic_prefix}/{topic}"]


def mwh(wh: float | str) -> Decimal:
    return Decimal(str(wh)) * 1000


def records_in(messages) -> list[dict]:
    return [frame["params"]["events"][0] for frame in on("events/rpc", messages) if frame["method"] == "NotifyEvent"]


def ask(shelly: VirtualShelly, method: str, at: datetime = NOON, **params: object) -> dict:
    request = {"id": 7, "src": "cercollettiva/healer", "method": method, "params": params}
    return json.loads(json.dumps(shelly.answer(request, at=at)))


def test_presence_is_retained_and_the_rest_is_not(shelly):
    assert shelly.birth() == [(f"{EXCHANGE.topic_prefix}/online", b"true", True)]
    assert shelly.death() == [(f"{EXCHANGE.topic_prefix}/online", b"false", True)]
    assert not any(message.retain for message in shelly.advance(NOON + 2 * MINUTE))


def test_status_has_every_field_of_a_real_meter(shelly):
    (status,) = on("status/em:0", shelly.status(NOON))

    fields = ("current", "voltage", "act_power", "aprt_power", "pf", "freq")
    expected = {f"{phase}_{field}" for phase in PHASES for field in fields}
    expected |= {"id", "n_current", "total_current", "total_act_power", "total_aprt_power", "user_calibrated_phase"}
    assert set(status) == expected
    assert status["n_current"] is None


def test_status_is_near_the_power_of_its_minute_and_adds_up(shelly, energy):
    minute = int(NOON.timestamp()) // 60
    phases = energy.meter_minutes(EXCHANGE, minute, minute + 1)

    (status,) = on("status/em:0", shelly.status(NOON + timedelta(seconds=23)))

    for row, phase in enumerate(PHASES):
        mean = float(phases.drawn[row, 0] - phases.returned[row, 0]) * 60 / 1000
        assert status[f"{phase}_act_power"] == pytest.approx(mean, rel=0.01, abs=0.1)
        assert status[f"{phase}_aprt_power"] >= abs(status[f"{phase}_act_power"]) - 0.05
        assert 220 < status[f"{phase}_voltage"] < 245
        volt_amperes = status[f"{phase}_voltage"] * status[f"{phase}_current"]
        assert volt_amperes == pytest.approx(status[f"{phase}_aprt_power"], rel=0.01, abs=0.3)
    total = sum(status[f"{phase}_act_power"] for phase in PHASES)
    assert status["total_act_power"] == pytest.approx(total, abs=0.05)


def test_a_single_phase_inverter_shows_as_one_phase_returning(shelly):
    (status,) = on("status/em:0", shelly.status(NOON))

    assert status["b_act_power"] < 0 < min(status["a_act_power"], status["c_act_power"])


def test_notifications_overlay_to_the_whole_status(shelly):
    overlaid: dict[str, object] = {"n_current": None}  # there is no fourth clamp to notify of
    for seconds in range(0, 60, 5):
        messages = shelly.status(NOON + timedelta(seconds=seconds))
        (whole,) = on("status/em:0", messages)
        for frame in on("events/rpc", messages):
            assert frame["method"] == "NotifyStatus"
            assert frame["src"] == EXCHANGE.device_id
            assert frame["params"]["ts"] == NOON.timestamp() + seconds
            overlaid |= frame["params"]["em:0"]
        assert overlaid == whole

    (last,) = on("events/rpc", messages)
    assert len(last["params"]["em:0"]) < len(whole)


def test_nothing_changed_is_not_notified(shelly):
    shelly.status(NOON)

    assert on("events/rpc", shelly.status(NOON)) == []


def test_each_minute_leaves_one_record_right_after_its_end(shelly):
    events = [
        event for second in range(5 * 60 + 30) for event in records_in(shelly.advance(NOON + timedelta(seconds=second)))
    ]

    start = int(NOON.timestamp())
    assert [event["data"]["ts"] for event in events] == [start + 60 * row for row in range(5)]
    for event in events:
        assert (event["component"], event["event"], event["data"]["period"]) == ("emdata:0", "data", 60)
        assert 0.6 <= event["ts"] - event["data"]["ts"] - 60 <= 1.0
        assert len(event["data"]["values"][0]) == 51


def test_records_add_up_to_the_true_energy_to_the_mwh(shelly):
    hour = NOON + timedelta(hours=1)
    rows = [event["data"]["values"][0] for event in records_in(shelly.advance(hour + timedelta(seconds=5)))]

    true = shelly.oracle(NOON, hour)

    assert len(rows) == 60
    for phase, drawn, returned in zip(PHASES, true.drawn, true.returned, strict=True):
        column = RECORD_KEYS.index(f"{phase}_total_act_energy")
        assert sum(mwh(row[column]) for row in rows) == drawn
        assert sum(mwh(row[column + 2]) for row in rows) == returned


def test_a_record_is_consistent_in_itself(shelly):
    (event,) = records_in(shelly.advance(NOON + MINUTE + timedelta(seconds=1)))
    record = dict(zip(RECORD_KEYS, event["data"]["values"][0], strict=True))

    for phase in PHASES:
        mean = (record[f"{phase}_total_act_energy"] - record[f"{phase}_total_act_ret_energy"]) * 60
        assert record[f"{phase}_min_act_power"] <= mean + 0.05
        assert record[f"{phase}_max_act_power"] >= mean - 0.05
        assert record[f"{phase}_min_voltage"] <= record[f"{phase}_avg_voltage"] <= record[f"{phase}_max_voltage"]


def test_registers_are_the_true_ones_cut_to_a_hundredth_of_a_watt_hour(shelly):
    (registers,) = on("status/emdata:0", shelly.advance(NOON + MINUTE + timedelta(seconds=2)))

    true = shelly.oracle(ORIGIN, NOON + MINUTE)

    for phase, drawn, returned in zip(PHASES, true.drawn, true.returned, strict=True):
        assert mwh(registers[f"{phase}_total_act_energy"]) == drawn // 10 * 10
        assert mwh(registers[f"{phase}_total_act_ret_energy"]) == returned // 10 * 10
    assert mwh(registers["total_act"]) == sum(true.drawn) // 10 * 10
    assert mwh(registers["total_act_ret"]) == sum(true.returned) // 10 * 10


def test_registers_never_fall(shelly):
    seen = [
        registers["total_act"]
        for row in range(1, 40)
        for registers in on("status/emdata:0", shelly.advance(NOON + row * MINUTE + timedelta(seconds=2)))
    ]

    assert len(seen) == 39
    assert seen == sorted(seen)


def test_after_a_sleep_every_minute_is_told_once_and_only_the_newest_registers_without_their_time(shelly):
    messages = shelly.advance(NOON + timedelta(hours=3, seconds=10))

    starts = [event["data"]["ts"] for event in records_in(messages)]
    told = [frame for frame in on("events/rpc", messages) if "emdata:0" in frame["params"]]
    assert starts == [int(NOON.timestamp()) + 60 * row for row in range(180)]
    assert len(told) == 180
    assert len(on("status/emdata:0", messages)) == 1
    assert on("status/emdata:0", messages)[0] == told[-1]["params"]["emdata:0"]
    assert shelly.advance(NOON + timedelta(hours=3, seconds=10))[1:] == []


def test_owed_minutes_are_counted(shelly):
    assert shelly.owed_minutes(NOON) == 0
    assert shelly.owed_minutes(NOON + timedelta(seconds=60.5)) == 0
    assert shelly.owed_minutes(NOON + timedelta(seconds=61.1)) == 1
    assert shelly.owed_minutes(NOON + timedelta(minutes=9, seconds=1.1)) == 9


def test_two_meters_made_alike_say_the_same(energy):
    first, second = (VirtualShelly(EXCHANGE, energy, started_at=NOON) for _ in range(2))

    assert first.advance(NOON + 3 * MINUTE) == second.advance(NOON + 3 * MINUTE)


def test_a_meter_on_the_line_of_the_inverter_counts_what_is_produced(energy):
    shelly = VirtualShelly(PRODUCTION, energy, started_at=NOON)
    hour = NOON + timedelta(hours=1)

    produced = energy.intervals(HOME.pod, NOON, hour).produced.sum()

    assert shelly.oracle(NOON, hour).drawn == (0, produced, 0)
    assert shelly.oracle(NOON, hour).returned == (0, 0, 0)
    assert shelly.em_status(NOON)["b_act_power"] > 0


def test_info_and_status_tell_who_it_is(shelly):
    info = ask(shelly, "Shelly.GetDeviceInfo")["result"]
    status = ask(shelly, "Shelly.GetStatus")["result"]

    assert (info["id"], info["gen"], info["profile"]) == (EXCHANGE.device_id, 2, "triphase")
    assert info["mac"] == status["sys"]["mac"]
    assert status["sys"]["unixtime"] == NOON.timestamp()
    assert status["em:0"]["total_act_power"] == shelly.em_status(NOON)["total_act_power"]
    assert status["emdata:0"]["total_act"] > 0


def test_an_answer_goes_back_to_who_asked(shelly):
    answer = ask(shelly, "EMData.GetStatus", id=0)

    assert (answer["id"], answer["src"], answer["dst"]) == (7, EXCHANGE.device_id, "cercollettiva/healer")


@pytest.mark.parametrize("method", ["EMData.DeleteAllData", "EMData.ResetCounters", "Switch.Set", "Shelly.Reboot", "x"])
def test_there_is_no_method_that_changes_anything(shelly, method):
    answer = ask(shelly, method, id=0)

    assert answer["error"]["code"] == 404
    assert "result" not in answer


@pytest.mark.parametrize("request_", [{}, {"method": None}, {"method": ["Shelly.GetStatus"]}, {"method": 5}])
def test_a_request_that_names_no_method_is_refused(shelly, request_):
    assert shelly.answer(request_, at=NOON)["error"]["code"] == 404


def test_records_are_one_block_of_the_last_forty_five_days(shelly, energy):
    (block,) = ask(shelly, "EMData.GetRecords", id=0, ts=0)["result"]["data_blocks"]

    assert block == {"ts": int(NOON.timestamp()) - 45 * 86400, "period": 60, "records": 45 * 1440}


def test_records_do_not_go_back_before_the_meter_was_there(shelly):
    (block,) = ask(shelly, "EMData.GetRecords", at=ORIGIN + timedelta(hours=2), id=0)["result"]["data_blocks"]

    assert (block["ts"], block["records"]) == (int(ORIGIN.timestamp()), 120)


def test_data_comes_in_pages_that_hold_every_minute_once(shelly):
    start, end = int(NOON.timestamp()) - 5 * 3600, int(NOON.timestamp()) - 60
    rows, ts, pages = [], start, 0
    while ts is not None:
        answer = ask(shelly, "EMData.GetData", id=0, ts=ts, end_ts=end, add_keys=pages == 0)
        assert len(json.dumps(answer)) < 65536
        assert ("keys" in answer["result"]) == (pages == 0)
        (block,) = answer["result"]["data"]
        assert (block["ts"], block["period"]) == (ts, 60)
        rows += block["values"]
        following = answer["result"].get("next_record_ts")
        assert following is None or following > ts
        ts, pages = following, pages + 1

    true = shelly.oracle(NOON - timedelta(hours=5), NOON)
    assert pages == 3
    assert len(rows) == 300
    assert sum(mwh(row[0]) for row in rows) == true.drawn[0]
    assert sum(mwh(row[18]) for row in rows) == true.returned[1]


def test_data_is_what_was_notified(shelly):
    events = records_in(shelly.advance(NOON + timedelta(minutes=3, seconds=2)))

    answer = ask(shelly, "EMData.GetData", at=NOON + timedelta(minutes=3, seconds=2), id=0, ts=int(NOON.timestamp()))

    assert answer["result"]["keys"] == RECORD_KEYS
    assert answer["result"]["data"][0]["values"] == [event["data"]["values"][0] for event in events]
    assert "next_record_ts" not in answer["result"]


def test_data_of_the_future_is_empty(shelly):
    assert ask(shelly, "EMData.GetData", id=0, ts=int(NOON.timestamp()) + 3600)["result"]["data"] == []


def test_net_energies_are_drawn_minus_returned_of_each_phase(shelly):
    start = int(NOON.timestamp()) - 2 * 3600

    answer = ask(shelly, "EMData.GetNetEnergies", id=0, ts=start, end_ts=start + 3600, period=900)

    (block,) = answer["result"]["data"]
    assert answer["result"]["keys"] == ["a_net_act_energy", "b_net_act_energy", "c_net_act_energy"]
    assert (block["ts"], block["period"], len(block["values"])) == (start, 900, 4)
    for row, values in enumerate(block["values"]):
        quarter = datetime.fromtimestamp(start + 900 * row, tz=UTC)
        true = shelly.oracle(quarter, quarter + 15 * MINUTE)
        assert [mwh(value) for value in values] == [
            drawn - returned for drawn, returned in zip(true.drawn, true.returned, strict=True)
        ]


def test_net_energies_come_in_pages_of_whole_periods(shelly):
    start = int(NOON.timestamp()) - 30 * 3600

    first = ask(shelly, "EMData.GetNetEnergies", id=0, ts=start, period=900)["result"]
    second = ask(shelly, "EMData.GetNetEnergies", id=0, ts=first["next_record_ts"], period=900)["result"]

    assert first["next_record_ts"] == start + 100 * 900
    assert len(second["data"][0]["values"]) == 20
    assert "next_record_ts" not in second


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("EMData.GetData", {"id": 0}, -103),
        ("EMData.GetData", {"id": 0, "ts": "yesterday"}, -103),
        ("EMData.GetData", {"id": 0, "ts": True}, -103),
        ("EMData.GetData", {"id": 0, "ts": -5}, -103),
        ("EMData.GetData", {"id": 0, "ts": 1e300}, -103),
        ("EMData.GetData", {"id": 1, "ts": 0}, -105),
        ("EMData.GetRecords", {"id": 3}, -105),
        ("EMData.GetNetEnergies", {"id": 0, "ts": 0, "period": 60}, -103),
        ("EMData.GetNetEnergies", {"id": 0, "ts": 60, "period": 900}, -103),
    ],
)
def test_arguments_that_make_no_sense_are_refused_with_a_code(shelly, method, params, code):
    assert ask(shelly, method, **params)["error"]["code"] == code


def test_parameters_that_are_no_object_are_refused(shelly):
    assert shelly.answer({"method": "Shelly.GetStatus", "params": [1]}, at=NOON)["error"]["code"] == -103
