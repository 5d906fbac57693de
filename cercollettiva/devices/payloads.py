"""Strict JSON: what a meter sent, or the reason it cannot be read (rule R8)."""

from __future__ import annotations

import contextlib
import json
import re
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from cercollettiva.devices.samples import UnreadableMessage

MAX_PAYLOAD_BYTES = 64 * 1024

JsonObject = dict[str, Any]

_SPEAKS_OF_ENERGY = re.compile(rb'energy|total_act(_ret)?"|"values"')  # registers and records: exact (rule R8)


class DoubledKeys(JsonObject):
    """An object in which a key came twice: the last one counts, and the reader says so."""


def quoted(value: object, *, longest: int = 80) -> str:
    """A value of a payload inside a reason: escaped, and never as long as the payload."""
    text = repr(value)
    return text if len(text) <= longest else text[:longest] + "..."


def _object_of(pairs: list[tuple[str, Any]]) -> JsonObject:
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else DoubledKeys(fields)


def _refuse_constant(word: str) -> NoReturn:
    raise UnreadableMessage(f"not JSON: {word} is not a number")


# Built once: json.loads() with arguments builds a decoder at every call.
_FLAT_FLOATS = json.JSONDecoder(parse_constant=_refuse_constant)
_FLOATS = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_object_of)
_DECIMALS = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_object_of, parse_float=Decimal)


def read_json(payload: bytes, decoder: json.JSONDecoder = _FLAT_FLOATS) -> Any:
    """The value of a payload, any shape; keys that come twice go unnoticed."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise UnreadableMessage(f"too long: {len(payload)} bytes, and {MAX_PAYLOAD_BYTES} are the most")
    try:
        value = decoder.decode(payload.decode())
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise UnreadableMessage(_reason(payload, error)) from error
    if b"\\u" in payload:  # the one way for text that no database stores to get past UTF-8 and JSON
        _refuse_unstorable_text(value)
    return value


def read_quick_object(payload: bytes, what: str) -> JsonObject:
    """The object of a payload with floats for numbers, for instantaneous values: the bulk of what meters send.

    A flat object of numbers has two quotes a key and no others. That is read by orjson, eight times faster; whatever
    else there is, texts, escapes, objects inside, keys that come twice, what orjson refuses, is for the reader that
    looks closely.
    """
    if len(payload) <= MAX_PAYLOAD_BYTES:
        with contextlib.suppress(ValueError):
            fields = orjson.loads(payload)
            if type(fields) is dict and payload.count(b'"') == 2 * len(fields) and b"\\" not in payload:
                return fields
    return as_object(read_json(payload, _FLOATS), what)


def read_frame(payload: bytes, what: str) -> JsonObject:
    """The object of a payload that may hold anything: with Decimals where it speaks of energy, else with floats.

    The commonest message of all, what changed in a power, has names in it and objects inside. orjson reads it where
    every quote belongs to a key or a text that is still there: then no key came twice.
    """
    if len(payload) <= MAX_PAYLOAD_BYTES and b"\\" not in payload and not _SPEAKS_OF_ENERGY.search(payload):
        with contextlib.suppress(ValueError):
            frame = orjson.loads(payload)
            if type(frame) is dict and payload.count(b'"') == 2 * _texts_in(frame):
                return frame
    return read_exact_object(payload, what)


def read_exact(payload: bytes) -> Any:
    """The value of a payload, any shape, with Decimals for numbers."""
    return read_json(payload, _DECIMALS)


def read_exact_object(payload: bytes, what: str) -> JsonObject:
    """The object of a payload with Decimals for numbers, for registers and records."""
    return as_object(read_exact(payload), what)


def read_number(payload: bytes, what: str) -> int | Decimal:
    """A payload that is one bare number, exact."""
    value = read_exact(payload)
    if type(value) in (int, Decimal):
        return value  # type: ignore[no-any-return]
    raise UnreadableMessage(f"{what} must be a number, not {quoted(value)}")


def as_object(value: object, what: str) -> JsonObject:
    """The value itself where it is a JSON object; refused where it is not."""
    if isinstance(value, dict):
        return value
    raise UnreadableMessage(f"{what} must be a JSON object, not {quoted(value)}")


def _texts_in(value: object) -> int:
    """How many keys and texts there are at any depth."""
    texts = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            texts += len(item)
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str):
            texts += 1
    return texts


def _reason(payload: bytes, error: Exception) -> str:
    if not payload.strip():
        return "the message is empty"
    if payload.startswith(b"\xef\xbb\xbf"):
        return "not JSON: a byte order mark (BOM) stands before it"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text: byte {error.start}"
    if isinstance(error, RecursionError):
        return "not readable: nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} (character {error.pos})"
    return "not readable: a number has too many digits"


def _refuse_unstorable_text(value: object) -> None:
    """Refuses NUL and lone surrogates wherever they stand: PostgreSQL would refuse the whole batch."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and ("\0" in item or any("\ud800" <= letter <= "\udfff" for letter in item)):
            raise UnreadableMessage("a text holds NUL or half a surrogate pair")
