"""What stands beside a label, read as what it must be. None where it is not that."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from stdnum.it import codicefiscale, iva

from cercollettiva.domain.identifiers import POD_PATTERN


class Read(NamedTuple):
    """A value and how sure we are of it, from 0 to 1."""

    value: Any
    confidence: float = 1.0


Reader = Callable[[str, str], Read | None]  # the text and the unit that the label names

DOUBTFUL: Final = 0.5
# Thousands set apart by spaces, or by points; a comma or a point may stand between spaces of its own.
_NUMBER: Final = re.compile(
    r"[-+]?\d{1,3}(?:[ \u00a0]\d{3}(?!\d))+(?:[ \u00a0]?,[ \u00a0]?\d+)?|[-+]?\d+(?:[ \u00a0]?[.,'][ \u00a0]?\d+)*"
)
_DATE: Final = re.compile(r"(?<!\d)(\d{1,2}) ?[/.-] ?(\d{1,2}) ?[/.-] ?(\d{4})(?!\d)")
_ISO_DATE: Final = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_NAMED_DATE: Final = re.compile(r"(?<!\d)(\d{1,2})[°º]? ([a-z]{3})[a-z]*\.? (\d{4})(?!\d)", re.IGNORECASE)
_MONTHS: Final = ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic")
_MARKED: Final = re.compile(r"(?:\[\s*x\s*\]|\(\s*x\s*\)|[☒☑✓✔✗✘]|\bx\b)\s*(s[iì]|no)\b", re.IGNORECASE)
_POWERS: Final = {"w": -3, "wp": -3, "va": -3, "kw": 0, "kva": 0, "kwp": 0, "mw": 3, "mwp": 3, "mva": 3}
_ENERGIES: Final = {"wh": -3, "kwh": 0, "mwh": 3, "gwh": 6}
_ABOUT: Final = ("circa", "ca", "ca.", "c.a.", "~", "≈")
_VOLTAGES: Final = {"v": 0, "kv": 3}


def text(written: str, unit: str = "") -> Read | None:
    """Words as they stand, with single spaces."""
    words = " ".join(written.split()).strip(" :")
    return Read(words) if words and any(letter.isalnum() for letter in words) else None


def code(pattern: str) -> Reader:
    """A code of a known form, anywhere in the text, in upper case."""
    form = re.compile(rf"(?<![0-9A-Z]){pattern}(?![0-9A-Z])")

    def read(written: str, unit: str = "") -> Read | None:
        found = form.search(written.upper())
        return Read(found.group()) if found else None

    return read


def plant_code(written: str, unit: str = "") -> Read | None:
    """CENSIMP: `IM_` and figures; an underscore that is drawn as a line is no letter of the text."""
    found = re.search(r"(?<![0-9A-Z])IM(_|[ -]?(?=\d))([0-9A-Z_]{3,})(?![0-9A-Z])", written.upper())
    if not found:
        return None
    return Read(f"IM_{found.group(2)}", 1.0 if found.group(1) == "_" else DOUBTFUL)


def pod(written: str, unit: str = "") -> Read | None:
    """A POD of 14 or 15 characters of any distributor, with or without spaces."""
    found = re.search(r"(?<![0-9A-Z])IT ?\d{3} ?E ?[0-9A-Z]{8}[0-9A-Z]?(?![0-9A-Z])", written.upper())
    compact = found.group().replace(" ", "") if found else re.sub(r"[\s.-]", "", written.upper())
    return Read(compact) if POD_PATTERN.fullmatch(compact) else None


def whole(written: str, unit: str = "") -> Read | None:
    """A whole number, perhaps with `n.` or `v.` before it."""
    found = re.match(
        r"\s*(?:n\.?|n?[°º]|v(?:er(?:s(?:ione)?)?)?\.?)?\s*(\d{1,6})(?:[.,]0)?(?![\d/.,])", written, re.IGNORECASE
    )
    return Read(int(found.group(1))) if found else None


def day(written: str, unit: str = "") -> Read | None:
    """A day as Italians write it; an hour behind it is not needed."""
    if found := _DATE.search(written):
        days, months, years = found.groups()
    elif found := _ISO_DATE.search(written):
        years, months, days = found.groups()
    elif (found := _NAMED_DATE.search(written)) and found.group(2).lower() in _MONTHS:
        days, months, years = found.group(1), str(_MONTHS.index(found.group(2).lower()) + 1), found.group(3)
    else:
        return None
    try:
        return Read(date(int(years), int(months), int(days)).isoformat())
    except ValueError:
        return None


def quantity(units: dict[str, int]) -> Reader:
    """A quantity in the unit of its field; what is written in another one is converted."""

    def read(written: str, unit: str = "") -> Read | None:
        found = _NUMBER.search(written)
        if not found:
            return None
        before = written[: found.start()].strip(" :=[]()").casefold()
        if before and before not in (*units, *_ABOUT):
            return None
        number = italian_number(found.group())
        behind = re.match(r"\s*(/\s*\d)?\s*[(\[]?([A-Za-z]+)?", written[found.end() :])
        named = ((behind and behind.group(2)) or (before if before in units else unit)).strip().casefold()
        if number is None or (named and named not in units) or number.value < 0:
            return None
        is_doubtful = before in _ABOUT or bool(behind and behind.group(1))  # `230/400`: one of two
        confidence = DOUBTFUL if is_doubtful else number.confidence
        return Read(float(number.value.scaleb(units.get(named, 0))), min(confidence, number.confidence))

    return read


def italian_number(written: str) -> Read | None:
    """A number with a comma for decimals and points, spaces or apostrophes between the thousands.

    `5.900` may be meant the English way: it is read the Italian way, and a person is asked to look.
    """
    compact = re.sub(r"[' \u00a0]", "", written)
    if "," in compact:
        front, _, back = compact.rpartition(",")
        if "," in front:  # commas between thousands: 1,234,567 or 1,234.5 cannot come from an Italian program
            return None
        if "." in back:  # 1,234.5: the English way, without a doubt
            return Read(Decimal(compact.replace(",", "")), DOUBTFUL)
        return Read(Decimal(f"{front.replace('.', '')}.{back}"))
    if "." not in compact:
        return Read(Decimal(compact))
    groups = compact.lstrip("+-").split(".")
    if all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0]) <= 3 and groups[0] != "0":
        return Read(Decimal(compact.replace(".", "")), 1.0 if len(groups) > 2 else DOUBTFUL)
    return Read(Decimal(compact), DOUBTFUL) if len(groups) == 2 else None


def yes_or_no(written: str, unit: str = "") -> Read | None:
    """SI, SÌ or NO, whatever follows; of two boxes the one with a mark."""
    if marked := _MARKED.search(written):
        return Read(marked.group(1).casefold() != "no")
    if len(re.findall(r"[☐□]|\[\s*\]", written)) > 1 or re.match(r"\W*s[iì]\W+no\b", written, re.IGNORECASE):
        return None  # boxes without a mark that is text
    word = re.match(r"\W*(s[iì]|no)\b", written, re.IGNORECASE)
    return Read(word.group(1).casefold() != "no") if word else None


def feed_type(written: str, unit: str = "") -> Read | None:
    """How much of the production goes to the grid: TOTAL, PARTIAL or NONE."""
    words = written.casefold()
    if re.search(r"autoconsum", words) and not re.search(r"parzial|eccedenz|surplus", words):
        return Read("NONE", DOUBTFUL)
    if re.search(r"\bparzial|\bin parte\b|\bnon (tutta|totale)\b|\beccedenz|\besclus", words):
        return Read("PARTIAL")
    if re.search(r"\b(tutta|totale|intera|integrale)\b", words):
        return Read("TOTAL")
    if re.match(r"\W*(no|nessuna|nulla)\b", words):
        return Read("NONE")
    return None


def producer_code(written: str, unit: str = "") -> Read | None:
    """The VAT number or, without one, the fiscal code; one that fails its control character is doubtful."""
    candidates = re.findall(r"(?<![0-9A-Z])(?:IT)?(\d{11}|[A-Z]{6}[0-9A-Z]{10})(?![0-9A-Z])", written.upper())
    for candidate in candidates:
        if iva.is_valid(candidate) or codicefiscale.is_valid(candidate):
            return Read(candidate)
    return Read(candidates[0], DOUBTFUL) if candidates else None


READERS: Final[dict[str, Reader]] = {
    "pod_code": pod,
    "gaudi_request_code": code(r"[0-9A-Z][0-9A-Z_./-]{2,39}"),
    "censimp_code": plant_code,
    "sapr_code": code(r"[0-9A-Z_]{4,40}"),
    "tracking_code": code(r"[0-9A-Z][0-9A-Z_./-]{2,39}"),
    "version_number": whole,
    "validation_date": day,
    "expected_operation_date": day,
    "plant_name": text,
    "plant_type": text,
    "address": text,
    "grid_operator": text,
    "producer_name": text,
    "producer_vat": producer_code,
    "section_id": code(r"SZ_[0-9A-Z]+_[0-9A-Z]+"),
    "group_id": code(r"GR_[0-9A-Z]+_[0-9A-Z]+_[0-9A-Z]+"),
    "remote_disconnect": yes_or_no,
    "active_power_kw": quantity(_POWERS),
    "apparent_power_kva": quantity(_POWERS),
    "net_power_kw": quantity(_POWERS),
    "gross_power_kw": quantity(_POWERS),
    "voltage_v": quantity(_VOLTAGES),
    "expected_yearly_production_kwh": quantity(_ENERGIES),
    "grid_feed_type": feed_type,
}
WORDS: Final = frozenset(field for field, reader in READERS.items() if reader is text)  # may run over several lines
