"""The form by which a person says what a meter that nobody knew is, and where it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import Plant
from cercollettiva.energy import guesses
from cercollettiva.energy.models import DeviceType, Role, UnknownDevice
from cercollettiva.energy.operations import COMPONENT, Adoption, usual_component, usual_role
from cercollettiva.web.formats import ROME

WRITTEN = "%Y-%m-%dT%H:%M"


class PlantChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # no index at run time
    def label_from_instance(self, plant: Plant) -> str:
        return f"{plant.name} · {plant.pod_code}"


class AdoptionForm(forms.Form):
    """Opens with what the device's messages suggest. An empty channel or role is the usual one of model and plant."""

    device_id = forms.CharField(
        label=_("Nome del misuratore"),
        max_length=100,
        help_text=_("Come si chiama nelle sue impostazioni: i messaggi con un altro nome li rifiutiamo."),
    )
    kind = forms.ModelChoiceField(
        DeviceType.objects.none(), to_field_name="code", label=_("Modello"), empty_label=_("Scegli il modello")
    )
    plant = PlantChoice(Plant.objects.none(), label=_("Impianto"), empty_label=_("Scegli l’impianto"))
    component = forms.CharField(
        label=_("Canale"),
        max_length=32,
        required=False,
        help_text=_("Per esempio em:0. Vuoto: il canale principale del modello."),
    )
    role = forms.ChoiceField(
        label=_("Che cosa misura"),
        required=False,
        choices=[("", _("Il solito: lo scambio, o la produzione per un produttore")), *Role.choices],
    )
    since = forms.DateTimeField(
        label=_("Misura qui dal"),
        input_formats=[WRITTEN],
        widget=forms.DateTimeInput(format=WRITTEN, attrs={"type": "datetime-local"}),
        help_text=_("Ora italiana. Se sostituisce un altro misuratore, il momento del cambio."),
        error_messages={"invalid": _("Scrivi giorno e ora, per esempio 23/11/2026 14:30.")},
    )

    def __init__(
        self, data: Any = None, *, stranger: UnknownDevice, plants: QuerySet[Plant], kinds: QuerySet[DeviceType]
    ) -> None:
        super().__init__(data, initial=_suggested(stranger, plants), label_suffix="")
        self.fields["kind"].queryset = kinds  # type: ignore[attr-defined]
        self.fields["plant"].queryset = plants  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        kind, component = given.get("kind"), given.get("component", "")
        if kind is not None and component:
            known = kind.capabilities.get("components", {})
            if component not in known and not COMPONENT.fullmatch(component):
                self.add_error("component", _("Il canale si scrive come em:0 o em1:2."))
        return given

    def adoption(self) -> Adoption:
        """What a valid form says."""
        given = self.cleaned_data
        return Adoption(
            device_id=given["device_id"],
            kind=given["kind"],
            plant=given["plant"],
            component=given["component"] or usual_component(given["kind"]),
            role=Role(given["role"]) if given["role"] else usual_role(given["plant"]),
            since=given["since"],
        )


def _suggested(stranger: UnknownDevice, plants: QuerySet[Plant]) -> dict[str, Any]:
    device_id = guesses.device_id_of(stranger)
    return {
        "device_id": device_id,
        "kind": guesses.type_code_of(device_id),
        "plant": guesses.plant_of(stranger, plants),
        "component": guesses.component_of(stranger),
        "since": this_minute(timezone.now()),
    }


def this_minute(now: datetime) -> datetime:
    return now.astimezone(ROME).replace(second=0, microsecond=0)
