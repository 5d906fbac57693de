"""A private PostgreSQL cluster: its own folder, its own loopback port, its own passwords."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.processes import (
    LOOPBACK,
    Child,
    accepts_connections,
    free_port,
    hand_over,
    make_folder,
    user_for_root,
    wait_until,
)

APPLICATION_ROLE = "cercollettiva"  # may create databases and nothing more: what needs a superuser fails here too


def binary(name: str) -> Path:
    """A server program of the newest PostgreSQL here; Debian keeps them out of PATH."""

    def version(path: Path) -> float:
        return float(path.parts[-3])

    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=version)
    in_path = shutil.which(name)
    if installed:
        return installed[-1]
    if in_path is None:
        raise FileNotFoundError("PostgreSQL is not installed: run tools/system-packages postgresql")
    return Path(in_path)


def _works_in(folder: Path, process: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:  # gone, or not ours
        return False


class PostgresServer(Child):
    """One cluster. `durable=False` trades safety at a power cut for speed; fault tests want `durable=True`."""

    def __init__(
        self,
        *,
        folder: Path | None = None,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self.passwords = {"postgres": secrets.token_hex(16), APPLICATION_ROLE: secrets.token_hex(16)}
        self.settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "shared_buffers": "128MB",
            "log_line_prefix": "%m [%p] ",
            "fsync": "on" if durable else "off",
            "synchronous_commit": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
            **(settings or {}),
        }
        folder = folder or make_folder("postgres")
        self.data = folder / "data"
        super().__init__(
            [binary("postgres"), "-D", self.data],
            name="postgres",
            folder=folder,
            user=user_for_root("postgres"),
            answers=self._answers,
            death_signal="INT",  # its word for "disconnect everybody and stop"
        )

    def start(self, *, within: float = 60) -> PostgresServer:
        is_new = not (self.data / "PG_VERSION").exists()
        if is_new:
            self._initialise()
        super().start(within=within)
        if is_new:
            self._create_role()
        return self

    def stop(self, *, immediate: bool = False) -> None:
        """Disconnects everybody and stops; `immediate` leaves the rest to recovery, as a crash would."""
        self.terminate(within=30, by=signal.SIGQUIT if immediate else signal.SIGINT)

    def kill(self) -> None:
        """Kills the first process and waits until the others have noticed: until then the cluster cannot start."""
        super().kill()
        wait_until(lambda: not any(_works_in(self.data, each) for each in Path("/proc").glob("[0-9]*")), within=10)

    def remove(self) -> None:
        self.stop(immediate=True)
        super().remove()

    def url(self, dbname: str = APPLICATION_ROLE, *, role: str = APPLICATION_ROLE) -> str:
        return f"postgres://{role}:{self.passwords[role]}@{LOOPBACK}:{self.port}/{dbname}"

    def createdb(self, name: str) -> str:
        """Makes an empty database that belongs to the application and returns its URL."""
        with psycopg.connect(self.url("postgres", role="postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(APPLICATION_ROLE))
            )
        return self.url(name)

    def _answers(self) -> bool:
        if not accepts_connections(self.port):
            return False
        try:
            psycopg.connect(self.url("postgres", role="postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:  # still recovering
            return False
        return True

    def _initialise(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.passwords["postgres"])
        password_file.chmod(0o600)
        hand_over(self.folder, self.user)
        done = subprocess.run(
            [
                *(binary("initdb"), "-D", self.data, "--username=postgres", f"--pwfile={password_file}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            user=self.user,
            cwd=self.folder,
            env={**os.environ, "TZ": "UTC"},
            capture_output=True,
            text=True,
            check=False,
        )
        password_file.unlink()
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}\n{done.stderr}")
        lines = [f"{name} = '{value}'\n" for name, value in self.settings.items()]
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.writelines(lines)

    def _create_role(self) -> None:
        role = sql.Identifier(APPLICATION_ROLE)
        with psycopg.connect(self.url("postgres", role="postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, self.passwords[APPLICATION_ROLE])
            )
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
