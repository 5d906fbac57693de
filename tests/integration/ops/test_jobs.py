"""The jobs: what they do, who may start them, and the process around them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from cercollettiva.energy.models import IngestBatch
from cercollettiva.energy.partitions import partitions_of
from cercollettiva.ops import jobs
from tests.support.processes import Child, wait_until

pytestmark = pytest.mark.both_databases

NOW = datetime(2031, 12, 30, 12, tzinfo=UTC)


@pytest.fixture
def work(transactional_db: None, start_manage: Callable[..., Child]) -> Callable[..., Child]:
    """Starts `manage.py work`."""

    def start(*arguments: str) -> Child:
        child = start_manage("work", *arguments)
        assert wait_until(lambda: child.has_written("Periodic tasks are enabled"), within=20), child.log_tail()
        return child

    return start


@pytest.mark.django_db
def test_this_month_and_the_next_have_their_partitions():
    made = jobs.make_partitions(NOW)

    expected = 6 if connection.vendor == "postgresql" else 0
    assert len(made) == expected
    assert jobs.make_partitions(NOW) == []
    if expected:
        names = partitions_of(connection, "energy_energyinterval")
        assert {"energy_energyinterval_y2031m12", "energy_energyinterval_y2032m01"} <= names


@pytest.mark.django_db
def test_sessions_that_ended_go_and_others_stay():
    now = datetime.now(UTC)
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(days=1))

    jobs.prune(now)

    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


@pytest.mark.django_db
def test_the_journal_of_an_ingestor_that_may_come_back_stays():
    for seq, age in enumerate((timedelta(days=1), timedelta(days=29), timedelta(days=31))):
        IngestBatch.objects.create(seq=seq, ingestor="one", committed_at=NOW - age, fingerprints=b"\0" * 8)

    deleted = jobs.prune(NOW)

    assert deleted == 1
    assert sorted(IngestBatch.objects.values_list("seq", flat=True)) == [0, 1]


class Queue:
    """A queue that notes what its scheduler asks of it."""

    immediate = False

    def __init__(self) -> None:
        self.asked = 0

    def read_periodic(self, now: object) -> list[Any]:
        self.asked += 1
        return []


class Lock:
    def __init__(self, *, free: bool) -> None:
        self.free = free

    def hold(self) -> bool:
        return self.free


def test_only_the_holder_of_the_lock_starts_what_is_due():
    queue, lock = Queue(), Lock(free=False)
    scheduler = jobs.make_consumer(queue, lock)._create_scheduler()

    scheduler.enqueue_periodic_tasks(None)
    assert queue.asked == 0

    lock.free = True  # the holder has gone
    scheduler.enqueue_periodic_tasks(None)
    assert queue.asked == 1


def test_a_file_lock_has_one_holder_until_it_goes(tmp_path):
    first, second = jobs.FileLock(tmp_path / "lock"), jobs.FileLock(tmp_path / "lock")

    assert [first.hold(), second.hold(), first.hold()] == [True, False, True]

    first._file.close()
    assert second.hold()


@pytest.mark.django_db(transaction=True)
def test_the_lock_of_the_database_has_one_holder():
    mine = jobs.make_lock()
    held: list[bool] = []

    def another() -> None:
        lock = jobs.make_lock()
        held.append(lock.hold())
        connection.close()

    assert mine.hold()
    thread = threading.Thread(target=another)
    thread.start()
    thread.join()

    assert held == [False]
    connection.close()  # the lock goes with it


def test_work_ends_in_good_order(work):
    child = work()

    assert child.terminate() == 0
    assert "All workers have stopped" in child.log_tail()


def test_work_does_what_is_put_in_its_queue(work):
    queue = jobs.make_queue()
    child = work()
    task = queue._registry.string_to_task("cercollettiva.ops.jobs.prune")

    queue.enqueue(task())

    assert wait_until(lambda: child.has_written("Job prune"), within=10), child.log_tail()
    queue.storage.close()


def test_a_task_that_we_did_not_sign_is_not_opened():
    from huey.serializer import Serializer

    with pytest.raises(ValueError, match=r"Signature|Separator"):
        jobs.make_queue().serializer.deserialize(Serializer().serialize({"harm": 1}))


@pytest.mark.django_db
def test_once_does_each_job_and_ends(capsys):
    from django.core.management import call_command

    call_command("work", once=True, stdout=sys.stdout)

    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "make_partitions",
        "prune",
        "aggregate_if_free",
        "check_directions",
        "watch_meters",
        "tell_of_alerts",
        "push_alerts",
        "check_clocks",
        "check_production",
        "forget_drafts",
        "retire_old_rows",
        "print_cards",
        "import_members",
        "remind_of_fees",
        "read_papers",
        "retire_old_papers",
        "tell_of_expiring_papers",
        "make_exports",
        "carry_out_erasures",
        "end_old_pseudonyms",
        "nightly_backup",
        "look_at_backups",
        "look_at_fees",
        "look_at_papers",
        "look_at_estimates",
        "send_mails",
    ]
