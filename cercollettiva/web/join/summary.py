"""What an application says, as lines for a person: on the last step, and beside what the desk knows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.core.models import Application, ApplicationStep, MemberType, PlantSource
from cercollettiva.users.models import LegalType
from cercollettiva.web import formats
from cercollettiva.web.templatetags.formats import page_locale


class Line(NamedTuple):
    """One thing that was written; `before` is what stood there when it was sent the last time, if that was another."""

    label: str | Promise
    value: str
    before: str = ""
    is_changed: bool = False
    is_pod: bool = False


class Part(NamedTuple):
    """The lines of one step."""

    step: ApplicationStep
    lines: list[Line]


LABELS: Final[dict[str, dict[str, Any]]] = {
    ApplicationStep.PERSON: {
        "legal_type": gettext_lazy("Forma giuridica"),
        "legal_name": gettext_lazy("Ragione sociale o denominazione"),
        "first_name": gettext_lazy("Nome"),
        "last_name": gettext_lazy("Cognome"),
        "birth_date": gettext_lazy("Data di nascita"),
        "fiscal_code": gettext_lazy("Codice fiscale"),
        "vat_number": gettext_lazy("Partita IVA"),
        "pec": gettext_lazy("PEC"),
        "sdi_code": gettext_lazy("Codice SDI"),
        "is_large_company": gettext_lazy("È una grande impresa"),
        "phone": gettext_lazy("Telefono"),
        "address": gettext_lazy("Indirizzo"),
    },
    ApplicationStep.POINT: {
        "pod_code": gettext_lazy("POD"),
        "name": gettext_lazy("Nome del punto"),
        "address": gettext_lazy("Via e numero della fornitura"),
        "zip_code": gettext_lazy("CAP"),
        "city": gettext_lazy("Comune"),
        "province": gettext_lazy("Provincia"),
        "has_moved": gettext_lazy("Voltura recente"),
    },
    ApplicationStep.ROLE: {
        "member_type": gettext_lazy("Entra come"),
        "source": gettext_lazy("Fonte dell’impianto"),
        "nominal_power": gettext_lazy("Potenza dell’impianto"),
        "has_storage": gettext_lazy("Ha una batteria di accumulo"),
    },
}
_CHOICES: Final = {"legal_type": LegalType, "member_type": MemberType, "source": PlantSource}


def summary_of(application: Application) -> list[Part]:
    """The first three steps, line by line; what a correction changed is marked."""
    written, before = application.answers, application.sent_before
    return [
        Part(step, _lines(labels, written.get(step.value, {}), before.get(step.value) if before else None))
        for step, labels in ((ApplicationStep(name), labels) for name, labels in LABELS.items())
    ]


def _lines(labels: dict[str, Any], answer: dict[str, Any], before: dict[str, Any] | None) -> list[Line]:
    lines = []
    for name, label in labels.items():
        value, old = _words(name, answer.get(name)), _words(name, before.get(name)) if before is not None else ""
        changed = before is not None and value != old
        if value or changed:
            lines.append(Line(label, value, before=old, is_changed=changed, is_pod=name == "pod_code"))
    return lines


def _words(name: str, value: Any) -> str:
    if value in (None, "", False):
        return ""
    if value is True:
        return _("sì")
    if name in _CHOICES:
        choices = _CHOICES[name]
        return str(choices(value).label) if value in choices.values else str(value)
    if name == "birth_date":
        return formats.date(date.fromisoformat(value), "long", locale=page_locale())
    if name == "nominal_power":
        return formats.power(float(Decimal(value) * 1000), unit="kW", locale=page_locale())
    return str(value)
