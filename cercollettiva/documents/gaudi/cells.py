"""The words of a PDF with their places: pieces of a line that stand together."""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import pypdfium2.raw as pdfium

MOST_CHARACTERS: Final = 200_000  # of a page; an attestation has two thousand
GAP: Final = 1.2  # of a letter's height: what stands further apart are two cells
_LIGATURES: Final = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\u00ad": None}
)
SAME_LINE: Final = 0.5  # of a letter's height


@dataclass(slots=True)
class Cell:
    """A piece of a line. Places in points; `top` grows downwards and goes on from page to page."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def is_beside(self, other: Cell) -> bool:
        """Whether both stand on one line."""
        middle = (self.top + self.bottom) / 2
        return abs(middle - (other.top + other.bottom) / 2) < SAME_LINE * max(self.height, other.height)


def cells_of(document: Any) -> list[Cell]:
    """The cells of all pages, in the order in which one reads: downwards, each line from left to right."""
    cells: list[Cell] = []
    above = 0.0
    for page in document:
        height = page.get_height()
        turned = _Turned(page.get_rotation(), page.get_width(), height)
        on_page = list(_cells_on(page.get_textpage(), above=above, turned=turned))
        for cell in on_page:
            cell.text = unicodedata.normalize("NFC", cell.text.translate(_LIGATURES))
        cells += _in_reading_order(on_page)
        above += height
    return cells


class _Turned(NamedTuple):
    """How a page is shown: turned to the right by so many degrees, and its size then."""

    degrees: int
    width: float
    height: float

    def shown(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        """A box as it stands on the page that one sees."""
        if self.degrees == 90:
            return bottom, self.height - right, top, self.height - left
        if self.degrees == 180:
            return self.width - right, self.height - top, self.width - left, self.height - bottom
        if self.degrees == 270:
            return self.width - top, left, self.width - bottom, right
        return left, bottom, right, top


def _cells_on(page: Any, *, above: float, turned: _Turned) -> Iterator[Cell]:
    """What the page draws together, letter by letter."""
    cell: Cell | None = None
    is_apart = False
    for letter, *box in _letters_of(page):
        left, bottom, right, top = turned.shown(*box)
        if not letter.strip():
            is_apart = True
            if letter in "\r\n" and cell is not None:
                yield cell
                cell = None
            continue
        here = Cell(letter, left, right, above + turned.height - top, above + turned.height - bottom)
        if cell is not None and cell.is_beside(here) and -here.height < left - cell.right < GAP * here.height:
            cell.text += f" {letter}" if is_apart else letter
            cell.right = max(cell.right, right)
        else:
            if cell is not None:
                yield cell
            cell = here
        is_apart = False
    if cell is not None:
        yield cell


def _letters_of(page: Any) -> Iterator[tuple[str, float, float, float, float]]:
    """Each letter with its box: left, bottom, right, top. The box is the line's, not that of the ink."""
    for index in range(min(page.count_chars(), MOST_CHARACTERS)):
        letter = chr(pdfium.FPDFText_GetUnicode(page, index))
        box = pdfium.FS_RECTF()
        pdfium.FPDFText_GetLooseCharBox(page, index, ctypes.byref(box))
        yield letter, box.left, box.bottom, box.right, box.top


def _in_reading_order(cells: list[Cell]) -> list[Cell]:
    """Line by line; a line is what stands beside its first cell."""
    ordered: list[Cell] = []
    line: list[Cell] = []
    for cell in sorted(cells, key=lambda cell: (cell.top + cell.bottom) / 2):
        if line and not line[0].is_beside(cell):
            ordered += sorted(line, key=lambda cell: cell.left)
            line = []
        line.append(cell)
    return ordered + sorted(line, key=lambda cell: cell.left)
