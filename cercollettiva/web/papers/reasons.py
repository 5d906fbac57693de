"""Why a paper was not taken, in words for whoever sent it: those of the room, and of a copy the paper that is here."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cercollettiva.documents.intake import Duplicate, Refused
from cercollettiva.documents.reasons import words_for
from cercollettiva.web import formats
from cercollettiva.web.templatetags.formats import page_locale


def words_of(refused: Refused) -> str:
    """Why a file was not taken."""
    if isinstance(refused, Duplicate):
        same = refused.document
        told = _("Questo file c’è già: %(what)s, del %(day)s.")
        day = formats.date(same.uploaded_at, locale=page_locale())
        return told % {"what": same.get_type_display(), "day": day}
    return words_for(refused.refusal)
