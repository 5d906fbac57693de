"""Meters whose clock is wrong, found by what they said in the last hour."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cercollettiva.devices.samples import Anomaly, Energies, Registers, Sample, TimeSource
from cercollettiva.energy.store import save_samples
from cercollettiva.monitoring.clocks import check_clocks
from cercollettiva.monitoring.models import Alert
from tests.integration.core.scene import NOW, make_device, make_plant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def said(device, count: int, anomaly: Anomaly, *, at=NOW) -> None:
    samples = [
        Sample(
            device_id=device.pk,
            component="emdata:0",
            at=at - timedelta(minutes=1 + number),
            time_source=TimeSource.RECEIVED,
            reading=Registers(Energies(drawn=1000 - number, returned=0)),
            anomalies=anomaly,
        )
        for number in range(count)
    ]
    save_samples(samples, now=at)


def test_a_clock_that_is_wrong_for_most_of_an_hour_is_told_until_it_is_right():
    wrong, once, other = (make_device(number, plant=make_plant(number)) for number in (1, 2, 3))
    said(wrong, 20, Anomaly.CLOCK_NOT_SET)
    said(once, 1, Anomaly.CLOCK_AHEAD)
    said(other, 20, Anomaly.NO_VOLTAGE)

    assert check_clocks(NOW) == (1, 0)
    assert check_clocks(NOW) == (0, 0)
    alert = Alert.objects.get()
    assert (alert.kind, alert.device) == ("clock-wrong", wrong)

    assert check_clocks(NOW + timedelta(hours=2)) == (0, 0)  # it says nothing: nobody knows
    said(wrong, 3, Anomaly(0), at=NOW + timedelta(hours=4))
    assert check_clocks(NOW + timedelta(hours=4)) == (0, 1)
