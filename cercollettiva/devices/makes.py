"""What a make of meter brings: how to find its prefix in a topic, and who reads what it says there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from cercollettiva.devices.samples import Device, Sample

Reader = Callable[[bytes, datetime, Device], list[Sample]]  # payload, received_at, device


class Make(NamedTuple):
    """One make of meters, as `decoding.MAKES` lists it; a topic that is not of the make answers None."""

    name: str
    prefix_of: Callable[[str], str | None]  # topic -> its most plausible prefix, when no device is known
    reader_of: Callable[[str, Device], Reader | None]  # topic, the device it belongs to -> who reads it


def under_prefix(topic: str, device: Device) -> str | None:
    """What stands after the device's prefix in a topic; None where the topic is not under it."""
    start = f"{device.prefix}/"
    return topic[len(start) :] if topic.startswith(start) else None


def read_plain_text(payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """Words such as `on` where no JSON is due, and nothing that is for us."""
    return []
