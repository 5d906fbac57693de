"""Walks the audit log and says where its chain is broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cercollettiva.users.audit import GENESIS, Action, AuditAnchor, AuditHead, AuditLine

MOST_FAULTS: Final = 100  # a chain that was torn to pieces is told by its first hundred


class Fault(NamedTuple):
    seq: int
    kind: str  # changed, missing, unlinked, cut, unexplained, anchor, retired


class Anchor(NamedTuple):
    """A line that somebody wrote down elsewhere."""

    seq: int
    hash: str


BEGINNING: Final = Anchor(0, GENESIS)


@dataclass
class Verdict:
    lines: int = 0
    head: Anchor = BEGINNING
    faults: list[Fault] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.faults

    def found(self, seq: int, kind: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(seq, kind))


def verify_chain(anchor: Anchor | None = None) -> Verdict:
    """Every line against its own hash, against the one before, and the last against the end that was noted.

    `changed`: the content is not what was hashed. `missing`: numbers are left out before this one. `unlinked`: the line
    does not follow the one before it. `cut`: the chain does not end where it ended. `unexplained`: the oldest lines
    went, and no line says that retention took them. `anchor`: the line that was written down elsewhere is not there, or
    is another. `retired`: it went with the oldest, and nothing can be said by it.
    """
    verdict = Verdict()
    begins = beginning_of_chain()
    end, anchor_met, explained = begins, anchor in (None, begins), begins == BEGINNING
    for line in AuditLine.objects.order_by("seq").iterator(chunk_size=2000):
        verdict.lines += 1
        if line.seq != end.seq + 1:
            verdict.found(line.seq, "missing")
        elif line.previous != end.hash:
            verdict.found(line.seq, "unlinked")
        if line.computed_hash() != line.hash:
            verdict.found(line.seq, "changed")
        if line.action == Action.LINES_RETIRED and line.details.get("through") == begins.seq:
            explained = True
        end = Anchor(line.seq, line.hash)
        anchor_met = anchor_met or end == anchor
    verdict.head = end
    noted = AuditHead.objects.first() or AuditHead()
    if (noted.seq, noted.hash) != end:
        verdict.found(end.seq, "cut")
    if not explained:
        verdict.found(begins.seq, "unexplained")
    if anchor is not None and not anchor_met:
        verdict.found(anchor.seq, "retired" if anchor.seq < begins.seq else "anchor")
    return verdict


def beginning_of_chain() -> Anchor:
    """What the oldest line that is kept must follow."""
    kept = AuditAnchor.objects.first()
    return Anchor(kept.seq, kept.hash) if kept else BEGINNING
