"""A device whose clock was never set, jumps, or goes back: which rows are left, to the microsecond (rule R12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.devices.samples import Anomaly, TimeSource
from cercollettiva.energy.models import DeviceConfiguration, DeviceMeasurement, DeviceState, RejectedMessage
from cercollettiva.energy.store import Batch, save_batch
from tests.unit.ingest.meters import NAME, NOON, PREFIX, delivery, entry, manager_of, notification

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SECOND = timedelta(seconds=1)
UNSET = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
FAR = datetime(2100, 1, 1, tzinfo=UTC)
OWN, OURS = TimeSource.DEVICE, TimeSource.RECEIVED


@pytest.fixture
def device() -> DeviceConfiguration:
    return DeviceConfiguration.objects.create(device_id=NAME, device_type_id="SHELLY_PRO_3EM", topic_prefix=PREFIX)


def rows_of(device: DeviceConfiguration, *said: tuple[datetime, datetime]) -> list[tuple]:
    """The rows after notifications whose `ts` and instant of receipt these are; the n-th has n watts."""
    manager, batch = manager_of(entry(key=device.pk)), Batch()
    for watts, (ts, received_at) in enumerate(said):
        payload = notification(ts, **{"em:0": {"id": 0, "total_act_power": float(watts)}})
        manager.read(delivery("events/rpc", payload, at=received_at), batch)
    batch.states = manager.take_states()
    save_batch(batch, ingestor="test", now=NOON)
    columns = ("timestamp", "power", "time_source", "anomalies", "reported_ts")
    return list(DeviceMeasurement.objects.order_by("timestamp").values_list(*columns))


def latest_power() -> float:
    return DeviceState.objects.get().values["em:0"]["power"]


def test_a_clock_that_was_never_set_gets_the_time_of_receipt(device):
    rows = rows_of(device, (UNSET, NOON), (UNSET + SECOND, NOON + SECOND))

    assert rows == [
        (NOON, 0.0, OURS, Anomaly.CLOCK_NOT_SET, UNSET.timestamp()),
        (NOON + SECOND, 1.0, OURS, Anomaly.CLOCK_NOT_SET, UNSET.timestamp() + 1),
    ]
    assert latest_power() == 1.0


def test_a_clock_that_jumps_ahead_and_returns_leaves_no_row_in_the_future(device):
    rows = rows_of(device, (NOON, NOON), (FAR, NOON + SECOND), (NOON + 2 * SECOND, NOON + 2 * SECOND))

    assert rows == [
        (NOON, 0.0, OWN, 0, None),
        (NOON + SECOND, 1.0, OURS, Anomaly.CLOCK_AHEAD, FAR.timestamp()),
        (NOON + 2 * SECOND, 2.0, OWN, 0, None),
    ]
    assert latest_power() == 2.0


def test_a_clock_that_goes_back_four_seconds_keeps_each_row_at_its_own_time(device):
    rows = rows_of(device, (NOON, NOON), (NOON - 4.03 * SECOND, NOON + SECOND), (NOON + SECOND, NOON + 2 * SECOND))

    assert [(at, power, source) for at, power, source, *_ in rows] == [
        (NOON - 4.03 * SECOND, 1.0, OWN),
        (NOON, 0.0, OWN),
        (NOON + SECOND, 2.0, OWN),
    ]
    assert latest_power() == 2.0


def test_a_clock_that_goes_back_onto_an_instant_it_has_used_is_told_and_changes_nothing(device):
    rows = rows_of(device, (NOON, NOON), (NOON, NOON + 4 * SECOND))

    assert [(at, power) for at, power, *_ in rows] == [(NOON, 0.0)]
    assert "Another value is already stored" in RejectedMessage.objects.get().reason


def test_five_minutes_ahead_are_believed_and_a_second_more_is_not(device):
    limit = 300 * SECOND
    rows = rows_of(device, (NOON + limit, NOON), (NOON + SECOND + limit + SECOND, NOON + SECOND))

    assert [(at, source) for at, _, source, *_ in rows] == [(NOON + SECOND, OURS), (NOON + limit, OWN)]


def test_a_clock_set_in_the_middle_begins_to_be_believed_there(device):
    rows = rows_of(device, (UNSET, NOON), (NOON + SECOND, NOON + 1.2 * SECOND))

    assert [(at, source) for at, _, source, *_ in rows] == [(NOON, OURS), (NOON + SECOND, OWN)]
