"""From stored readings to quarter-hours: what is dirty and nothing else, whatever order it came in."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from cercollettiva.core.models import PlantType
from cercollettiva.devices.samples import TimeSource
from cercollettiva.domain.calendar import ITALY
from cercollettiva.energy.aggregation import aggregate, run
from cercollettiva.energy.models import (
    ChannelRole,
    DevicePlacement,
    DirtyQuarter,
    EnergyAggregate,
    EnergyInterval,
    EnergyIntervalPart,
    IntervalQuality,
    IntervalSource,
    Period,
    RegisterEvent,
    Role,
    SubjectKind,
)
from cercollettiva.energy.store import save_samples
from tests.integration.core.scene import make_community, make_plant
from tests.integration.energy.meters import (
    MINUTE,
    NOON,
    NOW,
    QUARTER,
    compute,
    drawn,
    injected,
    make_meter,
    quarters,
    record,
    register,
    registers,
    total,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def device():
    return make_meter()


def test_registers_of_an_hour_become_four_quarters(device):
    outcome = compute(registers(device, [(100, 20)] * 60))

    rows = quarters(device)
    assert [row.start for row in rows] == [NOON + number * QUARTER for number in range(4)]
    assert drawn(device) == [1200] * 4
    assert injected(device) == [0] * 4
    assert {row.coverage for row in rows} == {1.0}
    assert {row.quality for row in rows} == {IntervalQuality.GOOD}
    assert {row.source for row in rows} == {IntervalSource.REGISTERS}
    assert (outcome.devices, outcome.changed) == (1, 4)
    assert not DirtyQuarter.objects.exists()


def test_doing_it_again_changes_nothing(device):
    compute(registers(device, [(100, 0)] * 60))
    before = list(EnergyInterval.objects.values())

    outcome = compute(registers(device, [(100, 0)] * 60), now=NOW + timedelta(hours=1))

    assert (outcome.changed, outcome.totals_changed) == (0, 0)
    assert list(EnergyInterval.objects.values()) == before


def test_a_late_reading_reopens_what_it_touches_and_nothing_else(device):
    samples = registers(device, [(100, 0)] * 180)
    compute([sample for sample in samples if not 60 < samples.index(sample) < 90])
    later = NOW + timedelta(hours=1)

    compute(samples[61:90], now=later)

    rows = quarters(device)
    assert drawn(device) == [1500] * 12
    assert {row.quality for row in rows} == {IntervalQuality.GOOD}
    assert [row.recorded_at for row in rows] == [NOW] * 4 + [later] * 2 + [NOW] * 6


def test_a_gap_keeps_its_energy_and_is_an_estimate_until_records_fill_it(device):
    samples = registers(device, [(100, 0)] * 60)
    compute([*samples[:10], *samples[50:]])
    before = quarters(device)

    compute([record(device, NOON + number * MINUTE, 40 if number < 30 else 160) for number in range(9, 50)])

    assert sum(row.energy_in for row in before) == 6000
    assert {row.quality for row in before} == {IntervalQuality.ESTIMATED}
    assert drawn(device) == [900 + 6 * 40, 15 * 40, 15 * 160, 5 * 160 + 1000]
    assert {row.quality for row in quarters(device)} == {IntervalQuality.GOOD}


def test_both_shapes_of_the_same_energy_count_once(device):
    records = [record(device, NOON + number * MINUTE, 100) for number in range(60)]

    compute([*registers(device, [(100, 0)] * 60), *records])

    assert drawn(device) == [1500] * 4
    assert {row.source for row in quarters(device)} == {IntervalSource.RECORD}


def test_readings_of_unknown_age_anchor_nothing(device):
    samples = registers(device, [(100, 0)] * 30)
    waited = register(device, NOON + 40 * MINUTE, 1_003_000, 500_000, source=TimeSource.UNKNOWN)

    compute([*samples, waited])

    assert len(quarters(device)) == 2


def test_the_devices_clock_outranks_ours(device):
    samples = registers(device, [(100, 0)] * 30)
    ours = [
        sample._replace(at=sample.at + timedelta(seconds=40), time_source=TimeSource.RECEIVED) for sample in samples
    ]

    compute([*samples, *ours])

    assert drawn(device) == [1500, 1500]
    assert not RegisterEvent.objects.exists()


def test_a_reset_is_an_estimate_and_a_person_finds_it(device):
    rising = registers(device, [(100, 0)] * 30)
    again = [register(device, NOON + number * MINUTE, (number - 31) * 50 + 7, 0) for number in range(31, 61)]

    compute([*rising, *again])

    assert sum(drawn(device)) == 3000 + 7 + 29 * 50
    event = RegisterEvent.objects.get(register="drawn")
    assert (event.kind, event.at, event.before, event.after) == (
        RegisterEvent.Kind.RESET,
        NOON + 31 * MINUTE,
        1_003_000,
        7,
    )
    assert quarters(device)[2].quality == IntervalQuality.ESTIMATED


def test_an_event_that_later_readings_explain_goes_away(device):
    samples = registers(device, [(100, 0)] * 20)
    zeros = [register(device, samples[number].at, 0, 500_000) for number in (10, 11)]
    rest = samples[12:]
    compute([*samples[:10], *zeros])
    assert RegisterEvent.objects.get().kind == RegisterEvent.Kind.RESET

    compute(rest)

    assert RegisterEvent.objects.get().kind == RegisterEvent.Kind.GLITCH
    assert sum(drawn(device)) == 2000


def test_a_jump_is_not_energy_and_its_time_is_not_known(device):
    samples = registers(device, [(100, 0)] * 15 + [(26_000_000, 0)] + [(100, 0)] * 14)

    compute(samples)

    assert drawn(device) == [1500, 1400]
    assert quarters(device)[1].quality == IntervalQuality.PARTIAL
    assert quarters(device)[1].coverage == pytest.approx(14 / 15)
    assert RegisterEvent.objects.get().kind == RegisterEvent.Kind.JUMP


def test_phases_are_netted_unless_their_role_says_otherwise():
    netted = make_meter(1)
    gross = make_meter(2, role_fields={"net_per_minute": False})

    compute([*registers(netted, [(100, 30)] * 15), *registers(gross, [(100, 30)] * 15)])

    assert (drawn(netted), injected(netted)) == ([1050], [0])
    assert (drawn(gross), injected(gross)) == ([1500], [450])


def test_a_clamp_the_wrong_way_round_is_turned_by_its_sign():
    device = make_meter(role_fields={"sign": -1})

    compute(registers(device, [(100, 30)] * 15))

    assert (drawn(device), injected(device)) == ([0], [1050])


def test_channels_that_share_the_connection_point_are_netted_together():
    device = make_meter(roles=[(f"em1:{number}", Role.EXCHANGE) for number in range(3)])
    samples = [
        register(device, NOON + minute * MINUTE, 100 * minute, 40 * minute, component=f"em1data:{number}")
        for minute in range(16)
        for number in range(3)
    ]

    compute(samples)

    assert (drawn(device), injected(device)) == ([15 * 180], [0])


def test_one_register_for_both_directions_counts_as_its_role_says():
    consumer = make_meter(1, roles=[("energy", Role.EXCHANGE)], plant_type=PlantType.CONSUMER)
    producer = make_meter(2, roles=[("energy", Role.PRODUCTION)], plant_type=PlantType.PRODUCER)
    prosumer = make_meter(3, roles=[("energy", Role.EXCHANGE)])
    samples = [
        register(device, NOON + minute * MINUTE, None, None, component="energy", total=100 * minute)
        for device in (consumer, producer, prosumer)
        for minute in range(16)
    ]

    compute(samples)

    assert drawn(consumer) == [1500]
    assert [row.produced for row in quarters(producer)] == [1500]
    assert quarters(prosumer) == []


def test_a_device_without_a_role_makes_no_energy_until_it_has_one():
    device = make_meter(roles=())
    compute(registers(device, [(100, 0)] * 15))
    assert quarters(device) == []

    ChannelRole.objects.create(
        placement=device.placements.get(), component="em:0", role=Role.EXCHANGE, active_from=NOON
    )
    compute()

    assert drawn(device) == [1500]


def test_a_role_that_ends_takes_its_energy_along(device):
    compute(registers(device, [(100, 0)] * 30))

    device.channel_roles.get().end(at=NOON + QUARTER)
    compute()

    assert drawn(device) == [1500]
    assert total(SubjectKind.DEVICE, device.pk, Period.HOUR, NOON).energy_in == 1500


def test_a_meter_moved_within_a_quarter_gives_both_plants_exactly_their_part(device):
    here = device.placements.get()
    there = make_plant(2, nominal_power=6)
    moved = NOON + 20 * MINUTE
    here.end(at=moved)
    placement = DevicePlacement.objects.create(device=device, plant=there, active_from=moved)
    ChannelRole.objects.create(placement=placement, component="em:0", role=Role.EXCHANGE, active_from=moved)

    compute(registers(device, [(100 + number, 0) for number in range(60)]))

    first = sum(100 + number for number in range(20))
    second = sum(100 + number for number in range(20, 60))
    assert total(SubjectKind.PLANT, here.plant_id, Period.HOUR, NOON).energy_in == first
    assert total(SubjectKind.PLANT, there.pk, Period.HOUR, NOON).energy_in == second
    assert sum(drawn(device)) == first + second
    assert EnergyIntervalPart.objects.count() == 2
    assert {row.quality for row in quarters(device)} == {IntervalQuality.GOOD}


def test_readings_older_than_what_is_kept_are_never_computed_again(device):
    compute(registers(device, [(100, 0)] * 15))

    aggregate(NOW + timedelta(days=900))
    DirtyQuarter.objects.create(device=device, start=NOON)
    outcome = aggregate(NOW + timedelta(days=900))

    assert (outcome.quarters, drawn(device)) == (0, [1500])


def test_old_registers_of_a_device_without_any_quarter_are_computed(device):
    compute(registers(device, [(100, 0)] * 15), now=NOW + timedelta(days=900))

    assert drawn(device) == [1500]


def test_official_quarters_stand_over_ours(device):
    compute(registers(device, [(100, 0)] * 15))
    EnergyInterval.objects.update(energy_in=1499, source=IntervalSource.OFFICIAL)
    DirtyQuarter.objects.create(device=device, start=NOON)

    compute()

    assert drawn(device) == [1499]


@pytest.mark.parametrize("seed", range(3))
def test_any_order_in_any_pieces_with_any_doubles_gives_the_same(seed):
    order = random.Random(seed)
    ordered, shuffled = make_meter(1), make_meter(2)
    rises = [(order.randrange(200), order.randrange(200)) for _ in range(90)]
    lost = set(order.sample(range(1, 90), 30))

    def samples_of(device):
        samples = registers(device, rises)
        samples[40] = register(device, samples[40].at, 0, 0)
        kept = [sample for number, sample in enumerate(samples) if number not in lost]
        return [*kept, *(record(device, NOON + number * MINUTE, *rises[number]) for number in range(30, 50, 3))]

    compute(samples_of(ordered))
    pieces = samples_of(shuffled) * 3
    order.shuffle(pieces)
    while pieces:
        size = order.randrange(1, 20)
        compute(pieces[:size])
        pieces = pieces[size:]

    columns = ("start", "energy_in", "energy_out", "coverage", "quality", "source", "peak_power", "mean_power")
    of = {
        device: list(EnergyInterval.objects.filter(device=device).order_by("start").values_list(*columns))
        for device in (ordered, shuffled)
    }
    assert of[ordered] == of[shuffled]
    events = ("component", "register", "at", "kind", "before", "after")
    assert list(RegisterEvent.objects.filter(device=ordered).order_by("at", "register").values_list(*events)) == list(
        RegisterEvent.objects.filter(device=shuffled).order_by("at", "register").values_list(*events)
    )


@pytest.mark.parametrize(("day", "count"), [((2026, 3, 29), 92), ((2026, 10, 25), 100), ((2027, 3, 28), 92)])
def test_on_the_days_of_the_clock_change_everything_adds_up(day, count):
    device = make_meter(cer_configuration=make_community("A"))
    plant = device.placements.get().plant
    start = datetime(*day, tzinfo=ITALY).astimezone(UTC)
    minutes = count * 15
    samples = registers(device, [(number % 7 * 11, number % 5 * 13) for number in range(minutes)], start=start)

    compute(samples, now=start + timedelta(days=40))

    rows = quarters(device)
    net = sum(row.energy_in - row.energy_out for row in rows)
    first, last = samples[0].reading.energies, samples[-1].reading.energies
    assert len(rows) == count
    assert net == (last.drawn - first.drawn) - (last.returned - first.returned)
    for kind, key in (
        (SubjectKind.DEVICE, device.pk),
        (SubjectKind.PLANT, plant.pk),
        (SubjectKind.COMMUNITY, plant.cer_configuration_id),
    ):
        hours = EnergyAggregate.objects.filter(subject_kind=kind, subject_id=key, period=Period.HOUR)
        whole = total(kind, key, Period.DAY, start)
        assert hours.count() == count // 4
        assert whole.energy_in == sum(row.energy_in for row in hours) == sum(row.energy_in for row in rows)
        assert whole.energy_out == sum(row.energy_out for row in rows)
        assert (whole.coverage, whole.quality) == (1.0, IntervalQuality.GOOD)


def test_the_totals_of_a_plant_follow_its_roles():
    producer = make_meter(1, roles=[("em:0", Role.PRODUCTION)], plant_type=PlantType.PRODUCER)
    house = make_plant(2, nominal_power=6)
    solar = make_meter(2, plant=house, roles=[("em:0", Role.PRODUCTION)])
    load = make_meter(3, plant=house, roles=[("em:0", Role.LOAD)])

    compute(
        [
            *registers(producer, [(100, 0)] * 60),
            *registers(solar, [(30, 0)] * 30 + [(90, 0)] * 30),
            *registers(load, [(50, 0)] * 60),
        ]
    )

    made = total(SubjectKind.PLANT, producer.placements.get().plant_id, Period.HOUR, NOON)
    assert (made.energy_in, made.energy_out, made.produced) == (None, 6000, 6000)
    assert (made.quality, made.source) == (IntervalQuality.ESTIMATED, IntervalSource.ESTIMATE)
    lived = total(SubjectKind.PLANT, house.pk, Period.HOUR, NOON)
    assert (lived.energy_in, lived.energy_out, lived.produced, lived.consumed) == (600, 1200, 3600, 3000)
    assert lived.coverage == 1.0


def test_a_plant_misses_the_meter_that_is_silent():
    plant = make_plant(1, nominal_power=6)
    exchange = make_meter(1, plant=plant)
    make_meter(2, plant=plant, roles=[("em:0", Role.PRODUCTION)])

    compute(registers(exchange, [(100, 0)] * 60))

    hour = total(SubjectKind.PLANT, plant.pk, Period.HOUR, NOON)
    assert (hour.energy_in, hour.produced) == (6000, None)
    assert (hour.coverage, hour.quality) == (0.5, IntervalQuality.PARTIAL)


def test_a_community_with_a_missing_point_has_a_lower_bound():
    community = make_community("A")
    one = make_meter(1, cer_configuration=community)
    make_meter(2, cer_configuration=community)

    compute(registers(one, [(100, 0)] * 60))

    hour = total(SubjectKind.COMMUNITY, community.pk, Period.HOUR, NOON)
    assert (hour.energy_in, hour.coverage, hour.quality) == (6000, 0.5, IntervalQuality.PARTIAL)
    assert hour.mean_power == pytest.approx(6.0)
    assert hour.peak_power is None


def test_totals_carry_the_worst_quality_and_the_greatest_peak(device):
    samples = registers(device, [(100, 0)] * 60 + [(900, 0)] + [(100, 0)] * 59)
    compute([*samples[:20], *samples[40:]])

    hour = total(SubjectKind.DEVICE, device.pk, Period.HOUR, NOON)
    day = total(SubjectKind.DEVICE, device.pk, Period.DAY, datetime(2026, 6, 1, tzinfo=ITALY))
    year = total(SubjectKind.DEVICE, device.pk, Period.YEAR, datetime(2026, 1, 1, tzinfo=ITALY))
    assert hour.quality == IntervalQuality.ESTIMATED
    assert day.quality == IntervalQuality.PARTIAL
    assert day.peak_power == pytest.approx(54.0)
    assert day.coverage == pytest.approx(2 / 24)
    assert year.energy_in == day.energy_in == 12_800
    assert year.coverage == pytest.approx(2 / 8760)


def test_many_devices_take_few_transactions_and_miss_none(monkeypatch):
    monkeypatch.setattr("cercollettiva.energy.aggregation.run.DEVICES_AT_A_TIME", 2)
    devices = [make_meter(number) for number in range(1, 6)]
    for device in devices:
        save_samples(registers(device, [(100, 0)] * 15), now=NOW)

    outcome = aggregate(NOW)

    assert outcome.devices == 5
    assert [drawn(device) for device in devices] == [[1500]] * 5


class Killed(BaseException):
    """A process that ends in the middle of its work."""


def test_a_run_that_is_killed_again_and_again_ends_where_one_that_is_not_does(monkeypatch):
    monkeypatch.setattr("cercollettiva.energy.aggregation.run.DEVICES_AT_A_TIME", 2)
    devices = [make_meter(number) for number in range(1, 7)]
    for number, device in enumerate(devices):
        save_samples(registers(device, [(100 + number, 30)] * 40), now=NOW)
    dice = random.Random(7)
    kills = 0

    def maybe_killed(step):
        def wrapped(*args, **kwargs):
            nonlocal kills
            if kills < 20 and dice.random() < 0.5:
                kills += 1
                raise Killed
            return step(*args, **kwargs)

        return wrapped

    for step in ("_write", "_write_events", "total_up", "readings_of"):
        name = f"cercollettiva.energy.aggregation.run.{step}"
        monkeypatch.setattr(name, maybe_killed(getattr(run, step)))
    while True:
        try:
            with transaction.atomic():  # what a lost connection takes back
                aggregate(NOW)
            break
        except Killed:
            continue

    assert kills == 20
    assert [sum(drawn(device)) for device in devices] == [40 * (70 + number) for number in range(6)]
    assert EnergyAggregate.objects.filter(period=Period.HOUR).count() == 12
    assert not DirtyQuarter.objects.exists()


def test_a_day_of_fifty_devices_in_any_order_three_times_is_the_same_to_the_byte():
    five_minutes = timedelta(minutes=5)
    day = datetime(2026, 10, 25, tzinfo=ITALY).astimezone(UTC)
    now = day + timedelta(days=5)
    dice = random.Random(50)
    devices = [make_meter(number, cer_configuration=None) for number in range(1, 51)]
    samples = [
        sample
        for device in devices
        for sample in registers(
            device, [(dice.randrange(9000), dice.randrange(3000)) for _ in range(300)], start=day, every=five_minutes
        )
    ]
    compute(samples, now=now)
    tables = [(EnergyInterval, "start"), (EnergyAggregate, "start")]
    first = [list(model.objects.order_by("pk").values()) for model, _ in tables]
    for model, _ in tables:
        model.objects.all()._raw_delete("default")

    thrice = samples * 3
    dice.shuffle(thrice)
    for piece in range(0, len(thrice), 15_000):
        compute(thrice[piece : piece + 15_000], now=now)

    again = [list(model.objects.order_by("pk").values()) for model, _ in tables]
    assert len(first[0]) == 50 * 100
    assert again == first
