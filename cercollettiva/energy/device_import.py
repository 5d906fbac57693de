"""Plants, devices and their channels from a CSV file: a community that moves in, or a technician's list."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration, Organisation, Plant, PlantType
from cercollettiva.domain.identifiers import InvalidIdentifier, pod_key
from cercollettiva.energy.models import ChannelRole, DeviceConfiguration, DevicePlacement, DeviceType, Role
from cercollettiva.energy.operations import COMPONENT, Thing, new_device, new_placement, new_role, saved
from cercollettiva.users.models import CustomUser

REQUIRED: Final = (
    *("pod_code", "plant_name", "plant_type", "nominal_power_kw"),
    *("device_id", "device_type", "topic_prefix", "component", "role"),
)
OPTIONAL: Final = ("phases", "sign", "community_code", "owner_email")
# A file says nothing about when: what it lists has always stood there, so that older measurements find their plant.
SINCE_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)

Row = Mapping[str, str]


class BadRow(Exception):
    """A row that cannot be used; its text says why and what would be right."""


class BadFile(Exception):
    """A file that is no list of devices."""


class RefusedRow(NamedTuple):
    """A row that was left out, by its line in the file."""

    line: int
    reason: str


@dataclass
class Imported:
    """What an import did: how many of each were made, and which rows were refused."""

    rows: int = 0
    created: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedRow] = field(default_factory=list)


def import_devices(lines: Iterable[str], *, since: datetime = SINCE_EVER, dry_run: bool = False) -> Imported:
    """Create what the rows name and is missing; what exists is left as it is.

    One row is one channel. A row is taken whole or refused whole, and never takes its neighbours with it.
    """
    outcome = Imported()
    with transaction.atomic():
        for line, row in _rows(lines):
            outcome.rows += 1
            made: Counter[str] = Counter()
            try:
                with transaction.atomic():
                    _import_row(row, since=since, made=made)
            except (BadRow, InvalidIdentifier) as error:
                outcome.refused.append(RefusedRow(line, str(error)))
            except ValidationError as error:
                outcome.refused.append(RefusedRow(line, " ".join(error.messages)))
            except IntegrityError as error:
                outcome.refused.append(RefusedRow(line, str(error).partition("\n")[0]))
            else:
                outcome.created += made
        transaction.set_rollback(dry_run)
    return outcome


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, Row]]:
    """The rows with their line numbers; comma or semicolon, with or without a byte order mark."""
    source = iter(lines)
    header = next(source, "").lstrip("\ufeff")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise BadFile(_("La prima riga deve dare i nomi delle colonne; mancano: %s.") % ", ".join(missing))
    unknown = [name for name in names if name not in REQUIRED + OPTIONAL]
    if unknown:
        raise BadFile(_("Colonne che non conosciamo: %s.") % ", ".join(unknown))
    reader = csv.reader(source, delimiter=delimiter)
    for values in reader:
        if any(value.strip() for value in values):
            cells = [value.strip() for value in values] + [""] * (len(names) - len(values))
            yield reader.line_num + 1, dict(zip(names, cells, strict=False))


def _import_row(row: Row, *, since: datetime, made: Counter[str]) -> None:
    empty = [name for name in REQUIRED if not row[name] and name != "nominal_power_kw"]
    if empty:
        raise BadRow(_("Mancano: %s.") % ", ".join(empty))
    plant = _plant_of(row, since=since, made=made)
    device = _device_of(row, made=made)
    placement = _placement_of(device, plant, since=since, made=made)
    _add_role(row, placement, since=since, made=made)


def _plant_of(row: Row, *, since: datetime, made: Counter[str]) -> Plant:
    existing = Plant.objects.filter(pod_key=pod_key(row["pod_code"]), active_to__isnull=True).first()
    if existing is not None:
        return existing
    return _create(
        Plant(
            name=row["plant_name"],
            pod_code=row["pod_code"],
            plant_type=_choice(PlantType, row, "plant_type"),
            nominal_power=_kilowatts(row["nominal_power_kw"]),
            cer_configuration=_community_of(row, made=made),
            owner=_owner_of(row, made=made),
            active_from=since,
        ),
        made,
        skip=("pod_key",),
    )


def _device_of(row: Row, *, made: Counter[str]) -> DeviceConfiguration:
    existing = DeviceConfiguration.objects.filter(device_id=row["device_id"]).first()
    if existing is None:
        kind = DeviceType.objects.filter(code=row["device_type"].upper()).first()
        if kind is None:
            known = ", ".join(DeviceType.objects.values_list("code", flat=True))
            raise BadRow(_("Non conosciamo il modello %(code)s: scegli tra %(known)s.") % _about(row, known))
        return _counted(new_device(kind, device_id=row["device_id"], topic_prefix=row["topic_prefix"].strip("/")), made)
    if existing.topic_prefix != row["topic_prefix"].strip("/"):
        raise BadRow(
            _("Il misuratore %(device)s c'è già, con il prefisso %(prefix)s.")
            % {"device": existing, "prefix": existing.topic_prefix}
        )
    return existing


def _placement_of(device: DeviceConfiguration, plant: Plant, *, since: datetime, made: Counter[str]) -> DevicePlacement:
    existing = DevicePlacement.objects.filter(device=device, active_to__isnull=True).select_related("plant").first()
    if existing is None:
        return _counted(new_placement(device, plant, since=since), made)
    if existing.plant_id != plant.pk:
        raise BadRow(
            _("Il misuratore %(device)s sta già all'impianto %(plant)s: spostalo prima da lì.")
            % {"device": device, "plant": existing.plant}
        )
    return existing


def _add_role(row: Row, placement: DevicePlacement, *, since: datetime, made: Counter[str]) -> None:
    role, sign, phases = _choice(Role, row, "role"), _sign(row.get("sign", "")), row.get("phases", "").lower()
    if not COMPONENT.fullmatch(row["component"]):
        raise BadRow(_("Il componente si scrive come em:0 o em1:2, non %s.") % row["component"])
    same_channel = ChannelRole.objects.filter(
        placement=placement, component=row["component"], phases=phases, active_to__isnull=True
    )
    existing = same_channel.first()
    if existing is None:
        _counted(new_role(placement, row["component"], role, since=since, phases=phases, sign=sign), made)
    elif (existing.role, existing.sign) != (role, sign):
        raise BadRow(
            _("Il canale %(component)s è già registrato come %(role)s: cambialo dalla pagina del misuratore.")
            % {"component": existing.component, "role": existing.get_role_display()}
        )


def _community_of(row: Row, *, made: Counter[str]) -> CERConfiguration | None:
    code = row.get("community_code", "")
    if not code:
        return None
    existing = CERConfiguration.objects.filter(code=code).first()
    if existing is not None:
        return existing
    organisation = _create(Organisation(name=code), made)
    return _create(CERConfiguration(organisation=organisation, name=code, code=code, slug=slugify(code)), made)


def _owner_of(row: Row, *, made: Counter[str]) -> CustomUser | None:
    email = row.get("owner_email", "").lower()
    if not email:
        return None
    existing: CustomUser | None = CustomUser.objects.filter(email=email).first()
    if existing is not None:
        return existing
    owner = CustomUser(email=email)
    owner.set_unusable_password()  # until they are invited
    return _create(owner, made)


def _create(thing: Thing, made: Counter[str], *, skip: tuple[str, ...] = ()) -> Thing:
    return _counted(saved(thing, skip=skip), made)


def _counted(thing: Thing, made: Counter[str]) -> Thing:
    made[str(type(thing)._meta.verbose_name_plural)] += 1
    return thing


def _choice(choices: type[models.TextChoices], row: Row, name: str) -> str:
    value = row[name].upper()
    if value not in choices.values:
        raise BadRow(
            _("%(name)s è uno di %(known)s, non %(value)s.")
            % {"name": name, "known": ", ".join(choices.values), "value": row[name]}
        )
    return value


def _kilowatts(text: str) -> Decimal | None:
    """A power in kW with a point or a comma for the decimals; nothing where it is not known."""
    if not text:
        return None
    try:
        power = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise BadRow(_("La potenza si scrive in kW, per esempio 6.5, non %s.") % text) from None
    if not (power.is_finite() and 0 <= power < 10**6):
        raise BadRow(_("Una potenza di %s kW non è possibile.") % text)
    return power


def _sign(text: str) -> int:
    if text not in ("", "1", "+1", "-1"):
        raise BadRow(_("Il verso è 1 o -1, non %s.") % text)
    return -1 if text == "-1" else 1


def _about(row: Row, known: str) -> dict[str, str]:
    return {"code": row["device_type"], "known": known}
