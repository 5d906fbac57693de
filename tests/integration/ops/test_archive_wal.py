"""PostgreSQL's journal, archived by `deploy/archive_wal.py`: when the machine is lost, what was archived comes back."""

from __future__ import annotations

import base64
import secrets
import shlex
import shutil
import subprocess
import sys
import tarfile

import psycopg
import pytest
from django.db import connection

from cercollettiva.ops import checks
from tests.support.canaries import found
from tests.support.postgres import PostgresServer, binary
from tests.support.processes import LOOPBACK, hand_over, make_folder, user_for_root, wait_until
from tests.support.services import ROOT

SCRIPT = ROOT / "deploy" / "archive_wal.py"
KEY = base64.b64encode(secrets.token_bytes(32)).decode()


class Archive:
    """The folder of the archive and the file that says where it is, both of PostgreSQL's user."""

    def __init__(self) -> None:
        place = make_folder("archive")
        self.folder = place / "wal"
        self.folder.mkdir()
        self.env = place / "wal.env"
        self.env.write_text(f"WAL_FOLDER={self.folder}\nBACKUP_KEY={KEY}\n")
        hand_over(place, user_for_root("postgres"))

    def command(self, *words: object) -> str:
        return shlex.join(["env", f"WAL_ENV={self.env}", sys.executable, str(SCRIPT), *map(str, words)])

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), shell=True, capture_output=True, text=True, check=False)  # noqa: S602


@pytest.fixture
def archive() -> Archive:
    return Archive()


def archiving(archive: Archive) -> PostgresServer:
    settings = {
        "archive_mode": "on",
        "archive_timeout": "300",
        "full_page_writes": "on",
        "archive_command": archive.command("keep", "%p", "%f"),
    }
    server = PostgresServer(settings=settings)
    server.reads_all = True
    return server


def say(server: PostgresServer, *numbers: int) -> None:
    with psycopg.connect(server.url(), autocommit=True) as session:
        session.execute("CREATE TABLE IF NOT EXISTS said (number int, word text)")
        for number in numbers:
            session.execute("INSERT INTO said VALUES (%s, 'CANARINO-NEL-GIORNALE')", [number])


def ask(server: PostgresServer, statement: str, role: str = "postgres") -> object:
    with psycopg.connect(server.url(role=role), autocommit=True) as session:
        return session.execute(statement).fetchone()[0]  # type: ignore[index]


def archived(server: PostgresServer) -> None:
    """What was said so far leaves the machine, as it does every five minutes at the latest."""
    piece = ask(server, "SELECT pg_walfile_name(pg_switch_wal())")
    done = f"SELECT coalesce(last_archived_wal, '') >= '{piece}' FROM pg_stat_archiver"
    assert wait_until(lambda: bool(ask(server, done)), within=20, every=0.1), server.log_tail()


def base_of(server: PostgresServer, archive: Archive) -> None:
    """As the guide has it: a base backup, sealed beside the journal."""
    target = make_folder("base")
    login = ["--host", LOOPBACK, "--port", str(server.port), "--username", "postgres"]
    form = ["--format=tar", "--gzip", "--checkpoint=fast", "--wal-method=fetch"]
    subprocess.run(
        [binary("pg_basebackup"), *login, f"--pgdata={target}", *form],
        env={"PGPASSWORD": server.passwords["postgres"], "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )
    done = archive.run("keep", target / "base.tar.gz", "base-20261127.tar.gz")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(target)


def restored(lost: PostgresServer, archive: Archive, **recovery: str) -> PostgresServer:
    """A new machine, from the archive alone."""
    server = PostgresServer()
    server.passwords, server.reads_all = lost.passwords, True
    packed = server.folder / "base.tar.gz"
    assert archive.run("fetch", "base-20261127.tar.gz", packed).returncode == 0
    server.data.mkdir(mode=0o700)
    with tarfile.open(packed) as tar:
        tar.extractall(server.data, filter="data")
    fetch = archive.command("fetch", "%f", "%p")
    wanted = {"port": str(server.port), "archive_mode": "off", "restore_command": fetch, **recovery}
    with (server.data / "postgresql.conf").open("a") as conf:
        conf.writelines(f"{name} = '{value}'\n" for name, value in wanted.items())
    (server.data / "recovery.signal").touch()
    hand_over(server.folder, server.user)
    server.start()
    is_open = "SELECT NOT pg_is_in_recovery()"
    assert wait_until(lambda: bool(ask(server, is_open)), within=20, every=0.1), server.log_tail()
    return server


def numbers(server: PostgresServer) -> object:
    return ask(server, "SELECT array_agg(number ORDER BY number) FROM said")


def test_after_the_machine_is_lost_all_that_was_archived_comes_back_up_to_any_moment(own_parts, archive):
    server = archiving(archive).start()
    own_parts.callback(server.remove)
    base_of(server, archive)
    say(server, 1, 2, 3)
    moment = str(ask(server, "SELECT clock_timestamp()"))
    say(server, 4, 5)
    archived(server)
    say(server, 6)  # in no finished piece yet: five minutes at most

    server.kill()
    shutil.rmtree(server.data)

    everything = restored(server, archive)
    own_parts.callback(everything.remove)
    assert numbers(everything) == [1, 2, 3, 4, 5]
    say(everything, 7)  # it is open for more
    then = restored(server, archive, recovery_target_time=moment, recovery_target_action="promote")
    own_parts.callback(then.remove)
    assert numbers(then) == [1, 2, 3]
    for sealed in archive.folder.iterdir():
        assert sealed.stat().st_mode & 0o077 == 0
        assert not found(["CANARINO-NEL-GIORNALE"], sealed.read_bytes())


def test_a_piece_is_kept_once_and_another_of_its_name_never(archive, tmp_path):
    piece, other = tmp_path / "piece", tmp_path / "other"
    piece.write_bytes(b"x" * 3_000_000)
    other.write_bytes(b"y")

    assert archive.run("keep", piece, "000000010000000000000001").returncode == 0
    assert archive.run("keep", piece, "000000010000000000000001").returncode == 0  # PostgreSQL asks again after a crash
    refused = archive.run("keep", other, "000000010000000000000001")

    assert (refused.returncode, "is another" in refused.stderr) == (1, True)
    assert archive.run("fetch", "000000010000000000000001", tmp_path / "back").returncode == 0
    assert (tmp_path / "back").read_bytes() == piece.read_bytes()
    assert archive.run("fetch", "000000010000000000000002", tmp_path / "none").returncode == 1  # the end of a recovery
    assert not (tmp_path / "none").exists()
    assert archive.run("throw", piece, "x").returncode == 2


@pytest.mark.django_db(transaction=True)
def test_an_archive_that_takes_nothing_is_told_by_the_doctor(own_parts, archive, monkeypatch):
    archive.env.write_text(f"WAL_FOLDER={archive.folder}/nowhere\nBACKUP_KEY={KEY}\n")
    server = archiving(archive).start()
    own_parts.callback(server.remove)
    assert checks._archive_trouble() == {}  # the tests' own archives nothing
    say(server, 1)
    piece = ask(server, "SELECT pg_walfile_name(pg_switch_wal())")
    assert wait_until(lambda: bool(ask(server, "SELECT failed_count FROM pg_stat_archiver")), within=20, every=0.2)

    connection.close()
    with monkeypatch.context() as patch:
        for key, value in {
            "PORT": server.port,
            "PASSWORD": server.passwords["cercollettiva"],
            "NAME": "cercollettiva",
        }.items():
            patch.setitem(connection.settings_dict, key, value)
        told = checks._archive_trouble()
        connection.close()

    assert told["name"] <= str(piece)
    assert told["since"]
    assert numbers(server) == [1]  # nothing is let go of
