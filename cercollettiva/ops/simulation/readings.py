"""What a three-phase meter shows and stores, from the energy of its minutes: `em`, `emdata` and minute records."""

from __future__ import annotations

from collections.abc import Sequence

from cercollettiva.ops.simulation.energy import PhaseEnergy
from cercollettiva.ops.simulation.noise import key_of, uniform_at

PHASES = "abc"
JITTER = 0.008  # an instant lies this close to the mean of its minute
_REACH = 0.01  # the minute's own extremes

_PHASE_KEYS = (
    "total_act_energy",
    "fund_act_energy",
    "total_act_ret_energy",
    "fund_act_ret_energy",
    "lag_react_energy",
    "lead_react_energy",
    "max_act_power",
    "min_act_power",
    "max_aprt_power",
    "min_aprt_power",
    "max_voltage",
    "min_voltage",
    "avg_voltage",
    "max_current",
    "min_current",
    "avg_current",
)
RECORD_KEYS = [f"{phase}_{key}" for phase in PHASES for key in _PHASE_KEYS] + [
    "n_max_current",
    "n_min_current",
    "n_avg_current",
]
NET_KEYS = [f"{phase}_net_act_energy" for phase in PHASES]


def em_status(minute_powers_w: Sequence[float], *, meter: str, second: int) -> dict[str, object]:
    """The `em:0` component at one second, near the mean powers of the phases in that minute. [W, V, A, VA, Hz]"""
    status: dict[str, object] = {"id": 0}
    total_current = total_power = total_apparent = 0.0
    frequency = round(49.98 + 0.04 * uniform_at(key_of("frequency"), second // 7), 1)
    for phase, mean in zip(PHASES, minute_powers_w, strict=True):
        noise = 2.0 * uniform_at(key_of(meter, phase, "jitter"), second) - 1.0
        power = round(mean * (1.0 + JITTER * noise), 1)
        apparent = round(_apparent(power), 1)
        voltage = round(_voltage(power, meter, phase, second), 1)
        current = round(apparent / voltage, 3)
        total_current += current
        total_power += power
        total_apparent += apparent
        status[f"{phase}_current"] = current
        status[f"{phase}_voltage"] = voltage
        status[f"{phase}_act_power"] = power
        status[f"{phase}_aprt_power"] = apparent
        status[f"{phase}_pf"] = round(abs(power) / apparent, 2) if apparent else 1.0
        status[f"{phase}_freq"] = frequency
    status["n_current"] = None
    status["total_current"] = round(total_current, 3)
    status["total_act_power"] = round(total_power, 1)
    status["total_aprt_power"] = round(total_apparent, 1)
    status["user_calibrated_phase"] = []
    return status


def emdata_status(registers: PhaseEnergy) -> dict[str, object]:
    """The `emdata:0` component from registers of one column; each counter is cut to 0.01 Wh by itself. [Wh]"""
    status: dict[str, object] = {"id": 0}
    drawn, returned = registers.drawn[:, 0].tolist(), registers.returned[:, 0].tolist()
    for phase, phase_drawn, phase_returned in zip(PHASES, drawn, returned, strict=True):
        status[f"{phase}_total_act_energy"] = _counter(phase_drawn)
        status[f"{phase}_total_act_ret_energy"] = _counter(phase_returned)
    status["total_act"] = _counter(sum(drawn))
    status["total_act_ret"] = _counter(sum(returned))
    return status


def record_values(drawn: Sequence[int], returned: Sequence[int], *, meter: str, minute: int) -> list[float]:
    """The 51 values of one minute's record, in the order of RECORD_KEYS; energies are exact. [mWh in, Wh out]"""
    values: list[float] = []
    for phase, phase_drawn, phase_returned in zip(PHASES, drawn, returned, strict=True):
        power = power_w(phase_drawn - phase_returned)
        apparent = _apparent(power)
        voltage = _voltage(power, meter, phase, minute * 60 + 30)
        reactive = round((apparent**2 - power**2) ** 0.5 / 60.0, 4) if apparent > abs(power) else 0.0
        current = apparent / voltage
        values += [
            phase_drawn / 1000,
            round(phase_drawn * 0.995 / 1000, 4),
            phase_returned / 1000,
            round(phase_returned * 0.995 / 1000, 4),
            reactive,
            0.0,
            round(power + abs(power) * _REACH, 1),
            round(power - abs(power) * _REACH, 1),
            round(apparent * (1.0 + _REACH), 1),
            round(apparent * (1.0 - _REACH), 1),
            round(voltage + 0.6, 1),
            round(voltage - 0.6, 1),
            round(voltage, 1),
            round(current * (1.0 + _REACH), 3),
            round(current * (1.0 - _REACH), 3),
            round(current, 3),
        ]
    return [*values, 0.0, 0.0, 0.0]


def power_w(minute_mwh: float) -> float:
    """Mean power of a minute from its energy. [mWh in, W out]"""
    return minute_mwh * 60.0 / 1000.0


def _counter(mwh: int) -> float:
    return (mwh // 10) / 100


def _apparent(power: float) -> float:
    """Apparent power: small loads are mostly electronics and filters, with a poor power factor. [VA]"""
    size = abs(power)
    return size / (0.985 - 0.35 * 60.0 / (60.0 + size)) if size else 0.0


def _voltage(power: float, meter: str, phase: str, second: int) -> float:
    """Voltage of a phase: it wanders over ten minutes, sags under load and rises when energy is returned. [V]"""
    wander = _between_cells(key_of(meter, phase, "voltage"), second, every=600)
    ripple = uniform_at(key_of(meter, phase, "ripple"), second)
    return 231.0 + 5.0 * (wander - 0.5) + 0.4 * (ripple - 0.5) - max(min(power * 0.00035, 4.0), -4.0)


def _between_cells(key: int, second: int, *, every: int) -> float:
    cell, inside = divmod(second, every)
    here = uniform_at(key, cell)
    return here + (uniform_at(key, cell + 1) - here) * inside / every
