"""The models of meter that the platform knows from the start; a new one is a line here, a new make a decoder."""

from __future__ import annotations

from typing import Any, Final

from django.apps.registry import Apps
from django.apps.registry import apps as installed_apps

from cercollettiva.devices.samples import registers_of

STATUS: Final = "{prefix}/status/{component}"
GEN1: Final = "{prefix}/emeter/{channel}/{value}"  # where the prefix is shellies/<id>
TASMOTA: Final = "{prefix}/SENSOR"  # where the prefix is tele/<topic>

Profile = dict[str, str]  # the channels that may have a role, with the phases each measures ("" for its one)


def _channels(kind: str, count: int) -> Profile:
    return {f"{kind}:{number}": "" for number in range(count)}


# What a three-phase meter is set to: one meter of three phases, or three meters of one.
THREE_PHASE: Final = {"triphase": {"em:0": "abc"}, "monophase": _channels("em1", 3)}


def _type(
    code: str,
    vendor: str,
    model: str,
    profiles: dict[str, Profile],
    *,
    phases: int = 1,
    topics: str = STATUS,
    minute_records: bool = False,
    both_directions: bool = True,
) -> dict[str, Any]:
    """`profiles` are the alternatives a device can be set to; one that has no choice has one, called `usual`."""
    components = {component: of for profile in profiles.values() for component, of in profile.items()}
    capabilities = {
        "phases": phases,
        "profiles": profiles,
        "components": components,  # of all profiles together
        "registers": {component: registers_of(component) for component in components},  # where they stand
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


def _usual(kind: str, count: int) -> dict[str, Profile]:
    return {"usual": _channels(kind, count)}


DEVICE_TYPES: Final = (
    _type("SHELLY_PRO_3EM", "Shelly", "Pro 3EM", THREE_PHASE, phases=3, minute_records=True),
    _type("SHELLY_PRO_EM", "Shelly", "Pro EM-50", _usual("em1", 2), minute_records=True),
    _type("SHELLY_PRO_4PM", "Shelly", "Pro 4PM", _usual("switch", 4)),
    _type("SHELLY_3EM_63", "Shelly", "3EM-63 Gen3", THREE_PHASE, phases=3, minute_records=True),
    _type("SHELLY_EM3", "Shelly", "3EM (Gen1)", _usual("emeter", 3), phases=3, topics=GEN1),
    _type("SHELLY_EM", "Shelly", "EM (Gen1)", _usual("emeter", 2), topics=GEN1),
    _type(
        *("SHELLY_PLUS_PM", "Shelly", "Plus 1PM, Plus 2PM"),
        {"switch": _channels("switch", 2), "cover": _channels("cover", 1)},
    ),
    _type("SHELLY_PM_MINI", "Shelly", "PM Mini", _usual("pm1", 1)),
    _type("TASMOTA", "Tasmota", "ENERGY", _usual("energy", 1), topics=TASMOTA, both_directions=False),
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


def bring_up_to_date(*, using: str, apps: Apps) -> None:
    """Give the types of the first release what they learned since: profiles, registers, the topics of Tasmota."""
    model = apps.get_model("energy", "DeviceType")
    for values in DEVICE_TYPES:
        row = model.objects.using(using).filter(code=values["code"]).first()
        if row is not None and "profiles" not in row.capabilities:
            row.capabilities = values["capabilities"]
            row.topic_template = values["topic_template"]
            row.save(using=using, update_fields=["capabilities", "topic_template"])
