"""What somebody agrees to who enters a community: each with its version, so that the rows say what was accepted."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import CERConfiguration
from cercollettiva.users.consents import PRIVACY, PRIVACY_VERSION

TEXTS_VERSION: Final = "2026-11"  # of the sentences below: change both together


class Asked(NamedTuple):
    """One box to tick."""

    name: str  # of the field
    document: str  # of the row
    version: str
    label: Any
    help: Any
    required: bool = True
    url: str = ""


def asked_by(community: CERConfiguration) -> list[Asked]:
    """The boxes of this community, in their order."""
    statute = f"statuto-{community.slug}"[:50]
    measures, news = f"misure-{community.slug}"[:50], f"notizie-{community.slug}"[:50]
    return [
        Asked(
            "statute",
            statute,
            community.organisation.statute_version or "1",
            _("Accetto lo statuto e il regolamento della comunità"),
            _("Dicono i diritti, i doveri e come si divide l’incentivo."),
            url=community.statute.url if community.statute else "",
        ),
        Asked(
            "measures",
            measures,
            TEXTS_VERSION,
            _("Autorizzo la comunità a trattare con il GSE e a ricevere le misure del mio POD"),
            _("Senza, l’energia del tuo contatore non può essere contata."),
        ),
        Asked(
            "privacy",
            PRIVACY,
            PRIVACY_VERSION,
            _("Ho letto l’informativa sulla privacy"),
            _("Che cosa facciamo dei tuoi dati, e per quanto tempo."),
            url=reverse("users:privacy_policy"),
        ),
        Asked(
            "news",
            news,
            TEXTS_VERSION,
            _("Voglio ricevere le notizie della comunità"),
            _("Facoltativo: puoi cambiare idea quando vuoi."),
            required=False,
        ),
    ]
