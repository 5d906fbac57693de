"""Pages of measurements by the key of their last row: many rows share an instant, none is left out or told twice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from django.db.models import F, FloatField, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from cercollettiva.energy.models import DeviceMeasurement
from cercollettiva.energy.store.columns import instant, microseconds

KEY: Final = ("timestamp", "device_id", "component")
VALUE: Final = "ordered_by"  # as a double: a 4-byte float is not equal to what it reads as
LONGEST_CURSOR: Final = 400
GREATEST_INSTANT: Final = 4_102_444_800_000_000  # 2100 [us]


class Cursor(NamedTuple):
    """Where a page begins: after this row, or, going back, before it."""

    key: tuple[Any, ...]
    is_back: bool


class Order(NamedTuple):
    """What the rows are ordered by, the rest of the key after it."""

    column: str
    is_descending: bool

    @classmethod
    def of(cls, written: str) -> Order:
        return cls(written.removeprefix("-"), written.startswith("-"))

    @property
    def by_value(self) -> bool:
        return self.column != "timestamp"

    @property
    def columns(self) -> tuple[str, ...]:
        return (VALUE, *KEY) if self.by_value else KEY


class Page(NamedTuple):
    rows: list[DeviceMeasurement]
    next: str | None
    previous: str | None


def prepared(rows: QuerySet[DeviceMeasurement], order: Order) -> QuerySet[Any]:
    """The rows with the column they are ordered by; without a value there is no place in the order."""
    if not order.by_value:
        return rows
    return rows.exclude(**{order.column: None}).annotate(**{VALUE: Cast(F(order.column), FloatField())})


def page_of(windows: Sequence[QuerySet[Any]], order: Order, cursor: Cursor | None, size: int, request: Request) -> Page:
    """The first `size` rows after the cursor. Each window holds the one before it: a wider one is asked when needed."""
    is_back = cursor is not None and cursor.is_back
    descending = order.is_descending != is_back
    found: list[DeviceMeasurement] = []
    for window in windows:
        rows = window.filter(_beyond(order, cursor.key, descending)) if cursor else window
        found = list(rows.order_by(*(("-" if descending else "") + column for column in order.columns))[: size + 1])
        if len(found) > size:
            break
    more, found = len(found) > size, found[:size]
    if is_back:
        found.reverse()
    before, after = (more, True) if is_back else (cursor is not None, more)
    return Page(
        found,
        _link(request, order, found[-1], is_back=False) if found and after else None,
        _link(request, order, found[0], is_back=True) if found and before else None,
    )


def _beyond(order: Order, key: tuple[Any, ...], descending: bool) -> Q:
    """The rows after this key: the first column that differs decides."""
    comparison = "lt" if descending else "gt"
    condition = Q()
    for number, column in enumerate(order.columns):
        equal = Q(**dict(zip(order.columns[:number], key, strict=False)))
        condition |= equal & Q(**{f"{column}__{comparison}": key[number]})
    first = Q(**{f"{order.columns[0]}__{comparison}e": key[0]})  # what an index can use
    return first & condition


def _link(request: Request, order: Order, row: Any, *, is_back: bool) -> str:
    key = [getattr(row, column) for column in order.columns]
    told = [microseconds(value) if isinstance(value, datetime) else value for value in key]
    packed = orjson.dumps(["-" if is_back else "+", order.column, *told])
    cursor = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return str(replace_query_param(request.build_absolute_uri(), "cursor", cursor))


def read_cursor(written: str, order: Order) -> Cursor:
    """Raises ValidationError for what no page of this order gave."""
    try:
        packed = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
        direction, column, *told = orjson.loads(packed)
        _check(direction in ("+", "-") and column == order.column and len(told) == len(order.columns))
        key = tuple(_read(name, value) for name, value in zip(order.columns, told, strict=True))
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        reason = _("Il cursore non è di questo elenco: usa gli indirizzi di next e previous come sono.")
        raise ValidationError({"cursor": [reason]}) from error
    return Cursor(key, direction == "-")


def _check(is_ours: bool) -> None:
    if not is_ours:
        raise ValueError("not a cursor of this list")


def _read(column: str, value: Any) -> Any:
    if column == "component":
        _check(isinstance(value, str) and len(value) <= 32 and value.isprintable())
        return value
    if column == VALUE:
        return float(value)
    _check(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < GREATEST_INSTANT)
    if column == "device_id":
        return value if value < 2**31 else 2**31 - 1
    return instant(value)
