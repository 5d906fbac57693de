"""The words for why a paper was not taken or could not be read, for whoever sent it."""

from __future__ import annotations

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from cercollettiva.documents.refusals import Cargo, Doubt, Reason, as_refusal

_PRINT: Final = gettext_lazy("stampalo in un PDF nuovo e manda quello.")
_BRINGS: Final[dict[Cargo, Promise]] = {
    Cargo.SCRIPT: gettext_lazy("Il PDF contiene uno script:"),
    Cargo.PROGRAM: gettext_lazy("Il PDF vuole avviare un programma:"),
    Cargo.DATA: gettext_lazy("Il PDF carica dati da altrove:"),
    Cargo.SENDING_FORM: gettext_lazy("Il PDF contiene un modulo che si spedisce da solo:"),
    Cargo.OTHER_FILE: gettext_lazy("Il PDF rimanda a un altro file:"),
    Cargo.FILES: gettext_lazy("Il PDF contiene altri file:"),
    Cargo.FILM: gettext_lazy("Il PDF contiene un filmato:"),
    Cargo.PROGRAM_FORM: gettext_lazy("Il PDF contiene un modulo con un programma:"),
}
_WORDS: Final[dict[Reason, Promise]] = {
    Reason.EMPTY: gettext_lazy("Il file è vuoto: scegline un altro."),
    Reason.TOO_LARGE: gettext_lazy("Il file supera 10 MB: scegline uno più leggero."),
    Reason.UNKNOWN_KIND: gettext_lazy("Questo tipo di file non è accettato: manda un PDF, un JPEG o un PNG."),
    Reason.NAMED_OTHERWISE: gettext_lazy(
        "Il nome del file dice una cosa, il contenuto un’altra: deve finire in %(first)s come quello che è."
    ),
    Reason.DUPLICATE: gettext_lazy("Questo file c’è già."),
    Reason.NO_ROOM: gettext_lazy("Non c’è più spazio (200 MB): elimina quello che non serve."),
    Reason.PICTURE_TOO_LARGE: gettext_lazy(
        "L’immagine è troppo grande (%(first)s × %(second)s punti): al massimo 40 milioni di punti, cioè 40 megapixel."
    ),
    Reason.BROKEN_PICTURE: gettext_lazy(
        "L’immagine è rotta, o non è un’immagine: aprila, salvala di nuovo e manda quella."
    ),
    Reason.NO_PDF: gettext_lazy("Il file non è un PDF."),
    Reason.BROKEN: gettext_lazy("Il file è rotto, o non è un PDF."),
    Reason.LOCKED: gettext_lazy("Il PDF è protetto da una password: salvane una copia senza."),
    Reason.TOO_MANY_PAGES: gettext_lazy("Il PDF ha %(first)s pagine: al massimo 50."),
    Reason.TOO_MANY_PARTS: gettext_lazy("Il PDF è fatto di troppe parti: stampalo in un PDF nuovo e manda quello."),
    Reason.TWO_IN_ONE: gettext_lazy(
        "Il PDF è anche qualcos’altro, un archivio o una pagina: stampalo in un PDF nuovo e manda quello."
    ),
    Reason.TOO_HARD: gettext_lazy("Il file richiede troppo tempo o memoria: stampalo in un PDF nuovo e manda quello."),
    Reason.SCAN: gettext_lazy("È una scansione, senza testo: la deve leggere una persona."),
    Reason.SCANNED_ATTESTATION: gettext_lazy(
        "È una scansione, senza testo: scarica l’attestato originale dal portale del distributore, "
        "o scrivi i dati a mano."
    ),
    Reason.NOT_AN_ATTESTATION: gettext_lazy(
        "Non è un attestato GAUDÌ: mancano i nomi dei suoi campi (Codice POD, Codice CENSIMP…)."
    ),
    Reason.EMPTY_ATTESTATION: gettext_lazy("L’attestato è vuoto: i nomi dei campi ci sono, i valori no."),
    Reason.A_PICTURE: gettext_lazy("È una fotografia: si legge solo il testo di un PDF. Scrivi i dati a mano."),
    Reason.MISSING: gettext_lazy("Il file non c’è più o è stato alterato: caricalo di nuovo."),
    Reason.UNREADABLE: gettext_lazy("Il file non si può leggere: salvalo di nuovo come PDF e manda quello."),
}
_DOUBTS: Final[dict[Doubt, Promise]] = {
    Doubt.SEVERAL: gettext_lazy("%(field)s: l’attestato ne dà più d’uno."),
    Doubt.MORE_THAN_APPARENT: gettext_lazy(
        "La potenza attiva è più di quella apparente: una delle due non può essere giusta."
    ),
    Doubt.MISREAD: gettext_lazy("%(field)s: confrontalo con il foglio, può essere letto male."),
}
# How doubts were written before they had codes; papers that were read then still say so.
_OF_YESTERDAY: Final = (("gives several", Doubt.SEVERAL), ("more than the apparent", Doubt.MORE_THAN_APPARENT))
_UNSAID: Final = "?"  # of a refusal that was written before its figures were


def words_for(written: str) -> str:
    """A written refusal in the language of whoever reads; empty for none."""
    refused = as_refusal(written)
    if refused is None:
        return ""
    reason, given = refused
    if reason is Reason.BRINGS:
        cargo = given[0] if given else ""
        return f"{_BRINGS[Cargo(cargo if cargo in Cargo.__members__ else Cargo.FILES)]} {_PRINT}"
    first, second = (*given, _UNSAID, _UNSAID)[:2]
    return str(_WORDS[reason]) % {"first": first, "second": second}


def words_in(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of a reader as people and programs read it, with words where it has codes."""
    if "rejected" in answer:
        return {"rejected": words_for(str(answer["rejected"]))}
    if "warnings" in answer:
        told = [doubt_in(warning) for warning in answer["warnings"]]
        return {**answer, "warnings": [doubt_words(field, doubt) for field, doubt in told]}
    return answer


def doubt_in(warning: Any) -> tuple[str, Doubt]:
    """The field of a warning of the reader's, and what to look at."""
    if isinstance(warning, dict):
        doubt = warning.get("doubt", "")
        return str(warning.get("field", "")), Doubt(doubt) if doubt in Doubt.__members__ else Doubt.MISREAD
    name, _colon, words = str(warning).partition(":")
    return name, next((doubt for said, doubt in _OF_YESTERDAY if said in words), Doubt.MISREAD)


def doubt_words(label: str, doubt: Doubt) -> str:
    """A doubt about a field, which the page calls so."""
    return str(_DOUBTS[doubt]) % {"field": label}
