"""Files by their kind: a ZIP of daily XML, one XML, a yearly sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from cercollettiva.settlement.prices.reading import BadPrices, Price
from cercollettiva.settlement.prices.xlsx import prices_in_xlsx
from cercollettiva.settlement.prices.xml import prices_in_xml

LARGEST: Final = 64 * 1024 * 1024  # a year of quarter-hours of all zones is a tenth of it
MOST_ENTRIES: Final = 2000


def prices_in(path: Path) -> list[Price]:
    """Every price of a file, each zone and instant once; raises BadPrices."""
    content = _content(path)
    kinds = {".zip": _prices_in_zip, ".xml": prices_in_xml, ".xlsx": prices_in_xlsx}
    reader = kinds.get(path.suffix.lower())
    if reader is None:
        raise BadPrices(path.name, "serve un file .zip, .xml o .xlsx del GME")
    found: dict[tuple[str, object, int], Price] = {}
    for price in reader(content, path.name):
        before = found.setdefault(price[:3], price)
        if before.price != price.price:
            raise BadPrices(path.name, f"due prezzi di {price.zone} per {price.start.isoformat()}")
    if not found:
        raise BadPrices(path.name, "nessun prezzo")
    return list(found.values())


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadPrices(path.name, f"il file non si può leggere: {error.strerror}") from error
    if len(content) > LARGEST:
        raise BadPrices(path.name, "il file è troppo grande")
    return content


def _prices_in_zip(content: bytes, name: str) -> Iterator[Price]:
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".xml")]
            if not entries or len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST:
                raise BadPrices(name, "nessun file XML, o troppi")
            for entry in sorted(entries, key=lambda each: each.filename):
                yield from prices_in_xml(archive.read(entry), f"{name}, {entry.filename}")
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:  # broken, odd compression, a password
        raise BadPrices(name, f"non è un archivio ZIP: {error}") from error
