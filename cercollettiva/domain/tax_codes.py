"""The codes by which Italy knows a person or a body, read as people write them, and checked by their own arithmetic.

The fiscal code (codice fiscale) of a person has sixteen characters, that of a body eleven digits. The VAT number
(partita IVA) has eleven digits. The SDI code says where electronic invoices go: seven characters for a private body,
six for an office of the public administration. The PEC is a certified mailbox.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.it import codicefiscale, iva

from cercollettiva.domain.identifiers import InvalidIdentifier

PERSON_EXAMPLE: Final = "RSSMRA85T10A562S"
BODY_EXAMPLE: Final = "00743110157"
SDI_EXAMPLE: Final = "M5UXCR1"
OFFICE_EXAMPLE: Final = "UF1A2B"
PEC_EXAMPLE: Final = "nome@pec.example.it"
NO_SDI: Final = "0000000"  # written by whoever receives invoices by PEC

_PERSON = re.compile(r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]")
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")


def persons_fiscal_code(text: str) -> str:
    """The sixteen characters of a person's fiscal code, in upper case and without spaces."""
    code = _compact(text)
    _length(code, 16, "Il codice fiscale", PERSON_EXAMPLE)
    if not _PERSON.fullmatch(code):
        raise InvalidIdentifier(
            f"Il codice fiscale ha una lettera o una cifra fuori posto: per esempio {PERSON_EXAMPLE}."
        )
    try:
        valid: str = codicefiscale.validate(code)
    except InvalidChecksum as error:
        raise InvalidIdentifier(
            f"L’ultima lettera, {code[-1]}, non corrisponde al resto del codice fiscale: ricontrolla ogni carattere."
        ) from error
    except ValidationError as error:
        raise InvalidIdentifier("La data di nascita scritta nel codice fiscale non esiste: ricontrollalo.") from error
    return valid


def birth_date_in(code: str) -> date:
    """The day of birth that a person's fiscal code tells; of its year only the last two digits are sure."""
    born: date = codicefiscale.get_birth_date(code)
    return born


def tells_birth_date(code: str, born: date) -> bool:
    """Whether a fiscal code can be of somebody who was born on that day."""
    told = birth_date_in(code)
    return (told.year % 100, told.month, told.day) == (born.year % 100, born.month, born.day)


def bodys_fiscal_code(text: str) -> str:
    """The eleven digits of the fiscal code of a company, an association or an office."""
    return _eleven_digits(text, "Il codice fiscale dell’ente", "del codice fiscale")


def any_fiscal_code(text: str) -> str:
    """Of a person or of a body: a sole trader has the first, a company the second."""
    code = _compact(text)
    return bodys_fiscal_code(code) if code[:1].isdigit() else persons_fiscal_code(code)


def vat_number(text: str) -> str:
    """The eleven digits of a VAT number, without the IT that invoices put before it."""
    return _eleven_digits(_compact(text).removeprefix("IT"), "La partita IVA", "della partita IVA")


def sdi_code(text: str, *, office: bool = False) -> str:
    """Where electronic invoices go: six characters for a public office, seven for anybody else."""
    code = _compact(text)
    name = "Il codice univoco dell’ufficio" if office else "Il codice SDI"
    example = OFFICE_EXAMPLE if office else SDI_EXAMPLE
    _length(code, 6 if office else 7, name, example)
    if not (code.isascii() and code.isalnum()):
        raise InvalidIdentifier(f"{name} ha solo lettere e cifre: per esempio {example}.")
    return code


def pec(text: str) -> str:
    """A certified mailbox; that it is certified cannot be seen from its name."""
    address = "".join(text.split()).lower()
    if not address:
        raise InvalidIdentifier(f"La PEC manca: per esempio {PEC_EXAMPLE}.")
    if not _MAILBOX.fullmatch(address) or len(address) > 254:
        raise InvalidIdentifier(f"La PEC è un indirizzo di posta, con la chiocciola: per esempio {PEC_EXAMPLE}.")
    return address


def _eleven_digits(text: str, name: str, of_it: str) -> str:
    digits = _compact(text)
    _length(digits, 11, name, BODY_EXAMPLE)
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidIdentifier(f"{name} ha solo cifre: per esempio {BODY_EXAMPLE}.")
    try:
        valid: str = iva.validate(digits)
    except InvalidChecksum as error:
        raise InvalidIdentifier(
            f"L’ultima cifra, {digits[-1]}, non corrisponde alle altre {of_it}: ricontrolla ogni cifra."
        ) from error
    except ValidationError as error:
        raise InvalidIdentifier(f"{name} ha una cifra sbagliata prima delle ultime due: ricontrollala.") from error
    return valid


def _length(code: str, needed: int, name: str, example: str) -> None:
    if not code:
        raise InvalidIdentifier(f"{name} manca: per esempio {example}.")
    if len(code) != needed:
        written = "Ne hai scritto 1" if len(code) == 1 else f"Ne hai scritti {len(code)}"
        raise InvalidIdentifier(f"{written}, ne servono {needed}: per esempio {example}.")


def _compact(text: str) -> str:
    return "".join(text.split()).upper()
