"""The promises about periods, on the tables that carry them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from cercollettiva.core.periods import NoOverlap
from tests.integration.core.scene import NOW, make_plant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

POD = "IT001E12345678"
DAY = timedelta(days=1)


def promised() -> dict[str, str]:
    """The names of all no-overlaps in the migrations, with their tables."""
    loader = MigrationLoader(connection)
    return {
        operation.name: apps.get_model(app, operation.model_name)._meta.db_table
        for (app, _), migration in loader.disk_migrations.items()
        for operation in migration.operations
        if isinstance(operation, NoOverlap)
    }


def kept() -> dict[str, str]:
    """The names of those that are in the database, with their tables."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT conname, relname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE contype = 'x'"
            )
            return dict(cursor.fetchall())
        cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        triggers = dict(cursor.fetchall())
    names = {name.rpartition("_")[0] for name in triggers}
    both = {name for name in names if {f"{name}_insert", f"{name}_update"} <= triggers.keys()}
    return {name: triggers[f"{name}_insert"] for name in both}


def test_every_promise_about_periods_is_in_the_database():
    assert len(promised()) == 5
    assert kept() == promised()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOW - DAY, NOW + DAY),  # over its start
        (NOW + DAY, NOW + 2 * DAY),  # inside
        (NOW + 2 * DAY, None),  # over its end
        (NOW - DAY, None),  # around
        (NOW, NOW + 3 * DAY),  # the same
        (NOW + 3 * DAY - timedelta(microseconds=1), None),  # by an instant
        (NOW - DAY, NOW + timedelta(microseconds=1)),
    ],
)
def test_periods_that_share_an_instant_are_refused(start, end):
    make_plant(1, pod_code=POD, active_from=NOW, active_to=NOW + 3 * DAY)

    with pytest.raises(IntegrityError, match="plant_pod_periods_do_not_overlap"):
        make_plant(2, pod_code=POD, active_from=start, active_to=end)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOW - DAY, NOW),  # until it starts
        (NOW + 3 * DAY, None),  # from when it ends
        (NOW + DAY, NOW + DAY),  # empty
    ],
)
def test_periods_that_share_no_instant_stand_side_by_side(start, end):
    make_plant(1, pod_code=POD, active_from=NOW, active_to=NOW + 3 * DAY)

    second = make_plant(2, pod_code=POD, active_from=start, active_to=end)

    assert second.pk


def test_other_keys_do_not_meet():
    make_plant(1, active_from=NOW)

    assert make_plant(2, active_from=NOW).pk


def test_saving_a_row_again_does_not_meet_itself():
    plant = make_plant(1, active_from=NOW)
    plant.name = "Scuola"

    plant.save()

    plant.refresh_from_db()
    assert plant.name == "Scuola"


def test_a_second_with_and_without_a_fraction_is_compared_by_time():
    make_plant(1, pod_code=POD, active_from=NOW, active_to=NOW + timedelta(microseconds=500_000))

    with pytest.raises(IntegrityError), transaction.atomic():
        make_plant(2, pod_code=POD, active_from=NOW + timedelta(microseconds=499_999))
    assert make_plant(3, pod_code=POD, active_from=NOW + timedelta(microseconds=500_000)).pk


@pytest.mark.django_db(transaction=True)
def test_a_promise_can_be_taken_back_and_given_again():
    operation = NoOverlap("Plant", "plant_pod_periods_do_not_overlap", equal=["pod_key"])
    state = ProjectState.from_apps(apps)

    with connection.schema_editor() as editor:
        operation.database_backwards("core", editor, state, state)
    without = operation.name in kept()
    with connection.schema_editor() as editor:
        operation.database_forwards("core", editor, state, state)

    assert (without, kept()) == (False, promised())


def test_an_operation_can_be_written_into_a_migration():
    operation = NoOverlap("Plant", "a_name", equal=["a"], different=["b"], where={"role": "EXCHANGE"})

    name, arguments, named = operation.deconstruct()

    assert name == "NoOverlap"
    assert NoOverlap(*arguments, **named).deconstruct() == operation.deconstruct()
    assert isinstance(operation.describe(), str)
    assert issubclass(apps.get_model("core", operation.model_name), models.Model)
