"""What the energy room holds of a person: the meters at their plants, and what they measured while they stood there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy

from cercollettiva.core.models import Plant
from cercollettiva.core.rights import INCENTIVES, plants_of
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DeviceMeasurement,
    DevicePlacement,
    DeviceState,
    DeviceToken,
    EnergyAggregate,
    EnergyInterval,
    EnergyIntervalHistory,
    EnergyIntervalPart,
    EnergyMeasurement,
    LastMessage,
    MQTTAuditLog,
    MQTTConfiguration,
    RegisterEvent,
    RejectedMessage,
    SubjectKind,
    UnknownDevice,
)
from cercollettiva.energy.queries.quarters import Quarter, quarters_of_plants
from cercollettiva.users.datamap import Term
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights.holdings import Fate, File, Holding, Part
from cercollettiva.users.rights.lines import csv_line

COMPUTED: Final = gettext_lazy("da qui si ricalcolano i quarti d’ora degli incentivi; poi si cancellano")
WHERE: Final = gettext_lazy("quale misuratore ha misurato che cosa, e quando")
SECRET: Final = gettext_lazy("è un segreto del misuratore")

Plants = Callable[[CustomUser], Any]


def _in_communities(user: CustomUser) -> Any:
    return plants_of(user).filter(cer_configuration__isnull=False)


def _outside(user: CustomUser) -> Any:
    """Nobody counts on what these measured: it goes with the person."""
    return plants_of(user).filter(cer_configuration__isnull=True)


def devices_of(user: CustomUser) -> Any:
    """The meters that stand, or stood last, at a plant of the person: one that was moved on is another's."""
    stays = DevicePlacement.objects.filter(device=OuterRef("pk")).order_by("-active_from", "-pk")
    return DeviceConfiguration.objects.alias(last=Subquery(stays.values("plant__owner")[:1])).filter(last=user.pk)


def _of_devices(model: type[models.Model]) -> Callable[[CustomUser], Any]:
    return lambda user: model._base_manager.filter(device__in=devices_of(user).values("pk"))


def _measured(model: type[models.Model], column: str, plants: Plants = plants_of) -> Callable[[CustomUser], Any]:
    """The rows of the meters while they stood at these plants: by the beginning of the key, however big the table."""

    def rows(user: CustomUser) -> Any:
        asked = Q()
        for device, since, until in _stays(plants(user)):
            within = Q(device=device, **{f"{column}__gte": since})
            asked |= within & Q(**{f"{column}__lt": until}) if until is not None else within
        return model._base_manager.filter(asked) if asked else model._base_manager.none()

    return rows


def _stays(plants: Any) -> list[tuple[Any, datetime, datetime | None]]:
    placements = DevicePlacement.objects.filter(plant__in=plants).order_by("device", "active_from")
    return list(placements.values_list("device", "active_from", "active_to"))


def _totals(plants: Plants) -> Callable[[CustomUser], Any]:
    """Of the plants, and of the meters that never stood anywhere else."""

    def rows(user: CustomUser) -> Any:
        own = plants(user)
        elsewhere = DevicePlacement.objects.filter(device=OuterRef("device")).exclude(plant__in=own)
        devices = DevicePlacement.objects.filter(~Exists(elsewhere), plant__in=own).values("device")
        return EnergyAggregate.objects.filter(
            Q(subject_kind=SubjectKind.PLANT, subject_id__in=own.values("pk"))
            | Q(subject_kind=SubjectKind.DEVICE, subject_id__in=devices)
        )

    return rows


def _strangers(user: CustomUser) -> Any:
    named = Q(pk__in=[])
    for key in plants_of(user).values_list("pod_key", flat=True):
        named |= Q(prefix__icontains=key) | Q(last_topic__icontains=key)
    return UnknownDevice.objects.filter(named)


def _rejected(user: CustomUser) -> Any:
    named = Q(device__in=devices_of(user).values("pk"))
    for key in plants_of(user).values_list("pod_key", flat=True):
        named |= Q(topic__icontains=key)
    return RejectedMessage.objects.filter(named)


OF_THE_BROKER: Final = gettext_lazy("quando è stato fatto che cosa al broker e ai misuratori")


def _audit_line(row: MQTTAuditLog, user: CustomUser) -> dict[str, Any]:
    """Who else did it, and from where, is theirs."""
    by_me = row.actor_id == user.pk
    told = {"at": row.at, "action": row.action, "detail": row.detail, "by_me": by_me}
    return told | {"address": row.address if by_me else None}


def _before(user: CustomUser, *, by: CustomUser | None, at: datetime) -> None:
    """The meters no longer stand there."""
    for placement in DevicePlacement.objects.active_at(at).filter(plant__in=plants_of(user)):
        placement.end(at=at)


def _files(user: CustomUser) -> Iterable[File]:
    for plant in plants_of(user).order_by("pk"):
        yield File(f"energia/{plant.pod_key}-{plant.pk}-quarti-dora.csv", partial(_quarters, plant))


def _quarters(plant: Plant) -> Iterator[bytes]:
    """A year at a time, while the plant was theirs."""
    yield csv_line(("start", "drawn_mwh", "injected_mwh", "produced_mwh", "coverage", "quality", "source"))
    stored = EnergyInterval.objects.filter(device__in=DevicePlacement.objects.filter(plant=plant).values("device"))
    ends = stored.aggregate(first=models.Min("start"), last=models.Max("start"))
    if ends["first"] is None:
        return
    start, until = max(ends["first"], plant.active_from), plant.active_to
    while start <= ends["last"] and (until is None or start < until):
        end = start.replace(year=start.year + 1, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        for quarter in quarters_of_plants([plant], start, min(end, until) if until else end):
            yield csv_line(_columns(quarter))
        start = end


def _columns(quarter: Quarter) -> tuple[object, ...]:
    energies = (quarter.energy_in, quarter.energy_out, quarter.produced)
    coverage = round(quarter.coverage, 6)
    return (quarter.start, *energies, coverage, quarter.quality.name, quarter.source.name)


def _kept_or_gone(model: type[models.Model], label: str, column: str) -> tuple[Holding, Holding]:
    """Measures of plants in a community are what its incentives are computed by; of the others nobody needs them."""
    return (
        Holding(label, _measured(model, column, _outside), Fate.DELETED, in_copy=False),
        Holding(
            label,
            _measured(model, column, _in_communities),
            Fate.KEPT,
            why=INCENTIVES,
            term=Term.TEN_YEARS,
            read_of=_measured(model, column),
            as_csv=True,
        ),
    )


RIGHTS: Final = Part(
    before=_before,
    files=_files,
    holdings=(
        Holding("energy.DeviceMeasurement", _measured(DeviceMeasurement, "timestamp"), Fate.DELETED, as_csv=True),
        Holding(
            "energy.EnergyMeasurement",
            _measured(EnergyMeasurement, "timestamp", _outside),
            Fate.DELETED,
            in_copy=False,
        ),
        Holding(
            "energy.EnergyMeasurement",
            _measured(EnergyMeasurement, "timestamp", _in_communities),
            Fate.KEPT,
            why=COMPUTED,
            term=Term.TWO_YEARS,
            read_of=_measured(EnergyMeasurement, "timestamp"),
            as_csv=True,
        ),
        Holding("energy.RegisterEvent", _measured(RegisterEvent, "at", _outside), Fate.DELETED, in_copy=False),
        Holding(
            "energy.RegisterEvent",
            _measured(RegisterEvent, "at", _in_communities),
            Fate.KEPT,
            why=COMPUTED,
            term=Term.TWO_YEARS,
            read_of=_measured(RegisterEvent, "at"),
            as_csv=True,
        ),
        *_kept_or_gone(EnergyIntervalHistory, "energy.EnergyIntervalHistory", "start"),
        *_kept_or_gone(EnergyInterval, "energy.EnergyInterval", "start"),
        Holding(
            "energy.EnergyIntervalPart",
            lambda user: EnergyIntervalPart.objects.filter(plant__in=plants_of(user)),
            Fate.KEPT,
            why=INCENTIVES,
            term=Term.TEN_YEARS,
            as_csv=True,
        ),
        Holding("energy.EnergyAggregate", _totals(_outside), Fate.DELETED, in_copy=False),
        Holding(
            "energy.EnergyAggregate",
            _totals(_in_communities),
            Fate.KEPT,
            why=INCENTIVES,
            term=Term.TEN_YEARS,
            read_of=_totals(plants_of),
            as_csv=True,
        ),
        Holding("energy.DeviceState", _of_devices(DeviceState), Fate.DELETED),
        Holding("energy.LastMessage", _of_devices(LastMessage), Fate.DELETED),
        Holding("energy.DeviceToken", _of_devices(DeviceToken), Fate.DELETED, withheld={"token_hash": SECRET}),
        Holding(
            "energy.MQTTConfiguration", _of_devices(MQTTConfiguration), Fate.DELETED, withheld={"verifier": SECRET}
        ),
        Holding("energy.RejectedMessage", _rejected, Fate.DELETED),
        Holding("energy.UnknownDevice", _strangers, Fate.DELETED),
        Holding(
            "energy.MQTTAuditLog",
            _of_devices(MQTTAuditLog),
            Fate.KEPT,
            why=OF_THE_BROKER,
            term=Term.YEAR,
            stays={
                "detail": OF_THE_BROKER,
                "address": gettext_lazy("di chi ha agito, che può essere un altro"),
            },
            shown=_audit_line,
        ),
        Holding(
            "energy.MQTTAuditLog",
            lambda user: MQTTAuditLog.objects.filter(actor=user),
            Fate.EMPTIED,
            why=OF_THE_BROKER,
            term=Term.YEAR,
            emptied={"address": None},
            stays={"detail": OF_THE_BROKER},
            shown=_audit_line,
        ),
        Holding(
            "energy.ChannelRole",
            lambda user: ChannelRole.objects.filter(plant__in=plants_of(user)),
            Fate.KEPT,
            why=WHERE,
            term=Term.TEN_YEARS,
        ),
        Holding(
            "energy.DevicePlacement",
            lambda user: DevicePlacement.objects.filter(plant__in=plants_of(user)),
            Fate.KEPT,
            why=WHERE,
            term=Term.TEN_YEARS,
        ),
        Holding(
            "energy.DeviceConfiguration",
            devices_of,
            Fate.EMPTIED,
            why=WHERE,
            term=Term.TEN_YEARS,
            emptied={
                "device_id": lambda device: f"erased-{device.pk}",
                "topic_prefix": lambda device: f"erased/{device.pk}",
                "is_active": False,
                "updated_at": lambda device: timezone.now(),  # the ingestor follows it
            },
        ),
    ),
)
