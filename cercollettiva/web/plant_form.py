"""The form of a plant: what is written once, with the doubts asked back before it is saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import CERConfiguration, CERMembership, Plant
from cercollettiva.domain import places
from cercollettiva.domain.settlement.zones import market_zone
from cercollettiva.energy.closing import has_history
from cercollettiva.users.models import CustomUser
from cercollettiva.web import formats
from cercollettiva.web.fields import CoordinateField, DayField, midnight_of
from cercollettiva.web.forms import ItalianDecimalField

MEGAWATT: Final = Decimal(1000)  # [kW] a plant of a community has at most one: more is rather watts
# What a plant with a history keeps: it would change who owned what was measured.
FIXED: Final = ("pod_code", "cer_configuration", "active_from")


def _in_kilowatts(kilowatts: Decimal) -> str:
    return formats.power(kilowatts * 1000).replace(formats.NBSP, " ")


def _in_kilowatt_hours(kilowatt_hours: Decimal) -> str:
    return formats.energy(int(kilowatt_hours * 1_000_000)).replace(formats.NBSP, " ")


def _number(label: Any, meaning: Callable[[Decimal], str], *, help_text: Any = "", digits: int = 10) -> Any:
    return ItalianDecimalField(
        label=label,
        required=False,
        min_value=Decimal(0),
        max_digits=digits,
        decimal_places=3,
        meaning=meaning,
        help_text=help_text,
    )


class PlantForm(forms.ModelForm):  # type: ignore[type-arg]  # no index at run time
    """Needs `user`, who decides between which communities one may choose and whether an owner may be named."""

    owner_email = forms.EmailField(
        label=_("Email del titolare"),
        required=False,
        help_text=_("Di un socio della comunità. Vuota finché non è assegnato."),
    )
    active_from = DayField(
        label=_("In questa comunità dal"),
        help_text=_("Da questo giorno le sue misure contano per la comunità."),
    )
    nominal_power = _number(
        _("Potenza nominale (kW)"),
        _in_kilowatts,
        help_text=_("In kW: per esempio 6, oppure 4,5. Chi consuma soltanto può lasciarla vuota."),
    )
    power_is_right = forms.BooleanField(label=_("È giusto così: la potenza è in kW"), required=False)
    expected_yearly_production_kwh = _number(_("Produzione attesa in un anno (kWh)"), _in_kilowatt_hours, digits=14)
    storage_capacity_kwh = _number(_("Capacità dell’accumulo (kWh)"), _in_kilowatt_hours)
    storage_power_kw = _number(_("Potenza dell’accumulo (kW)"), _in_kilowatts)
    storage_efficiency = ItalianDecimalField(
        label=_("Rendimento medio dell’accumulo"),
        required=False,
        min_value=Decimal("0.001"),
        max_value=Decimal(1),
        max_digits=4,
        decimal_places=3,
        help_text=_("Di un ciclo di carica e scarica, da 0 a 1: per esempio 0,9 per il 90 %."),
    )
    installation_date = DayField(label=_("Installato il"), required=False)
    entry_into_operation = DayField(
        label=_("Entrato in esercizio il"),
        required=False,
        help_text=_("È nella comunicazione di attivazione del distributore, non sull’attestato GAUDÌ."),
    )
    commercial_operation = DayField(label=_("Decorrenza commerciale"), required=False)
    latitude = CoordinateField(label=_("Latitudine"), least="35", most="47.5", required=False)
    longitude = CoordinateField(label=_("Longitudine"), least="6", most="19", required=False)
    grant_share = ItalianDecimalField(
        label=_("Quota di contributo in conto capitale"),
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(1),
        max_digits=5,
        decimal_places=4,
        help_text=_("Da 0 a 1: per esempio 0,4 per il 40 %."),
    )

    class Meta:
        model = Plant
        fields = (
            *("name", "pod_code", "plant_type", "cer_configuration", "owner_email", "active_from"),
            *("nominal_power", "power_is_right", "connection_voltage", "source"),
            *("installation_date", "entry_into_operation", "commercial_operation", "expected_yearly_production_kwh"),
            *("has_storage", "storage_capacity_kwh", "storage_power_kw", "storage_efficiency", "grant_share"),
            *("address", "city", "zip_code", "province", "region", "latitude", "longitude"),
        )
        labels = {
            "name": _("Nome"),
            "pod_code": "POD",
            "plant_type": _("Che cosa fa"),
            "cer_configuration": _("Comunità"),
            "connection_voltage": _("Livello di tensione"),
            "source": _("Fonte"),
            "has_storage": _("Ha un accumulo"),
            "address": _("Via e numero"),
            "city": _("Comune"),
            "zip_code": _("CAP"),
            "province": _("Provincia (sigla)"),
            "region": _("Regione"),
        }
        help_texts = {
            "name": _("Come lo chiamate: per esempio Scuola Rodari, o Casa Bianchi."),
            "region": _("Ne dipendono la correzione del premio e la zona di mercato. Vuota, la dice la provincia."),
        }

    def __init__(self, *args: Any, user: CustomUser, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.user = user
        self.region_before = self.instance.region
        self.has_history = self.instance.pk is not None and has_history(self.instance)
        self.power_was_doubted = False
        communities: Any = self.fields["cer_configuration"]
        communities.queryset = self._communities()
        communities.empty_label = gettext("Scegli la comunità")
        communities.required = True
        if self.instance.pk is None:
            self.initial.setdefault("active_from", timezone.localdate(timezone=formats.ROME))
            if len(communities.queryset) == 1:
                self.initial.setdefault("cer_configuration", communities.queryset[0].pk)
        else:
            self.initial["active_from"] = timezone.localdate(self.instance.active_from, timezone=formats.ROME)
            self.initial["owner_email"] = self.instance.owner.email if self.instance.owner else ""
        for name in ("nominal_power", "expected_yearly_production_kwh", "storage_capacity_kwh", "storage_power_kw"):
            if isinstance(self.initial.get(name), Decimal):
                self.initial[name] = self.initial[name].normalize()  # 40, not 40,000
        if not self._administers():
            del self.fields["owner_email"]
        if self.has_history:
            for name in FIXED:
                self.fields[name].disabled = True
                self.fields[name].help_text = gettext(
                    "Ha già una storia: per cambiarlo chiudi l’impianto e creane un altro."
                )

    def clean_nominal_power(self) -> Decimal | None:
        return self._kilowatts("nominal_power")

    def clean_storage_power_kw(self) -> Decimal | None:
        return self._kilowatts("storage_power_kw")

    def clean_province(self) -> str:
        province = str(self.cleaned_data.get("province") or "").strip().upper()
        if province and not (len(province) == 2 and province.isalpha()):
            raise forms.ValidationError(gettext("È la sigla di due lettere: per esempio MO."))
        return province

    def clean_zip_code(self) -> str:
        code = str(self.cleaned_data.get("zip_code") or "").strip()
        if code and not (len(code) == 5 and code.isascii() and code.isdigit()):
            raise forms.ValidationError(gettext("Il CAP ha cinque cifre: per esempio 41012."))
        return code

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        self._check_days(given)
        self._check_region(given)
        if (given.get("latitude") is None) != (given.get("longitude") is None) and not (
            {"latitude", "longitude"} & set(self.errors)
        ):
            missing = "latitude" if given.get("latitude") is None else "longitude"
            self.add_error(missing, gettext("Servono tutte e due le coordinate, o nessuna."))
        if given.get("owner_email") and "owner_email" in self.fields:
            self._find_owner(given)
        return given

    def save(self, commit: bool = True) -> Plant:
        plant: Plant = super().save(commit=False)
        day = self.cleaned_data["active_from"]
        if day != self.initial.get("active_from") or plant.pk is None:
            plant.active_from = midnight_of(day)
        if self._administers(plant.cer_configuration_id):
            plant.owner = self.cleaned_data.get("owner")
        elif plant.pk is None and not CERConfiguration.objects.managed_by(self.user).filter(
            pk=plant.cer_configuration_id
        ):
            plant.owner = self.user  # a member adds what is theirs; a technician leaves it to be assigned
        if plant.region and (plant.region != self.region_before or not plant.market_zone):
            plant.market_zone = market_zone(plant.region)
        if commit:
            plant.save()
        return plant

    def _post_clean(self) -> None:
        """A day is no moment yet: the model's own field would refuse it."""
        day = self.cleaned_data.pop("active_from", None)
        super()._post_clean()  # type: ignore[misc]
        if day is not None:
            self.cleaned_data["active_from"] = day

    def _kilowatts(self, name: str) -> Decimal | None:
        """A power that is rather in watts is asked back, until somebody says that it is right."""
        power: Decimal | None = self.cleaned_data.get(name)
        sure = self.data.get(self.add_prefix("power_is_right")) or power == self.initial.get(name)
        if power is not None and power >= MEGAWATT and not sure:
            self.power_was_doubted = True
            watts = {"meant": formats.number(power), "kilowatts": _plain(power / 1000)}
            raise forms.ValidationError(
                gettext(
                    "%(meant)s kW sono tantissimi: se volevi dire %(meant)s W scrivi %(kilowatts)s. "
                    "Se è davvero così, spunta «È giusto così»."
                )
                % watts,
                code="watts",
            )
        return power

    def _communities(self) -> Any:
        """Those one looks after, and those one is a member of for one's own plant."""
        managed = CERConfiguration.objects.managed_by(self.user)
        member = CERConfiguration.objects.visible_to(self.user)
        current = self.instance.cer_configuration_id
        keys = Q(pk__in=managed.values("pk")) | Q(pk__in=member.values("pk")) | Q(pk=current)
        return CERConfiguration.objects.filter(keys).order_by("name")

    def _administers(self, community: int | None = None) -> bool:
        """Some community, or this one: only there one may say whose a plant is."""
        own = CERConfiguration.objects.administered_by(self.user)
        return own.filter(pk=community).exists() if community else own.exists()

    def _find_owner(self, given: dict[str, Any]) -> None:
        """The owner is a member of the community: nobody learns who else has an account."""
        email, current = given["owner_email"].strip().lower(), self.instance.owner
        community = given.get("cer_configuration")
        if community is not None and not self._administers(community.pk):
            self.add_error(
                "owner_email", gettext("Solo chi amministra la comunità dice di chi è un impianto: lascia vuoto.")
            )
            return
        if current is not None and email == current.email:
            given["owner"] = current
            return
        memberships: Any = CERMembership.objects
        active = memberships.active_at(timezone.now()).filter(community=community, user__email=email)
        membership = active.select_related("user").first()
        if membership is None:
            self.add_error(
                "owner_email",
                gettext("Nessun socio di questa comunità ha questa email: invitalo prima, o lascia vuoto."),
            )
        else:
            given["owner"] = membership.user

    def _check_region(self, given: dict[str, Any]) -> None:
        """A province lies in one region: it says which, and contradicts another."""
        province, region = given.get("province", ""), given.get("region", "")
        lies_in = places.region_of(province) if province else ""
        if lies_in and not region:
            given["region"] = lies_in
        elif lies_in and region != lies_in:
            self.add_error(
                "region",
                gettext("La provincia %(province)s è in %(region)s: correggi una delle due.")
                % {"province": province, "region": lies_in},
            )

    def _check_days(self, given: dict[str, Any]) -> None:
        installed, entered = given.get("installation_date"), given.get("entry_into_operation")
        commercial = given.get("commercial_operation")
        if installed and entered and entered < installed:
            self.add_error(
                "entry_into_operation",
                gettext("È prima dell’installazione (%(day)s): correggi uno dei due giorni.")
                % {"day": _written(installed)},
            )
        if entered and commercial and commercial < entered:
            self.add_error(
                "commercial_operation",
                gettext("È prima dell’entrata in esercizio (%(day)s): correggi uno dei due giorni.")
                % {"day": _written(entered)},
            )


def _written(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}".replace(".", ",")
