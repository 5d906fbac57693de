"""Columns in and out of the database, in both dialects."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.apps import apps

from cercollettiva.energy.store.columns import UNKNOWN, Kind, empty, instant, joined, microseconds, read, upsert
from cercollettiva.energy.store.intervals import AGGREGATES, INTERVALS, PARTS

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

NOON = datetime(2026, 3, 31, 12, 0, 0, 7, tzinfo=UTC)
SELECT = {
    "subject_id": (Kind.INT8, "subject_id"),
    "start": (Kind.INSTANT, "start"),
    "energy_in": (Kind.INT8, "energy_in"),
    "peak_power": (Kind.FLOAT4, "peak_power"),
}


def columns(**changes):
    given = {
        "subject_kind": [0, 0],
        "subject_id": [7, 8],
        "period": [1, 1],
        "start": [microseconds(NOON), microseconds(NOON + timedelta(days=1))],
        "energy_in": [10**14, UNKNOWN],
        "energy_out": [0, 1],
        "produced": [UNKNOWN, UNKNOWN],
        "consumed": [UNKNOWN, 3],
        "recorded_at": [microseconds(NOON)] * 2,
        "peak_power": [1.5, math.nan],
        "mean_power": [-2.5, 0.0],
        "coverage": [1.0, 0.25],
        "quality": [0, 4],
        "source": [2, 2],
        **changes,
    }
    return {name: np.array(given[name], dtype=kind.array) for name, kind in AGGREGATES.columns.items()}


def stored():
    return read("default", SELECT, "FROM energy_energyaggregate WHERE period = %s ORDER BY subject_id", [1])


def test_what_is_written_is_read_again_with_its_unknowns():
    assert upsert("default", AGGREGATES, columns()) == 2

    rows = stored()
    assert rows["subject_id"].tolist() == [7, 8]
    assert [instant(start) for start in rows["start"]] == [NOON, NOON + timedelta(days=1)]
    assert rows["energy_in"].tolist() == [10**14, UNKNOWN]
    assert rows["peak_power"][0] == 1.5
    assert math.isnan(rows["peak_power"][1])


def test_only_rows_that_say_something_else_are_written():
    upsert("default", AGGREGATES, columns())

    assert upsert("default", AGGREGATES, columns(recorded_at=[microseconds(NOON) + 1] * 2)) == 0
    assert upsert("default", AGGREGATES, columns(energy_in=[5, UNKNOWN])) == 1
    assert stored()["energy_in"].tolist() == [5, UNKNOWN]


def test_an_answer_without_rows_has_its_columns():
    rows = stored()

    assert rows["energy_in"].tolist() == []
    assert rows["start"].dtype == np.int64


def test_a_value_is_never_part_of_the_statement():
    tail = "FROM energy_energyaggregate WHERE %s = 'it''s; --'"

    assert read("default", SELECT, tail, ["it's; --"])["start"].tolist() == []


def test_parts_are_joined_in_their_order():
    kinds = {"a": Kind.INT8}

    both = joined([{"a": np.array([1])}, empty(kinds), {"a": np.array([2, 3])}], kinds)

    assert both["a"].tolist() == [1, 2, 3]
    assert joined([], kinds)["a"].tolist() == []


@pytest.mark.parametrize("table", [INTERVALS, PARTS, AGGREGATES], ids=lambda table: table.name)
def test_the_columns_are_those_of_the_table(table):
    (model,) = [model for model in apps.get_models() if model._meta.db_table == table.name]

    assert set(table.columns) == {field.column for field in model._meta.concrete_fields}
