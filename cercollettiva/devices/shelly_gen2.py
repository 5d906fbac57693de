"""Shelly of the second generation and later: its topics, and what is said on each.

`status/<component>` carries a whole status without a time; `events/rpc` carries what changed, and the
one-minute records, with the device's own time; `online` is its presence.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial

from cercollettiva.devices.clocks import Moment, moment_of
from cercollettiva.devices.makes import Make, Reader, read_plain_text, under_prefix
from cercollettiva.devices.payloads import JsonObject, as_object, quoted, read_exact_object, read_frame, read_json
from cercollettiva.devices.readings import doubled, joined
from cercollettiva.devices.samples import AnotherDevice, Device, Presence, Sample, TimeSource, UnreadableMessage
from cercollettiva.devices.shelly_components import Component
from cercollettiva.devices.shelly_meters import METERS, radio_of, samples_of_status
from cercollettiva.devices.shelly_records import samples_of_events

# Gen1 devices all speak on shellies/announce and listen on shellies/command: `shellies` is nobody's prefix.
_OWN_TOPICS = re.compile(
    r"(?!shellies/[^/]+$)(?P<prefix>.+?)/(status/[^/]+|events/rpc|online|rpc|announce|command(/[^/]+)?|debug/[^/]+)"
)


def prefix_of(topic: str) -> str | None:
    """What stands before the part of the topic that the device adds by itself."""
    found = _OWN_TOPICS.fullmatch(topic)
    return found["prefix"] if found else None


def reader_of(topic: str, device: Device) -> Reader | None:
    """Who reads a topic of the device; None where it carries nothing for us."""
    rest = under_prefix(topic, device)
    if rest is None:
        return None
    place, _, key = rest.partition("/")
    if rest == "status/wifi":
        return _read_wifi
    if place == "status":
        component = Component.of(key)
        known = component is not None and component.type in METERS
        return partial(_read_status, component) if component is not None and known else None
    if place in ("command", "debug"):
        return read_plain_text
    return {"events/rpc": _read_events, "rpc": _read_answer, "online": _read_online}.get(rest)


def _read_status(component: Component, payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    meter = METERS[component.type]
    fields = meter.read_object(payload, component.key)
    return meter.samples(fields, component, Moment(received_at), device)


def _read_wifi(payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    return radio_of(read_json(payload), Moment(received_at), device)


def _read_events(payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """What changed (`NotifyStatus`, partial), a whole status (`NotifyFullStatus`) or records (`NotifyEvent`)."""
    frame = read_frame(payload, "events/rpc")
    if "method" not in frame:
        return _samples_of_answer(frame, received_at, device)
    _check_source(frame, device)
    match frame["method"]:
        case "NotifyStatus" | "NotifyFullStatus" as method:
            params = as_object(frame.get("params"), f"params of {method}")
            moment = moment_of(params.get("ts"), received_at=received_at, device=device)
            anomalies = joined(moment.anomalies, doubled(frame, params))
            samples = samples_of_status(params, moment._replace(anomalies=anomalies), device)
            return [sample._replace(is_partial=True) for sample in samples] if method == "NotifyStatus" else samples
        case "NotifyEvent":
            return samples_of_events(frame, received_at, device)
    return []


def _read_answer(payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """An answer to a request; the request itself, with its `method`, is not for us."""
    frame = read_exact_object(payload, "rpc")
    return [] if "method" in frame else _samples_of_answer(frame, received_at, device)


def _read_online(payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """The device's presence: true when it connects, false as its last will."""
    online = read_json(payload)
    if not isinstance(online, bool):
        raise UnreadableMessage(f"online must be true or false, not {quoted(online)}")
    return [Sample(device.id, "online", received_at, TimeSource.RECEIVED, Presence(online))]


def _samples_of_answer(frame: JsonObject, received_at: datetime, device: Device) -> list[Sample]:
    """A whole status (the answer to `Shelly.GetStatus`), bare or under `result`, yields its components."""
    _check_source(frame, device)
    error = frame.get("error")
    if isinstance(error, dict):
        code, message = quoted(error.get("code")), quoted(error.get("message"))
        raise UnreadableMessage(f"the device answered with error {code}: {message}")
    if error is not None:
        raise UnreadableMessage(f"the device answered with an error: {quoted(error)}")
    status = frame.get("result", frame)
    if not isinstance(status, dict):
        return []
    return samples_of_status(status, Moment(received_at, anomalies=doubled(frame, status)), device)


def _check_source(frame: JsonObject, device: Device) -> None:
    """Refuses a frame that names another device than the one provisioned here (rule R10)."""
    source = frame.get("src")
    if source is not None and device.device_id is not None and source != device.device_id:
        name = quoted(source)
        raise AnotherDevice(f"src is {name}, and {quoted(device.device_id)} is expected here", name)


MAKE = Make("Shelly Gen2+", prefix_of, reader_of)
