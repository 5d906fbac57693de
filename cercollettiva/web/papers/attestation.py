"""From an attestation to the form of a plant: what goes where, how sure we are, what we hold instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.core.models import GridFeed, MarketZone, Plant, PlantSource, PlantType
from cercollettiva.domain import places
from cercollettiva.domain.settlement.words import MacroZone
from cercollettiva.domain.settlement.zones import macro_zone, market_zone
from cercollettiva.web import formats
from cercollettiva.web.fields import DayField
from cercollettiva.web.forms import ItalianDecimalField
from cercollettiva.web.plant_form import PlantForm
from cercollettiva.web.templatetags.formats import page_locale

# What the attestation calls it: what the plant does. The active power is the nominal power.
COLUMNS: Final = {
    "pod_code": "pod_code",
    "plant_name": "name",
    "active_power_kw": "nominal_power",
    "apparent_power_kva": "apparent_power_kva",
    "net_power_kw": "net_power_kw",
    "gross_power_kw": "gross_power_kw",
    "voltage_v": "voltage_v",
    "expected_yearly_production_kwh": "expected_yearly_production_kwh",
    "grid_feed_type": "grid_feed_type",
    "remote_disconnect": "remote_disconnect",
    "gaudi_request_code": "gaudi_request_code",
    "censimp_code": "censimp_code",
    "sapr_code": "sapr_code",
    "tracking_code": "tracking_code",
    "section_id": "section_id",
    "group_id": "group_id",
    "version_number": "gaudi_version",
    "validation_date": "gaudi_validation_date",
}
CODES: Final = ("gaudi_request_code", "censimp_code", "sapr_code", "tracking_code", "section_id", "group_id")
GROUPS: Final = (
    (gettext_lazy("L’impianto"), ("name", "pod_code", "plant_type", "source", "nominal_power", "power_is_right")),
    (gettext_lazy("Di chi è e da quando"), ("cer_configuration", "owner_email", "active_from")),
    (gettext_lazy("Dove sta"), ("address", "zip_code", "city", "province", "region")),
    (
        gettext_lazy("Potenze ed energia"),
        (
            *("apparent_power_kva", "net_power_kw", "gross_power_kw", "voltage_v"),
            *("expected_yearly_production_kwh", "grid_feed_type", "remote_disconnect"),
        ),
    ),
    (gettext_lazy("I codici dell’attestato"), (*CODES, "gaudi_version", "gaudi_validation_date")),
)
_SOURCES: Final = (
    (r"fotovolt|solar", PlantSource.PV),
    (r"eolic", PlantSource.WIND),
    (r"idro", PlantSource.HYDRO),
    (r"bio", PlantSource.BIOGAS),
)


def _decimal(label: str | Promise, *, places: int = 3, digits: int = 10) -> ItalianDecimalField:
    return ItalianDecimalField(
        label=label, required=False, min_value=Decimal(0), max_digits=digits, decimal_places=places
    )


class PlantFromAttestationForm(PlantForm):
    """The form of a plant with what only an attestation knows."""

    apparent_power_kva = _decimal(gettext_lazy("Potenza apparente (kVA)"))
    net_power_kw = _decimal(gettext_lazy("Potenza efficiente netta (kW)"))
    gross_power_kw = _decimal(gettext_lazy("Potenza efficiente lorda (kW)"))
    voltage_v = _decimal(gettext_lazy("Tensione del generatore (V)"), places=2, digits=9)
    gaudi_validation_date = DayField(label=gettext_lazy("Convalidato il"), required=False)

    class Meta(PlantForm.Meta):
        fields = tuple(  # type: ignore[assignment]  # of another length
            dict.fromkeys([*(name for _title, names in GROUPS for name in names), *PlantForm.Meta.fields])
        )
        labels = {
            **PlantForm.Meta.labels,
            "grid_feed_type": gettext_lazy("Produzione immessa in rete"),
            "remote_disconnect": gettext_lazy("Predisposto al teledistacco"),
            "gaudi_request_code": gettext_lazy("Codice richiesta"),
            "censimp_code": gettext_lazy("Codice CENSIMP"),
            "sapr_code": gettext_lazy("Codice SAPR"),
            "tracking_code": gettext_lazy("Codice di rintracciabilità"),
            "section_id": gettext_lazy("Sezione"),
            "group_id": gettext_lazy("Gruppo"),
            "gaudi_version": gettext_lazy("Versione dell’attestato"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = {name for _title, names in GROUPS for name in names}
        for name in set(self.fields) - shown:
            del self.fields[name]  # what an attestation does not know stays as it is
        for name in ("apparent_power_kva", "net_power_kw", "gross_power_kw", "voltage_v"):
            if isinstance(self.initial.get(name), Decimal):
                self.initial[name] = self.initial[name].normalize()


def initial_of(read: dict[str, Any], *, is_new: bool) -> dict[str, Any]:
    """What the form begins with: what was read, as the plant calls it."""
    given: dict[str, Any] = {}
    for name, column in COLUMNS.items():
        value = read.get(name)
        if value is not None:
            given[column] = _stored(value)
    given |= place_of(read.get("address"))
    if is_new:
        feed, kind = read.get("grid_feed_type"), str(read.get("plant_type") or "").casefold()
        if feed in (GridFeed.TOTAL, GridFeed.PARTIAL):
            given["plant_type"] = PlantType.PRODUCER if feed == GridFeed.TOTAL else PlantType.PROSUMER
        source = next((source for pattern, source in _SOURCES if re.search(pattern, kind)), None)
        given |= {"source": source.value} if source else {}
        given["name"] = str(given.get("name", "")).title()
    else:
        given.pop("name", None)  # what people call it stays
    return given


def place_of(written: Any) -> dict[str, str]:
    """Street, CAP, town, province and region of an address in one line, as far as it says them."""
    return {name: value for name, value in places.place_of(str(written or ""))._asdict().items() if value}


def zones_of(region: str) -> list[tuple[str, str]]:
    """What a region decides: the zone of the market, and the part of Italy for the correction of the premium."""
    if not region:
        return []
    parts = {MacroZone.NORTH: _("Nord"), MacroZone.CENTRE: _("Centro"), MacroZone.SOUTH: _("Sud")}
    return [
        (_("Zona di mercato"), str(MarketZone(market_zone(region)).label)),
        (_("Correzione del premio"), parts[macro_zone(region)]),
    ]


class Difference(NamedTuple):
    """One thing that is not the same on the paper and elsewhere; `held` is what stands there, `where` where."""

    field: str  # the attestation's name of it
    label: str
    read: str
    held: str
    where: str

    @property
    def is_pod(self) -> bool:
        return self.field == "pod_code"


def differences_to(read: dict[str, Any], plant: Plant, *, where: str = "") -> list[Difference]:
    """Between an attestation and the plant as we hold it. What either does not say is no difference."""
    where = where or _("quello che abbiamo")
    return [*_of_columns(read, plant, where), *_of_the_producer(read, plant, where)]


def differences_between(read: dict[str, Any], other: dict[str, Any], *, where: str) -> list[Difference]:
    """Between two attestations."""
    found = []
    for name in (*COLUMNS, "address", "producer_name", "producer_vat"):
        new, old = read.get(name), other.get(name)
        if new is not None and old is not None and not _same(name, new, old):
            found.append(Difference(name, label_of(name), shown(name, new), shown(name, old), where))
    return found


def label_of(name: str) -> str:
    """What a field is called on the page."""
    others = {
        "address": _("Indirizzo"),
        "plant_type": _("Tipologia"),
        "producer_name": _("Produttore"),
        "producer_vat": _("Partita IVA o codice fiscale del produttore"),
        "grid_operator": _("Gestore di rete"),
        "expected_operation_date": _("Esercizio previsto"),
    }
    if name in others:
        return others[name]
    column = COLUMNS[name]
    field = PlantFromAttestationForm.base_fields[column]
    return str(field.label)


def shown(name: str, value: Any) -> str:
    """A value as a person reads it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("sì") if value else _("no")
    if name == "grid_feed_type" and value in GridFeed.values:
        return str(GridFeed(value).label)
    if name in ("validation_date", "expected_operation_date"):
        return formats.date(_day(value), locale=page_locale())
    if name != "version_number" and (number := _number(value)) is not None and not isinstance(value, str):
        exponent = number.normalize().as_tuple().exponent
        digits = max(-exponent, 0) if isinstance(exponent, int) else 0
        return formats.number(number, digits, locale=page_locale())
    return str(value)


def _of_columns(read: dict[str, Any], plant: Plant, where: str) -> Iterator[Difference]:
    for name, column in COLUMNS.items():
        new, held = read.get(name), getattr(plant, column)
        if column == "name" or new is None or held in (None, ""):
            continue  # the attestation's name is the program's, ours is what people say
        if not _same(name, new, held):
            yield Difference(name, label_of(name), shown(name, new), shown(name, held), where)
    place = place_of(read.get("address"))
    for column in ("address", "zip_code", "city", "province", "region"):
        held = getattr(plant, column)
        if place.get(column) and held and _plain(place[column]) != _plain(held):
            label = str(PlantFromAttestationForm.base_fields[column].label)
            yield Difference("address", label, place[column], str(held), where)


def _of_the_producer(read: dict[str, Any], plant: Plant, where: str) -> Iterator[Difference]:
    owner, number = plant.owner, str(read.get("producer_vat") or "").strip().upper()
    if owner is None or not number:
        return
    held = [code.upper() for code in (owner.fiscal_code, owner.vat_number) if code]
    if held and number not in held:
        name = " ".join(filter(None, (str(read.get("producer_name") or ""), number)))
        yield Difference("producer_vat", label_of("producer_name"), name, f"{owner} {held[0]}", where)


def _same(name: str, new: Any, held: Any) -> bool:
    if name == "pod_code":
        return _plain(new)[:14] == _plain(held)[:14]
    if name in ("validation_date", "expected_operation_date"):
        return _day(new) == _day(held)
    first, second = _number(new), _number(held)
    if first is not None and second is not None and not isinstance(new, str | bool):
        return first == second
    return _plain(new) == _plain(held)


def _stored(value: Any) -> Any:
    """A number as the form knows it: 99.5, not 99.500."""
    return Decimal(str(value)).normalize() if isinstance(value, float) else value


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _plain(value: Any) -> str:
    return " ".join(re.sub(r"[^\w]+", " ", str(value).casefold()).split())
