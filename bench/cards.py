"""What the members' desk costs: 500 cards as PDF in one job, and 5,000 members from a file against bare bulk_create.

`python -m bench.cards` alone writes into the database of DATABASE_URL, which must be empty, and measures.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bench import parts
from tests.support import platform
from tests.support.postgres import PostgresServer

CARDS = 500
MEMBERS = 5_000
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def run() -> dict[str, Any]:
    """CPU of this process alone: PostgreSQL works beside it."""
    with PostgresServer(settings={"log_statement": "none"}) as server:
        platform.manage("migrate", "--verbosity=0", database_url=server.url())
        return parts.figures_of("bench.cards", database_url=server.url())


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    import django

    django.setup()
    figures = _members()
    figures |= _cards()
    print(json.dumps(figures))


def _members() -> dict[str, Any]:
    """The import without its validation, and bulk_create of rows that were made before: the same rows, twice."""
    from cercollettiva.core import member_import
    from cercollettiva.core.member_rows import sort_rows
    from cercollettiva.core.models import MemberImportRow

    bare = _community("B")
    file = member_import.upload(bare, name="bare.csv", content=_list_of("b"), by=None, at=NOW)
    found = sort_rows(bare, file.rows.order_by("number"), file.mapping, today=NOW.date())
    assert len(found.ready) == MEMBERS
    bare_s = _seconds(lambda: _bulk_create(bare, found.ready))

    whole = _community("A")
    file = member_import.upload(whole, name="whole.csv", content=_list_of("a"), by=None, at=NOW)
    rows = list(file.rows.order_by("number"))
    checked = sort_rows(whole, rows, file.mapping, today=NOW.date())

    def write() -> None:
        for start in range(0, MEMBERS, member_import.BATCH):
            member_import.write_members(whole, checked.ready[start : start + member_import.BATCH], by=None, at=NOW)
        changed = ["outcome", "reason", "membership", "made_account"]
        MemberImportRow.objects.bulk_update(checked.rows, changed, batch_size=member_import.BATCH)

    import_s = _seconds(write)
    return {"members": MEMBERS, "bare_s": bare_s, "import_s": import_s, "times_bare": round(import_s / bare_s, 2)}


def _bulk_create(community: Any, members: list[Any]) -> None:
    """People, memberships, entries and cards, and nothing else."""
    from cercollettiva.core.models import CERMembership, MemberRegistry, MembershipCard
    from cercollettiva.users.models import CustomUser

    users = CustomUser.objects.bulk_create([member.user for member in members], batch_size=500)
    memberships = CERMembership.objects.bulk_create(
        [
            CERMembership(community=community, user=user, member_type="CONSUMER", state="APPROVED", active_from=NOW)
            for user in users
        ],
        batch_size=500,
    )
    person = json.dumps({"name": "Anna Neri", "fiscal_code": "", "address": "", "member_type": "CONSUMER"})
    shared = {"organisation": community.organisation}
    MemberRegistry.objects.bulk_create(
        [
            MemberRegistry(
                **shared,
                number=number,
                member_number=number,
                kind="ENTERED",
                user_id=each.user_id,
                membership=each,
                on=NOW.date(),
                person=person,
            )
            for number, each in enumerate(memberships, start=1)
        ],
        batch_size=500,
    )
    MembershipCard.objects.bulk_create(
        [
            MembershipCard(**shared, number=number, membership=each, valid_from=NOW.date())
            for number, each in enumerate(memberships, start=1)
        ],
        batch_size=500,
    )


def _cards() -> dict[str, Any]:
    """The job as `work` does it, on a community of so many; CPU of this process for each card. [ms]"""
    from cercollettiva.core.models import CardJob, MembershipCard
    from cercollettiva.ops.desk import print_cards

    keep = MembershipCard.objects.filter(organisation__name="A").order_by("number").values_list("pk", flat=True)
    MembershipCard.objects.exclude(pk__in=list(keep[:CARDS])).update(valid_to=NOW.date(), valid_from=NOW.date())
    job = CardJob.objects.create(community=_community("A"), asked_at=NOW)
    started = time.process_time()
    print_cards(NOW)
    used = time.process_time() - started
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("DONE", CARDS, CARDS)
    job.file.delete(save=False)
    return {"cards": job.done, "cpu_ms_each": round(1000 * used / job.done, 2)}


def _community(letter: str) -> Any:
    from cercollettiva.core.models import CERConfiguration, Organisation

    organisation, _ = Organisation.objects.get_or_create(name=letter)
    found, _ = CERConfiguration.objects.get_or_create(
        code=letter, defaults={"organisation": organisation, "name": f"CER {letter}", "slug": letter.lower()}
    )
    return found


def _list_of(kind: str) -> bytes:
    """A list as a community has it, of persons: codes whose last letter is right."""
    lines = ["email;nome;cognome;codice fiscale;indirizzo;telefono"]
    for number in range(MEMBERS):
        code = _fiscal_code(kind, number)
        lines.append(f"{kind}{number}@example.it;Anna;Neri {number};{code};Via dei Lumi {number};059 {number:06}")
    return "\n".join(lines).encode()


def _fiscal_code(kind: str, number: int) -> str:
    from cercollettiva.domain.identifiers import InvalidIdentifier
    from cercollettiva.domain.tax_codes import persons_fiscal_code

    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    middle = f"{letters[number // 26 % 26]}{letters[number % 26]}{letters[number // 676 % 26]}"
    body = f"RSS{middle}85T10{'A' if kind == 'a' else 'B'}562"
    for last in letters:
        try:
            return persons_fiscal_code(body + last)
        except InvalidIdentifier:
            continue
    raise AssertionError(body)


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 2)


if __name__ == "__main__":
    main()
