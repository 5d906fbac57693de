"""From deliveries to the rows of a batch: whose a message is, what it becomes, what the device said last."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest

from cercollettiva.devices.samples import Registers, TimeSource
from cercollettiva.energy.store import Batch
from cercollettiva.ingest import manager as manager_module
from cercollettiva.ingest.directory import Role
from tests.unit.ingest.meters import (
    EM_STATUS,
    EMDATA_STATUS,
    NOON,
    PREFIX,
    delivery,
    entry,
    manager_of,
    notification,
)

SECOND = timedelta(seconds=1)


def values_of(manager) -> dict:
    (row,) = manager.take_states()
    return json.loads(row.values)


def test_a_message_of_a_known_device_becomes_a_sample():
    batch = Batch()

    manager_of().read(delivery("status/em:0", EM_STATUS), batch)

    (row,) = batch.incoming
    assert row.sample.device_id == 1
    assert row.sample.reading.power == 715.5
    assert row.sample.time_source is TimeSource.RECEIVED
    assert not row.suspect


def test_the_longest_prefix_wins():
    inner = entry(key=2, prefix=f"{PREFIX}/garage", name="shellypro3em-d4e5f6")
    manager = manager_of(entry(), inner)
    batch = Batch()

    manager.read(delivery("status/em:0", EM_STATUS, prefix=inner.device.prefix), batch)
    manager.read(delivery("status/em:0", EM_STATUS), batch)

    assert [row.sample.device_id for row in batch.incoming] == [2, 1]


def test_a_prefix_matches_whole_levels_only():
    batch = Batch()

    manager_of().read(delivery("status/em:0", EM_STATUS, prefix=f"{PREFIX}x"), batch)

    assert batch.incoming == []
    assert [stranger.prefix for stranger in batch.strangers] == [f"{PREFIX}x"]


def test_a_stranger_is_listed_with_its_topic_and_first_bytes():
    batch = Batch()

    manager_of().read(delivery("status/em:0", b"x" * 5000, prefix="foo/bar"), batch)

    (stranger,) = batch.strangers
    assert (stranger.prefix, stranger.topic) == ("foo/bar", "foo/bar/status/em:0")
    assert 0 < len(stranger.first_bytes) < 5000


def test_a_device_provisioned_later_is_known_from_then_on():
    manager = manager_of(entry())
    batch = Batch()
    newcomer = entry(key=9, prefix="foo/bar", name="shellypro3em-d4e5f6")
    manager.read(delivery("status/em:0", EM_STATUS, prefix="foo/bar"), batch)

    manager.use({PREFIX: entry(), "foo/bar": newcomer})
    manager.read(delivery("status/em:0", EM_STATUS, prefix="foo/bar"), batch)

    assert len(batch.strangers) == 1
    assert [row.sample.device_id for row in batch.incoming] == [9]


def test_a_message_that_cannot_be_read_is_refused_with_its_reason():
    batch = Batch()

    manager_of().read(delivery("status/em:0", b'{"id":0,"a_current":4.0'), batch)

    (refusal,) = batch.refusals
    assert "not JSON" in refusal.reason
    assert refusal.device_id == 1
    assert batch.incoming == []


def test_a_decoder_that_fails_does_not_stop_the_stream(monkeypatch, caplog):
    def fails(payload, received_at, device):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(manager_module, "reader_of", lambda topic, prefix: fails)
    batch = Batch()

    manager_of().read(delivery("status/em:0", EM_STATUS), batch)

    assert "could not read" in batch.refusals[0].reason
    assert "a fault of ours" in caplog.text


def test_a_retained_copy_makes_state_and_no_measurement():
    manager, batch = manager_of(), Batch()

    manager.read(delivery("status/em:0", EM_STATUS, retain=True), batch)

    (state,) = manager.take_states()
    assert batch.incoming == []
    assert json.loads(state.values)["em:0"]["power"] == 715.5
    assert (state.last_seen, state.power_at) == (None, None)


def test_a_retained_copy_does_not_replace_what_is_known():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", '{"id":0,"total_act_power":10.0}'), batch)

    manager.read(delivery("status/em:0", EM_STATUS, retain=True), batch)

    assert values_of(manager)["em:0"]["power"] == 10.0


def test_backlog_without_a_time_of_its_own_has_an_unknown_time():
    manager, batch = manager_of(), Batch()

    manager.read(delivery("status/emdata:0", EMDATA_STATUS, backlog=True), batch)
    manager.read(
        delivery("events/rpc", notification(NOON, **{"em:0": {"id": 0, "total_act_power": 1.0}}), backlog=True), batch
    )

    assert [row.sample.time_source for row in batch.incoming] == [TimeSource.UNKNOWN, TimeSource.DEVICE]
    assert all(row.suspect for row in batch.incoming)


def test_backlog_does_not_make_a_device_look_alive():
    manager, batch = manager_of(), Batch()

    manager.read(delivery("status/em:0", EM_STATUS, backlog=True), batch)

    (state,) = manager.take_states()
    assert (state.last_seen, state.online) == (None, None)


def test_a_redelivery_is_suspect():
    batch = Batch()

    manager_of().read(delivery("status/em:0", EM_STATUS, dup=True), batch)

    assert batch.incoming[0].suspect


def test_fingerprints_tell_payloads_and_topics_apart_and_are_the_same_in_every_process():
    manager, batch = manager_of(), Batch()
    for rest, payload in [("status/em:0", EM_STATUS), ("status/em:1", EM_STATUS), ("status/em:0", EM_STATUS + b" ")]:
        manager.read(delivery(rest, payload), batch)

    prints = [row.fingerprint for row in batch.incoming]

    assert len(set(prints)) == 3
    topic, payload = (
        int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)
        for data in (f"{PREFIX}/status/em:0".encode(), EM_STATUS)
    )
    assert prints[0] == topic ^ payload


def test_a_partial_notification_is_laid_over_what_is_known():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS), batch)
    partial = notification(NOON + SECOND, **{"em:0": {"id": 0, "a_act_power": 1000.0, "total_act_power": 764.3}})

    manager.read(delivery("events/rpc", partial, at=NOON + SECOND), batch)

    values = values_of(manager)["em:0"]
    assert (values["power"], values["a_power"], values["b_power"]) == (764.3, 1000.0, -951.1)
    assert batch.incoming[1].sample.reading.b_power is None  # what is stored is what was said


def test_an_older_message_does_not_move_the_state_back():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS, at=NOON), batch)
    late = notification(NOON - 4 * SECOND, **{"em:0": {"id": 0, "total_act_power": 1.0}})

    manager.read(delivery("events/rpc", late, at=NOON), batch)

    assert values_of(manager)["em:0"]["power"] == 715.5
    assert len(batch.incoming) == 2


def test_powers_by_role_follow_sign_and_phases():
    roles = (Role("em:0", "ab", "EXCHANGE", -1), Role("em:0", "c", "LOAD", 1))
    manager, batch = manager_of(entry(*roles)), Batch()

    manager.read(delivery("status/em:0", EM_STATUS), batch)

    (state,) = manager.take_states()
    assert state.exchange_power == pytest.approx(-(951.2 - 951.1))
    assert state.load_power == pytest.approx(715.4)
    assert state.production_power is None


def test_the_power_of_a_role_is_unknown_while_one_of_its_channels_is():
    roles = (Role("em1:0", "", "EXCHANGE", 1), Role("em:0", "", "EXCHANGE", 1))
    manager, batch = manager_of(entry(*roles)), Batch()

    manager.read(delivery("status/em:0", EM_STATUS), batch)

    assert manager.take_states()[0].exchange_power is None


def test_a_measurement_carries_the_register_at_or_before_it():
    manager, batch = manager_of(), Batch()
    for rest, payload, seconds in [
        ("status/em:0", EM_STATUS, 0),
        ("status/emdata:0", EMDATA_STATUS, 1),
        ("status/em:0", EM_STATUS, 2),
    ]:
        manager.read(delivery(rest, payload, at=NOON + seconds * SECOND), batch)

    assert [row.energy_total for row in batch.incoming] == [None, None, 215_966_760]
    assert isinstance(batch.incoming[1].sample.reading, Registers)


@pytest.mark.parametrize(("payload", "online"), [(b"true", True), (b"false", False)])
def test_a_device_says_whether_it_is_online(payload, online):
    manager, batch = manager_of(), Batch()

    manager.read(delivery("online", payload), batch)

    assert manager.take_states()[0].online is online
    assert batch.incoming == []


def test_a_will_kept_by_the_broker_does_not_contradict_fresh_data():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS), batch)

    manager.read(delivery("online", b"false", at=NOON + SECOND, retain=True), batch)

    assert manager.take_states()[0].online is True


def test_a_will_is_not_the_device_speaking():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS), batch)

    manager.read(delivery("online", b"false", at=NOON + 60 * SECOND), batch)

    (state,) = manager.take_states()
    assert (state.online, state.last_seen) == (False, NOON)


def test_data_after_a_will_means_online_again():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("online", b"false"), batch)

    manager.read(delivery("status/em:0", EM_STATUS, at=NOON + SECOND), batch)

    assert manager.take_states()[0].online is True


def test_states_are_told_once_per_batch():
    manager, batch = manager_of(), Batch()
    for second in range(5):
        manager.read(delivery("status/em:0", EM_STATUS, at=NOON + second * SECOND), batch)

    assert len(manager.take_states()) == 1
    assert manager.take_states() == []


def test_a_flood_of_invented_topics_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(manager_module, "MOST_ROUTES", 100)
    manager, batch = manager_of(), Batch()

    for number in range(1000):
        manager.read(delivery("status/em:0", EM_STATUS, prefix=f"foo/{number}"), batch)

    assert len(manager._routes) <= 100


def test_a_long_topic_is_read_but_not_remembered():
    manager, batch = manager_of(), Batch()

    manager.read(delivery("x" * 60_000, "{}"), batch)

    assert manager._routes == {}


def test_a_fault_after_decoding_does_not_stop_the_stream_either(monkeypatch, caplog):
    monkeypatch.setattr(manager_module, "reader_of", lambda topic, prefix: lambda *_: ["no sample at all"])
    batch = Batch()

    manager_of().read(delivery("status/em:0", EM_STATUS), batch)

    assert len(batch.refusals) == 1


def test_a_device_whose_clock_is_ahead_does_not_hide_what_comes_after():
    manager, batch = manager_of(), Batch()
    ahead = notification(NOON + 250 * SECOND, **{"em:0": {"id": 0, "total_act_power": 1.0}})
    manager.read(delivery("events/rpc", ahead), batch)

    manager.read(delivery("status/em:0", EM_STATUS, at=NOON + SECOND), batch)

    assert values_of(manager)["em:0"]["power"] == 715.5


def test_a_device_that_speaks_often_is_written_once_a_second():
    manager, batch = manager_of(), Batch()
    written = []
    for tenth in range(30):
        at = NOON + tenth * SECOND / 10
        manager.read(delivery("status/em:0", EM_STATUS, at=at), batch)
        written += manager.take_states(at)

    assert [row.last_seen for row in written] == [NOON, NOON + SECOND, NOON + 2 * SECOND]
    assert manager.take_states()[0].last_seen == NOON + 2.9 * SECOND


def test_a_device_that_goes_is_written_at_once():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS), batch)
    manager.take_states(NOON)

    manager.read(delivery("online", b"false", at=NOON + SECOND / 10), batch)

    assert [row.online for row in manager.take_states(NOON + SECOND / 10)] == [False]


def test_what_a_device_said_last_is_written_though_nothing_follows():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS), batch)
    manager.take_states(NOON)
    manager.read(delivery("status/em:0", EM_STATUS, at=NOON + SECOND / 10), batch)

    assert not manager.owes_states(NOON + SECOND / 2)
    assert manager.owes_states(NOON + SECOND)


def test_when_there_is_too_much_the_states_that_waited_longest_are_written_first():
    names = ["one", "two", "three"]
    entries = [entry(key=key, prefix=f"cer/{name}", name=name) for key, name in enumerate(names, start=1)]
    manager = manager_of(*entries)
    for name in ("two", "three", "one", "two"):
        manager.read(delivery("status/em:0", EM_STATUS, prefix=f"cer/{name}"), Batch())

    first = manager.take_states(NOON, most=2)
    manager.read(delivery("status/em:0", EM_STATUS, prefix="cer/two"), Batch())
    second = manager.take_states(NOON + SECOND, most=1)

    assert [row.device_id for row in first] == [2, 3]
    assert [row.device_id for row in second] == [1]
    assert [row.device_id for row in manager.take_states()] == [2]


def test_the_last_message_of_a_device_is_kept_as_it_came_whether_it_can_be_read_or_not():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS), batch)
    manager.read(delivery("status/em:0", "{" + "x" * 5000, at=NOON + SECOND), batch)

    (heard,) = manager.take_heard()

    assert (heard.device_id, heard.topic, heard.size) == (1, f"{PREFIX}/status/em:0", 5001)
    assert heard.first_bytes == b"{" + b"x" * 1023
    assert heard.received_at == NOON + SECOND


def test_last_messages_are_written_once_in_five_seconds_and_the_last_one_is_not_forgotten():
    manager, batch = manager_of(), Batch()
    taken = []
    for tenths in range(120):
        at = NOON + tenths * SECOND / 10
        manager.read(delivery("online", "true", at=at), batch)
        taken += [(tenths, heard.received_at) for heard in manager.take_heard(at)]

    assert [tenths for tenths, _ in taken] == [0, 50, 100]
    assert not manager.owes_heard(NOON + 14 * SECOND)
    assert manager.owes_heard(NOON + 15 * SECOND)
    assert [heard.received_at for heard in manager.take_heard(NOON + 15 * SECOND)] == [NOON + 11.9 * SECOND]
    assert manager.take_heard() == []


def test_last_messages_of_many_are_told_some_at_a_time_until_all_are():
    names = ["one", "two", "three"]
    manager = manager_of(*[entry(key=key, prefix=f"cer/{name}", name=name) for key, name in enumerate(names, start=1)])
    for name in names:
        manager.read(delivery("online", "true", prefix=f"cer/{name}", at=NOON), Batch())

    assert manager.take_heard(NOON, most=0) == []  # no time for any: nothing has begun
    first = manager.take_heard(NOON, most=2)
    assert manager.owes_heard(NOON)
    manager.read(delivery("online", "false", prefix="cer/one", at=NOON + SECOND), Batch())
    second = manager.take_heard(NOON + SECOND, most=2)

    assert [heard.device_id for heard in first + second] == [1, 2, 3]
    assert not manager.owes_heard(NOON + 4 * SECOND)
    assert [(heard.device_id, heard.first_bytes) for heard in manager.take_heard(NOON + 5 * SECOND)] == [(1, b"false")]


def test_without_a_time_what_is_being_told_and_what_came_since_are_told_at_once():
    manager = manager_of(entry(), entry(key=2, prefix="cer/two", name="two"))
    for prefix in (PREFIX, "cer/two"):
        manager.read(delivery("online", "true", prefix=prefix), Batch())
    manager.take_heard(NOON, most=1)
    manager.read(delivery("online", "false", prefix="cer/two", at=NOON + SECOND), Batch())

    assert [(heard.device_id, heard.first_bytes) for heard in manager.take_heard()] == [(2, b"false")]


def test_states_that_found_no_room_are_owed_sooner_than_the_others():
    manager = manager_of(entry(), entry(key=2, prefix="cer/two", name="two"))
    for prefix in (PREFIX, "cer/two"):
        manager.read(delivery("status/em:0", EM_STATUS, prefix=prefix), Batch())
    manager.take_states(NOON, most=1)

    assert not manager.owes_states(NOON + SECOND / 100)
    assert manager.owes_states(NOON + SECOND / 10)


def test_a_retained_copy_is_not_the_last_message():
    manager = manager_of()

    manager.read(delivery("online", "true", retain=True), Batch())

    assert manager.take_heard() == []
