"""Why a paper was not taken or could not be read, in words for whoever sent it.

The reader's process gives its reasons in English: a line here knows them by how they begin. A reason that no line knows
is a file that cannot be read.
"""

from __future__ import annotations

import re
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.documents.intake import Duplicate, Refused
from cercollettiva.web import formats
from cercollettiva.web.templatetags.formats import page_locale

_PRINT: Final = gettext_lazy("stampalo in un PDF nuovo e manda quello.")
_BRINGS: Final = {
    "a script": gettext_lazy("Il PDF contiene uno script:"),
    "a program to start": gettext_lazy("Il PDF vuole avviare un programma:"),
    "data to load from elsewhere": gettext_lazy("Il PDF carica dati da altrove:"),
    "a form that sends itself away": gettext_lazy("Il PDF contiene un modulo che si spedisce da solo:"),
    "a jump into another file": gettext_lazy("Il PDF rimanda a un altro file:"),
    "a jump into a file inside": gettext_lazy("Il PDF contiene altri file:"),
    "files inside": gettext_lazy("Il PDF contiene altri file:"),
    "a film": gettext_lazy("Il PDF contiene un filmato:"),
    "a form with a program": gettext_lazy("Il PDF contiene un modulo con un programma:"),
}
_WORDS: Final[tuple[tuple[str, str | Promise], ...]] = (
    (r"The file is empty", gettext_lazy("Il file è vuoto: scegline un altro.")),
    (r"The file is larger than", gettext_lazy("Il file supera 10 MB: scegline uno più leggero.")),
    (r"This kind of file", gettext_lazy("Questo tipo di file non è accettato: manda un PDF, un JPEG o un PNG.")),
    (
        r"The picture is too large",
        gettext_lazy("L’immagine è troppo grande: al massimo 40 milioni di punti, cioè 40 megapixel."),
    ),
    (
        r"The picture is broken",
        gettext_lazy("L’immagine è rotta, o non è un’immagine: aprila, salvala di nuovo e manda quella."),
    ),
    (
        r"The name of the file says something else",
        gettext_lazy(
            "Il nome del file dice una cosa, il contenuto un’altra: deve finire in .pdf, .jpg o .png come quello che è."
        ),
    ),
    (r"There is no room left", gettext_lazy("Non c’è più spazio (200 MB): elimina quello che non serve.")),
    (r"The PDF is locked", gettext_lazy("Il PDF è protetto da una password: salvane una copia senza.")),
    (r"The PDF has \d+ pages", gettext_lazy("Il PDF ha troppe pagine: al massimo 50.")),
    (
        r"The PDF is made of too many parts",
        gettext_lazy("Il PDF è fatto di troppe parti: stampalo in un PDF nuovo e manda quello."),
    ),
    (
        r"Something follows the end|The PDF is (an archive|a page)",
        gettext_lazy(
            "Il PDF è anche qualcos’altro, un archivio o una pagina: stampalo in un PDF nuovo e manda quello."
        ),
    ),
    (
        r"The file takes too much",
        gettext_lazy("Il file richiede troppo tempo o memoria: stampalo in un PDF nuovo e manda quello."),
    ),
    (r"The file is no PDF", gettext_lazy("Il file non è un PDF.")),
    (r"The file is broken", gettext_lazy("Il file è rotto, o non è un PDF.")),
    (
        r"The PDF holds pictures and no text.*A person must read",
        gettext_lazy("È una scansione, senza testo: la deve leggere una persona."),
    ),
    (
        r"The PDF holds pictures and no text",
        gettext_lazy(
            "È una scansione, senza testo: scarica l’attestato originale dal portale del distributore, "
            "o scrivi i dati a mano."
        ),
    ),
    (
        r"This is not a Gaud",
        gettext_lazy("Non è un attestato GAUDÌ: mancano i nomi dei suoi campi (Codice POD, Codice CENSIMP…)."),
    ),
    (r"The attestation is empty", gettext_lazy("L’attestato è vuoto: i nomi dei campi ci sono, i valori no.")),
    (
        r"The file is a picture",
        gettext_lazy("È una fotografia: si legge solo il testo di un PDF. Scrivi i dati a mano."),
    ),
    (r"The file is missing", gettext_lazy("Il file non c’è più o è stato alterato: caricalo di nuovo.")),
)
_ELSE: Final = gettext_lazy("Il file non si può leggere: salvalo di nuovo come PDF e manda quello.")


def words_for(reason: str) -> str:
    """The reason in the language of the page; empty for none."""
    if not reason:
        return ""
    brought = re.match(r"The PDF brings (?P<what>.+?) along", reason)
    if brought and brought["what"] in _BRINGS:
        return f"{_BRINGS[brought['what']]} {_PRINT}"
    return str(next((words for beginning, words in _WORDS if re.match(beginning, reason)), _ELSE))


def words_of(refusal: Refused) -> str:
    """Why a file was not taken."""
    if isinstance(refusal, Duplicate):
        same = refusal.document
        told = _("Questo file c’è già: %(what)s, del %(day)s.")
        day = formats.date(same.uploaded_at, locale=page_locale())
        return told % {"what": same.get_type_display(), "day": day}
    return words_for(str(refusal))
