"""The sample: one decoded value of a meter, in memory.

Samples are tuples because the ingestor makes thousands of them a second. Absent is None, never 0.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum, IntEnum, IntFlag
from typing import NamedTuple
from zoneinfo import ZoneInfo


class UnreadableMessage(Exception):
    """A message that cannot be read; its text is the reason, in words a technician understands."""


class AnotherDevice(UnreadableMessage):
    """A message in which the device names itself, and it is not the one provisioned here (rule R10)."""

    def __init__(self, reason: str, name: str) -> None:
        super().__init__(reason)
        self.name = name  # as it stands in a reason: escaped and cut


class TimeSource(IntEnum):
    """Whose clock a sample's time comes from."""

    DEVICE = 0
    RECEIVED = 1  # ours, when the message arrived
    UNKNOWN = 2  # it waited in the broker for an unknown time: never anchors a quarter-hour (rule R13)


class Anomaly(IntFlag):
    """What was odd about a sample that could be read all the same. Stored as bits: never renumber."""

    PHASE_A_NO_VOLTAGE = 1 << 0
    PHASE_B_NO_VOLTAGE = 1 << 1
    PHASE_C_NO_VOLTAGE = 1 << 2
    CLOCK_NOT_SET = 1 << 3  # the device's time is before it was commissioned, or no time at all
    CLOCK_AHEAD = 1 << 4  # more than 300 s in the future (rule R12)
    ID_MISMATCH = 1 << 5  # "id" inside differs from the component's number: the component decides
    FIELD_NOT_A_NUMBER = 1 << 6  # a field was dropped: null where a number is due, text, true
    FIELD_OUT_OF_RANGE = 1 << 7  # a field was dropped: no meter of a house can measure that
    DIRECTION_UNKNOWN = 1 << 8  # one register counts both directions: the channel's role decides
    METER_ERROR = 1 << 9  # the device itself reports an error or a flag
    DUPLICATE_KEY = 1 << 10  # the same key twice in the payload: the last one counts
    NEGATIVE_REGISTER = 1 << 11  # a register below zero was dropped
    NO_VOLTAGE = 1 << 12  # a channel of one phase measures no voltage: its other numbers mean little
    LOCAL_TIME_AMBIGUOUS = 1 << 13  # the hour that comes twice in October: the instant nearest to receipt counts
    LOCAL_TIME_NONEXISTENT = 1 << 14  # the hour that March leaves out: the time of receipt counts
    DEVICE_OFF = 1 << 15  # a record of the time in which the meter had no power, by its own word

    @property
    def words(self) -> list[str]:
        """The closed list of words for people and for JSON, such as `phase_a_no_voltage`."""
        return [flag.name.lower() for flag in Anomaly if flag in self and flag.name]


NO_ANOMALY = Anomaly(0)


class Power(NamedTuple):
    """Instantaneous values of a component: W, VA, var, V, A, Hz, in total and per phase.

    The fields are the columns of `energy.DeviceMeasurement`, in the same order (a test holds them together).
    Active power is positive when energy is drawn and negative when it is returned.
    """

    power: float | None = None
    apparent_power: float | None = None
    reactive_power: float | None = None
    voltage: float | None = None
    current: float | None = None
    power_factor: float | None = None
    frequency: float | None = None
    neutral_current: float | None = None
    a_power: float | None = None
    a_apparent_power: float | None = None
    a_reactive_power: float | None = None
    a_voltage: float | None = None
    a_current: float | None = None
    a_power_factor: float | None = None
    a_frequency: float | None = None
    b_power: float | None = None
    b_apparent_power: float | None = None
    b_reactive_power: float | None = None
    b_voltage: float | None = None
    b_current: float | None = None
    b_power_factor: float | None = None
    b_frequency: float | None = None
    c_power: float | None = None
    c_apparent_power: float | None = None
    c_reactive_power: float | None = None
    c_voltage: float | None = None
    c_current: float | None = None
    c_power_factor: float | None = None
    c_frequency: float | None = None


class Energies(NamedTuple):
    """Energy in both directions, in total and per phase, whole mWh. [mWh]

    `total` is set, and `drawn` and `returned` are not, where one register counts both directions.
    The totals are the meter's own sums per direction; phases are netted later, in the energy step.
    """

    drawn: int | None = None
    returned: int | None = None
    total: int | None = None
    a_drawn: int | None = None
    a_returned: int | None = None
    b_drawn: int | None = None
    b_returned: int | None = None
    c_drawn: int | None = None
    c_returned: int | None = None


class Registers(NamedTuple):
    """Cumulative counters at an instant. [mWh]"""

    energies: Energies


class Record(NamedTuple):
    """Energy of one interval, as the device stored it; the sample's `at` is the interval's start. [mWh, s]"""

    energies: Energies
    seconds: int


NO_POWER = Energies(total=0)  # of a record with DEVICE_OFF: nothing in either direction; no other record has a total


class Presence(NamedTuple):
    """The device's own word on its connection: the retained `online` topic or its last will."""

    online: bool


class Radio(NamedTuple):
    """How well the device hears its access point; a state, never a measurement. [dBm]"""

    rssi: int


Reading = Power | Registers | Record | Presence | Radio


class Sample(NamedTuple):
    """One decoded value of one component of one device."""

    device_id: int | None  # key of the DeviceConfiguration; None where no device is known (`decode`)
    component: str  # "em:0", "em1:2", "emdata:0", "online", ...
    at: datetime  # aware; the start of the interval for a Record
    time_source: TimeSource
    reading: Reading
    anomalies: Anomaly = NO_ANOMALY
    reported_ts: float | None = None  # what the device's clock said, kept only where it was not believed (rule R12)
    is_partial: bool = False  # only what changed: what is absent stands as it was


class Device(NamedTuple):
    """What a decoder may know of a device."""

    id: int | None  # key of the DeviceConfiguration
    device_id: str | None  # the device's own name, such as shellypro3em-a1b2c3; `src` must agree (rule R10)
    prefix: str  # the topic prefix it was provisioned with, no slash at the end
    zone: ZoneInfo  # for makes that send local time
    commissioned_at: datetime  # a device time before this is not believed (rule R12)
    payload_template: dict[str, object] | None = None  # CUSTOM devices: where each value stands


def is_without_power(sample: Sample) -> bool:
    """Whether it tells that the meter was off, and not what it measured."""
    return Anomaly.DEVICE_OFF in sample.anomalies


def registers_of(component: str) -> str:
    """Where the registers of a channel stand: beside it for em:0 (emdata:0) and em1:2 (em1data:2), else in it."""
    kind, _, number = component.partition(":")
    return f"{kind}data:{number}" if kind in ("em", "em1") else component


class Kind(Enum):
    """The words for kinds of reading in JSON."""

    POWER = "power"
    REGISTERS = "registers"
    RECORD = "record"
    PRESENCE = "presence"
    RADIO = "radio"
