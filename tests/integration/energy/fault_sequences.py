"""Sequences of deliveries as broken networks and meters really send them, with the energy that is true.

Each is a list of lines as `replay` reads them and the quarter-hours that must come of it, to the mWh: (drawn, injected,
quality), None where nothing may be known. The numbers are those of the failure model (`docs/architecture.md`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

START: Final = int(datetime(2026, 6, 1, 10, tzinfo=UTC).timestamp())
DEVICE: Final = "shellypro3em-a1b2c3"
PREFIX: Final = f"cer/IT001E12345678/{DEVICE}"

Line = dict[str, Any]
Quarters = list[tuple[int | None, int | None, str]]


class Sequence(NamedTuple):
    """What was delivered, and what it must become."""

    lines: list[Line]
    quarters: Quarters
    events: int = 0  # odd registers that a person finds
    refused: int = 0  # lines of the quarantine
    days: tuple[int, int] = (0, 1)


def registers(
    second: float, drawn_wh: float, returned_wh: float = 0.0, *, device_time: bool = True, **marks: Any
) -> Line:
    """The registers of the meter at a second after START, on its own clock or on ours. [Wh]"""
    energies = {"id": 0, "total_act": round(drawn_wh, 2), "total_act_ret": round(returned_wh, 2)}
    if not device_time:
        return line(second, "status/emdata:0", energies, **marks)
    params = {"ts": START + second, "emdata:0": energies}
    return line(second + 0.7, "events/rpc", {"src": DEVICE, "method": "NotifyStatus", "params": params}, **marks)


def record(second: float, minutes_wh: Iterable[float], *, period: int = 60, received: float | None = None) -> Line:
    """A block of interval records from a second on, one phase. [Wh]"""
    data = block(second, minutes_wh, period=period)
    arrived = second + period * len(data["values"]) + 0.8 if received is None else received
    return blocks(data, received=arrived)


def block(second: float, minutes_wh: Iterable[float], *, period: int = 60) -> dict[str, Any]:
    rows = [[wh, wh, 0.0, *[0.0] * 48] for wh in minutes_wh]
    return {"ts": START + second, "period": period, "values": rows}


def blocks(*data: dict[str, Any], received: float) -> Line:
    """Several blocks in one message: the meter had no power between them. One comes by itself, as meters send it."""
    told = data[0] if len(data) == 1 else list(data)
    event = {"component": "emdata:0", "id": 0, "event": "data", "ts": data[0]["ts"], "data": told}
    frame = {"src": DEVICE, "method": "NotifyEvent", "params": {"ts": START + received, "events": [event]}}
    return line(received, "events/rpc", frame)


def line(second: float, rest: str, payload: Any, **marks: Any) -> Line:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return {"recv": START + second, "topic": f"{PREFIX}/{rest}", "payload": text, **marks}


def minutes(count: int, *, first: int = 0, base: float = 1000.0, each: float = 10.0, **options: Any) -> list[Line]:
    """Registers on each full minute, `each` Wh apart."""
    return [registers(60 * n, base + each * (n - first), **options) for n in range(first, first + count + 1)]


HALF_AN_HOUR: Final[Quarters] = [(150_000, 0, "good"), (150_000, 0, "good")]


def clean() -> Sequence:
    return Sequence(minutes(30), HALF_AN_HOUR)


def duplicates_with_and_without_dup() -> Sequence:
    lines = minutes(30)
    again = [{**one, "dup": bool(number % 2)} for number, one in enumerate(lines)]
    return Sequence([*lines, *again], HALF_AN_HOUR)


def shuffled_three_times() -> Sequence:
    lines = minutes(30) * 3
    random.Random(1).shuffle(lines)
    return Sequence(lines, HALF_AN_HOUR)


def timestamps_that_go_back_four_seconds() -> Sequence:
    lines = minutes(30)
    lines[10:10] = [registers(60 * 9 + 55.97, 1000 + 10 * 9.9)]
    return Sequence(lines, HALF_AN_HOUR)


def retained_copy_of_long_ago() -> Sequence:
    old = registers(0, 5.0, device_time=False, retain=True)
    return Sequence([old, *minutes(30), {**old, "recv": START + 900}], HALF_AN_HOUR)


def both_clocks_side_by_side() -> Sequence:
    ours = [registers(60 * n + 31.4, 1000 + 10 * n, device_time=False) for n in range(31)]
    return Sequence([*minutes(30), *ours], HALF_AN_HOUR)


def our_clock_alone() -> Sequence:
    return Sequence(minutes(30, device_time=False), HALF_AN_HOUR)


def poison_in_the_middle() -> Sequence:
    bad = [
        line(301, "status/emdata:0", '{"id":0,"total_act":NaN}'),
        line(302, "status/emdata:0", '{"id":0,"total_act":1e400}'),
        line(303, "status/emdata:0", "\u0000"),
        line(304, "events/rpc", "{"),
        line(305, "status/em:0", "[" * 5000),
    ]
    return Sequence([*minutes(30), *bad], HALF_AN_HOUR, refused=5)


def fields_that_are_null_or_text() -> Sequence:
    odd = [
        line(310, "status/emdata:0", '{"id":0,"total_act":null,"total_act_ret":null}'),
        line(311, "status/emdata:0", '{"id":0,"total_act":"null"}'),
    ]
    return Sequence([*minutes(30), *odd], HALF_AN_HOUR, refused=1)


def reset_to_zero() -> Sequence:
    after = [registers(60 * n, 10.0 * (n - 20) + 5) for n in range(20, 31)]
    lines = [*minutes(19), *after]
    return Sequence(lines, [(150_000, 0, "good"), (40_000 + 5_000 + 100_000, 0, "estimated")], events=1)


def transient_zero_then_the_old_total() -> Sequence:
    lines = minutes(30)
    lines[10] = registers(600, 0.0)
    return Sequence(lines, HALF_AN_HOUR, events=1)


def dip_of_two_hundredths() -> Sequence:
    lines = minutes(30)
    lines[10:10] = [registers(570, 1000 + 95 - 5.02)]
    lines[11] = registers(600, 1100.0)
    dipped = registers(605, 1099.98)
    return Sequence([*lines, dipped], HALF_AN_HOUR)


def jump_by_a_lifetime() -> Sequence:
    lines = [*minutes(20), *minutes(9, first=21, base=26_000_000.0)]
    return Sequence(lines, [(150_000, 0, "good"), (150_000 - 10_000, 0, "partial")], events=1)


def replaced_by_a_used_meter() -> Sequence:
    lines = [*minutes(20, base=90_000.0), *minutes(9, first=21, base=26_000.0)]
    return Sequence(lines, [(150_000, 0, "good"), (140_000, 0, "partial")], events=1)


def gap_of_three_hours() -> Sequence:
    lines = [*minutes(5), *minutes(15, first=195, base=1000 + 1950.0)]
    quarters: Quarters = [(150_000, 0, "estimated")] * 13
    return Sequence(lines, [*quarters, (150_000, 0, "good")])


def gap_filled_by_records() -> Sequence:
    lines = [*minutes(5), *minutes(10, first=20, base=1150.0)]
    known = [2.0] * 10 + [8.0] * 5  # Wh a minute from 10:05
    late = record(300, known, received=1900)
    return Sequence([*lines, late], [(50_000 + 20_000, 0, "good"), (40_000 + 100_000, 0, "good")])


def both_shapes_of_the_same_energy() -> Sequence:
    records = [record(60 * n, [10.0]) for n in range(30)]
    return Sequence([*minutes(30), *records], HALF_AN_HOUR)


def records_alone() -> Sequence:
    return Sequence([record(60 * n, [10.0]) for n in range(30)], HALF_AN_HOUR)


def records_of_five_minutes() -> Sequence:
    return Sequence([record(300 * n, [50.0], period=300) for n in range(6)], HALF_AN_HOUR)


def power_cut_between_two_records() -> Sequence:
    lines = [record(0, [10.0] * 5), record(600, [10.0] * 20)]
    return Sequence(lines, [(100_000, 0, "partial"), (150_000, 0, "good")])


def power_cut_told_by_two_blocks_of_one_record() -> Sequence:
    cut = blocks(block(0, [10.0] * 5), block(2700, [10.0] * 15), received=3601)
    return Sequence(
        [cut], [(50_000, 0, "device_off"), (0, 0, "device_off"), (0, 0, "device_off"), (150_000, 0, "good")]
    )


def power_cut_of_hours_in_both_shapes() -> Sequence:
    registers_around = [*minutes(5), *minutes(15, first=195, base=1050.0)]
    cut = blocks(block(0, [10.0] * 5), block(60 * 195, [10.0] * 15), received=60 * 210 + 1)
    off: Quarters = [(0, 0, "device_off")] * 12
    return Sequence([*registers_around, cut, cut], [(50_000, 0, "device_off"), *off, (150_000, 0, "good")])


def power_cut_in_which_a_block_could_not_be_read() -> Sequence:
    absurd = {**block(0, [10.0]), "ts": 4_100_000_000}
    told = blocks(block(0, [10.0] * 15), {**absurd, "values": [[1.0]]}, block(2700, [10.0] * 15), received=3601)
    return Sequence([told], [(150_000, 0, "good"), (150_000, 0, "good")])


def our_clock_behind_by_five_minutes() -> Sequence:
    return Sequence([{**one, "recv": one["recv"] - 299} for one in minutes(30)], HALF_AN_HOUR)


def our_clock_ahead_by_five_minutes() -> Sequence:
    return Sequence([{**one, "recv": one["recv"] + 300} for one in minutes(30)], HALF_AN_HOUR)


def clock_not_set_then_right() -> Sequence:
    lines = minutes(30)
    params = {"ts": 12.5, "emdata:0": {"id": 0, "total_act": 999.99, "total_act_ret": 0.0}}
    unset = line(-200, "events/rpc", {"src": DEVICE, "method": "NotifyStatus", "params": params})
    return Sequence([unset, *lines], [(10, 0, "partial"), *HALF_AN_HOUR])


def clock_of_the_next_year() -> Sequence:
    params = {"ts": START + 31_536_000, "emdata:0": {"id": 0, "total_act": 1075.0, "total_act_ret": 0.0}}
    ahead = line(450, "events/rpc", {"src": DEVICE, "method": "NotifyStatus", "params": params})
    return Sequence([*minutes(30), ahead], HALF_AN_HOUR)


def milliseconds_for_seconds() -> Sequence:
    params = {"ts": (START + 450) * 1000, "emdata:0": {"id": 0, "total_act": 1075.0, "total_act_ret": 0.0}}
    odd = line(450, "events/rpc", {"src": DEVICE, "method": "NotifyStatus", "params": params})
    return Sequence([*minutes(30), odd], HALF_AN_HOUR)


def forged_source() -> Sequence:
    lines = minutes(30)
    forged = json.loads(lines[10]["payload"]) | {"src": "shellypro3em-ffffff"}
    return Sequence([*lines, {**lines[10], "payload": json.dumps(forged)}], HALF_AN_HOUR, refused=1)


def phases_that_cancel() -> Sequence:
    lines = [registers(60 * n, 1000 + 20.0 * n, 500 + (25.0 if n > 15 else 5.0) * n) for n in range(16)]
    lines += [registers(60 * n, 1000 + 20.0 * n, 575 + 30.0 * (n - 15)) for n in range(16, 31)]
    return Sequence(lines, [(225_000, 0, "good"), (0, 150_000, "good")])


def registers_each_quarter_hour_cannot_be_netted() -> Sequence:
    lines = [registers(900 * n, 1000 + 100.0 * n, 500 + 40.0 * n) for n in range(3)]
    return Sequence(lines, [(100_000, 40_000, "not_netted")] * 2)


SEQUENCES: Final[dict[str, Callable[[], Sequence]]] = {
    made.__name__: made
    for made in (
        clean,
        duplicates_with_and_without_dup,
        shuffled_three_times,
        timestamps_that_go_back_four_seconds,
        retained_copy_of_long_ago,
        both_clocks_side_by_side,
        our_clock_alone,
        poison_in_the_middle,
        fields_that_are_null_or_text,
        reset_to_zero,
        transient_zero_then_the_old_total,
        dip_of_two_hundredths,
        jump_by_a_lifetime,
        replaced_by_a_used_meter,
        gap_of_three_hours,
        gap_filled_by_records,
        both_shapes_of_the_same_energy,
        records_alone,
        records_of_five_minutes,
        power_cut_between_two_records,
        power_cut_told_by_two_blocks_of_one_record,
        power_cut_of_hours_in_both_shapes,
        power_cut_in_which_a_block_could_not_be_read,
        our_clock_behind_by_five_minutes,
        our_clock_ahead_by_five_minutes,
        clock_not_set_then_right,
        clock_of_the_next_year,
        milliseconds_for_seconds,
        forged_source,
        phases_that_cancel,
        registers_each_quarter_hour_cannot_be_netted,
    )
}
