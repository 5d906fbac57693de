"""Why there are no figures: in the language of whoever reads it, and without the POD of somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cercollettiva.domain.calendar import ITALY
from cercollettiva.domain.settlement.errors import SettlementError

if TYPE_CHECKING:
    from cercollettiva.settlement.models import SettlementRun

_MARKED = ("what",)  # values that are words themselves
_INSTANTS = ("first", "start")


def details_of(error: SettlementError) -> dict[str, Any]:
    """What is stored of a refusal, for `reason_of_run`."""
    return {"words": error.words, "values": error.values}


def reason_of(error: SettlementError, *, names_pods: bool) -> str:
    """The words of a refusal; `names_pods` for whoever looks after the community."""
    return reason_in(details_of(error), names_pods=names_pods)


def reason_of_run(run: SettlementRun, *, names_pods: bool) -> str:
    """Why a calculation has no figures; nothing where it has. One of before details were kept names no POD either."""
    if not run.refusal:
        return ""
    if run.refusal_details:
        return reason_in(run.refusal_details, names_pods=names_pods)
    return run.refusal if names_pods else _("Manca qualcosa che deve completare chi gestisce la comunità.")


def reason_in(details: Mapping[str, Any], *, names_pods: bool = True) -> str:
    """The words of what `details_of` kept."""
    values = {name: _told(name, value) for name, value in details["values"].items()}
    if "pod" in values and not names_pods:
        values["pod"] = _("Un punto di connessione")
    return _(details["words"]) % values


def _told(name: str, value: str) -> str:
    if name in _INSTANTS:
        return f"{datetime.fromisoformat(value).astimezone(ITALY):%d/%m/%Y %H:%M}"
    return _(value) if name in _MARKED else value
