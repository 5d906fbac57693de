"""What is older than its term goes, in every room: measures, lines of logs, papers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cercollettiva.documents import retention as papers
from cercollettiva.documents.models import Document
from cercollettiva.energy.retention import Retired, retire
from cercollettiva.users.rights.purging import purge_due

FILES = "files without a row"
PSEUDONYMS = "pseudonyms"


def retire_everything(
    now: datetime, *, dry_run: bool = False, detach: bool = False, tell: Callable[[str], None] = lambda line: None
) -> list[Retired]:
    """Rows that are old enough, then papers; doing it again takes nothing more."""
    done = retire(now, dry_run=dry_run, detach=detach, tell=tell)
    done += retire_papers(now, dry_run=dry_run, tell=tell)
    return [*done, *end_pseudonyms(now, dry_run=dry_run, tell=tell)]


def retire_papers(
    now: datetime, *, dry_run: bool = False, tell: Callable[[str], None] = lambda line: None
) -> list[Retired]:
    """The papers past their term, and files that a crash left behind. What a legal hold keeps is told, and stays."""
    outcome = papers.run(now, dry_run=dry_run)
    table = Document._meta.db_table
    tell(f"{table}: {len(outcome.deleted)} papers, {len(outcome.held)} kept by a legal hold")
    tell(f"{FILES}: {outcome.orphans}")
    return [Retired(table, now, [], len(outcome.deleted)), Retired(FILES, now, [], outcome.orphans)]


def end_pseudonyms(
    now: datetime, *, dry_run: bool = False, tell: Callable[[str], None] = lambda line: None
) -> list[Retired]:
    """What the law kept of people who were erased, ten years after they left; how many rows went."""
    ended = purge_due(now, dry_run=dry_run)
    rows = sum(sum(one.deleted.values()) for one in ended)
    tell(f"{PSEUDONYMS}: {len(ended)} ended, {rows} rows")
    return [Retired(PSEUDONYMS, now, [], rows)]
