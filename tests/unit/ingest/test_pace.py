"""Who speaks too often, and what of it is stored; with a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cercollettiva.devices.samples import Energies, Power, Record, Registers, Sample, TimeSource
from cercollettiva.energy.store import Batch, Incoming
from cercollettiva.ingest.pace import WINDOWS_IN_A_ROW, Pace

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(milliseconds=20)
NOISY = 1


def row(device: int, at: datetime, reading=None, *, suspect: bool = False, component: str = "em:0") -> Incoming:
    sample = Sample(device, component, at, TimeSource.RECEIVED, reading or Power(power=1.0))
    return Incoming(sample, 7, "topic", b"payload", suspect=suspect)


def second_of(start: datetime, *, noisy: int, others: int, each: int = 1, suspect: bool = False) -> Batch:
    rows = [row(NOISY, start + number * TICK, suspect=suspect) for number in range(noisy)]
    rows += [row(2 + other, start + number * TICK) for other in range(others) for number in range(each)]
    return Batch(incoming=rows)


def run(pace: Pace, seconds: int, *, since: int = 0, **load) -> list[Batch]:
    batches = [second_of(NOON + timedelta(seconds=since + second), **load) for second in range(seconds)]
    for second, batch in enumerate(batches, start=since + 1):
        pace.thin_out(batch, now=NOON + timedelta(seconds=second))
    return batches


def stored(batch: Batch, device: int = NOISY) -> int:
    return sum(row.sample.device_id == device for row in batch.incoming)


def test_fifty_a_second_among_calm_devices_are_thinned_out_after_five_seconds():
    batches = run(Pace(), 10, noisy=50, others=100)

    assert [stored(batch) for batch in batches] == [50] * WINDOWS_IN_A_ROW + [1] * (10 - WINDOWS_IN_A_ROW)
    assert all(stored(batch, device) == 1 for batch in batches for device in range(2, 102))


def test_the_newest_value_stays_and_the_others_are_counted():
    pace = Pace()
    run(pace, 10, noisy=50, others=100)
    batch = second_of(NOON + timedelta(seconds=10), noisy=50, others=1)

    ((kept, count),) = pace.thin_out(batch, now=NOON + timedelta(seconds=10.1))

    assert kept.sample.at == NOON + timedelta(seconds=10) + 49 * TICK
    assert kept in batch.incoming
    assert count == 49


def test_registers_and_records_are_never_left_out():
    pace = Pace()
    run(pace, 10, noisy=50, others=100)
    energies = [row(NOISY, NOON, Registers(Energies(number))) for number in range(20)]
    energies += [row(NOISY, NOON, Record(Energies(number), 60)) for number in range(20)]
    batch = Batch(incoming=[*energies, row(NOISY, NOON), row(NOISY, NOON + TICK)])

    pace.thin_out(batch, now=NOON + timedelta(seconds=10.1))

    assert batch.incoming == [*energies, row(NOISY, NOON + TICK)]


def test_each_component_keeps_its_own():
    pace = Pace()
    run(pace, 10, noisy=50, others=100)
    batch = Batch(incoming=[row(NOISY, NOON + n * TICK, component=f"em1:{n % 3}") for n in range(9)])

    pace.thin_out(batch, now=NOON + timedelta(seconds=10.1))

    assert [row.sample.component for row in batch.incoming] == ["em1:0", "em1:1", "em1:2"]


def test_where_all_speak_often_that_is_the_load():
    batches = run(Pace(), 20, noisy=500, others=9, each=500)

    assert all(len(batch.incoming) == 5000 for batch in batches)


def test_a_device_that_is_alone_delays_nobody():
    assert all(stored(batch) == 500 for batch in run(Pace(), 20, noisy=500, others=1))


def test_a_burst_is_no_fault():
    pace = Pace()
    run(pace, WINDOWS_IN_A_ROW - 1, noisy=500, others=100)

    assert all(stored(batch) == 1 for batch in run(pace, 5, since=4, noisy=1, others=100))
    assert not pace.hasty


def test_what_waited_in_the_broker_says_nothing_about_the_pace():
    batches = run(Pace(), 20, noisy=500, others=100, suspect=True)

    assert all(stored(batch) == 500 for batch in batches)


def test_a_device_that_calms_down_is_stored_in_full_again():
    pace = Pace()
    run(pace, 10, noisy=50, others=100)

    batches = run(pace, 3, since=10, noisy=15, others=100)

    assert stored(batches[-1]) == 15
