"""The months that are known to have their partition, so that a batch does not ask for them each time."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from cercollettiva.energy import partitions
from cercollettiva.energy.models import DeviceMeasurement, EnergyMeasurement
from cercollettiva.energy.store.batch import Batch

_known: set[tuple[str, type[models.Model], date]] = set()


def ensure(connection: BaseDatabaseWrapper, batch: Batch) -> None:
    """Make the partitions a batch needs, where they are not known to exist."""
    for model, rows in ((DeviceMeasurement, batch.powers()), (EnergyMeasurement, batch.energies())):
        months = {partitions.month_of(row.sample.at) for row in rows}
        new = {month for month in months if (connection.alias, model, month) not in _known}
        if new:
            partitions.ensure_months(connection, model, new)
            _known.update((connection.alias, model, month) for month in new)


def forget() -> None:
    """Ask the database again next time: a partition may have been dropped meanwhile."""
    _known.clear()
