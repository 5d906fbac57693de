"""The report of a visit as a form, or a phone that was without network, sends it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.monitoring.models.visits import DataReturned
from cercollettiva.monitoring.visits import Visit
from cercollettiva.users.models import CustomUser

OLDEST: Final = timedelta(days=90)
LONGEST: Final = 4000  # characters of each answer
MOST_STEPS: Final = 50
SAYS_NOTHING: Final = _("Scrivi che cosa hai trovato o che cosa hai fatto.")
WHOLE: Final = {"required": _("Il rapporto non è intero: ricarica la pagina e scrivilo di nuovo.")}


class VisitForm(forms.Form):
    """The plant and the meter are looked up among those that who sends it looks after."""

    key = forms.UUIDField(error_messages=WHOLE)
    plant = forms.IntegerField(min_value=1, max_value=2**63 - 1, error_messages=WHOLE)
    device = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    visited_at = forms.DateTimeField(required=False)  # empty: now
    seen_at = forms.DateTimeField(required=False)  # when the list was read
    found = forms.CharField(max_length=LONGEST, required=False)
    done = forms.CharField(max_length=LONGEST, required=False)
    data_returned = forms.ChoiceField(
        choices=DataReturned.choices,
        error_messages={"required": _("Di’ se i dati sono tornati.")},
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._now = now

    def clean_visited_at(self) -> datetime:
        at: datetime = self.cleaned_data["visited_at"] or self._now
        if at < self._now - OLDEST:
            raise ValidationError(_("La visita è di più di 90 giorni fa: controlla l’orologio del telefono."))
        return at

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        fine = not self.errors.keys() & {"found", "done"}
        if fine and not (cleaned.get("found") or cleaned.get("done")):
            raise ValidationError(SAYS_NOTHING)
        return cleaned

    @property
    def problems(self) -> list[str]:
        """Each once, in words."""
        return list(dict.fromkeys(str(each) for errors in self.errors.values() for each in errors))

    def visit(self, plant: Plant, device: DeviceConfiguration | None, technician: CustomUser) -> Visit:
        cleaned = self.cleaned_data
        return Visit(
            key=cleaned["key"],
            plant=plant,
            device=device,
            technician=technician,
            visited_at=cleaned["visited_at"],
            kinds=self._listed("kinds"),
            steps=self._listed("steps"),
            found=cleaned["found"],
            done=cleaned["done"],
            data_returned=DataReturned(cleaned["data_returned"]),
        )

    def _listed(self, name: str) -> list[str]:
        """Words that are compared with a closed list later on."""
        return list(dict.fromkeys(self.data.getlist(name)))[:MOST_STEPS]  # type: ignore[attr-defined]
