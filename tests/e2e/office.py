"""A platform at its first start, with mail in a folder: where people register, prove who they are and are let in."""

from __future__ import annotations

import email
import email.policy
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import migrated, processes
from tests.support.processes import Child, accepts_connections, free_port, wait_until
from tests.support.services import ROOT


@dataclass
class Office:
    """Where it is, and where its mails go."""

    url: str
    mails: Path
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout

    def mails_to(self, address: str) -> list[str]:
        """The texts of the mails to somebody, the newest last."""
        texts = []
        for path in sorted(self.mails.glob("*.log"), key=lambda path: path.stat().st_mtime):
            for part in path.read_text().split("-" * 79):
                message = email.message_from_string(part.strip(), policy=email.policy.default)
                if message["To"] == address:
                    texts.append(message.get_content())
        return texts

    def mail_to(self, address: str, holding: str, *, within: float = 15) -> str:
        """The newest mail to somebody that matches; `work` looks for mails to send every second."""
        found: list[str] = []

        def came() -> bool:
            found[:] = [text for text in self.mails_to(address) if re.search(holding, text)]
            return bool(found)

        assert wait_until(came, within=within), f"no mail to {address} says {holding}"
        return found[-1]

    def code_for(self, address: str) -> str:
        codes = re.findall(r"^[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}$", self.mails_to(address)[-1], re.MULTILINE)
        return str(codes[0])


@contextmanager
def running_office(*, with_people: str = "") -> Iterator[Office]:
    """On SQLite, with one uvicorn for pages and sockets, and the second factor required as in production.

    With people, a piece of Python that makes them, `work` runs too, which sends mails and reads papers.
    """
    state = processes.make_folder("office")
    mails = state / "mail"
    mails.mkdir()
    port = free_port()
    url = f"http://localhost:{port}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "cercollettiva.settings.local",
        "DATABASE_URL": f"sqlite:///{state / 'office.sqlite3'}",
        "EMAIL_URL": f"filemail:///{mails}",
        "SECOND_FACTOR": "required",
        "SITE_URL": url,
        "MEDIA_ROOT": str(state / "media"),  # another database's `work` takes files it does not know for left over
        "REDIS_URL": "",
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
    }
    office = Office(url, mails, environment)
    migrated.sqlite_at(state / "office.sqlite3")
    site = [sys.executable, "-m", "uvicorn", "cercollettiva.asgi:application", "--port", str(port)]
    child = Child([*site, "--log-level", "warning"], name="site", env=environment)
    child.answers = lambda: accepts_connections(port)
    with ExitStack() as running:
        if with_people:
            office.manage("shell", "--verbosity=0", "-c", with_people)
            work = Child([sys.executable, str(ROOT / "manage.py"), "work"], name="work", env=environment)
            work.answers = lambda: work.has_written("Periodic tasks are enabled")
            running.enter_context(work.start(within=60))
        running.enter_context(child.start(within=60))
        yield office
