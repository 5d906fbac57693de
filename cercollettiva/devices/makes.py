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
    reader_of: Callable[[str, str], Reader | None]  # topic, provisioned prefix -> who reads it
