"""What the tables of settlement hold of people."""

from __future__ import annotations

from cercollettiva.users.datamap import LINK, REST, Basis, Fields, NotPersonal, Personal, Purpose, Term, plainly, same

INCENTIVES = Personal(Purpose.INCENTIVES, Basis.CONTRACT, Term.TEN_YEARS)
REGULATION = NotPersonal("what a community's regulation says")
PUBLISHED = NotPersonal("published by the market or by ARERA")

MAP: dict[str, Fields] = {
    "settlement.DistributionRule": {
        **same(REGULATION, "note", "producers_key", "consumers_key", "attribution", "threshold", "excess"),
        "created_by": plainly(INCENTIVES, LINK),
        REST: REGULATION,
    },
    "settlement.DistributionShare": {
        REST: plainly(INCENTIVES, "divided by queries; leads to a person only through the membership"),
    },
    "settlement.SettlementRun": {
        "inputs_hash": NotPersonal("a hash of all inputs"),
        "versions": REGULATION,
        **same(plainly(INCENTIVES, "sums of a community, and plants by their key"), "totals", "estimate", "sets"),
        **same(plainly(INCENTIVES, "what is missing, by POD"), "plants", "completeness", "refusal", "refusal_details"),
        REST: plainly(INCENTIVES, "a period and a state"),
    },
    "settlement.MemberPart": {
        "lines": plainly(INCENTIVES, "amounts and keys, without a name"),
        REST: plainly(INCENTIVES, "summed by the database; leads to a person only through the key"),
    },
    "settlement.TariffParameter": {**same(PUBLISHED, "source"), REST: PUBLISHED},
    "settlement.ZonalPrice": {**same(PUBLISHED, "source"), REST: PUBLISHED},
}
