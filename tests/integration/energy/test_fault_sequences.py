"""Replayed sequences of faults, through decoding, store and computing, give exact energies."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from cercollettiva.energy.aggregation import aggregate
from cercollettiva.energy.models import EnergyInterval, IntervalQuality, RegisterEvent, RejectedMessage
from cercollettiva.ingest.replay import replay
from tests.integration.energy.fault_sequences import DEVICE, PREFIX, SEQUENCES
from tests.integration.energy.meters import make_meter

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 6, 2, tzinfo=UTC)


def make_the_meter():
    device = make_meter()
    device.device_id, device.topic_prefix = DEVICE, PREFIX
    device.save()
    return device


def stored() -> list[tuple[int | None, int | None, str]]:
    rows = EnergyInterval.objects.order_by("start")
    return [(row.energy_in, row.energy_out, IntervalQuality(row.quality).name.lower()) for row in rows]


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_of_faults_gives_exactly_the_energy_that_is_true(name):
    sequence = SEQUENCES[name]()
    make_the_meter()

    outcome = replay([json.dumps(line) for line in sequence.lines])
    aggregate(NOW)

    assert outcome.bad_lines == []
    assert stored() == sequence.quarters
    assert RegisterEvent.objects.count() == sequence.events
    assert (RejectedMessage.objects.aggregate(Sum("count"))["count__sum"] or 0) == sequence.refused


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_same_twice_changes_nothing(name):
    sequence = SEQUENCES[name]()
    make_the_meter()
    lines = [json.dumps(line) for line in sequence.lines]
    replay(lines)
    aggregate(NOW)

    replay(lines)
    again = aggregate(NOW + timedelta(hours=1))

    assert (again.changed, again.totals_changed) == (0, 0)
    assert stored() == sequence.quarters


def test_there_are_more_than_twenty_sequences():
    assert len(SEQUENCES) > 20
