"""What the platform asks a Shelly over RPC: to read, never to switch, set, reset or restart.

A meter stands on a relay, and who can write to its RPC topic can switch it. So a request is made here or nowhere, and
only for a method on the list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

READ_METHODS: Final = frozenset(
    {
        *("Shelly.GetStatus", "Shelly.GetDeviceInfo", "Shelly.GetComponents"),
        *("EM.GetStatus", "EM1.GetStatus", "PM1.GetStatus", "Switch.GetStatus", "Cover.GetStatus"),
        *("EMData.GetStatus", "EMData.GetRecords", "EMData.GetData", "EMData.GetNetEnergies"),
        *("EM1Data.GetStatus", "EM1Data.GetRecords", "EM1Data.GetData", "EM1Data.GetNetEnergies"),
        *("Sys.GetStatus", "Wifi.GetStatus", "MQTT.GetStatus"),
    }
)
BIGGEST: Final = 4096  # bytes of a request
_ASKS: Final = re.compile(r"[A-Z][A-Za-z0-9]*\.Get[A-Z][A-Za-z0-9]*")
_RETURN: Final = re.compile(r"heal/[A-Za-z0-9][A-Za-z0-9_.:-]*")

Parameter = int | str | bool | None


class NotAsked(ValueError):
    """A request that the platform does not make."""


def request(method: str, params: Mapping[str, Parameter], *, request_id: int, device_id: str) -> bytes:
    """A JSON-RPC frame for `<prefix>/rpc`; the device answers on `heal/<device_id>/rpc`."""
    if type(method) is not str or method not in READ_METHODS or not _ASKS.fullmatch(method):
        raise NotAsked(f"Not a method that only reads: {method!r:.80}")
    source = f"heal/{device_id}"
    if not _RETURN.fullmatch(source):
        raise NotAsked(f"No device of ours: {device_id!r:.80}")
    for name, value in params.items():
        if type(name) is not str or type(value) not in (int, str, bool, type(None)):
            raise NotAsked(f"Not a parameter: {name!r:.80}")
    frame = {"id": int(request_id), "src": source, "method": method, "params": dict(params)}
    written = json.dumps(frame, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(written) > BIGGEST:
        raise NotAsked("A request longer than any that asks for something.")
    return written
