"""The data of cards, receipts and the register, as the layouts of `core.paper` take them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

import segno
from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration, FeePayment, MemberRegistry, MembershipCard, MemberType
from cercollettiva.core.paper import make_pdf
from cercollettiva.web import formats
from cercollettiva.web.templatetags.formats import page_locale

CARD_SALT: Final = "card"


def card_pdf(card: MembershipCard) -> bytes:
    """A card at the size of a bank card; what the query needs is selected by the caller."""
    community = card.membership.community
    rows = [
        {"label": _("Tessera n."), "value": str(card.number)},
        {"label": _("Tipo di socio"), "value": str(card.membership.get_member_type_display())},
        {"label": _("Valida dal"), "value": _date(card.valid_from)},
    ]
    last = last_day(card)
    if last is not None:
        rows.append({"label": _("al"), "value": _date(last)})
    return make_pdf(
        "card",
        {
            **_head(community),
            "title": _("Tessera n. %(number)s di %(community)s") % {"number": card.number, "community": community},
            "title_word": _("Tessera di socio"),
            "name": str(card.membership.user),
            "rows": rows,
            "qr": qr_svg(check_url(card)),
            "qr_alt": _("Codice QR: porta alla pagina che dice se la tessera è valida."),
        },
    )


def receipt_pdf(payment: FeePayment) -> bytes:
    """The receipt of one payment, or of one that reverses another."""
    card = payment.card
    community, user = card.membership.community, card.membership.user
    amount = formats.money(abs(payment.cents), locale=page_locale())
    number = {"number": payment.receipt_number}
    if payment.reverses is None:
        title = _("Ricevuta n. %(number)s") % number
        sentence = _("Ricevuti %(amount)s da %(name)s.") % {"amount": amount, "name": user}
    else:
        title = _("Storno n. %(number)s") % number
        sentence = _("Annullata la ricevuta n. %(other)s di %(amount)s intestata a %(name)s.") % {
            "other": payment.reverses.receipt_number,
            "amount": amount,
            "name": user,
        }
    rows = [
        (_("Intestata a"), str(user)),
        (_("Codice fiscale"), user.fiscal_code or user.vat_number or formats.MISSING),
        (_("Causale"), _("Quota associativa, tessera n. %(number)s") % {"number": card.number}),
        (_("Importo"), formats.money(payment.cents, locale=page_locale())),
        (_("Modo"), str(payment.get_method_display()).capitalize()),
        (_("Versata il"), _date(payment.paid_on)),
        (_("Emessa il"), _date(payment.recorded_at)),
    ]
    return make_pdf(
        "receipt",
        {
            **_head(community),
            "title": title,
            "sentence": sentence,
            "table_title": _("Dettagli"),
            "rows": [{"label": label, "value": value} for label, value in rows],
            "foot": _("Quota istituzionale, fuori campo IVA. Documento emesso da %(issuer)s")
            % {"issuer": community.organisation.name},
        },
    )


def register_pdf(community: CERConfiguration, entries: Iterable[MemberRegistry], *, on: date) -> bytes:
    """The register as it stands, for the book of the association."""
    rows = [[_text(value) for value in row] for row in register_rows(entries)]
    return make_pdf(
        "register",
        {
            **_head(community),
            "title": _("Libro soci"),
            "sentence": _("%(count)s iscrizioni al %(day)s, in ordine di numero. Nessuna iscrizione si cancella.")
            % {"count": formats.number(len(rows), locale=page_locale()), "day": _date(on)},
            "widths": [4, 8, 8, 4, 16, 13, 20, 9, 14],
            "columns": register_columns(),
            "cells": rows,
            "foot": _("%(organisation)s · libro soci") % {"organisation": community.organisation.name},
        },
    )


def register_columns() -> list[str]:
    return [
        *(_("N."), _("Data"), _("Iscrizione"), _("Socio n."), _("Nome"), _("Codice fiscale"), _("Indirizzo")),
        *(_("Tipo"), _("Note")),
    ]


def register_rows(entries: Iterable[MemberRegistry]) -> Iterable[Sequence[str | int | date]]:
    """An entry as typed cells, in the order of `register_columns`."""
    for entry in entries:
        found = entry.details
        yield (
            entry.number,
            entry.on,
            str(entry.get_kind_display()),
            entry.member_number,
            found.get("name", ""),
            found.get("fiscal_code", ""),
            found.get("address", ""),
            type_label(found.get("member_type", "")),
            words_of(entry),
        )


def words_of(entry: MemberRegistry) -> str:
    """What changed, and the words that were written beside it."""
    changed = ", ".join(str(CHANGES.get(name, name)()) for name in entry.changed if name in CHANGES)
    return ". ".join(part for part in (changed.capitalize(), entry.notes) if part)


CHANGES: Final = {
    "name": lambda: _("nome"),
    "fiscal_code": lambda: _("codice fiscale"),
    "address": lambda: _("indirizzo"),
    "member_type": lambda: _("tipo di socio"),
}


def type_label(code: str) -> str:
    return str(MemberType(code).label) if code in MemberType.values else code


def last_day(card: MembershipCard) -> date | None:
    """The last day the card is valid; None while no end is set."""
    if card.valid_to is None:
        return None
    return max(card.valid_from, card.valid_to - timedelta(days=1))


def check_url(card: MembershipCard) -> str:
    """The address behind the QR code: signed, so that nobody walks through the numbers."""
    return settings.SITE_URL.rstrip("/") + reverse("register:card-check", args=[card_token(card)])


def card_token(card: MembershipCard) -> str:
    return signing.Signer(salt=CARD_SALT).sign(str(card.pk))


def card_key(token: str) -> int | None:
    """The key of the card behind a token, None for one that we did not write."""
    try:
        return int(signing.Signer(salt=CARD_SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def qr_svg(text: str) -> str:
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, scale=4, border=1)
    return drawn.getvalue().decode()


def _head(community: CERConfiguration) -> dict[str, Any]:
    seat = community.organisation
    place = " ".join(part for part in (seat.zip_code, seat.city) if part)
    return {
        "lang": "en" if (get_language() or "it").startswith("en") else "it",
        "community": community.name,
        "address": ", ".join(part for part in (seat.name, seat.address, place) if part),
        "logo": _logo_svg(community),
        "logo_alt": _("Logo di %(community)s") % {"community": community},
    }


def _logo_svg(community: CERConfiguration) -> str:
    """The logo wrapped in a drawing, which is text: bytes do not go through JSON. Empty where it is gone."""
    if not community.logo:
        return ""
    try:
        with community.logo.open("rb") as file:
            content = base64.b64encode(file.read()).decode()
    except OSError:
        return ""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 100">'
        f'<image width="100" height="100" xlink:href="data:image/png;base64,{content}"/></svg>'
    )


def _text(value: str | int | date) -> str:
    return _date(value) if isinstance(value, date) else str(value)


def _date(value: date) -> str:
    return formats.date(value, locale=page_locale())
