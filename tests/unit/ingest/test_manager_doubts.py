"""What the DeviceManager notices about a device beside its values, and what it passes on to a person."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cercollettiva.energy.store import Batch, MergedState
from cercollettiva.ingest import manager as manager_module
from cercollettiva.ingest.directory import Role
from cercollettiva.ingest.manager import DeviceManager
from cercollettiva.ingest.notices import TELL_AGAIN_AFTER, Kind, Notice, Notices
from tests.unit.ingest.meters import (
    EM_STATUS,
    EMDATA_STATUS,
    NAME,
    NOON,
    PREFIX,
    delivery,
    entry,
    manager_of,
    notification,
)

SECOND = timedelta(seconds=1)
EXCHANGE = Role("em:0", "", "EXCHANGE", 1)


def expecting(*components: str) -> DeviceManager:
    return manager_of(entry(EXCHANGE)._replace(components=frozenset(components)))


def hear(manager: DeviceManager, rest: str, payload: bytes | str, *, seconds: range) -> Batch:
    batch = Batch()
    for second in seconds:
        manager.read(delivery(rest, payload, at=NOON + second * SECOND), batch)
    return batch


def foreign(number: int) -> str:
    params = {"ts": NOON.timestamp() + number, "em:0": {"id": 0, "total_act_power": 1.0}}
    return json.dumps({"src": "shellypro3em-d4e5f6", "method": "NotifyStatus", "params": params})


def test_a_component_that_no_decoder_reads_is_noticed_too():
    manager = expecting("em:0")

    batch = hear(manager, "status/light:0", '{"id":0,"apower":5.0}', seconds=range(30))

    assert manager.take_notices() == [Notice(1, Kind.PROFILE_CHANGED, "light:0")]
    assert batch.incoming == batch.refusals == []


def test_a_device_changed_its_profile_once_however_often_it_says_so():
    manager = expecting("em1:0")

    hear(manager, "status/em:0", EM_STATUS, seconds=range(300))

    assert manager.take_notices() == [Notice(1, Kind.PROFILE_CHANGED, "em:0")]
    assert manager.take_notices() == []


@pytest.mark.parametrize(
    ("rest", "values"),
    [
        ("events/rpc", {"apower": 0.0, "aenergy": {"total": 12.5}}),
        ("events/rpc", {"state": "stopped"}),
        ("status/cover:0", {"apower": 0.0, "aenergy": {"total": 12.5}}),
        ("status/cover:0", {"state": "stopped"}),  # at rest it has no value
    ],
)
def test_a_relay_that_became_a_cover_is_noticed_wherever_it_says_so(rest, values):
    manager = expecting("switch:0")
    cover = {"id": 0, **values}

    for second in range(30):
        at = NOON + second * SECOND
        said = json.dumps(cover) if rest.startswith("status") else notification(at, **{"cover:0": cover})
        manager.read(delivery(rest, said, at=at), Batch())

    assert manager.take_notices() == [Notice(1, Kind.PROFILE_CHANGED, "cover:0")]


@pytest.mark.parametrize(
    "frame",
    [
        {
            "method": "NotifyFullStatus",
            "params": {"ts": 0, "wifi": {"rssi": -60}, "cover:0": {"id": 0, "state": "open"}},
        },
        {"method": "NotifyEvent", "params": {"ts": 0, "events": [{"component": "cover:0", "event": "closed"}]}},
        {"id": 1, "result": {"cover:0": {"id": 0, "state": "open", "pos_control": False}}},
        {"method": "NotifyStatus", "params": {"ts": 0, "light:0": {"id": 0, "apower": 5.0}}},
    ],
    ids=lambda frame: frame.get("method", "answer"),
)
def test_what_has_no_value_for_us_in_a_frame_is_noticed_too(frame):
    manager = expecting("switch:0")

    hear(manager, "events/rpc", json.dumps({"src": NAME, **frame}), seconds=range(30))

    (notice,) = manager.take_notices()
    assert (notice.kind, notice.detail) in {(Kind.PROFILE_CHANGED, "cover:0"), (Kind.PROFILE_CHANGED, "light:0")}


def test_a_cover_beside_the_channels_that_are_expected_is_no_change():
    manager = expecting("em:0")

    for second in range(30):
        hear(manager, "status/em:0", EM_STATUS, seconds=range(second, second + 1))
        frame = json.dumps({"src": NAME, "method": "NotifyStatus", "params": {"ts": 0, "cover:0": {"state": "open"}}})
        hear(manager, "events/rpc", frame, seconds=range(second, second + 1))

    assert manager.take_notices() == []


def test_a_relay_without_a_meter_beside_the_channels_is_no_change():
    manager = expecting("em1:0")

    hear(manager, "status/switch:0", '{"id":0,"output":false}', seconds=range(60))

    assert manager.take_notices() == []


@pytest.mark.parametrize("rest", ["status/wifi", "status/sys", "status/temperature:0", "status/input:0", "online"])
def test_what_measures_nothing_is_not_noticed(rest):
    manager = expecting("em:0")

    hear(manager, rest, "true", seconds=range(60))

    assert manager.take_notices() == []


def test_another_name_is_noticed_and_refused():
    manager, batch = expecting("em:0"), Batch()
    for number in range(5):
        manager.read(delivery("events/rpc", foreign(number)), batch)

    assert manager.take_notices() == [Notice(1, Kind.REPLACED, "'shellypro3em-d4e5f6'")]
    assert batch.incoming == []
    assert len(batch.refusals) == 5


def test_after_one_forged_message_the_device_is_believed_as_before():
    manager, batch = expecting("em:0"), Batch()
    manager.read(delivery("events/rpc", foreign(0)), batch)

    manager.read(delivery("status/emdata:0", EMDATA_STATUS, at=NOON + 90 * SECOND), batch)

    assert len(batch.incoming) == 1


def test_once_another_has_taken_its_place_registers_without_a_name_are_not_believed():
    manager, batch = expecting("em:0"), Batch()
    for second in range(70):
        manager.read(delivery("events/rpc", foreign(second), at=NOON + second * SECOND), batch)

    manager.read(delivery("status/emdata:0", EMDATA_STATUS, at=NOON + 70 * SECOND), batch)

    assert batch.incoming == []
    assert "shellypro3em-d4e5f6" in batch.refusals[-1].reason


def test_the_right_name_is_in_the_state_and_ends_the_doubt():
    manager, batch = expecting("em:0"), Batch()
    for second in range(70):
        manager.read(delivery("events/rpc", foreign(second), at=NOON + second * SECOND), batch)
    own = notification(NOON + 70 * SECOND, **{"em:0": {"id": 0, "total_act_power": 2.0}})

    manager.read(delivery("events/rpc", own, at=NOON + 70 * SECOND), batch)
    manager.read(delivery("status/emdata:0", EMDATA_STATUS, at=NOON + 71 * SECOND), batch)

    assert len(batch.incoming) == 2
    assert manager.take_states()[0].src == NAME


def test_a_retained_copy_with_another_name_is_noticed_by_nobody():
    manager, batch = expecting("em:0"), Batch()

    manager.read(delivery("events/rpc", foreign(0), retain=True), batch)

    assert manager.take_notices() == []


def test_what_is_still_so_an_hour_later_is_told_again():
    notices = Notices()
    notice = Notice(1, Kind.REPLACED, "'x'")
    for hour in (0, 0.5, 1):
        notices.note(notice, now=NOON + hour * TELL_AGAIN_AFTER)

    assert notices.take() == [notice, notice]


def test_invented_topics_of_a_known_device_do_not_fill_the_memory():
    manager, batch = manager_of(), Batch()
    limit = manager_module.MOST_ROUTES_OF_A_DEVICE

    for number in range(limit + 100):
        manager.read(delivery(f"debug/{number}", "x"), batch)
    manager.read(delivery("status/em:0", EM_STATUS), batch)

    assert len(manager._routes) == limit
    assert len(batch.incoming) == 1


def test_what_another_ingestor_heard_later_is_laid_under_the_next_partial_message():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS), batch)
    later = json.dumps({"em:0": {"at": (NOON + SECOND).isoformat(), "power": 1.0, "b_power": 99.0}})

    manager.absorb([MergedState(1, later, "{}")])
    partial = notification(NOON + 2 * SECOND, **{"em:0": {"id": 0, "a_act_power": 5.0}})
    manager.read(delivery("events/rpc", partial, at=NOON + 2 * SECOND), batch)

    values = json.loads(manager.take_states()[0].values)["em:0"]
    assert (values["a_power"], values["b_power"]) == (5.0, 99.0)


def test_what_another_ingestor_heard_before_us_changes_nothing():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS), batch)
    earlier = json.dumps({"em:0": {"at": (NOON - SECOND).isoformat(), "power": 1.0}, "em:1": {"power": 3.0}})

    manager.absorb([MergedState(1, earlier, "{}"), MergedState(77, earlier, "{}")])

    values = json.loads(manager.take_states()[0].values)
    assert (values["em:0"]["power"], values["em:1"]["power"]) == (715.5, 3.0)


def test_thinned_out_values_are_counted_in_the_quarantine_and_told_to_a_person():
    manager = manager_of(entry(), *(entry(key=key, prefix=f"cer/{key}", name=f"m{key}") for key in range(2, 12)))
    left_out = 0
    for second in range(10):
        batch = hear(manager, "status/em:0", EM_STATUS, seconds=range(0))
        for tick in range(50):
            at = NOON + second * SECOND + tick * SECOND / 50
            manager.read(delivery("status/em:0", EM_STATUS, at=at), batch)
        for key in range(2, 12):
            manager.read(delivery("status/em:0", EM_STATUS, at=NOON + second * SECOND, prefix=f"cer/{key}"), batch)
        manager.thin_out(batch, NOON + (second + 1) * SECOND)
        left_out += sum(refusal.messages for refusal in batch.refusals)

    assert left_out == manager.left_out == 5 * 49
    assert manager.take_notices() == [Notice(1, Kind.TOO_OFTEN, f"{PREFIX}/status/em:0")]
