"""What papers say against each other and against what somebody wrote, so that a person looks where one must."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from cercollettiva.core.models import Application
from cercollettiva.documents.models import Document, Processing
from cercollettiva.documents.types import DocumentType
from cercollettiva.web import formats
from cercollettiva.web.papers.attestation import place_of
from cercollettiva.web.templatetags.formats import page_locale


class Contradiction(NamedTuple):
    """One of them, in words; the paper that says otherwise."""

    words: str
    document: Document


def contradictions_of(application: Application, documents: Iterable[Document]) -> list[Contradiction]:
    """Between the form of an application, its attestation and its bill, as far as they could be read."""
    read = [one for one in documents if one.processing == Processing.DONE]
    attestations = [one for one in read if one.type == DocumentType.GAUDI]
    bills = [one for one in read if one.type == DocumentType.BILL]
    found: list[Contradiction] = []
    for document in attestations:
        found += [Contradiction(words, document) for words in _of_attestation(application, document.fields_read)]
    for document in bills:
        found += [Contradiction(words, document) for words in _of_bill(application, document.fields_read)]
        for attestation in attestations:
            found += [Contradiction(words, document) for words in against_bill(attestation.fields_read, document)]
    return found


def against_bill(attestation: dict[str, Any], bill: Document) -> Iterator[str]:
    """Where an attestation and a bill name different connection points."""
    pod, pods = _pod(attestation.get("pod_code")), bill.fields_read.get("pods") or []
    if pod and pods and pod not in pods:
        day = formats.date(bill.uploaded_at, locale=page_locale())
        yield _("La bolletta del %(day)s è del POD %(bill)s, l’attestato del POD %(paper)s.") % {
            "day": day,
            "bill": ", ".join(pods),
            "paper": pod,
        }


def _of_attestation(application: Application, read: dict[str, Any]) -> Iterator[str]:
    person, point, role = (application.answer(step) for step in ("person", "point", "role"))
    pod, written = _pod(read.get("pod_code")), _pod(point.get("pod_code"))
    if pod and written and pod != written:
        yield _("L’attestato è del POD %(paper)s, la domanda dice %(form)s.") % {"paper": pod, "form": written}
    yield from _of_producer(person, read)
    yield from _of_place(point, read)
    power, said = read.get("active_power_kw"), role.get("nominal_power")
    if power is not None and said and Decimal(str(power)) != Decimal(str(said)):
        words = _("L’attestato dice %(paper)s, la domanda %(form)s di potenza.")
        yield words % {"paper": _kilowatts(power), "form": _kilowatts(said)}


def _of_producer(person: dict[str, Any], read: dict[str, Any]) -> Iterator[str]:
    """By the number where both say one, by the name where not."""
    number = str(read.get("producer_vat") or "").strip().upper()
    codes = [str(person.get(name) or "").upper() for name in ("fiscal_code", "vat_number")]
    name = str(read.get("producer_name") or "")
    if number and any(codes):
        if number not in codes:
            words = _("L’attestato è di %(paper)s (%(number)s), non di chi fa la domanda.")
            yield words % {"paper": name or _("qualcun altro"), "number": number}
        return
    written = person.get("legal_name") or f"{person.get('first_name', '')} {person.get('last_name', '')}"
    if name and _words(written) and not _words(written) & _words(name):
        yield _("L’attestato è di %(paper)s, la domanda di %(form)s.") % {"paper": name, "form": written.strip()}


def _of_place(point: dict[str, Any], read: dict[str, Any]) -> Iterator[str]:
    place = place_of(read.get("address"))
    code, town = place.get("zip_code"), place.get("city")
    other_code = code and point.get("zip_code") and code != point["zip_code"]
    other_town = town and point.get("city") and not _words(town) & _words(point["city"])
    street, written = _words(place.get("address", "")), _words(str(point.get("address", "")))
    other_street = street and written and not street & written
    if other_code or other_town or other_street:
        said = " ".join(str(point.get(name, "")) for name in ("address", "zip_code", "city")).strip()
        words = _("L’attestato sta in %(paper)s, la domanda in %(form)s.")
        yield words % {"paper": read.get("address"), "form": said}


def _of_bill(application: Application, read: dict[str, Any]) -> Iterator[str]:
    person, point = application.answer("person"), application.answer("point")
    pods, written = read.get("pods") or [], _pod(point.get("pod_code"))
    if pods and written and written not in pods:
        words = _("La bolletta è del POD %(paper)s, la domanda dice %(form)s.")
        yield words % {"paper": ", ".join(pods), "form": written}
    codes, own = read.get("fiscal_codes") or [], str(person.get("fiscal_code") or "").upper()
    if codes and own and own not in codes and own not in (read.get("vat_numbers") or []):
        yield _("La bolletta porta un altro codice fiscale: controlla l’intestatario.")


def _pod(written: Any) -> str:
    return re.sub(r"\s", "", str(written or "")).upper()[:14]


def _words(text: str) -> set[str]:
    """The words that tell something: neither `via` nor a number."""
    return {word for word in re.findall(r"[^\W\d_]{4,}", text.casefold()) if word not in _NOT_TELLING}


_NOT_TELLING = frozenset({"viale", "piazza", "piazzale", "corso", "largo", "vicolo", "strada", "località", "frazione"})


def _kilowatts(value: Any) -> str:
    return formats.power(float(Decimal(str(value)) * 1000), unit="kW", locale=page_locale())
