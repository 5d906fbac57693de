"""Bars as numbers: where they begin, how high they are, what a gap looks like."""

from __future__ import annotations

import pytest

from cercollettiva.web.history.bars import HEAD, PLOT, Bar, draw, tick_at

KWH = 1_000_000


def test_layers_stand_on_each_other_and_what_is_given_hangs_below_zero():
    bar = Bar(above=[("own", 2 * KWH), ("grid", 4 * KWH)], below=[("export", 6 * KWH)])

    drawing = draw([bar, Bar()], [], "it")

    zero = float(drawing.zero)
    assert zero == HEAD + PLOT / 2
    own, grid, export = drawing.rects
    assert float(own.y) == pytest.approx(zero - PLOT / 6, abs=0.1)
    assert float(grid.y) == pytest.approx(HEAD, abs=0.1)
    assert float(export.y) == zero
    assert [float(rect.height) for rect in (own, grid, export)] == pytest.approx(
        [PLOT / 6 - 1, PLOT / 3 - 1, PLOT / 2 - 1], abs=0.1
    )
    assert {rect.x for rect in drawing.rects} == {"6.50%"}


def test_a_missing_part_is_a_gap_over_its_whole_slot_and_never_a_bar():
    drawing = draw([Bar(above=[("grid", KWH)]), Bar(is_missing=True), Bar(above=[("grid", 0)])], [], "it")

    assert len(drawing.rects) == 1
    assert [(gap.x, gap.width) for gap in drawing.missing] == [("33.33%", "33.33%")]


def test_nothing_at_all_is_a_line_at_the_bottom():
    drawing = draw([Bar()] * 24, [], "it")

    assert (drawing.zero, drawing.lines, drawing.has_below) == (f"{HEAD + PLOT:.1f}", [], False)


@pytest.mark.parametrize(
    ("largest", "unit", "labels"),
    [
        (900_000, "Wh", ["0", "500"]),
        (2_400_000, "kWh", ["0", "1", "2"]),
        (1_100_000, "kWh", ["0", "0,5", "1,0"]),
        (30 * KWH, "kWh", ["0", "10", "20", "30"]),
        (4_200 * KWH, "kWh", ["0", "2.000", "4.000"]),
        (25_000 * KWH, "MWh", ["0", "10", "20"]),
        (1, "Wh", ["0", "0,0005", "0,0010"]),
    ],
)
def test_hairlines_are_at_round_values_in_one_unit(largest, unit, labels):
    drawing = draw([Bar(above=[("grid", largest)])], [], "it")

    assert drawing.unit == unit
    assert [line.label for line in drawing.lines] == labels
    assert all(HEAD - 0.1 <= float(line.y) <= HEAD + PLOT for line in drawing.lines)


def test_words_at_the_ends_of_the_axis_stay_inside():
    assert [tick_at(number, 24, "", edge=True).anchor for number in (0, 12, 24)] == ["start", "middle", "end"]
    assert tick_at(0, 7, "lun").x == "7.14%"
