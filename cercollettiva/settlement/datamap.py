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
    "settlement.TariffParameter": {**same(PUBLISHED, "source"), REST: PUBLISHED},
    "settlement.ZonalPrice": {**same(PUBLISHED, "source"), REST: PUBLISHED},
}
