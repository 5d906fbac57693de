"""What the tables of communities, members and plants hold of people."""

from __future__ import annotations

from cercollettiva.users.datamap import (
    LINK,
    MEMBERSHIP,
    PAYMENTS,
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

INCENTIVES = Personal(Purpose.INCENTIVES, Basis.CONTRACT, Term.TEN_YEARS)
LEGAL_PERSON = NotPersonal("of a legal person, in public registers")
PUBLISHED = NotPersonal("what a community publishes of itself")
APPLYING = Personal(Purpose.MEMBERSHIP, Basis.CONTRACT, Term.TEN_YEARS)  # a draft that is not sent: 90 days
INVITED = Personal(Purpose.ACCOUNT, Basis.INTEREST, Term.YEAR)  # of people who may have no account yet
OF_THE_PLANT = "of a plant; queries ask for it, and without the owner it names nobody"

MAP: dict[str, Fields] = {
    "core.Organisation": {
        **same(LEGAL_PERSON, "name", "fiscal_code", "address", "city", "zip_code", "province"),
        "iban": PAYMENTS,
        **same(PUBLISHED, "logo", "statute_version"),
        REST: LEGAL_PERSON,
    },
    "core.CERConfiguration": {
        **same(PUBLISHED, "name", "code", "slug", "primary_substation", "description"),
        **same(PUBLISHED, "logo", "statute", "regulation"),
        REST: PUBLISHED,
    },
    "core.CERMembership": {REST: plainly(MEMBERSHIP, STATE)},
    "core.RoleChange": {REST: plainly(MEMBERSHIP, STATE)},
    "core.Invitation": {
        "email": plainly(INVITED, "the link goes to it; looked up, to replace an older one, and compared"),
        "token_hash": NotPersonal("a hash of a random token"),
        REST: plainly(INVITED, STATE),
    },
    "core.Application": {
        **same(APPLYING, "answers_json", "sent_json"),
        "email": plainly(APPLYING, "mails go to it, and a draft is found again by it"),
        "pod_key": plainly(APPLYING, "compared, to see that a POD is not entered twice"),
        "link_key": NotPersonal("a random key"),
        REST: plainly(APPLYING, STATE),
    },
    "core.ApplicationEvent": {
        "note": APPLYING,
        "steps": NotPersonal("words of the code"),
        REST: plainly(APPLYING, STATE),
    },
    "core.MembershipCard": {REST: plainly(MEMBERSHIP, STATE)},
    "core.FeePayment": {REST: plainly(PAYMENTS, STATE)},
    "core.FeeReminder": {REST: plainly(PAYMENTS, STATE)},
    "core.CardJob": {
        "file": NotPersonal("a number and a time; the file is deleted after a week"),
        REST: NotPersonal("how far the printing of cards is"),
    },
    "core.MemberImport": {
        **same(NotPersonal("a file's name, its headings and which is which"), "file_name", "header", "mapping"),
        REST: NotPersonal("how far an import is"),
    },
    "core.MemberImportRow": {**same(MEMBERSHIP, "cells", "reason"), REST: plainly(MEMBERSHIP, STATE)},
    "core.MemberRegistry": {
        **same(MEMBERSHIP, "person", "notes"),
        "changed": NotPersonal("names of fields"),
        REST: plainly(MEMBERSHIP, LINK),
    },
    "core.Plant": {
        "address": INCENTIVES,
        **same(plainly(INCENTIVES, OF_THE_PLANT), "city", "zip_code", "province", "latitude", "longitude"),
        "name": plainly(INCENTIVES, "lists are sorted by it"),
        **same(plainly(INCENTIVES, "unique at any moment, and met in files and topics"), "pod_code", "pod_key"),
        **same(
            plainly(INCENTIVES, "codes of the GAUDÌ register, met in files"),
            *("gaudi_request_code", "censimp_code", "sapr_code", "tracking_code", "section_id", "group_id"),
        ),
        REST: plainly(INCENTIVES, OF_THE_PLANT),
    },
    "core.PlantMeasurement": {REST: plainly(INCENTIVES, "summed by the database")},
}
