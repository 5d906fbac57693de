"""`configuration.toml`: what is not written as it must be is refused, with its line."""

from __future__ import annotations

import difflib
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from cercollettiva.domain.identifiers import InvalidIdentifier, pod_as_written, pod_key, primary_substation_code
from cercollettiva.domain.settlement.errors import SettlementError
from cercollettiva.domain.settlement.plants import Plant, Withdrawal
from cercollettiva.domain.settlement.words import Kind, LegalForm, MacroZone, Source, Voltage, word
from cercollettiva.domain.settlement.zones import ZONES
from cercollettiva.settlement.offline.faults import MOST, YEARS, Faults, Refused
from cercollettiva.settlement.offline.reading import text_of

FILE: Final = "configuration.toml"
REQUIRED: Final[Mapping[str, Sequence[str]]] = {
    "": ("name", "primary_substation", "market_zone", "trase_eur_mwh"),
    "plants": ("pod", "power_kw", "source", "macro_zone", "commissioned"),
    "consumers": ("pod",),
}
OPTIONAL: Final[Mapping[str, Sequence[str]]] = {
    "": ("plants", "consumers", "kind", "btau_eur_mwh"),
    "plants": ("capital_grant_share", "obligation_power_kw", "commercial_operation"),
    "consumers": ("grant_reduction_exempt", "legal_form", "voltage"),
}
_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?")
_ASSIGNMENT = re.compile(r"\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*=")
_AT_LINE = re.compile(r"\(at line ([0-9]+)")
_LONG = re.compile(rf"[0-9_]{{{sys.int_info.default_max_str_digits}}}")
TOO_LARGE: Final = "numero troppo grande"


@dataclass(frozen=True)
class Configuration:
    """What the file says. PODs are compared on their first 14 characters and kept as they were written."""

    name: str
    primary_substation: str
    market_zone: str
    trase_eur_mwh: float
    plants: list[Plant]  # their `pod` is the key
    consumers: list[Withdrawal]
    written: dict[str, str]  # key to POD as written
    kind: Kind = Kind.COMMUNITY
    btau_eur_mwh: float | None = None


class _Lines:
    """Where each table and key stands in the text; TOML's reader does not tell."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str, int, str], int] = {}
        table, counts = "", {"": 0}
        for number, line in enumerate(text.splitlines(), start=1):
            if header := _HEADER.match(line):
                table = header.group(1)
                counts[table] = counts.get(table, -1) + 1
                self._found.setdefault((table, counts[table], ""), number)
            elif assignment := _ASSIGNMENT.match(line):
                self._found.setdefault((table, counts[table], assignment.group(1)), number)

    def of(self, table: str, place: int, key: str = "") -> int:
        """The line of a key (or of the table it names), else of its table, else the first."""
        own = self._found.get((table, place, key)) or (None if table else self._found.get((key, 0, "")))
        return own or self._found.get((table, place, "")) or 1


class _Table:
    """One table of the file, read key by key."""

    def __init__(self, values: Mapping[str, Any], name: str, place: int, lines: _Lines, faults: Faults) -> None:
        self._values, self._name, self._place = values, name, place
        self._lines, self._faults = lines, faults
        known = [*REQUIRED[name], *OPTIONAL[name]]
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                self.fault(key, f"chiave sconosciuta {key!r}" + (f": forse {near[0]!r}?" if near else ""))
        for key in REQUIRED[name]:
            if key not in values:
                hint = ", la data di entrata in esercizio" if key == "commissioned" else ""
                self.fault("", f"manca {key!r}{hint}")

    def fault(self, key: str, what: str) -> None:
        self._faults.add(FILE, self._lines.of(self._name, self._place, key), what)

    def read(self, key: str, reader: Callable[[Any], Any], default: Any = None) -> Any:
        """The value as the reader understands it; the default where it is absent or refused."""
        if key not in self._values:
            return default
        try:
            return reader(self._values[key])
        except (SettlementError, InvalidIdentifier, Refused) as error:
            self.fault(key, f"{key}: {str(error).removeprefix(f'{key}: ')}")
            return default


def read_configuration(folder: Path, faults: Faults) -> Configuration | None:
    """The configuration of a folder; None where something is wrong, and the faults say what."""
    text = text_of(folder / FILE, faults)
    if text is None:
        return None
    try:
        values = tomllib.loads(text)
    except RecursionError:
        faults.add(FILE, 1, "non è TOML: troppe parentesi una dentro l'altra")
        return None
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at.group(1)) if at else len(text.splitlines()) or 1
        faults.add(FILE, line, f"non è TOML: {error}")
        return None
    except ValueError:  # an integer longer than Python reads
        line = next((number for number, row in enumerate(text.splitlines(), start=1) if _LONG.search(row)), 1)
        faults.add(FILE, line, TOO_LARGE)
        return None
    lines = _Lines(text)
    top = _Table(values, "", 0, lines, faults)
    written: dict[str, str] = {}
    plants = [_plant(table) for table in _tables(values, "plants", lines, faults, written)]
    consumers = [_consumer(table) for table in _tables(values, "consumers", lines, faults, written)]
    found = Configuration(
        name=top.read("name", _text, ""),
        primary_substation=top.read("primary_substation", lambda value: primary_substation_code(_text(value)), ""),
        market_zone=top.read("market_zone", _market_zone, ""),
        trase_eur_mwh=top.read("trase_eur_mwh", _not_negative, 0.0),
        plants=[plant for plant in plants if plant is not None],
        consumers=[consumer for consumer in consumers if consumer is not None],
        written=written,
        kind=top.read("kind", lambda value: word(Kind, _text(value), "kind"), Kind.COMMUNITY),
        btau_eur_mwh=top.read("btau_eur_mwh", _not_negative),
    )
    if found.kind == Kind.BUILDING and "btau_eur_mwh" not in values:
        top.fault("kind", "kind: un gruppo in un edificio ha bisogno di 'btau_eur_mwh'")
    return None if faults.any else found


def _tables(
    values: Mapping[str, Any], name: str, lines: _Lines, faults: Faults, written: dict[str, str]
) -> list[_Table]:
    """The tables of a name, each POD once."""
    found = values.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        faults.add(FILE, lines.of("", 0, name), f"scrivi [[{name}]]")
        return []
    tables, seen = [], set()
    for place, each in enumerate(found):
        table = _Table(each, name, place, lines, faults)
        pod = table.read("pod", _pod)
        if pod is not None and pod_key(pod) in seen:
            table.fault("pod", f"{pod}: compare due volte tra {name}")
        if pod is not None:
            seen.add(pod_key(pod))
            written.setdefault(pod_key(pod), pod)
        tables.append(table)
    return tables


def _plant(table: _Table) -> Plant | None:
    given = {
        "pod": table.read("pod", lambda value: pod_key(_text(value))),
        "power_kw": table.read("power_kw", _number),
        "source": table.read("source", lambda value: word(Source, _text(value), "source")),
        "macro_zone": table.read("macro_zone", lambda value: word(MacroZone, _text(value), "macro_zone")),
        "entry_into_operation": table.read("commissioned", _date),
        "grant_share": table.read("capital_grant_share", _number, 0.0),
        "obligation_kw": table.read("obligation_power_kw", _number, 0.0),
    }
    commercial = table.read("commercial_operation", _date)
    if any(value is None for value in given.values()):
        return None
    try:
        return Plant(**given, commercial_operation=commercial)
    except SettlementError as error:
        table.fault(_KEY_OF.get(type(error).__name__, ""), str(error))
        return None


_KEY_OF: Final = {
    "PowerNotPositive": "power_kw",
    "GrantOutOfRange": "capital_grant_share",
    "ObligationAbovePower": "obligation_power_kw",
    "CommercialBeforeOperation": "commercial_operation",
}


def _consumer(table: _Table) -> Withdrawal | None:
    pod = table.read("pod", lambda value: pod_key(_text(value)))
    form = table.read("legal_form", lambda value: word(LegalForm, _text(value), "legal_form"))
    exempt = table.read("grant_reduction_exempt", _truth, None if form else False)  # else the form and the date decide
    voltage = table.read("voltage", lambda value: word(Voltage, _text(value), "voltage"), Voltage.BT)
    if pod is None:
        return None
    return Withdrawal(pod=pod, grant_reduction_exempt=exempt, legal_form=form, voltage=voltage)


def _pod(value: Any) -> str | None:
    """As written; what is wrong with it is said once, where the row is read."""
    try:
        return pod_as_written(value) if isinstance(value, str) else None
    except InvalidIdentifier:
        return None


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:  # an integer in it is longer than Python writes
        return TOO_LARGE


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(f"{_shown(value)} non è un testo: scrivilo tra virgolette")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{_shown(value)} non è un numero: scrivilo senza virgolette")
    if not abs(value) <= MOST:  # NaN is not either; an integer may be too large for a float
        raise Refused(f"{value} non è un numero finito" if isinstance(value, float) else TOO_LARGE)
    return float(value)


def _not_negative(value: Any) -> float:
    number = _number(value)
    if number < 0:
        raise Refused(f"{value} è negativo")
    return number


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{_shown(value)}: scrivi true o false")
    return value


def _date(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise Refused(f"{_shown(value)} non è una data: scrivila come 2024-06-30, senza virgolette")
    if value.year not in YEARS:
        raise Refused(f"{value} è fuori dal calendario")
    return value


def _market_zone(value: Any) -> str:
    zone = _text(value)
    if zone not in ZONES:
        raise Refused(f"{zone!r} non è una zona di mercato: {', '.join(ZONES)}")
    return zone
