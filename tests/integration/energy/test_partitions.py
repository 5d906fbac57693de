"""Monthly partitions on PostgreSQL; on SQLite the same calls do nothing and the same rows go in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction

from cercollettiva.energy import partitions
from cercollettiva.energy.models import DeviceMeasurement, EnergyInterval, EnergyMeasurement
from cercollettiva.energy.partitions import ensure_months, month_of, partition_name, partitions_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TABLE = DeviceMeasurement._meta.db_table
JANUARY, FEBRUARY = date(2031, 1, 1), date(2031, 2, 1)
MIDNIGHT = datetime(2031, 2, 1, tzinfo=UTC)


def measure(at: datetime, **fields: object) -> DeviceMeasurement:
    given = {"device_id": 1, "timestamp": at, "component": "em:0", "fingerprint": 1, **fields}
    return DeviceMeasurement.objects.create(**given)


def names(*months: date) -> list[str]:
    return [partition_name(TABLE, month) for month in months] if connection.vendor == "postgresql" else []


def tables_of_rows() -> list[str]:
    """The table that really holds each row, in the order of time."""
    if connection.vendor == "sqlite":
        return [TABLE for _ in DeviceMeasurement.objects.all()]
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT tableoid::regclass::text FROM "{TABLE}" ORDER BY "timestamp"')
        return [name for (name,) in cursor.fetchall()]


@pytest.fixture
def committed() -> Iterator[None]:
    """For tests that commit: drops the months of 2031 that they leave behind."""
    yield
    for name in partitions_of(connection, TABLE):
        if "_y2031" in name:
            with connection.cursor() as cursor:
                cursor.execute(f'DROP TABLE "{name}"')


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 2, 1, tzinfo=UTC), date(2026, 2, 1)),
        (datetime(2026, 2, 1, 0, 30, tzinfo=ZoneInfo("Europe/Rome")), date(2026, 1, 1)),
        (datetime(2027, 1, 1, 0, 59, tzinfo=ZoneInfo("Europe/Rome")), date(2026, 12, 1)),
    ],
)
def test_a_month_is_a_month_of_utc(moment, month):
    assert month_of(moment) == month


def test_a_moment_without_a_zone_has_no_month():
    with pytest.raises(ValueError, match="time zone"):
        month_of(datetime(2026, 1, 1))  # noqa: DTZ001  # on purpose


def test_a_missing_month_is_made_once():
    first = ensure_months(connection, DeviceMeasurement, [FEBRUARY, JANUARY, date(2031, 1, 17)])
    again = ensure_months(connection, DeviceMeasurement, [JANUARY, FEBRUARY])

    assert (first, again) == (names(JANUARY, FEBRUARY), [])
    assert partition_name(TABLE, JANUARY) == "energy_devicemeasurement_y2031m01"


def test_december_ends_where_the_new_year_begins():
    ensure_months(connection, DeviceMeasurement, [date(2031, 12, 1), date(2032, 1, 1)])

    measure(datetime(2031, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
    measure(datetime(2032, 1, 1, tzinfo=UTC))

    assert DeviceMeasurement.objects.count() == 2


@pytest.mark.parametrize("model", [DeviceMeasurement, EnergyMeasurement, EnergyInterval])
def test_every_time_series_is_partitioned(model):
    made = ensure_months(connection, model, [JANUARY])

    assert made == ([partition_name(model._meta.db_table, JANUARY)] if connection.vendor == "postgresql" else [])


def test_a_row_goes_into_its_own_month():
    ensure_months(connection, DeviceMeasurement, [JANUARY, FEBRUARY])

    measure(MIDNIGHT - timedelta(microseconds=1))
    measure(MIDNIGHT)

    assert tables_of_rows() == (names(JANUARY, FEBRUARY) or [TABLE, TABLE])


def measure_or_be_refused(at: datetime) -> str:
    try:
        with transaction.atomic():
            measure(at)
    except IntegrityError as error:
        return str(error)
    return ""


def test_a_row_of_a_month_nobody_made_is_refused_on_postgresql():
    refusal = measure_or_be_refused(MIDNIGHT)

    assert ("no partition" in refusal) is (connection.vendor == "postgresql")
    assert DeviceMeasurement.objects.count() == (0 if refusal else 1)


def test_a_new_month_keeps_the_promises_of_its_table():
    ensure_months(connection, DeviceMeasurement, [JANUARY])
    measure(datetime(2031, 1, 15, tzinfo=UTC))

    with pytest.raises(IntegrityError), transaction.atomic():
        measure(datetime(2031, 1, 15, tzinfo=UTC))
    with pytest.raises(IntegrityError), transaction.atomic():
        measure(datetime(2031, 1, 16, tzinfo=UTC), power=1e9)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("committed")
def test_processes_that_need_a_month_at_once_all_get_it():
    workers = 6
    together = threading.Barrier(workers)

    def one_process(_: int) -> list[str]:
        try:
            together.wait(timeout=10)
            return ensure_months(connection, DeviceMeasurement, [JANUARY, FEBRUARY])
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=workers) as threads:
        made = [name for names_made in threads.map(one_process, range(workers)) for name in names_made]

    assert made == names(JANUARY, FEBRUARY)
    assert partitions_of(connection, TABLE) >= set(made)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("committed")
def test_a_new_month_waits_neither_for_readers_nor_for_writers_nor_keeps_them_waiting():
    ensure_months(connection, DeviceMeasurement, [JANUARY])
    made_inside_a_transaction: list[str] = []

    def maker() -> None:
        try:
            with connection.cursor() as cursor:
                if connection.vendor == "postgresql":
                    cursor.execute("SET lock_timeout = '2s'")
            made_inside_a_transaction.extend(ensure_months(connection, DeviceMeasurement, [FEBRUARY]))
        finally:
            connection.close()

    with transaction.atomic():
        measure(datetime(2031, 1, 15, tzinfo=UTC))
        list(DeviceMeasurement.objects.all())
        other = threading.Thread(target=maker)
        other.start()
        other.join(timeout=10)
        measure(datetime(2031, 1, 16, tzinfo=UTC))

    assert made_inside_a_transaction == names(FEBRUARY)
    assert DeviceMeasurement.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("committed")
def test_a_month_made_in_a_transaction_that_fails_is_gone_and_can_be_made_again():
    with transaction.atomic():
        ensure_months(connection, DeviceMeasurement, [JANUARY])
        transaction.set_rollback(True)

    assert ensure_months(connection, DeviceMeasurement, [JANUARY]) == names(JANUARY)


def test_an_operation_that_makes_a_time_series_can_be_written_into_a_migration():
    operation = partitions.CreateTimeSeries(name="Thing", fields=[], partition_by="start")

    name, arguments, named = operation.deconstruct()

    assert name == "CreateTimeSeries"
    assert partitions.CreateTimeSeries(*arguments, **named).deconstruct() == operation.deconstruct()
