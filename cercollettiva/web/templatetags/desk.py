"""Words for what an application keeps as codes."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def consent_name(document: str) -> str:
    """The document that was accepted; its code names the community too, which the page says already."""
    known = {
        "privacy": _("Informativa sulla privacy"),
        "statuto": _("Statuto e regolamento"),
        "misure": _("Rapporti con il GSE e misure"),
        "notizie": _("Notizie della comunità"),
    }
    return known.get(document.partition("-")[0], document)


@register.filter
def moment(text: str) -> dt.datetime:
    """An instant as JSON keeps it."""
    return dt.datetime.fromisoformat(text)
