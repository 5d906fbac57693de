"""The strength of a device's Wi-Fi: what a technician asks first where a meter is silent."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cercollettiva.devices.samples import Device, Radio, Sample, TimeSource

COMPONENT: Final = "wifi"
WEAKEST: Final = -120  # dBm: below it no radio of a house hears anything, and 0 is what a device without Wi-Fi says


def radio_samples(strength: object, at: datetime, source: TimeSource, device: Device) -> list[Sample]:
    """One sample where a strength was said that can be one. What cannot be is nobody's trouble: left out."""
    if type(strength) is not int or not WEAKEST <= strength < 0:
        return []
    return [Sample(device.id, COMPONENT, at, source, Radio(strength))]
