"""The store, on both databases: what is written, what a second delivery changes, what a bad row takes with it."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection

from cercollettiva.devices.samples import (
    Anomaly,
    Energies,
    Power,
    Record,
    Registers,
    Sample,
    TimeSource,
)
from cercollettiva.energy.models import (
    DeviceConfiguration,
    DeviceMeasurement,
    DeviceState,
    DirtyQuarter,
    EnergyMeasurement,
    IngestBatch,
    LastMessage,
    Quality,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.energy.store import (
    Batch,
    Heard,
    Incoming,
    Refusal,
    StateRow,
    Stranger,
    journal,
    postgresql,
    quarantine,
    save_batch,
    sqlite,
)
from cercollettiva.energy.store import save_samples as save

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOPIC = "cercollettiva/IT001E12345678/shellypro3em-a1b2c3/status/em:0"


@pytest.fixture
def device() -> DeviceConfiguration:
    return DeviceConfiguration.objects.create(
        device_id="shellypro3em-a1b2c3",
        device_type_id="SHELLY_PRO_3EM",
        topic_prefix="cercollettiva/IT001E12345678/shellypro3em-a1b2c3",
    )


def power(device: DeviceConfiguration, at: datetime = NOON, watts: float = 715.5, **values: float) -> Sample:
    return Sample(device.pk, "em:0", at, TimeSource.DEVICE, Power(power=watts, **values))


def registers(device: DeviceConfiguration, at: datetime = NOON, drawn: int = 1_000_000) -> Sample:
    return Sample(device.pk, "emdata:0", at, TimeSource.RECEIVED, Registers(Energies(drawn=drawn, returned=0)))


def incoming(sample: Sample, fingerprint: int = 7) -> Incoming:
    return Incoming(sample, fingerprint, TOPIC, b'{"id":0}')


def store(batch: Batch):
    return save_batch(batch, ingestor="test", now=NOON)


def test_a_sample_becomes_a_row_with_all_its_values(device):
    sample = Sample(
        device.pk,
        "em:0",
        NOON,
        TimeSource.RECEIVED,
        Power(power=715.5, a_power=951.25, b_voltage=236.5, neutral_current=0.25),
        Anomaly.PHASE_A_NO_VOLTAGE,
        reported_ts=12.5,
    )

    save([sample], now=NOON)

    row = DeviceMeasurement.objects.get(device=device)
    assert (row.timestamp, row.component) == (NOON, "em:0")
    assert (row.power, row.a_power, row.b_voltage, row.neutral_current) == (715.5, 951.25, 236.5, 0.25)
    assert row.c_power is None
    assert row.anomalies == Anomaly.PHASE_A_NO_VOLTAGE
    assert row.time_source == TimeSource.RECEIVED
    assert row.quality == Quality.DOUBTFUL
    assert row.reported_ts == 12.5


def test_a_resent_sample_is_stored_once(device):
    sample = registers(device)
    first = save([sample], now=NOON)

    second = save([sample], now=NOON)

    assert (first.stored, first.repeated) == (1, 0)
    assert (second.stored, second.repeated) == (0, 1)
    assert EnergyMeasurement.objects.filter(device=device).count() == 1
    assert not RejectedMessage.objects.exists()


def test_another_value_under_the_same_key_is_refused_and_the_first_stays(device):
    save([power(device, watts=100.0)], now=NOON)

    outcome = save([power(device, watts=200.0), power(device, at=NOON + timedelta(seconds=1))], now=NOON)

    assert (outcome.stored, outcome.refused) == (1, 1)
    assert DeviceMeasurement.objects.get(device=device, timestamp=NOON).power == 100.0
    assert "Another value" in RejectedMessage.objects.get().reason


def test_a_row_the_database_refuses_does_not_hurt_its_neighbours(device):
    samples = [power(device, at=NOON + timedelta(seconds=number)) for number in range(500)]
    samples[250] = power(device, at=NOON + timedelta(seconds=250), watts=1e9)  # beyond the bound of the table

    outcome = save(samples, now=NOON)

    assert (outcome.stored, outcome.refused) == (499, 1)
    assert DeviceMeasurement.objects.filter(device=device).count() == 499
    assert "refused" in RejectedMessage.objects.get().reason


def test_records_and_registers_of_one_instant_are_two_rows(device):
    record = Sample(
        device.pk, "emdata:0", NOON, TimeSource.DEVICE, Record(Energies(drawn=45_906, returned=0), seconds=60)
    )

    outcome = save([record, registers(device)], now=NOON)

    assert outcome.stored == 2
    kinds = EnergyMeasurement.objects.order_by("kind").values_list("kind", "seconds", "drawn")
    assert list(kinds) == [(0, None, 1_000_000), (1, 60, 45_906)]


def test_a_batch_of_another_month_finds_a_place(device):
    samples = [power(device, at=datetime(year, 3, 1, tzinfo=UTC)) for year in (2025, 2026, 2027)]

    outcome = save(samples, now=NOON)

    assert outcome.stored == 3


def test_nothing_of_a_batch_stays_when_the_database_goes_away(device, monkeypatch):
    def fails(*args, **kwargs):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(quarantine, "write_strangers", fails)

    with pytest.raises(OperationalError):
        store(Batch(incoming=[incoming(power(device))]))

    assert not DeviceMeasurement.objects.exists()


def test_registers_and_records_mark_the_quarters_they_touch(device):
    over_the_edge = Sample(
        device.pk, "emdata:0", NOON + timedelta(minutes=14), TimeSource.DEVICE, Record(Energies(drawn=1), seconds=300)
    )
    without_a_time = registers(device, at=NOON + timedelta(hours=3))._replace(time_source=TimeSource.UNKNOWN)

    save([registers(device), over_the_edge, power(device, at=NOON + timedelta(hours=2)), without_a_time], now=NOON)

    marks = DirtyQuarter.objects.order_by("start").values_list("device_id", "start")
    assert list(marks) == [(device.pk, NOON), (device.pk, NOON + timedelta(minutes=15))]


def state(device: DeviceConfiguration, *, last_seen: datetime, watts: float) -> StateRow:
    values = json.dumps({"em:0": {"at": last_seen.isoformat(), "power": watts}})
    return StateRow(device.pk, last_seen, True, watts, None, None, last_seen, values, "{}", "shellypro3em-a1b2c3")


@pytest.mark.parametrize("is_shared", [False, True])
def test_the_newest_strength_of_a_radio_stands(device, is_shared):
    later = NOON + timedelta(minutes=1)
    for row in (
        state(device, last_seen=NOON, watts=1.0)._replace(rssi=-60, rssi_at=later),
        state(device, last_seen=NOON, watts=1.0)._replace(rssi=-90, rssi_at=NOON),
        state(device, last_seen=later, watts=2.0),  # of somebody who does not know it
    ):
        store(Batch(states=[row], is_shared=is_shared))

    kept = DeviceState.objects.get(device=device)
    assert (kept.rssi, kept.rssi_at, kept.exchange_power) == (-60, later, 2.0)


def test_a_state_is_made_once_and_then_follows(device):
    store(Batch(states=[state(device, last_seen=NOON, watts=100.0)]))
    first = DeviceState.objects.get(device=device)
    later = NOON + timedelta(seconds=1)

    save_batch(Batch(states=[state(device, last_seen=later, watts=200.0)]), ingestor="test", now=later)

    second = DeviceState.objects.get(device=device)
    assert second.exchange_power == 200.0
    assert second.last_seen == later
    assert second.values["em:0"]["power"] == 200.0
    assert second.seq > first.seq


def test_last_seen_never_moves_back(device):
    store(Batch(states=[state(device, last_seen=NOON, watts=100.0)]))

    store(Batch(states=[state(device, last_seen=NOON - timedelta(hours=1), watts=100.0)]))

    assert DeviceState.objects.get(device=device).last_seen == NOON


def test_the_state_of_a_device_that_was_removed_is_left_out(device):
    gone = state(device, last_seen=NOON, watts=1.0)._replace(device_id=device.pk + 1)

    store(Batch(states=[gone, state(device, last_seen=NOON, watts=100.0)]))

    assert DeviceState.objects.values_list("device_id", flat=True).get() == device.pk


def test_the_journal_remembers_what_has_no_time_of_its_own(device):
    batch = Batch(
        incoming=[incoming(registers(device), 41), incoming(power(device), 42), incoming(registers(device), 41)]
    )

    store(batch)

    known = journal.recent_fingerprints("default")
    assert known.tolist() == [41]
    assert journal.contains(known, [40, 41, 42]).tolist() == [False, True, False]


def test_the_journal_forgets_what_is_too_old_to_come_again(device):
    for minute in (0, 5, 11):
        at = NOON + timedelta(minutes=minute)
        save_batch(Batch(incoming=[incoming(registers(device, at=at), minute)]), ingestor="test", now=at)

    journal.forget("default", ingestor="test", now=NOON + timedelta(minutes=11))

    assert journal.recent_fingerprints("default").tolist() == [5, 11]
    assert IngestBatch.objects.count() == 2


def test_an_ingestor_at_work_does_not_forget_for_one_that_is_away(device):
    save_batch(Batch(incoming=[incoming(registers(device), 1)]), ingestor="away", now=NOON)

    journal.forget("default", ingestor="at work", now=NOON + timedelta(days=1))

    assert journal.recent_fingerprints("default").tolist() == [1]


def test_a_refusal_of_a_device_that_was_removed_is_kept(device):
    store(Batch(refusals=[Refusal(TOPIC, "not JSON", b"{", device.pk + 1)]))

    assert RejectedMessage.objects.get().device_id is None


def test_when_the_table_is_not_the_one_we_know_nothing_is_blamed_on_the_meters(device, monkeypatch):
    monkeypatch.setattr(postgresql, "insert", fails_not_null)
    monkeypatch.setattr(sqlite, "insert", fails_not_null)

    with pytest.raises(OperationalError):
        store(Batch(incoming=[incoming(power(device))]))

    assert not RejectedMessage.objects.exists()


def fails_not_null(*arguments):
    raise IntegrityError('null value in column "new" violates not-null constraint')


def test_a_partial_message_that_meets_another_of_the_same_instant_is_seen(device):
    store(Batch(incoming=[incoming(power(device, watts=100.0), 1)]))
    second = Sample(device.pk, "em:0", NOON, TimeSource.DEVICE, Power(b_power=50.0))

    outcome = store(Batch(incoming=[incoming(second, 2)]))

    assert outcome.refused == 1


def test_a_month_that_was_retired_takes_nothing_more_and_stops_nothing(device):
    if connection.vendor == "postgresql":
        save([power(device, at=datetime(2024, 1, 15, tzinfo=UTC))], now=NOON)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE energy_devicemeasurement DETACH PARTITION energy_devicemeasurement_y2024m01")
        late = power(device, at=datetime(2024, 1, 16, tzinfo=UTC))

        outcome = save([late, power(device)], now=NOON)

        assert (outcome.stored, outcome.refused) == (1, 1)


def test_two_ingestors_in_the_same_microsecond_have_journal_rows_of_their_own(device):
    for ingestor in ("ingest-1", "ingest-2"):
        batch = Batch(incoming=[incoming(registers(device, at=NOON, drawn=1), 1)])
        save_batch(batch, ingestor=ingestor, now=NOON)

    assert IngestBatch.objects.count() == 2


def test_refusals_are_counted_by_topic_and_reason(device):
    refusal = Refusal(TOPIC, "not JSON", b"\x00\xff{", device.pk)

    store(Batch(refusals=[refusal, refusal]))
    store(Batch(refusals=[refusal, refusal._replace(reason="too long")]))

    counts = RejectedMessage.objects.order_by("reason").values_list("reason", "count", "device_id")
    assert list(counts) == [("not JSON", 3, device.pk), ("too long", 1, device.pk)]
    assert bytes(RejectedMessage.objects.get(reason="not JSON").first_bytes) == b"\x00\xff{"


def test_text_that_no_database_takes_is_made_storable(device):
    store(Batch(refusals=[Refusal("a\0b", "half a character: \ud800", b"", None)]))

    assert RejectedMessage.objects.get().topic == "a\N{REPLACEMENT CHARACTER}b"


def test_unknown_devices_are_one_line_each(device):
    stranger = Stranger("foo/bar", "foo/bar/status/em:0", b"{}")

    store(Batch(strangers=[stranger, stranger._replace(topic="foo/bar/online", first_bytes=b"true")]))

    line = UnknownDevice.objects.get()
    assert (line.prefix, line.last_topic, bytes(line.first_bytes), line.count) == (
        "foo/bar",
        "foo/bar/online",
        b"true",
        2,
    )


def test_the_last_message_of_a_device_is_one_row_and_never_goes_back_in_time(device):
    newest = Heard(device.pk, "a\0b", b"\x00\xff{" * 1000, 3000, NOON)
    store(Batch(heard=[newest, newest._replace(device_id=999_999)]))

    store(Batch(heard=[newest._replace(topic="older", received_at=NOON - timedelta(seconds=1))]))

    row = LastMessage.objects.get()
    assert (row.topic, row.size, row.received_at) == ("a\N{REPLACEMENT CHARACTER}b", 3000, NOON)
    assert bytes(row.first_bytes) == (b"\x00\xff{" * 1000)[:1024]
    store(Batch(heard=[newest._replace(topic="newer", received_at=NOON + timedelta(seconds=1))]))
    assert LastMessage.objects.get().topic == "newer"


def test_the_lists_of_oddities_are_bounded_and_the_oldest_give_way(device, monkeypatch):
    monkeypatch.setattr(quarantine, "MOST_STRANGERS", 10)
    for number in range(15):
        at = NOON + timedelta(seconds=number)
        save_batch(Batch(strangers=[Stranger(f"foo/{number}", "t", b"")]), ingestor="test", now=at)

    prefixes = set(UnknownDevice.objects.values_list("prefix", flat=True))

    assert prefixes == {f"foo/{number}" for number in range(6, 15)}  # one more would be the tenth


def test_a_whole_batch_takes_a_constant_number_of_statements(device, django_assert_max_num_queries):
    samples = [power(device, at=NOON + timedelta(seconds=number)) for number in range(200)]
    save(samples[:1], now=NOON)

    with django_assert_max_num_queries(12 if connection.vendor == "postgresql" else 8):
        save(samples[1:], now=NOON)


def test_a_conflict_of_one_component_says_nothing_of_the_other_in_the_same_message(device):
    def message(watts: float, *components: str) -> Batch:
        return Batch(
            incoming=[incoming(power(device, watts=watts)._replace(component=name), int(watts)) for name in components]
        )

    store(message(100.0, "em:0"))

    outcome = store(message(200.0, "em:0", "em:1"))

    assert (outcome.stored, outcome.refused) == (1, 1)
    assert RejectedMessage.objects.get().count == 1


def test_the_longest_topic_and_reason_that_anybody_can_send_fit_in_their_index(device):
    """An index entry that is too large would be an error of the database, tried again for ever."""
    rare = random.Random(7)
    text = "".join(chr(0x20000 + rare.randrange(40_000)) for _ in range(1000))  # four bytes each, in no pattern

    store(Batch(refusals=[Refusal(text, text[::-1], b"", None)], strangers=[Stranger(text, text, b"")]))

    assert RejectedMessage.objects.count() == UnknownDevice.objects.count() == 1


def test_the_same_value_in_another_message_is_no_conflict(device):
    """Registers come on a status topic and in a notification: one instant, one value, two payloads."""
    store(Batch(incoming=[incoming(registers(device), 1)]))

    outcome = store(Batch(incoming=[incoming(registers(device), 2)]))

    assert (outcome.stored, outcome.repeated, outcome.refused) == (0, 1, 0)
