"""What the attestation calls things, however a distributor's program writes accents, points and units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple


class Label(NamedTuple):
    """A label where it was found in a text."""

    field: str  # empty for what we do not read: it ends the value before it all the same
    start: int
    end: int
    unit: str  # that stands in brackets behind it


@dataclass(frozen=True)
class _Wording:
    field: str
    pattern: re.Pattern[str]
    has_colon: re.Pattern[str]


# field: the wordings, as regular expressions without accents. Spaces stand for any white space.
_WORDINGS: Final[dict[str, tuple[str, ...]]] = {
    "pod_code": (r"codice pod(?: \(punto di prelievo\))?", "pod"),
    "gaudi_request_code": ("codice richiesta(?: gaudi)?",),
    "censimp_code": ("codice censimp(?: impianto)?",),
    "sapr_code": ("codice sapr(?: impianto)?",),
    "tracking_code": ("codice di rintracciabilita", "codice rintracciabilita"),
    "version_number": ("numero versione attestato", "versione attestato", "numero versione"),
    "validation_date": ("data di convalida", "data convalida"),
    "expected_operation_date": (
        "data presunt[oa](?: di)?(?: entrata in)? esercizio",
        "data presunta di entrata in esercizio",
    ),
    "plant_name": ("nome (?:dell')?impianto", "denominazione (?:dell')?impianto"),
    "plant_type": ("tipologia (?:dell')?impianto", "tipo impianto"),
    "address": ("ubicazione impianto", "ubicazione dell'impianto", "indirizzo impianto"),
    "grid_operator": ("gestore della rete elettrica", "gestore di rete", "gestore rete"),
    "producer_name": (r"rag\.? sociale(?: produttore)?", "ragione sociale(?: (?:del )?produttore)?"),
    "producer_vat": (
        r"p\.? ?iva ?[\\/] ?cod(?:\.|ice)? ?fisc(?:\.|ale)?",
        r"partita iva(?: ?[\\/] ?codice fiscale)?",
        r"p\.? ?iva ?[\\/-] ?c\.? ?f\.?",
        r"p\. ?iva",
    ),
    "section_id": ("identificativo sezione(?: censimp)?",),
    "group_id": ("identificativo gruppo(?: censimp)?",),
    "remote_disconnect": ("predisposizione(?: al)? teledistacco",),
    "active_power_kw": ("potenza attiva nominale(?: del generatore)?", "potenza nominale attiva"),
    "apparent_power_kva": ("potenza apparente nominale(?: del generatore)?",),
    "net_power_kw": ("potenza efficiente netta",),
    "gross_power_kw": ("potenza efficiente lorda",),
    "voltage_v": ("tensione(?: del)? generatore", "tensione nominale(?: del)? generatore"),
    "expected_yearly_production_kwh": ("produzione lorda media annua",),
    "grid_feed_type": ("produzione immessa (?:su|in) rete elettrica", "produzione immessa in rete"),
    "": ("indirizzo", r"gruppo n[°ºo.]?", "sezione n[°ºo.]?", "codice fiscale", "comune", "provincia", "cap", "pec"),
}
FIELDS: Final = tuple(field for field in _WORDINGS if field)
_ACCENTS: Final = str.maketrans("àèéìòùÀÈÉÌÒÙ’‘`´", "aeeiouAEEIOU''''")
_UNIT: Final = r"(?:\s*[(\[]\s*(?P<unit>[^)\]]{1,12}?)\s*[)\]])?"


def plain(text: str) -> str:
    """The same letters without accents, one for one: `rintracciabilità` and `rintracciabilita'` must meet."""
    return text.translate(_ACCENTS)


def _compiled() -> tuple[_Wording, ...]:
    wordings = []
    for field, several in _WORDINGS.items():
        for wording in several:
            words = wording.replace(" ?", "\x00").replace(" ", r"\s+").replace("\x00", r"\s*")
            body = rf"(?<![^\W_]){words}(?![^\W_])'?{_UNIT}"
            ending = re.compile(rf"{body}\s*[:=]\s*", re.IGNORECASE)
            wordings.append(_Wording(field, re.compile(rf"{body}\s*[:=]?\s*", re.IGNORECASE), ending))
    return tuple(wordings)


_COMPILED: Final = _compiled()
_FIRST_WORDS: Final = {
    found.group() for several in _WORDINGS.values() for wording in several if (found := re.match("[a-z]+", wording))
}


def labels_in(text: str) -> list[Label]:
    """The labels of a text, from left to right: one at its beginning, others where a colon says that they are labels.

    Of two that begin at one place the longer counts.
    """
    found: list[Label] = []
    searched = plain(text)
    end = 0
    for label in sorted(_all_in(searched), key=lambda label: (label.start, -label.end)):
        if label.start >= end:
            found.append(label)
            end = label.end
    return found


def may_begin_label(text: str) -> bool:
    """Whether a text begins with the first word of some label: what does not needs no search."""
    found = re.match(r"[a-z]+", plain(text).casefold())
    return found is not None and found.group() in _FIRST_WORDS


def begins_label(text: str) -> bool:
    """Whether a label stands at the beginning."""
    labels = labels_in(text)
    return bool(labels) and labels[0].start == 0


def _all_in(text: str) -> Iterator[Label]:
    for wording in _COMPILED:
        at_start = wording.pattern.match(text)
        if at_start and (wording.field or not text[at_start.end() :].strip() or ":" in at_start.group()):
            yield Label(wording.field, 0, at_start.end(), at_start.group("unit") or "")
        for match in wording.has_colon.finditer(text, 1):
            yield Label(wording.field, match.start(), match.end(), match.group("unit") or "")
