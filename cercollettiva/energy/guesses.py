"""What the first messages of an unknown device tell of it: offered to whoever adopts it, never believed by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import UnknownDevice
from cercollettiva.energy.models.devices import DEVICE_ID

_SOURCE: Final = re.compile(rb'"src"\s*:\s*"([A-Za-z0-9][A-Za-z0-9_.:-]*)"')
_COMPONENT: Final = re.compile(r"(em|em1|switch|pm1)(?:data)?(:[0-9]{1,3})")
# How makers begin the names of their devices; the longer beginnings first.
_NAMES: Final = (
    ("shellypro3em", "SHELLY_PRO_3EM"),
    ("shellyproem50", "SHELLY_PRO_EM"),
    ("shellypro4pm", "SHELLY_PRO_4PM"),
    ("shelly3em63", "SHELLY_3EM_63"),
    ("shellyem3", "SHELLY_EM3"),
    ("shellyem", "SHELLY_EM"),
    ("shellypmmini", "SHELLY_PM_MINI"),
    ("shelly1pm", "SHELLY_PLUS_PM"),
    ("shelly2pm", "SHELLY_PLUS_PM"),
    ("shellyplus", "SHELLY_PLUS_PM"),
    ("tasmota", "TASMOTA"),
)


def prefix_to_adopt(stranger: UnknownDevice) -> str:
    """The prefix under which it would be provisioned: where no make knew the topic, what stands before its last level.

    Empty where the topic has one level only: nothing can be provisioned there.
    """
    if stranger.prefix != stranger.last_topic:
        return stranger.prefix
    return stranger.last_topic.rpartition("/")[0]


def device_id_of(stranger: UnknownDevice) -> str:
    """The name it says in its message, or the last level of its prefix; empty where neither can be a name."""
    said = _SOURCE.search(bytes(stranger.first_bytes))
    name = said[1].decode() if said else prefix_to_adopt(stranger).rpartition("/")[2]
    return name[:100] if re.match(DEVICE_ID, name) else ""


def type_code_of(device_id: str) -> str:
    """The model that devices of this name usually are; empty where we do not know."""
    name = device_id.lower()
    return next((code for beginning, code in _NAMES if name.startswith(beginning)), "")


def component_of(stranger: UnknownDevice) -> str:
    """The channel its last topic speaks of, such as em1:0; empty where it names none."""
    found = _COMPONENT.fullmatch(stranger.last_topic.rpartition("/")[2])
    return found[1] + found[2] if found else ""


def plant_of(stranger: UnknownDevice, plants: Iterable[Plant]) -> Plant | None:
    """The one plant of these whose POD its topic names; None where there are none or several."""
    said = f"{stranger.prefix} {stranger.last_topic}".upper()
    named = [plant for plant in plants if plant.pod_key in said]
    return named[0] if len(named) == 1 else None
