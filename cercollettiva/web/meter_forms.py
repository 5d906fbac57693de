"""The forms about meters of a plant: one is added, moved, taken away; what its channels measure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import ChannelRole, DevicePlacement, DeviceType, Role
from cercollettiva.energy.operations import COMPONENT, usual_component, usual_role
from cercollettiva.energy.placements import NewMeter, WantedRole
from cercollettiva.web.adoption_form import PlantChoice
from cercollettiva.web.fields import MomentField, this_minute

SIGNS: Final = [("1", _("diretto")), ("-1", _("invertito"))]
PHASES: Final = [("", _("tutte"))] + [(phases, phases.upper()) for phases in ("a", "b", "c", "ab", "ac", "bc")]
NOT_USED: Final = ("", _("non usato"))


class PlacementChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # no index at run time
    def label_from_instance(self, placement: DevicePlacement) -> str:
        return placement.device.device_id


class AddMeterForm(forms.Form):
    """A meter that is new at a plant; an empty channel or role is the usual one."""

    device_id = forms.CharField(
        label=_("Nome del misuratore"),
        max_length=100,
        help_text=_("Il «Device ID» che leggi nelle sue impostazioni, per esempio shellypro3em-a1b2c3."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    kind = forms.ModelChoiceField(
        DeviceType.objects.none(), to_field_name="code", label=_("Modello"), empty_label=_("Scegli il modello")
    )
    replaces = PlacementChoice(
        DevicePlacement.objects.none(),
        label=_("Sostituisce"),
        required=False,
        empty_label=_("nessuno, si aggiunge"),
        help_text=_("Il vecchio esce in quel momento e il nuovo prende i suoi ruoli."),
    )
    role = forms.ChoiceField(
        label=_("Che cosa misura"),
        required=False,
        choices=[("", _("Il solito per questo impianto")), *Role.choices],
    )
    component = forms.CharField(
        label=_("Canale"),
        max_length=32,
        required=False,
        help_text=_("Per esempio em:0. Vuoto: il canale principale del modello."),
    )
    since = MomentField(label=_("Misura qui dal"), help_text=_("Ora italiana: quando l’hai montato."))

    def __init__(self, data: Any = None, *, plant: Plant, kinds: QuerySet[DeviceType], standing: Any) -> None:
        start = max(this_minute(), plant.active_from)
        super().__init__(data, initial={"since": start, "kind": "SHELLY_PRO_3EM"}, label_suffix="")
        self.plant = plant
        self.fields["kind"].queryset = kinds  # type: ignore[attr-defined]
        self.fields["replaces"].queryset = standing  # type: ignore[attr-defined]
        if not standing:
            del self.fields["replaces"]

    def clean_component(self) -> str:
        component = str(self.cleaned_data["component"]).strip()
        if component and not COMPONENT.fullmatch(component):
            raise forms.ValidationError(gettext("Il canale si scrive come em:0 o em1:2."))
        return component

    def meter(self) -> NewMeter:
        given = self.cleaned_data
        return NewMeter(
            device_id=given["device_id"],
            kind=given["kind"],
            component=given["component"] or usual_component(given["kind"]),
            role=given["role"] or usual_role(self.plant),
            since=given["since"],
            replaces=given.get("replaces"),
        )


class MoveForm(forms.Form):
    """To which plant a meter goes, and when; to none is into the cupboard."""

    plant = PlantChoice(
        Plant.objects.none(), label=_("Va a"), required=False, empty_label=_("nessun impianto: resta libero")
    )
    role = forms.ChoiceField(
        label=_("Che cosa misura là"),
        required=False,
        choices=[("", _("lo stesso di qui")), *Role.choices],
        help_text=_("Un POD ha un solo misuratore dello scambio."),
    )
    since = MomentField(
        label=_("Dal"),
        help_text=_("Ora italiana. Prima di questo momento le misure restano qui, dopo contano di là: al minuto."),
    )

    def __init__(self, data: Any = None, *, plants: QuerySet[Plant]) -> None:
        super().__init__(data, initial={"since": this_minute()}, label_suffix="")
        self.fields["plant"].queryset = plants  # type: ignore[attr-defined]


class RolesForm(forms.Form):
    """What each channel of a meter measures, from a moment on; one line more is for a channel we do not know."""

    since = MomentField(
        label=_("Vale dal"),
        help_text=_("Il primo momento se era sbagliato da sempre; altrimenti quando hai spostato la pinza."),
    )

    def __init__(self, data: Any = None, *, placement: DevicePlacement) -> None:
        super().__init__(data, initial={"since": timezone.localtime(placement.active_from)}, label_suffix="")
        current = list(placement.roles.filter(active_to__isnull=True).order_by("component", "phases"))
        known = placement.device.device_type.capabilities.get("components", {})
        self.channels = list(_channels(current, known))
        held = {(role.component, role.phases): role for role in current}
        for number, (component, phases) in enumerate(self.channels):
            self._add(number, held.get((component, phases)))
        self.extra = len(self.channels)
        self._add(self.extra, None)
        self.fields["component"] = forms.CharField(label=_("Altro canale"), max_length=32, required=False)
        self.fields["phases"] = forms.ChoiceField(label=_("Fasi"), choices=PHASES, required=False)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"name": component, "phases": phases.upper(), "role": self[f"role_{n}"], "sign": self[f"sign_{n}"]}
            for n, (component, phases) in enumerate(self.channels)
        ]

    def extra_row(self) -> list[Any]:
        return [self["component"], self["phases"], self[f"role_{self.extra}"], self[f"sign_{self.extra}"]]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        component, role = given.get("component", "").strip(), given.get(f"role_{self.extra}")
        if bool(component) != bool(role):
            self.add_error("component" if role else f"role_{self.extra}", gettext("Servono canale e ruolo insieme."))
        elif component and not COMPONENT.fullmatch(component):
            self.add_error("component", gettext("Il canale si scrive come em:0 o em1:2."))
        elif component and (component, given.get("phases", "")) in self.channels:
            self.add_error("component", gettext("Questo canale è già nell’elenco."))
        return given

    def wanted(self) -> list[WantedRole]:
        given = self.cleaned_data
        channels = [*self.channels, (given.get("component", "").strip(), given.get("phases", ""))]
        return [
            WantedRole(component, given[f"role_{number}"], int(given[f"sign_{number}"] or 1), phases)
            for number, (component, phases) in enumerate(channels)
            if given.get(f"role_{number}")
        ]

    def _add(self, number: int, held: ChannelRole | None) -> None:
        self.fields[f"role_{number}"] = forms.ChoiceField(
            label=_("Che cosa misura"),
            choices=[NOT_USED, *Role.choices],
            required=False,
            initial=held.role if held else "",
        )
        self.fields[f"sign_{number}"] = forms.ChoiceField(
            label=_("Verso"), choices=SIGNS, required=False, initial=str(held.sign) if held else "1"
        )


def _channels(current: Iterable[ChannelRole], known: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Those with a role, then those that the model has besides."""
    held = [(role.component, role.phases) for role in current]
    yield from held
    with_role = {component for component, _phases in held}
    yield from ((component, "") for component in sorted(known) if component not in with_role)
