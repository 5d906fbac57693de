"""From cells to fields: beside each label, or under it, its value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from cercollettiva.documents.gaudi.cells import Cell
from cercollettiva.documents.gaudi.labels import FIELDS, Label, begins_label, labels_in, may_begin_label
from cercollettiva.documents.gaudi.values import READERS, WORDS, Read
from cercollettiva.documents.refusals import Doubt, Reason, refusal

FEWEST_FIELDS: Final = 4  # a paper with fewer of them is something else
OF_GAUDI: Final = {"censimp_code", "gaudi_request_code", "sapr_code"}  # bills and rules of operation have a POD too
LINES_BELOW: Final = 3.5  # of a letter's height: how far under its label a value may stand
LINE_STEP: Final = 2.2  # of a letter's height: how far a line that goes on may be
UNDER_IT: Final = 0.9  # confidence in a value that stands under its label, not beside it
_FOOTER: Final = re.compile(r"^(pag(ina|\.)?\s*\d|\d{1,2}\s*(/|di)\s*\d{1,2}$)", re.IGNORECASE)
_LEADERS: Final = re.compile(r"\s*(?:[.…_·]\s?){4,}\s*")  # what leads the eye from a label to its value
_DASH: Final = re.compile(r"^\s*[-–—]\s+")  # between a label and its value; a minus stands at its number
_MOST_LINES: Final = 4  # of a label
_ODD_POWER: Final = 1.05  # of the apparent power: no active power is greater


class NotAnAttestation(ValueError):
    """The paper is something else, or says nothing."""

    def __init__(self, reason: Reason) -> None:
        self.refusal = refusal(reason)
        super().__init__(self.refusal)


class Remark(NamedTuple):
    """A doubt about a field, with the values that raise it."""

    field: str
    doubt: Doubt
    values: list[str]


@dataclass
class Attestation:
    """What was read: each field or None, how sure we are of each, and what a person should look at."""

    fields: dict[str, Any]
    confidence: dict[str, float]
    warnings: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class _Found:
    label: Label
    cell: Cell
    rest: str  # of the cell behind the label, up to the next label
    is_last: bool  # no other label follows in its cell


def read_attestation(cells: list[Cell]) -> Attestation:
    """The fields of an attestation. Raises NotAnAttestation."""
    cells = [part for cell in cells if not _FOOTER.match(cell.text) for part in _without_leaders(cell)]
    cells = _with_wrapped_labels(cells)
    found = list(_labels_of(cells))
    known = {one.label.field for one in found if one.label.field}
    if len(known) < FEWEST_FIELDS or not known & OF_GAUDI:
        raise NotAnAttestation(Reason.NOT_AN_ATTESTATION)
    read: dict[str, list[Read]] = {name: [] for name in FIELDS}
    for one in found:
        if one.label.field and (value := _value_of(one, cells)):
            read[one.label.field].append(value)
    attestation = Attestation(
        {name: several[0].value if several else None for name, several in read.items()},
        {name: several[0].confidence for name, several in read.items() if several},
    )
    if not any(attestation.fields.values()):
        raise NotAnAttestation(Reason.EMPTY_ATTESTATION)
    attestation.warnings = list(_warnings(attestation, read))
    return attestation


def _labels_of(cells: list[Cell]) -> Iterator[_Found]:
    for cell in cells:
        labels = labels_in(cell.text)
        ends = [*(following.start for following in labels[1:]), len(cell.text)]
        for label, end in zip(labels, ends, strict=False):  # one end too many where there is no label
            yield _Found(label, cell, _DASH.sub("", cell.text[label.end : end]).strip(), label is labels[-1])


def _without_leaders(cell: Cell) -> Iterator[Cell]:
    """A cell in its pieces where dots lead from one to the next; each takes its share of the width."""
    wide = (cell.right - cell.left) / max(len(cell.text), 1)
    start = 0
    for leaders in [*_LEADERS.finditer(cell.text), None]:
        end = leaders.start() if leaders else len(cell.text)
        if cell.text[start:end].strip():
            left = cell.left + wide * start
            yield Cell(cell.text[start:end], left, cell.left + wide * end, cell.top, cell.bottom)
        start = leaders.end() if leaders else end


def _with_wrapped_labels(cells: list[Cell]) -> list[Cell]:
    """A label that was broken into lines becomes one again: `Potenza Attiva Nominale del` and `Generatore`."""
    joined: list[Cell] = []
    skipped: set[int] = set()
    for cell in cells:
        if id(cell) in skipped:
            continue
        whole, parts = _longest_label(cell, cells)
        skipped |= {id(part) for part in parts}
        joined.append(whole)
    return joined


def _longest_label(cell: Cell, cells: list[Cell]) -> tuple[Cell, list[Cell]]:
    """The cell with the lines under it that go on with its label, and those lines."""
    best: tuple[Cell, list[Cell]] = (cell, [])
    text, last = cell.text, cell
    lines: list[Cell] = []
    for _line in range(_MOST_LINES - 1 if may_begin_label(cell.text) else 0):
        below = None if ":" in text else _first_below(last, cells)
        if below is None or begins_label(below.text):
            break
        before, text = len(text), f"{text} {below.text}"
        lines, last = [*lines, below], below
        if any(one.start == 0 and one.end > before + 1 for one in labels_in(text)):
            left, right = min(one.left for one in (cell, *lines)), max(one.right for one in (cell, *lines))
            best = (Cell(text, left, right, cell.top, below.bottom), lines)
    return best


def _value_of(found: _Found, cells: list[Cell]) -> Read | None:
    """The first that can be read: behind the label, in the cells beside it, under it."""
    reader, name, unit = READERS[found.label.field], found.label.field, found.label.unit
    if found.rest:
        read = reader(_with_next_lines(found.rest, found.cell, cells) if name in WORDS else found.rest, unit)
        return read if read or name not in WORDS else None
    if not found.is_last:
        return None
    beside = _beside(found.cell, cells)
    if beside:
        written = " ".join(cell.text for cell in beside)
        return reader(_with_next_lines(written, beside[0], cells) if name in WORDS else written, unit)
    below = _first_below(found.cell, cells)
    if below is None or labels_in(below.text):
        return None
    written = _with_next_lines(below.text, below, cells) if name in WORDS else below.text
    read = reader(written, unit)
    return read._replace(confidence=min(read.confidence, UNDER_IT)) if read else None


def _beside(label: Cell, cells: list[Cell]) -> list[Cell]:
    """What stands to the right of a label on its line, up to the next label."""
    right = sorted(
        (cell for cell in cells if cell is not label and cell.left >= label.right - 1 and _shares_a_line(cell, label)),
        key=lambda cell: cell.left,
    )
    values: list[Cell] = []
    for cell in right:
        if labels_in(cell.text):
            break
        values.append(cell)
    return values


def _shares_a_line(cell: Cell, label: Cell) -> bool:
    """Beside it, or beside one of the two lines of a label that was broken."""
    middle = (cell.top + cell.bottom) / 2
    return cell.is_beside(label) or label.top <= middle <= label.bottom


def _first_below(cell: Cell, cells: list[Cell]) -> Cell | None:
    """The nearest cell under this one that begins within its width, or has it within its own."""
    height = min(cell.height, 20)
    near = [
        other
        for other in cells
        if other.top > cell.top
        and cell.bottom - height * 0.5 <= other.top <= cell.bottom + height * LINES_BELOW
        and other.left < cell.right
        and other.right > cell.left
    ]
    return min(near, key=lambda other: (other.top, abs(other.left - cell.left)), default=None)


def _with_next_lines(written: str, value: Cell, cells: list[Cell]) -> str:
    """The value with the lines that go on under it: words that are no label and stand alone on their line."""
    last = value
    while (below := _first_below(last, cells)) is not None:
        is_near = below.top - last.top <= LINE_STEP * last.height
        alone = not any(other is not below and other.is_beside(below) for other in cells)
        if not is_near or not alone or labels_in(below.text) or ":" in below.text:
            break
        written = f"{written} {below.text}"
        last = below
    return written


def _warnings(attestation: Attestation, read: dict[str, list[Read]]) -> Iterator[Remark]:
    """What does not fit together."""
    for name, several in read.items():
        if len({repr(one.value) for one in several}) > 1:
            yield Remark(name, Doubt.SEVERAL, [str(one.value) for one in several])
    active, apparent = attestation.fields["active_power_kw"], attestation.fields["apparent_power_kva"]
    if active is not None and apparent is not None and active > apparent * _ODD_POWER:
        yield Remark("active_power_kw", Doubt.MORE_THAN_APPARENT, [str(active), str(apparent)])
    for name, sure in attestation.confidence.items():
        if sure < UNDER_IT:
            yield Remark(name, Doubt.MISREAD, [str(attestation.fields[name])])
