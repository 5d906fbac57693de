"""How figures, dates and codes are written for people: Italian first, English second.

`static/web/formats.js` holds the same functions under the same names, and both are tested on the same cases.
What is missing is an en dash, never a zero. Between a figure and its unit stands a no-break space.
Floats are rounded half up on their shortest decimal form, so the server and the browser agree to the last digit.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

Locale = Literal["it", "en"]
DateStyle = Literal["short", "medium", "long", "full", "day"]
Figure = int | float | Decimal | None
Moment = dt.datetime | dt.date

MISSING: Final = "–"
NBSP: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"
ROME: Final = ZoneInfo("Europe/Rome")

# fmt: off
MONTHS: Final[dict[Locale, list[str]]] = {
    "it": [
        "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno",
        "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre",
    ],
    "en": [
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ],
}
# fmt: on
WEEKDAYS: Final[dict[Locale, list[str]]] = {
    "it": ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}
AGES: Final[dict[Locale, dict[str, str]]] = {
    "it": {"seconds": "{} s fa", "minutes": "{} min fa", "today": "alle {}", "yesterday": "ieri alle {}"},
    "en": {"seconds": "{} s ago", "minutes": "{} min ago", "today": "at {}", "yesterday": "yesterday at {}"},
}

_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
_POD = re.compile(r"(IT)(\d{3})(E)([0-9A-Z]{8,9})", re.ASCII)


# ---- figures ----


def number(value: Figure, decimals: int = 0, *, sign: bool = False, locale: Locale = "it") -> str:
    """1.234,56; with `sign` a figure above zero has its plus."""
    exact = _exact(value)
    return MISSING if exact is None else _written(_rounded(exact, decimals), sign=sign, locale=locale)


def quantity(value: Figure, unit: str, decimals: int = 0, *, sign: bool = False, locale: Locale = "it") -> str:
    """A figure and its unit, such as 231,4 V; a missing figure has no unit."""
    written = number(value, decimals, sign=sign, locale=locale)
    return written if written == MISSING else f"{written}{NBSP}{unit}"


def power(watts: Figure, *, unit: Literal["W", "kW"] | None = None, sign: bool = False, locale: Locale = "it") -> str:
    """W below 1 kW, then kW with two decimals. A column of figures fixes its unit by its largest value. [W]"""
    exact = _exact(watts)
    if exact is None:
        return MISSING
    if unit is None:
        unit = "W" if abs(_rounded(exact, 0)) < 1000 else "kW"
    if unit == "W":
        return quantity(exact, "W", 0, sign=sign, locale=locale)
    return quantity(exact.scaleb(-3), "kW", 2, sign=sign, locale=locale)


def energy(
    mwh: Figure,
    *,
    decimals: int | None = None,
    unit: Literal["Wh", "kWh", "MWh"] | None = None,
    sign: bool = False,
    locale: Locale = "it",
) -> str:
    """Wh below 1 kWh, kWh with one decimal up to 9.999, then MWh with two; tables ask for three. [mWh]"""
    exact = _exact(mwh)
    if exact is None:
        return MISSING
    places = {"Wh": 0, "kWh": 1 if decimals is None else decimals, "MWh": 2 if decimals is None else decimals}
    amounts = {"Wh": exact.scaleb(-3), "kWh": exact.scaleb(-6), "MWh": exact.scaleb(-9)}
    if unit is None:
        if abs(_rounded(amounts["Wh"], 0)) < 1000:
            unit = "Wh"
        elif abs(_rounded(amounts["kWh"], places["kWh"])) < 10_000:
            unit = "kWh"
        else:
            unit = "MWh"
    return quantity(amounts[unit], unit, places[unit], sign=sign, locale=locale)


def money(cents: int | None, *, sign: bool = False, locale: Locale = "it") -> str:
    """1.234,50 €, or €1,234.50 in English. [cents]"""
    exact = _exact(cents)
    if exact is None:
        return MISSING
    if locale == "it":
        return quantity(exact.scaleb(-2), "€", 2, sign=sign)
    written = number(exact.scaleb(-2), 2, sign=sign, locale=locale)
    return re.sub(r"^([−+]?)", r"\1€", written)


def percent(ratio: Figure, decimals: int = 0, *, sign: bool = False, locale: Locale = "it") -> str:
    """46 % from 0.46; English has no space."""
    exact = _exact(ratio)
    if exact is None:
        return MISSING
    written = number(exact.scaleb(2), decimals, sign=sign, locale=locale)
    return f"{written}{NBSP}%" if locale == "it" else f"{written}%"


# ---- dates and times, always of Europe/Rome ----


def date(value: Moment | None, style: DateStyle = "short", *, locale: Locale = "it") -> str:
    """short 05/03/2026, medium 5 mar 2026, long 5 marzo 2026, full giovedì 5 marzo 2026, day giovedì 5 marzo."""
    if value is None:
        return MISSING
    day = _day(value)
    if style == "short":
        return f"{day.day:02}/{day.month:02}/{day.year:04}"
    name = MONTHS[locale][day.month - 1]
    if style == "medium":
        return f"{day.day} {name[:3]} {day.year}"
    if style == "long":
        return f"{day.day} {name} {day.year}"
    weekday = WEEKDAYS[locale][day.weekday()]
    return f"{weekday} {day.day} {name} {day.year}" if style == "full" else f"{weekday} {day.day} {name}"


def time(value: dt.datetime | None, *, locale: Locale = "it") -> str:
    """14:00; in the hour that comes twice in October it says which: 02:30 CEST, then 02:30 CET."""
    if value is None:
        return MISSING
    clock, zone = _clock(value)
    return f"{clock} {zone}".rstrip()


def instant(value: dt.datetime | None, style: DateStyle = "medium", *, locale: Locale = "it") -> str:
    """23 nov 2026, 14:00."""
    if value is None:
        return MISSING
    return f"{date(value, style, locale=locale)}, {time(value, locale=locale)}"


def interval(start: dt.datetime | None, end: dt.datetime | None, *, locale: Locale = "it") -> str:
    """14:00–14:15; the last one of a day ends at 24:00, and one that runs over days shows them."""
    if start is None or end is None:
        return MISSING
    start_clock, start_zone = _clock(start)
    end_clock, end_zone = _clock(end)
    days = (_day(end) - _day(start)).days
    if days == 1 and end_clock == "00:00":
        end_clock = "24:00"
    elif days != 0:
        return f"{instant(start, locale=locale)} – {instant(end, locale=locale)}"
    if start_zone == end_zone:  # said once is enough
        start_zone = ""
    return f"{start_clock} {start_zone}".rstrip() + "–" + f"{end_clock} {end_zone}".rstrip()


def month(value: Moment | None, *, locale: Locale = "it") -> str:
    """marzo 2026."""
    if value is None:
        return MISSING
    day = _day(value)
    return f"{MONTHS[locale][day.month - 1]} {day.year}"


def period(value: Moment | None) -> str:
    """2026-03, the settlement period as file names have it."""
    if value is None:
        return MISSING
    day = _day(value)
    return f"{day.year:04}-{day.month:02}"


def age(value: dt.datetime | None, now: dt.datetime, *, locale: Locale = "it") -> str:
    """12 s fa, 3 min fa, then the time of day, then the date. A moment slightly ahead of our clock is 0 s ago."""
    if value is None:
        return MISSING
    words = AGES[locale]
    seconds = (now - value) // dt.timedelta(seconds=1)
    if -60 <= seconds < 60:
        return words["seconds"].format(max(seconds, 0))
    if 60 <= seconds < 3600:
        return words["minutes"].format(seconds // 60)
    days = (_day(now) - _day(value)).days
    if seconds > 0 and days in (0, 1):
        return words["yesterday" if days else "today"].format(time(value, locale=locale))
    return instant(value, locale=locale)


# ---- codes ----


def pod(code: str | None) -> str:
    """IT 001 E 12345678; what is not a POD stays as it was written."""
    if not code or not code.strip():
        return MISSING
    match = _POD.fullmatch("".join(code.split()).upper())
    return NBSP.join(match.groups()) if match else code.strip()


def iban(code: str | None, *, masked: bool = False) -> str:
    """In groups of four; masked, only the last four characters can be read."""
    compact = "".join((code or "").split()).upper()
    if not compact:
        return MISSING
    if masked:
        compact = "•" * (len(compact) - 4) + compact[-4:]
    return NBSP.join(compact[at : at + 4] for at in range(0, len(compact), 4))


# ---- parts ----


def _exact(value: Figure) -> Decimal | None:
    if value is None:
        return None
    exact = Decimal(value) if isinstance(value, int | Decimal) else Decimal(repr(float(value)))
    return exact if exact.is_finite() else None


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)


def _written(value: Decimal, *, sign: bool, locale: Locale) -> str:
    digits = f"{abs(value):,f}"
    if locale == "it":
        digits = digits.translate({ord(","): ".", ord("."): ","})
    if value < 0:
        return MINUS + digits
    return "+" + digits if sign and value > 0 else digits


def _rome(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        raise ValueError("A moment without a time zone cannot be shown.")
    return value.astimezone(ROME)


def _day(value: Moment) -> dt.date:
    return _rome(value).date() if isinstance(value, dt.datetime) else value


def _clock(value: dt.datetime) -> tuple[str, str]:
    """The time of day, and the zone where the clock shows the same time twice."""
    local = _rome(value)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M}", (local.tzname() or "") if twice else ""
