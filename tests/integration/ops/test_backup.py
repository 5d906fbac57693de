"""The drill: back up, lose everything, restore elsewhere; and every way in which a restore must not go."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection

from cercollettiva.documents.intake import Subject, take_in
from cercollettiva.documents.types import DocumentType
from cercollettiva.domain.calendar import day_range
from cercollettiva.monitoring.models import Alert, BackupRun
from cercollettiva.ops import jobs
from cercollettiva.ops.backup import folders, making, rotation, runs
from cercollettiva.ops.backup.errors import BackupFailed
from cercollettiva.settings import env
from cercollettiva.settlement.estimates import estimate
from cercollettiva.settlement.operations import write_rule
from tests.integration.settlement.world import DAY, NOW, make_world, write_hours, write_published
from tests.support.canaries import found
from tests.support.pdfs import pdf_of
from tests.support.postgres import PostgresServer
from tests.support.services import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

BILL = pdf_of([(40, 60, "CANARINO-DELLA-BOLLETTA")])
NIGHT = datetime(2026, 11, 27, 1, 33, tzinfo=UTC)
KEY = base64.b64encode(secrets.token_bytes(32)).decode()

# In the restored place: the settlement is calculated again from its rows, and the document is opened.
PROOF = """
import django, json; django.setup()
from datetime import datetime
from django.conf import settings
from cercollettiva.core.models import CERConfiguration
from cercollettiva.documents.files import read
from cercollettiva.documents.models import Document
from cercollettiva.domain.calendar import day_range
from cercollettiva.settings import env
from cercollettiva.settlement.estimates import estimate
from cercollettiva.settlement.models import SettlementRun
from cercollettiva.users.models import CustomUser
from tests.integration.settlement.world import DAY, NOW
kept = SettlementRun.objects.get().inputs_hash
again = estimate(CERConfiguration.objects.get(), day_range(DAY), now=NOW)
paper = Document.objects.get()
print(json.dumps({"kept": kept, "again": again.inputs_hash, "totals": again.totals,
    "paper": read(paper.file_id, paper.file_key).decode("latin-1"),
    "iban": CustomUser.objects.get(first_name="anna").iban}))
"""


class Place(NamedTuple):
    """A database and a folder of files of their own."""

    database_url: str
    media: Path

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        env = {"DATABASE_URL": self.database_url, "MEDIA_ROOT": str(self.media), "BACKUP_KEY": KEY}
        return subprocess.run(
            [sys.executable, *map(str, command)], env={**os.environ, **env}, cwd=ROOT, capture_output=True, text=True
        )

    def counts(self) -> dict[str, int]:
        if self.database_url.startswith("sqlite"):
            return _counts_of_file(Path(self.database_url.removeprefix("sqlite:///")))
        with psycopg.connect(self.database_url) as opened:
            tables = opened.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
                "AND NOT relispartition AND relname NOT LIKE 'huey%'"
            ).fetchall()
            return {name: opened.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in tables}


def _counts_of_file(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as opened:
        return making.sqlite.counts(opened)


@pytest.fixture
def here(settings, tmp_path) -> dict[str, Any]:
    """A community with a settled day and one document; and where its backups go."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.BACKUP_DIR = str(tmp_path / "backups")
    settings.BACKUP_KEYS = [base64.b64decode(KEY)]
    world = make_world()
    world.people["anna"].iban = "IT60X0542811101000000123456"
    world.people["anna"].save()
    write_hours(world, day_range(DAY))
    write_published(day_range(DAY))
    write_rule(world.cer, valid_from=DAY, by=None)
    run = estimate(world.cer, day_range(DAY), now=NOW)
    owner = world.people["anna"]
    take_in(SimpleUploadedFile("b.pdf", BILL), kind=DocumentType.BILL, subject=Subject(owner=owner), by=owner)
    return {"hash": run.inputs_hash, "totals": run.totals, "media": settings.MEDIA_ROOT}


@pytest.fixture
def elsewhere(request, tmp_path) -> Place:
    """A machine that has nothing: a fresh cluster, or no file; and no folder of files."""
    media = tmp_path / "elsewhere" / "media"
    if connection.vendor == "sqlite":
        return Place(f"sqlite:///{tmp_path / 'elsewhere' / 'fresh.sqlite3'}", media)
    server: PostgresServer = request.getfixturevalue("start_postgres")()
    return Place(server.url(), media)


@pytest.fixture
def restore(elsewhere, settings, monkeypatch):
    """`manage.py restore` as that machine would run it, in this process: a start of Python takes seconds."""

    def run(path: Path, *arguments: str) -> str:
        """Nothing when it went well, else the reason."""
        connection.close()
        with monkeypatch.context() as patch, settings_of(settings, MEDIA_ROOT=elsewhere.media):
            database = env.database("unset", elsewhere.database_url)
            for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT"):
                patch.setitem(connection.settings_dict, key, database[key])
            try:
                call_command("restore", path, *arguments)
            except CommandError as error:
                return str(error)
            finally:
                connection.close()
        return ""

    return run


def name_of(place: Place) -> str:
    return place.database_url.rpartition("/")[2]


def random_key() -> bytes:
    return secrets.token_bytes(32)


def test_everything_is_lost_and_comes_back_elsewhere_or_nothing_does(here, elsewhere, restore, settings, tmp_path):
    made = runs.back_up(NIGHT)
    content = made.path.read_bytes()
    assert made.manifest.tables["energy_energyaggregate"] == 69
    assert not found(["CANARINO", "IT60X0542811101000000123456", "django_migrations"], content)
    assert made.path.stat().st_mode & 0o077 == 0

    # What must not be restored leaves nothing behind: neither table nor file.
    half = len(content) // 2
    flipped = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
    damaged = tmp_path / "damaged"
    for reason, bad in {"rovinato": flipped, "troncato": content[:half], "vuoto": b"", "Non è una": b"x" * 99}.items():
        damaged.write_bytes(bad)
        assert reason in restore(damaged)
    with settings_of(settings, BACKUP_KEYS=[random_key()]):
        assert "BACKUP_KEY" in restore(made.path)
    with settings_of(settings, FIELD_ENCRYPTION_KEYS={"k1": random_key()}):
        assert "k1" in restore(made.path)
    assert "No such file" in restore(tmp_path / "nowhere")
    assert elsewhere.counts() == {}
    assert folders.is_empty(elsewhere.media)

    done = elsewhere.run("manage.py", "restore", made.path)

    assert done.returncode == 0, done.stderr
    assert elsewhere.counts() == made.manifest.tables
    proof = elsewhere.run("-c", PROOF)
    told = json.loads(proof.stdout.splitlines()[-1])
    assert told["kept"] == told["again"] == here["hash"]
    assert told["totals"] == here["totals"]
    assert told["paper"].encode("latin-1") == BILL
    assert told["iban"] == "IT60X0542811101000000123456"

    # It is full now: refused, unless its very name is said; and a manifest that lies is found out before the commit.
    (elsewhere.media / "later").write_text("later")
    before = elsewhere.counts()
    assert name_of(elsewhere) in restore(made.path)
    assert name_of(elsewhere) in restore(made.path, "--replace", "another")
    assert "rimasto com’era" in restore(liar(NIGHT + timedelta(seconds=1)), "--replace", name_of(elsewhere))
    assert elsewhere.counts() == before
    assert (elsewhere.media / "later").read_text() == "later"

    assert restore(made.path, "--replace", name_of(elsewhere)) == ""

    assert elsewhere.counts() == made.manifest.tables
    assert not (elsewhere.media / "later").exists()


def liar(moment: datetime) -> Path:
    """A whole archive whose manifest counts rows that are not there."""
    engine = making.sqlite if connection.vendor == "sqlite" else making.postgres
    plain = engine.snapshot

    @contextmanager
    def snapshot() -> Iterator[Any]:
        with plain() as seen:
            yield seen._replace(tables={**seen.tables, "users_customuser": 99})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "snapshot", snapshot)
        return making.make(moment, keep_all=True).path


@contextmanager
def settings_of(settings: Any, **changed: Any) -> Iterator[None]:
    before = {name: getattr(settings, name) for name in changed}
    for name, value in changed.items():
        setattr(settings, name, value)
    yield
    for name, value in before.items():
        setattr(settings, name, value)


def test_a_backup_that_fails_leaves_no_file_and_says_why(here, settings, monkeypatch):
    folder = Path(settings.BACKUP_DIR)
    plain = settings.BACKUP_KEYS
    settings.BACKUP_KEYS = []
    with pytest.raises(CommandError, match="BACKUP_KEY"):
        call_command("backup")
    settings.BACKUP_KEYS = plain
    if connection.vendor == "postgresql":
        with monkeypatch.context() as patch:
            patch.setitem(connection.settings_dict, "PASSWORD", "wrong")
            with pytest.raises(CommandError):
                call_command("backup")
        with monkeypatch.context() as patch:  # a dump that ends well and empty is no backup
            patch.setattr(making.postgres, "dump", lambda of: iter(()))
            with pytest.raises(CommandError, match="alcun database"):
                call_command("backup")
        with monkeypatch.context() as patch:
            patch.setattr(making.postgres, "LOCK_WAIT", "no time at all")
            with pytest.raises(CommandError, match="pg_dump"):
                call_command("backup")
    settings.BACKUP_DIR = "/proc/nowhere"
    with pytest.raises(CommandError, match="/proc/nowhere"):
        call_command("backup")

    assert rotation.backups_in(folder) == {}
    assert [path.name for path in folder.iterdir()] == [making.LOCK]
    assert BackupRun.objects.filter(succeeded=False).count() == BackupRun.objects.count() >= 2
    assert not BackupRun.objects.filter(reason="").exists()
    alert = Alert.objects.unresolved().get()
    assert (alert.kind, alert.is_platform) == ("backup-missing", True)
    assert "BACKUP_KEY" in alert.text

    settings.BACKUP_DIR = str(folder)
    call_command("backup")

    assert not Alert.objects.unresolved().exists()


def test_the_nightly_job_rotates_and_writes_down_what_it_did(here, settings):
    settings.BACKUP_DIR, asked = "", settings.BACKUP_DIR
    assert jobs.nightly_backup(NIGHT) == "no BACKUP_DIR"
    assert not BackupRun.objects.exists()
    settings.BACKUP_DIR = asked
    for age in (1, 20, 21):
        name = rotation.name_at(NIGHT - timedelta(days=age))
        Path(asked).mkdir(exist_ok=True)
        (Path(asked) / name).touch()

    said = jobs.nightly_backup(NIGHT)

    run = BackupRun.objects.get()
    assert (run.succeeded, run.file_name) == (True, rotation.name_at(NIGHT))
    assert said.startswith(run.file_name)
    assert run.size == (Path(asked) / run.file_name).stat().st_size
    assert run.row_count > 69
    with making._alone_in(Path(asked)), pytest.raises(BackupFailed, match="in corso"):
        making.make(NIGHT + timedelta(seconds=1))


def test_private_keys_stay_out_and_are_named(here, settings, tmp_path):
    settings.BROKER_FOLDER = str(tmp_path / "broker")
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "server.key").write_text("-----BEGIN " + "PRIVATE KEY-----\nx\n")
    (tmp_path / "broker" / "passwords").write_text("meter:verifier\n")

    made = runs.back_up(NIGHT)

    assert made.manifest.left_out == ["broker/server.key"]
    assert "broker/passwords" in [part.name for part in made.manifest.parts]
    assert not {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "BACKUP_KEY"} & set(made.manifest.configuration)
