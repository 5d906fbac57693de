"""The models of meter that the platform knows from the start; a new one is a line here, a new make a decoder."""

from __future__ import annotations

from typing import Any, Final

from django.apps.registry import Apps
from django.apps.registry import apps as installed_apps

STATUS: Final = "{prefix}/status/{component}"
GEN1: Final = "{prefix}/emeter/{channel}/{value}"
BOTH_PROFILES: Final = {"em:0": "abc", "em1:0": "", "em1:1": "", "em1:2": ""}  # three-phase, or three channels


def _channels(kind: str, count: int) -> dict[str, str]:
    return {f"{kind}:{number}": "" for number in range(count)}


def _type(
    code: str,
    vendor: str,
    model: str,
    components: dict[str, str],
    *,
    phases: int = 1,
    topics: str = STATUS,
    minute_records: bool = False,
    both_directions: bool = True,
) -> dict[str, Any]:
    """`components` are the channels that may have a role, with the phases each measures."""
    capabilities = {
        "phases": phases,
        "components": components,
        "minute_records": minute_records,  # it keeps records that can be fetched after a gap
        "both_directions": both_directions,  # it counts drawn and returned energy apart
    }
    return {
        "code": code,
        "vendor": vendor,
        "model": model,
        "topic_template": topics,
        "capabilities": capabilities,
    }


DEVICE_TYPES: Final = (
    _type("SHELLY_PRO_3EM", "Shelly", "Pro 3EM", BOTH_PROFILES, phases=3, minute_records=True),
    _type("SHELLY_PRO_EM", "Shelly", "Pro EM-50", _channels("em1", 2), minute_records=True),
    _type("SHELLY_PRO_4PM", "Shelly", "Pro 4PM", _channels("switch", 4)),
    _type("SHELLY_3EM_63", "Shelly", "3EM-63 Gen3", BOTH_PROFILES, phases=3, minute_records=True),
    _type("SHELLY_EM3", "Shelly", "3EM (Gen1)", _channels("emeter", 3), phases=3, topics=GEN1),
    _type("SHELLY_EM", "Shelly", "EM (Gen1)", _channels("emeter", 2), topics=GEN1),
    _type("SHELLY_PLUS_PM", "Shelly", "Plus 1PM, Plus 2PM", _channels("switch", 2)),
    _type("SHELLY_PM_MINI", "Shelly", "PM Mini", _channels("pm1", 1)),
    _type("TASMOTA", "Tasmota", "ENERGY", {"energy": ""}, topics="tele/{prefix}/SENSOR", both_directions=False),
    _type("CUSTOM", "Altro", "JSON generico", {}, topics="{prefix}/#", both_directions=False),
)


def add_missing(*, using: str, apps: Apps = installed_apps, **_: Any) -> None:
    """Add the types that are not there; what an administrator changed stays.

    Called by the migration that made the table's first rows, and after every `migrate` and `flush`: a new release
    brings its types along, and a test that emptied the database leaves them to the next.
    """
    try:
        model = apps.get_model("energy", "DeviceType")
    except LookupError:  # migrated back to before there was one
        return
    model.objects.using(using).bulk_create([model(**values) for values in DEVICE_TYPES], ignore_conflicts=True)
