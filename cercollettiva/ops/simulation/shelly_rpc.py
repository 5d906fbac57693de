"""What a virtual Shelly answers over JSON-RPC: who it is, how it stands, what it stored. No method writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cercollettiva.ops.simulation.readings import NET_KEYS, RECORD_KEYS, record_values

if TYPE_CHECKING:
    from cercollettiva.ops.simulation.shelly import VirtualShelly

MEMORY_DAYS = 45  # a Pro 3EM forgets the oldest minutes after this
RECORDS_A_PAGE = 100  # 51 values each: about 40 kB
PERIODS = (300, 900, 1800, 3600)  # of net energies [s]
_INVALID, _NO_METHOD = -103, 404

Result = dict[str, object]


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(shelly: VirtualShelly, request: dict[str, object], *, at: datetime) -> dict[str, object]:
    """The frame that answers a request at a moment: a result, or an error with its code."""
    frame: dict[str, object] = {"id": request.get("id"), "src": shelly.meter.device_id, "dst": request.get("src")}
    try:
        frame["result"] = _result(shelly, request, at)
    except _Refusal as refusal:
        frame["error"] = {"code": refusal.code, "message": str(refusal)}
    return frame


def _result(shelly: VirtualShelly, request: dict[str, object], at: datetime) -> Result:
    method, params = request.get("method"), request.get("params") or {}
    handler = _METHODS.get(method) if isinstance(method, str) else None
    if handler is None:
        raise _Refusal(_NO_METHOD, f"No handler for {method}")
    if not isinstance(params, dict):
        raise _Refusal(_INVALID, "Invalid argument 'params'")
    return handler(shelly, params, at)


def _device_info(shelly: VirtualShelly, params: Result, at: datetime) -> Result:
    return {
        "name": None,
        "id": shelly.meter.device_id,
        "mac": shelly.meter.mac,
        "slot": 0,
        "model": "SPEM-003CEBEU",
        "gen": 2,
        "fw_id": "20250924-062729/1.7.1-gd336f31",
        "ver": "1.7.1",
        "app": "Pro3EM",
        "auth_en": False,
        "auth_domain": None,
        "profile": "triphase",
    }


def _status(shelly: VirtualShelly, params: Result, at: datetime) -> Result:
    unix = int(at.timestamp())
    return {
        "cloud": {"connected": False},
        "em:0": shelly.em_status(at),
        "emdata:0": shelly.registers(at),
        "eth": {"ip": None},
        "mqtt": {"connected": True},
        "sys": {
            "mac": shelly.meter.mac,
            "restart_required": False,
            "time": at.astimezone(UTC).strftime("%H:%M"),
            "unixtime": unix,
            "last_sync_ts": unix - unix % 3600,
            "uptime": unix - shelly.energy.origin_minute * 60,
        },
    }


def _em_status(shelly: VirtualShelly, params: Result, at: datetime) -> Result:
    _only_instance(params)
    return shelly.em_status(at)


def _emdata_status(shelly: VirtualShelly, params: Result, at: datetime) -> Result:
    _only_instance(params)
    return shelly.registers(at)


def _records(shelly: VirtualShelly, params: Result, at: datetime) -> Result:
    """The blocks of stored minutes: one, because this meter has never been without power."""
    _only_instance(params)
    first, end = _stored(shelly, at)
    first = max(first, -(-_seconds(params, "ts", default=0) // 60))
    blocks = [{"ts": first * 60, "period": 60, "records": end - first}] if first < end else []
    return {"data_blocks": blocks}


def _data(shelly: VirtualShelly, params: Result, at: datetime) -> Result:
    """Stored minutes from `ts` to the one that starts at `end_ts`, a page at a time."""
    first, end = _asked(shelly, params, at)
    page_end = min(end, first + RECORDS_A_PAGE)
    rows: list[list[float]] = []
    if first < page_end:
        counted = shelly.energy.meter_minutes(shelly.meter, first, page_end)
        name = shelly.meter.device_id
        pairs = zip(counted.drawn.T.tolist(), counted.returned.T.tolist(), strict=True)
        rows = [record_values(*pair, meter=name, minute=first + row) for row, pair in enumerate(pairs)]
    return _page(params, RECORD_KEYS, first * 60, 60, rows, page_end * 60 if page_end < end else None)


def _net_energies(shelly: VirtualShelly, params: Result, at: datetime) -> Result:
    """Drawn minus returned of each phase over whole periods, a page at a time. [Wh]"""
    period = _seconds(params, "period")
    if period not in PERIODS:
        raise _Refusal(_INVALID, f"Invalid argument 'period': must be one of {PERIODS}")
    if _seconds(params, "ts") % period:
        raise _Refusal(_INVALID, "Invalid argument 'ts': must be the start of a period")
    first, end = _asked(shelly, params, at)
    step = period // 60
    first = -(-first // step) * step
    count = max(end - first, 0) // step
    told = min(count, RECORDS_A_PAGE)
    rows: list[list[float]] = []
    if told:
        counted = shelly.energy.meter_minutes(shelly.meter, first, first + told * step)
        net = (counted.drawn - counted.returned).reshape(3, told, step).sum(axis=2)
        rows = [[mwh / 1000 for mwh in phases] for phases in net.T.tolist()]
    return _page(params, NET_KEYS, first * 60, period, rows, (first + told * step) * 60 if told < count else None)


def _page(
    params: Result, keys: list[str], ts: int, period: int, rows: list[list[float]], next_ts: int | None
) -> Result:
    result: Result = {"keys": keys} if params.get("add_keys", True) else {}
    result["data"] = [{"ts": ts, "period": period, "values": rows}] if rows else []
    if next_ts is not None:
        result["next_record_ts"] = next_ts
    return result


def _asked(shelly: VirtualShelly, params: Result, at: datetime) -> tuple[int, int]:
    """The stored minutes [first, end) that a request asks for; `end_ts` is the start of the last one."""
    _only_instance(params)
    first, end = _stored(shelly, at)
    first = max(first, -(-_seconds(params, "ts") // 60))
    if params.get("end_ts") is not None:
        end = min(end, _seconds(params, "end_ts") // 60 + 1)
    return first, end


def _stored(shelly: VirtualShelly, at: datetime) -> tuple[int, int]:
    """The minutes [first, end) in memory."""
    end = int(at.timestamp()) // 60
    return max(shelly.energy.origin_minute, end - MEMORY_DAYS * 1440), end


def _only_instance(params: Result) -> None:
    if params.get("id", 0) != 0:
        raise _Refusal(-105, f"Argument 'id', value {params.get('id')} not found!")


def _seconds(params: Result, name: str, *, default: int | None = None) -> int:
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**33:
        raise _Refusal(_INVALID, f"Invalid argument '{name}'!")
    return int(value)


_METHODS: dict[str, Callable[[VirtualShelly, Result, datetime], Result]] = {
    "Shelly.GetDeviceInfo": _device_info,
    "Shelly.GetStatus": _status,
    "EM.GetStatus": _em_status,
    "EMData.GetStatus": _emdata_status,
    "EMData.GetRecords": _records,
    "EMData.GetData": _data,
    "EMData.GetNetEnergies": _net_energies,
}
