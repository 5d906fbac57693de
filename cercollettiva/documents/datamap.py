"""What the tables of papers hold of people."""

from __future__ import annotations

from cercollettiva.users.datamap import (
    MEMBERSHIP,
    REST,
    STATE,
    Basis,
    Fields,
    NotPersonal,
    Personal,
    Purpose,
    Term,
    plainly,
    same,
)

PAPERS = Personal(Purpose.INCENTIVES, Basis.CONTRACT, Term.TEN_YEARS)
ACCESSES = Personal(Purpose.SECURITY, Basis.INTEREST, Term.TEN_YEARS)
A_RANDOM_KEY = NotPersonal("a random key")

MAP: dict[str, Fields] = {
    "documents.RetentionTerm": {REST: NotPersonal("a rule of the platform")},
    "documents.Document": {
        **same(PAPERS, "file_name", "notes", "read_json", "legal_hold_reason", "sha256"),
        "checksum": NotPersonal("a keyed hash of the content"),
        "file_key": A_RANDOM_KEY,
        "processing_error": NotPersonal("a reason of the program's, without a word of the paper"),
        "media_type": NotPersonal("one of three"),
        "consent_version": NotPersonal("a version of the notice"),
        REST: plainly(MEMBERSHIP, STATE),
    },
    "documents.DocumentAccess": {
        "address": plainly(ACCESSES, "shown beside the access, to whoever sees the paper"),
        REST: plainly(ACCESSES, STATE),
    },
}
