"""What a network can throw at us: messages of every make, mutated, as many as wanted, the same for the same seed.

    for topic, payload in payloads(seed=1, count=200_000): ...

About one in eight is left as the meter sends it, so that whoever stores them sees neighbours survive. The devices they
claim to come from are METERS: provision those (CUSTOM with CUSTOM_TEMPLATE) and nothing is a stranger, except the few
topics that the mutations spoil.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

FIXTURES: Final = Path(__file__).parents[1] / "fixtures" / "shelly"
POD: Final = "cercollettiva/IT001E12345678"
MINUTE: Final = 1767225600  # 2026-01-01 00:00 UTC, as in the fixtures


class Meter(NamedTuple):
    """A device to provision."""

    device_id: str
    device_type: str
    prefix: str


METERS: Final = (
    Meter("shellypro3em-a1b2c3", "SHELLY_PRO_3EM", f"{POD}/shellypro3em-a1b2c3"),
    Meter("shellyplus1pm-0011aa", "SHELLY_PLUS_PM", f"{POD}/shellyplus1pm-0011aa"),
    Meter("shellyem-B9E2C1", "SHELLY_EM", "shellies/shellyem-B9E2C1"),
    Meter("tasmota_1A2B3C", "TASMOTA", "tele/tasmota_1A2B3C"),
    Meter("contatore-1", "CUSTOM", f"{POD}/contatore-1"),
)
CUSTOM_TEMPLATE: Final = {
    "messages": [
        {
            "topic": "state",
            "component": "meter:0",
            "time": {"field": "ts", "as": "unix"},
            "values": {
                "power": {"field": "p", "unit": "kW"},
                "a_voltage": "phases.0.u",
                "drawn": {"field": "energy.in", "unit": "kWh"},
                "returned": {"field": "energy.out", "unit": "kWh"},
            },
        }
    ]
}

_SHELLY, _RELAY, _GEN1, _TASMOTA, _CUSTOM = (meter.prefix for meter in METERS)
_EM1_ROW = [1.0923, 0.25, 0.0, 0.0, 694.5, 30.2, 887.9, 58.6, 234.042, 232.746, 233.83, 3.798, 0.25, 0.369]
_RELAY_STATUS = {
    "id": 0,
    "output": True,
    "apower": 12.5,
    "voltage": 231.0,
    "current": 0.06,
    "freq": 50.0,
    "aenergy": {"total": 687882.498, "by_minute": [208.3, 208.3, 208.2], "minute_ts": MINUTE},
}


def _records(component: str, *rows: list[float]) -> dict[str, Any]:
    block = {"ts": MINUTE, "period": 60, "values": list(rows)}
    event = {"component": component, "id": 0, "event": "data", "ts": MINUTE + 60.65, "data": block}
    return _frame("NotifyEvent", {"ts": MINUTE + 60.65, "events": [event]})


def _frame(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"src": METERS[0].device_id, "dst": f"{_SHELLY}/events", "method": method, "params": params}


def _samples() -> list[tuple[str, bytes]]:
    """One message of each shape, as meters send them: the fixtures, and what they leave out."""
    index = json.loads((FIXTURES / "index.json").read_text())
    captured = [
        (entry["topic"], (FIXTURES / entry["file"]).read_bytes())
        for entry in index
        if not entry["file"].startswith("bad_")
    ]
    em = json.loads((FIXTURES / "em0_status.json").read_text())
    emdata = json.loads((FIXTURES / "emdata0_status.json").read_text())
    status = {"em:0": em, "emdata:0": emdata, "switch:0": {"id": 0, "output": False}, "sys": {"unixtime": MINUTE}}
    phases = {"Time": "2026-10-25T02:30:00", "ENERGY": {"Total": 3.5, "Power": [1, 2, 3], "Voltage": [230, 231, 232]}}
    plain: dict[str, Any] = {
        f"{_SHELLY}/events/rpc": _frame("NotifyFullStatus", {"ts": MINUTE + 0.5, **status}),
        f"{_SHELLY}/rpc": {"id": 1, "src": METERS[0].device_id, "dst": "ingest", "result": status},
        f"{_SHELLY}/status/em1:2": {"id": 0, "act_power": 5.5, "voltage": 231.0, "current": 0.1, "errors": ["x"]},
        f"{_RELAY}/status/switch:0": _RELAY_STATUS,
        f"{_RELAY}/status/pm1:0": {**_RELAY_STATUS, "ret_aenergy": {"total": 12.5}},
        f"{_RELAY}/status/cover:0": {**_RELAY_STATUS, "state": "stopped"},
        f"{_TASMOTA}/SENSOR": phases,
        f"{_CUSTOM}/state": {"ts": MINUTE, "p": 1.25, "phases": [{"u": 230.5}], "energy": {"in": 12.5, "out": 0.125}},
    }
    gen1 = ("power", "voltage", "current", "pf", "energy", "returned_energy", "total", "total_returned")
    return [
        *captured,
        *((topic, json.dumps(value).encode()) for topic, value in plain.items()),
        (f"{_SHELLY}/events/rpc", json.dumps(_records("em1data:1", _EM1_ROW, _EM1_ROW)).encode()),
        *((f"{_GEN1}/emeter/1/{name}", b"1203.25") for name in gen1),
        (f"{_TASMOTA}/LWT", b"Online"),
    ]


_BAD_NUMBERS: Final = (
    *(b"NaN", b"Infinity", b"-Infinity", b"nan", b"1e400", b"-1e400", b"1e-400", b"1e9999999999999999999"),
    *(b"-1", b"-0.001", b"-0.0", b"1767225600123", b"99999999999999999999", b"951,2", b"0x10", b"+1", b"01"),
    *(b"9" * 5000, b"0." + b"1" * 5000, b"5e-324", b"1e308", b"true", b"null", b'"null"', b'"12.5"', b"[]", b"{}"),
)
_BAD_BYTES: Final = (
    *(b"\x00", b"\\u0000", b"\\ud800", b"\\udfff\\ud800", b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"\xef\xbb\xbf"),
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"\n", b"\\", b"<script>alert(1)</script>", b"';--"),
)
_WHOLE: Final = (
    *(b"", b" ", b"null", b"true", b"0", b"[]", b"{}", b'""', b"\x00", b"NaN", b"online", b"-", b"\xef\xbb\xbf{}"),
    *(b"[" * 60_000, b'{"a":' * 12_000, b'{"a":[' * 300 + b"]}" * 300, b"x" * 70_000, b'"' + b"x" * 70_000 + b'"'),
    *("{}".encode("utf-16"), b"9" * 5000, b"[1,2,3]", b'{"id":0}', b'{"method":"NotifyStatus"}', b"1e400"),
)
_ODD_VALUES: Final = (
    *(None, True, False, "", "null", "12.5", "<img src=x onerror=alert(1)>", "\x00", "\ud800", "perché", [], {}, [[]]),
    *(-1, 0, -0.0, 1e308, 5e-324, 10**15, 10**40, 2**63, -(2**63), 1767225600123, 4_000_000_000, 60, -5),
    *([1.5], [1, 2, 3, 4, 5], {"total": {"total": []}}, {"": 0}, "2026-03-29T02:30:00", "2026-13-45T99:99:99", 1e400),
)


def _cut(random: Random, payload: bytes) -> bytes:
    return payload[: random.randrange(len(payload) + 1)]


def _spoil(random: Random, payload: bytes) -> bytes:
    """Some bytes give way to others that mean something to JSON, to UTF-8 or to a database."""
    start = random.randrange(len(payload) + 1)
    return payload[:start] + random.choice(_BAD_BYTES) + payload[start + random.choice((0, 0, 1, 8)) :]


def _flip(random: Random, payload: bytes) -> bytes:
    flipped = bytearray(payload)
    for _ in range(random.randint(1, 4)):
        if flipped:
            flipped[random.randrange(len(flipped))] = random.randrange(256)
    return bytes(flipped)


def _spoil_number(random: Random, payload: bytes) -> bytes:
    """One number gives way to what is none, or to one that no meter can mean."""
    starts = [place for place, byte in enumerate(payload) if byte in b"0123456789" and payload[place - 1] in b":,["]
    start = random.choice(starts) if starts else 0
    end = start
    while end < len(payload) and payload[end] in b"0123456789.-":
        end += 1
    return payload[:start] + random.choice(_BAD_NUMBERS) + payload[end:]


def _other(random: Random, _payload: bytes) -> bytes:
    return random.choice(_WHOLE)


def _noise(random: Random, _payload: bytes) -> bytes:
    return random.randbytes(random.randrange(300))


def _pad(random: Random, payload: bytes) -> bytes:
    """As long as a message may be, or a little longer."""
    return payload[:1] + b" " * random.choice((60_000, 65_536, 70_000)) + payload[1:]


def _double_key(random: Random, payload: bytes) -> bytes:
    keys = [b'"id":7,', b'"total_act":1.5,', b'"apower":"x",', b'"ENERGY":1,', b'"src":"x","src":"y",', b'"p":2,']
    opened = [place for place, byte in enumerate(payload) if byte == 123]
    place = random.choice(opened) + 1 if opened else 0
    return payload[:place] + random.choice(keys) + payload[place:]


def _rebuild(random: Random, payload: bytes) -> bytes:
    """Other values, or none, somewhere in the JSON: still JSON, mostly."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    for _ in range(random.choice((1, 1, 2, 5))):
        value = _with_odd_value(random, value)
    return json.dumps(value).replace("Infinity", "1e400").encode()


def _with_odd_value(random: Random, value: Any) -> Any:
    holder = value
    while isinstance(holder, dict | list) and holder:
        key = random.choice(list(holder)) if isinstance(holder, dict) else random.randrange(len(holder))
        inner = holder[key]
        if isinstance(inner, dict | list) and inner and random.random() < 0.8:
            holder = inner
        elif random.random() < 0.2:
            del holder[key]
            return value
        else:
            holder[key] = deepcopy(random.choice(_ODD_VALUES))
            return value
    return deepcopy(random.choice(_ODD_VALUES))


_Mutation = Callable[[Random, bytes], bytes]
# The shapes that cost much to read are rare, and what looks like a meter's word is common.
_MUTATIONS: Final[tuple[_Mutation, ...]] = (
    *(_rebuild,) * 24,
    *(_spoil_number,) * 16,
    *(_spoil,) * 12,
    *(_flip,) * 4,
    *(_cut,) * 4,
    *(_double_key,) * 6,
    *(_noise,) * 2,
    _other,
    _pad,
)


def payloads(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` messages (topic, payload), the same ones for the same seed."""
    random = Random(seed)
    samples = _samples()
    for _ in range(count):
        topic, payload = random.choice(samples)
        for _ in range(random.choice((0, 1, 1, 1, 1, 1, 1, 2))):
            payload = random.choice(_MUTATIONS)(random, payload)
        if random.random() < 0.05:
            topic = random.choice(samples)[0]  # what one topic carries, on another
        yield topic, payload
