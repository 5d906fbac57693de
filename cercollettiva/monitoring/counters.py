"""What a meter's last values say against themselves: a register that stands still under power, a phase that died.

Plain values of one meter, looked at again and again; what must be remembered between two looks is handed back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from cercollettiva.devices.samples import registers_of

FROZEN_SECONDS: Final = 1800.0
FROZEN_MWH: Final = 100_000.0  # what power says passed meanwhile: 100 Wh, ten thousand steps of a register
LONGEST_STEP: Final = 300.0  # seconds that one value of power may stand for
NO_VOLTAGE: Final = 50.0
SOME_VOLTAGE: Final = 150.0
DEAD_LOOKS: Final = 3  # in a row, before a phase is dead

Memory = dict[str, Any]


class Frozen(NamedTuple):
    """A register that stands still."""

    component: str
    since: float
    power: float  # what passes meanwhile, on average [W]


def remember(
    memory: Mapping[str, Any],
    *,
    values: Mapping[str, Mapping[str, Any]],
    registers: Mapping[str, Mapping[str, Any]],
    now: float,
    seconds: float,
) -> Memory:
    """What is known of each component after this look, `seconds` after the last one."""
    known: Memory = {}
    for component, said in values.items():
        counted = _counted(registers.get(registers_of(component)))
        before = memory.get(component, {})
        alive = sorted({*before.get("alive", ""), *(line for line, volts in _lines(said) if volts >= SOME_VOLTAGE)})
        dead = "".join(line for line, volts in _lines(said) if volts < NO_VOLTAGE and line in alive)
        looks = before.get("looks", 0) + 1 if dead and dead == before.get("dead") else int(bool(dead))
        known[component] = {"alive": "".join(alive), "dead": dead, "looks": min(looks, DEAD_LOOKS)}
        if counted is None:
            continue
        if counted != before.get("counted"):
            known[component] |= {"counted": counted, "since": now, "passed": 0.0}
            continue
        power = abs(said.get("power") or 0.0)
        passed = before.get("passed", 0.0) + power * min(seconds, LONGEST_STEP) * 1000 / 3600
        known[component] |= {"counted": counted, "since": before.get("since", now), "passed": round(passed, 1)}
    return known


def frozen(memory: Memory, now: float) -> Frozen | None:
    """The first component whose register stands still though power says otherwise."""
    for component, known in sorted(memory.items()):
        since = known.get("since", now)
        if now - since >= FROZEN_SECONDS and known.get("passed", 0.0) >= FROZEN_MWH:
            return Frozen(component, since, known["passed"] * 3.6 / (now - since))
    return None


def dead_phases(memory: Memory) -> str:
    """The phases that had voltage once and have none now, such as L2; empty where there is none."""
    lines = {line for known in memory.values() if known.get("looks", 0) >= DEAD_LOOKS for line in known["dead"]}
    names = {"a": "L1", "b": "L2", "c": "L3"}
    return ", ".join(names[line] for line in sorted(lines))


def _counted(registers: Mapping[str, Any] | None) -> int | None:
    """The sum of what a component counts; None for a retained copy, which may be of any age. [mWh]"""
    if not registers or not registers.get("at"):
        return None
    counts = [registers[name] for name in ("drawn", "returned", "total") if registers.get(name) is not None]
    return sum(counts) if counts else None


def _lines(said: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The voltage of each phase of a component of three."""
    if said.get("at"):
        for line in "abc":
            volts = said.get(f"{line}_voltage")
            if volts is not None:
                yield line, volts
