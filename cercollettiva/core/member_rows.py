"""What a row of a list of members says, and whether somebody can become a member by it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.core.models import CERConfiguration, CERMembership, MemberImportRow, MemberType, RowOutcome
from cercollettiva.core.models.communities import CLOSED
from cercollettiva.domain.identifiers import InvalidIdentifier
from cercollettiva.users import legal_forms
from cercollettiva.users.models import CustomUser, LegalType

# The fields a column may hold, and the headings by which we know it.
FIELDS: Final[Mapping[str, Promise]] = {
    "email": gettext_lazy("Email"),
    "first_name": gettext_lazy("Nome"),
    "last_name": gettext_lazy("Cognome"),
    "legal_name": gettext_lazy("Ragione sociale"),
    "legal_type": gettext_lazy("Forma giuridica"),
    "fiscal_code": gettext_lazy("Codice fiscale"),
    "vat_number": gettext_lazy("Partita IVA"),
    "pec": gettext_lazy("PEC"),
    "sdi_code": gettext_lazy("Codice SDI"),
    "phone": gettext_lazy("Telefono"),
    "address": gettext_lazy("Indirizzo"),
    "member_type": gettext_lazy("Tipo di socio"),
    "joined_on": gettext_lazy("Data di ammissione"),
}
_HEADINGS: Final = {
    "email": ("email", "e-mail", "mail", "posta elettronica", "indirizzo email"),
    "first_name": ("nome", "first name", "first_name", "name"),
    "last_name": ("cognome", "last name", "last_name", "surname"),
    "legal_name": ("ragione sociale", "denominazione", "legal_name", "company"),
    "legal_type": ("forma giuridica", "legal_type", "tipo soggetto"),
    "fiscal_code": ("codice fiscale", "cf", "c.f.", "fiscal_code", "fiscal code", "tax code"),
    "vat_number": ("partita iva", "p.iva", "piva", "p. iva", "vat_number", "vat number", "vat"),
    "pec": ("pec",),
    "sdi_code": ("codice sdi", "sdi", "sdi_code"),
    "phone": ("telefono", "cellulare", "phone", "tel", "tel."),
    "address": ("indirizzo", "residenza", "sede", "address"),
    "member_type": ("tipo di socio", "tipo socio", "tipo", "member_type", "type"),
    "joined_on": ("data di ammissione", "ammesso il", "data ammissione", "joined_on", "joined", "dal"),
}
_MEMBER_TYPES: Final = {
    **{value.lower(): value for value in MemberType.values},
    "produttore": "PRODUCER",
    "consumatore": "CONSUMER",
}
_LEGAL_TYPES: Final = {
    **{value.lower(): value for value in LegalType.values},
    "privato": "PRIVATE",
    "persona": "PRIVATE",
    "persona fisica": "PRIVATE",
    "impresa": "BUSINESS",
    "azienda": "BUSINESS",
    "associazione": "ASSOCIATION",
    "ente religioso": "CHURCH",
    "parrocchia": "CHURCH",
    "ente pubblico": "PUBLIC",
    "comune": "PUBLIC",
}
_DAY: Final = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
EARLIEST: Final = date(2000, 1, 1)


class BadRow(Exception):
    """A row that cannot be used; its text says why and what would be right."""


@dataclass
class NewMember:
    """Somebody a row introduces."""

    row: MemberImportRow
    user: CustomUser
    member_type: str
    joined_on: date


@dataclass
class Sorted:
    """The rows of an import, each with its outcome and reason set, and those who can become members."""

    rows: list[MemberImportRow] = field(default_factory=list)
    ready: list[NewMember] = field(default_factory=list)


def guessed_mapping(header: Sequence[str]) -> dict[str, int]:
    """Which column holds which field, by its heading."""
    found: dict[str, int] = {}
    for place, heading in enumerate(header):
        name = " ".join(heading.lower().replace("_", " ").split())
        for each, known in _HEADINGS.items():
            if each not in found and (name in known or heading.lower() in known):
                found[each] = place
                break
    return found


def sort_rows(
    community: CERConfiguration, rows: Iterable[MemberImportRow], mapping: Mapping[str, int], *, today: date
) -> Sorted:
    """Say of each row what would be done with it; nothing is written. The number of queries does not grow with rows."""
    sorted_rows, seen = Sorted(), _Seen()
    for row in rows:
        sorted_rows.rows.append(row)
        row.outcome, row.reason = RowOutcome.REFUSED, ""
        try:
            cells = json.loads(row.cells)
            values = {name: cells[place] if place < len(cells) else "" for name, place in mapping.items()}
            member = _member_of(row, values, today)
            seen.check(member.user, row.number)
        except BadRow as refusal:
            row.reason = str(refusal)
        else:
            row.outcome = RowOutcome.READY
            sorted_rows.ready.append(member)
    _leave_out_the_known(community, sorted_rows)
    return sorted_rows


class _Seen:
    """What the rows before had, so that nobody comes in twice by one file."""

    def __init__(self) -> None:
        self._emails: dict[str, int] = {}
        self._codes: dict[str, int] = {}

    def check(self, user: CustomUser, number: int) -> None:
        for known, value, words in (
            (self._emails, user.email, _("La stessa email è già alla riga %(line)s.")),
            (self._codes, user.fiscal_code, _("Lo stesso codice fiscale è già alla riga %(line)s.")),
        ):
            if value and known.setdefault(value, number) != number:
                raise BadRow(words % {"line": known[value]})


def _member_of(row: MemberImportRow, values: Mapping[str, str], today: date) -> NewMember:
    email = values.get("email", "").strip().lower()
    if not email:
        raise BadRow(_("Manca l’email: serve per entrare e per le comunicazioni."))
    try:
        validate_email(email)
    except ValidationError as error:
        raise BadRow(_("L’email non è un indirizzo: per esempio anna@example.it.")) from error
    if len(email) > 254:
        raise BadRow(_("L’email è troppo lunga."))
    legal_type = _legal_type_of(values)
    user = CustomUser(email=email)
    legal_forms.fill(user, legal_type, {**_names_of(values, legal_type), **_codes_of(values, legal_type)})
    written = values.get("member_type", "").strip()
    member_type = _MEMBER_TYPES.get(written.lower(), "") if written else MemberType.CONSUMER.value
    if not member_type:
        raise BadRow(_("Il tipo di socio è produttore, consumatore o prosumer."))
    return NewMember(row, user, member_type, _day_of(values.get("joined_on", ""), today))


def _legal_type_of(values: Mapping[str, str]) -> str:
    written = values.get("legal_type", "").strip()
    if written:
        known = _LEGAL_TYPES.get(written.lower(), "")
        if not known:
            raise BadRow(_("La forma giuridica è privato, impresa, associazione, ente religioso o ente pubblico."))
        return known
    return LegalType.BUSINESS if values.get("legal_name", "").strip() else LegalType.PRIVATE


def _names_of(values: Mapping[str, str], legal_type: str) -> dict[str, Any]:
    names = {name: values.get(name, "").strip() for name in ("first_name", "last_name", "legal_name")}
    if legal_forms.is_body(legal_type) and not names["legal_name"]:
        raise BadRow(_("Manca la ragione sociale."))
    if not legal_forms.is_body(legal_type) and not (names["first_name"] and names["last_name"]):
        raise BadRow(_("Mancano il nome o il cognome."))
    if len(names["first_name"]) > 150 or len(names["last_name"]) > 150 or len(names["legal_name"]) > 200:
        raise BadRow(_("Il nome è troppo lungo: al massimo 150 caratteri, 200 per una ragione sociale."))
    rest = {name: values.get(name, "").strip()[:300] for name in ("phone", "address")}
    return names | rest


def _codes_of(values: Mapping[str, str], legal_type: str) -> dict[str, str]:
    codes = {}
    for name, code in legal_forms.CODES[LegalType(legal_type)].items():
        written = values.get(name, "").strip()
        if not written:
            if name == "fiscal_code" and code.required:
                raise BadRow(_("Manca il codice fiscale."))
            continue  # what else is missing the member adds in the profile
        try:
            codes[name] = code.reader(written)
        except InvalidIdentifier as error:
            raise BadRow(f"{FIELDS[name]}: {error}") from error
    return codes


def _day_of(written: str, today: date) -> date:
    text = written.strip()
    if not text:
        return today
    found = _DAY.fullmatch(text)
    try:
        day = date(int(found[3]), int(found[2]), int(found[1])) if found else datetime.fromisoformat(text).date()
    except ValueError as error:
        raise BadRow(_("La data di ammissione non c’è nel calendario: per esempio 31/03/2026.")) from error
    if not EARLIEST <= day <= today:
        raise BadRow(_("La data di ammissione è tra il 2000 e oggi."))
    return day


def _leave_out_the_known(community: CERConfiguration, found: Sorted) -> None:
    """Whoever is in already stays as they are; an account of somebody else is not taken by a file."""
    users = _users_by_email([member.user.email for member in found.ready])
    inside = set(
        CERMembership.objects.filter(community=community, user__in=users.values())
        .exclude(state__in=CLOSED)
        .values_list("user_id", flat=True)
    )
    codes = _codes_in(community, [member.user.fiscal_code for member in found.ready if member.user.fiscal_code])
    still = []
    for member in found.ready:
        row, key = member.row, users.get(member.user.email)
        if key in inside:
            row.outcome, row.reason = RowOutcome.KNOWN, _("È già tra i soci o ha una domanda aperta.")
        elif key is not None:
            row.outcome = RowOutcome.REFUSED
            row.reason = _("Da un file non si può: manda un invito a questo indirizzo dalla pagina dei ruoli.")
        elif member.user.fiscal_code in codes:
            row.outcome, row.reason = RowOutcome.KNOWN, _("Il codice fiscale è già di un socio.")
        else:
            still.append(member)
    found.ready = still


def _users_by_email(emails: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in _pieces(emails):
        found.update(CustomUser.objects.filter(email__in=some).values_list("email", "pk"))
    return found


def _codes_in(community: CERConfiguration, codes: Sequence[str]) -> set[str]:
    """Those of these fiscal codes that somebody of the community has."""
    index: Any = CustomUser._meta.get_field("fiscal_code_index")
    of_codes = {value: code for code in codes for value in index.indexes_of(code)}
    taken: set[str] = set()
    members = CustomUser.objects.filter(memberships__community=community).exclude(memberships__state__in=CLOSED)
    for some in _pieces(list(of_codes)):
        found = members.filter(fiscal_code_index__in=some).values_list("fiscal_code_index", flat=True)
        taken.update(of_codes[value] for value in found)
    return taken


def _pieces(values: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    """SQLite takes a limited number of values at once."""
    return (values[start : start + size] for start in range(0, len(values), size))
