"""Cells of tables that a spreadsheet opens: a text that it would run as a formula gets an apostrophe in front."""

from __future__ import annotations

import re
from typing import Final

STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER: Final = re.compile(r"-[0-9]+(?:[.,][0-9]+)?")


def harmless(text: str) -> str:
    """The text as a file may hold it."""
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text


def harmless_or_number(text: str) -> str:
    """The same where numbers come as text: a minus before digits alone runs nothing."""
    return text if _NUMBER.fullmatch(text) else harmless(text)


def as_written(cell: str) -> str:
    """What was exported: without the apostrophe that stood in front."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(STARTS_A_FORMULA) else cell
