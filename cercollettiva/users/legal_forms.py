"""Which codes each legal form has, and what reads them. One table for the forms, the check as one types, the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cercollettiva.domain import tax_codes
from cercollettiva.users.models import CustomUser, LegalType, ProfitType

Reader = Callable[[str], str]


def _office_code(text: str) -> str:
    return tax_codes.sdi_code(text, office=True)


class Code(NamedTuple):
    """A code that a legal form is asked for."""

    reader: Reader  # raises InvalidIdentifier
    required: bool = True


CODES: Final[Mapping[LegalType, Mapping[str, Code]]] = {
    LegalType.PRIVATE: {"fiscal_code": Code(tax_codes.persons_fiscal_code)},
    LegalType.BUSINESS: {
        "vat_number": Code(tax_codes.vat_number),
        "fiscal_code": Code(tax_codes.any_fiscal_code),
        "pec": Code(tax_codes.pec),
        "sdi_code": Code(tax_codes.sdi_code),
    },
    LegalType.ASSOCIATION: {
        "fiscal_code": Code(tax_codes.bodys_fiscal_code),
        "vat_number": Code(tax_codes.vat_number, required=False),
        "pec": Code(tax_codes.pec, required=False),
        "sdi_code": Code(tax_codes.sdi_code, required=False),
    },
    LegalType.CHURCH: {
        "fiscal_code": Code(tax_codes.bodys_fiscal_code),
        "vat_number": Code(tax_codes.vat_number, required=False),
        "pec": Code(tax_codes.pec, required=False),
        "sdi_code": Code(tax_codes.sdi_code, required=False),
    },
    LegalType.PUBLIC: {
        "fiscal_code": Code(tax_codes.bodys_fiscal_code),
        "vat_number": Code(tax_codes.vat_number, required=False),
        "pec": Code(tax_codes.pec),
        "sdi_code": Code(_office_code),
    },
}

PROFIT: Final[Mapping[LegalType, str]] = {
    LegalType.PRIVATE: "",
    LegalType.BUSINESS: ProfitType.PROFIT,
    LegalType.ASSOCIATION: ProfitType.NON_PROFIT,
    LegalType.CHURCH: ProfitType.NON_PROFIT,
    LegalType.PUBLIC: ProfitType.NON_PROFIT,
}


def is_body(legal_type: str) -> bool:
    """Whether it has a name of its own beside the person who acts for it."""
    return legal_type != LegalType.PRIVATE


def read(legal_type: str, field: str, text: str) -> str:
    """The code as it is stored; InvalidIdentifier says what is wrong with it, KeyError that it is not asked for."""
    return CODES[LegalType(legal_type)][field].reader(text)


def fill(user: CustomUser, legal_type: str, values: Mapping[str, object]) -> None:
    """Put what a form of this legal form gave into a person, and take away what belongs to another form."""
    codes = CODES[LegalType(legal_type)]
    user.legal_type = legal_type
    user.profit_type = PROFIT[LegalType(legal_type)]
    for name in ("fiscal_code", "vat_number", "pec", "sdi_code"):
        setattr(user, name, values.get(name, "") if name in codes else "")
    user.legal_name = str(values.get("legal_name", "")) if is_body(legal_type) else ""
    user.is_large_company = bool(values.get("is_large_company")) and legal_type == LegalType.BUSINESS
    for name in ("first_name", "last_name", "phone", "address"):
        if name in values:
            setattr(user, name, values[name])
