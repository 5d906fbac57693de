"""The power now: of plants, of communities, of everything one may see. Only values under five minutes old count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, FilteredRelation, OuterRef, Q, QuerySet, Sum

from cercollettiva.core.connection import FRESH_FOR
from cercollettiva.core.models import CERConfiguration, Plant, PlantType
from cercollettiva.core.periods import covers
from cercollettiva.energy.models import ChannelRole, DevicePlacement, Role
from cercollettiva.energy.queries.crowd import FEWEST
from cercollettiva.users.models import CustomUser

INJECTING = (PlantType.PRODUCER, PlantType.PROSUMER)
DRAWING = (PlantType.CONSUMER, PlantType.PROSUMER)


class PlantPower(NamedTuple):
    """The power of a plant at a moment; None where it is not known. [W]

    `drawn_w` and `injected_w` are what passes the connection point: measured there, or else estimated, from a
    producer's production alone or from production and load together.
    """

    exchange_w: float | None = None  # positive drawn, negative injected
    production_w: float | None = None
    load_w: float | None = None
    drawn_w: float | None = None
    injected_w: float | None = None
    at: datetime | None = None  # of the newest value, an old one too
    measured: bool = False  # some value is under five minutes old
    online: bool = False  # some meter was heard in the last five minutes and has not said goodbye


class CommunityPower(NamedTuple):
    """The power of a community at a moment: a lower bound while plants are missing; None where nothing is known. [W]"""

    producer_power: float | None  # what producers and prosumers inject
    consumer_power: float | None  # what consumers and prosumers draw
    net_power: float | None  # shared now: the lesser of the two
    members_count: int
    plants_count: int
    plants_measured: int
    updated_at: datetime | None
    people_measured: int = 0  # who own a plant with a fresh value
    is_withheld: bool = False  # it is known, and would say what one of its people does

    @property
    def hides_each(self) -> bool:
        """Whether behind the sums there are at least five others, whoever looks."""
        return self.people_measured > FEWEST

    def withheld(self) -> CommunityPower:
        """The same without the powers."""
        known = self.producer_power is not None or self.consumer_power is not None
        return self._replace(producer_power=None, consumer_power=None, net_power=None, is_withheld=known)


class TotalPower(NamedTuple):
    """The power of many plants at a moment; None where no fresh value says anything. [W]"""

    drawn_w: float | None
    injected_w: float | None
    produced_w: float | None
    measured: int  # devices with a fresh value
    devices: int  # devices in all, silent ones too


def total_power_visible_to(user: CustomUser | AnonymousUser, now: datetime) -> TotalPower:
    """The power of the devices that stand now at plants the user may see, in one query. [W]

    What one plant injects does not lower what another draws: the exchange of each device is summed by its sign.
    """
    fresh = Q(device__state__power_at__gt=now - FRESH_FOR)
    exchange = "device__state__exchange_power"
    production = "device__state__production_power"
    sums = (
        DevicePlacement.objects.active_at(now)
        .filter(device__is_active=True, plant__in=Plant.objects.visible_to(user, at=now))
        .aggregate(
            drawn=Sum(exchange, filter=fresh & Q(**{f"{exchange}__gt": 0}), default=0.0),
            injected=Sum(exchange, filter=fresh & Q(**{f"{exchange}__lt": 0}), default=0.0),
            produced=Sum(production, filter=fresh),
            exchanging=Count(exchange, filter=fresh),
            measured=Count("pk", filter=fresh),
            devices=Count("pk"),
        )
    )
    known = sums["exchanging"] > 0
    return TotalPower(
        drawn_w=sums["drawn"] if known else None,
        injected_w=abs(sums["injected"]) if known else None,
        produced_w=sums["produced"],
        measured=sums["measured"],
        devices=sums["devices"],
    )


def power_of_plants(plants: QuerySet[Plant] | Iterable[int], now: datetime) -> dict[int, PlantPower]:
    """The power now of each of these plants, by its key, in one query. [W]"""
    return {plant.pk: plant.power for plant in _plants_now(Plant.objects.filter(pk__in=_keys(plants)), now)}


def power_shown(kind: str, power: PlantPower) -> float | None:
    """The one figure of a plant. A producer's is above zero when it gives, any other's when it draws. [W]"""
    if kind == PlantType.PRODUCER:
        if power.production_w is not None:
            return power.production_w
        return None if power.exchange_w is None else 0.0 - power.exchange_w
    if power.exchange_w is not None or power.drawn_w is None or power.injected_w is None:
        return power.exchange_w
    return power.drawn_w - power.injected_w


def communities_power(
    communities: QuerySet[CERConfiguration] | Iterable[int], now: datetime
) -> dict[int, CommunityPower]:
    """The power now of each of these communities, by its key, in two queries. [W]

    Plants count while they are in the community; members are those approved and of a type.
    """
    return {key: power for key, power, _is_managed in _powers_before(None, communities, now)}


def powers_told_to(
    user: CustomUser | AnonymousUser, communities: QuerySet[CERConfiguration] | Iterable[int], now: datetime
) -> dict[int, CommunityPower]:
    """The same as somebody is told it: all of it to those who look after a community, to the others a crowd's. [W]"""
    return {
        key: power if is_managed or power.hides_each else power.withheld()
        for key, power, is_managed in _powers_before(user, communities, now)
    }


def _powers_before(
    user: CustomUser | AnonymousUser | None, communities: QuerySet[CERConfiguration] | Iterable[int], now: datetime
) -> list[tuple[int, CommunityPower, bool]]:
    """Each community's key and power, and whether this user looks after it: in two queries whoever it is. [W]"""
    managed = CERConfiguration.objects.none() if user is None else CERConfiguration.objects.managed_by(user, at=now)
    is_member = covers(now, prefix="memberships__") & ~Q(memberships__member_type="")
    rows = (
        CERConfiguration.objects.filter(pk__in=_keys(communities))
        .order_by()
        .annotate(
            members_now=Count("memberships__user", filter=is_member, distinct=True),
            is_managed=Exists(managed.filter(pk=OuterRef("pk"))),
        )
        .values_list("pk", "members_now", "is_managed")
    )
    members = {key: (count, is_managed) for key, count, is_managed in rows}
    plants: dict[int, list[_PlantNow]] = {key: [] for key in members}
    for plant in _plants_now(Plant.objects.active_at(now).filter(cer_configuration__in=members), now):
        plants[plant.community].append(plant)
    return [(key, _together(plants[key], members=count), is_managed) for key, (count, is_managed) in members.items()]


class _PlantNow(NamedTuple):
    pk: int
    kind: str
    community: int
    owner: int | None
    power: PlantPower


class MeterNow(NamedTuple):
    """A device that stands at a plant now, with its state; without a device all is None."""

    standing_since: datetime | None
    is_active: bool | None
    last_seen: datetime | None
    says_online: bool | None
    at: datetime | None
    exchange: float | None
    production: float | None
    load: float | None
    has_exchange: bool
    has_production: bool
    has_load: bool


def _keys(rows: QuerySet[Any] | Iterable[int]) -> Any:
    """What `pk__in` takes: a subquery of the rows, or their keys."""
    return rows.order_by().values("pk") if isinstance(rows, QuerySet) else list(rows)


def _plants_now(plants: QuerySet[Plant], now: datetime) -> list[_PlantNow]:
    """Each plant with its power; one query. A device that came from elsewhere brings no value along."""
    roles = ChannelRole.objects.active_at(now).filter(placement=OuterRef("standing__pk"))
    state = "standing__device__state__"
    rows = (
        plants.order_by("pk")
        .annotate(
            standing=FilteredRelation("device_placements", condition=covers(now, prefix="device_placements__")),
            has_exchange=Exists(roles.filter(role=Role.EXCHANGE)),
            has_production=Exists(roles.filter(role=Role.PRODUCTION)),
            has_load=Exists(roles.filter(role=Role.LOAD)),
        )
        .values_list(
            *("pk", "plant_type", "cer_configuration_id", "owner_id"),
            *("standing__active_from", "standing__device__is_active"),
            *(f"{state}last_seen", f"{state}online", f"{state}power_at"),
            *(f"{state}exchange_power", f"{state}production_power", f"{state}load_power"),
            *("has_exchange", "has_production", "has_load"),
        )
    )
    meters: dict[tuple[int, str, int, int | None], list[MeterNow]] = {}
    for pk, kind, community, owner, *values in rows:
        meter = MeterNow(*values)
        standing = meters.setdefault((pk, kind, community, owner), [])
        if meter.is_active:
            standing.append(meter)
    return [_PlantNow(*plant, power=power_of_meters(plant[1], standing, now)) for plant, standing in meters.items()]


def power_of_meters(kind: str, meters: Sequence[MeterNow], now: datetime) -> PlantPower:
    """The power of a plant of that kind from its active meters; a sum is not known where one of its parts is not."""
    since = now - FRESH_FOR
    sums: list[float | None] = [None, None, None]  # exchange, production, load
    silent = [False, False, False]
    newest: datetime | None = None
    has_exchange = measured = online = False
    for meter in meters:
        at = meter.at
        is_own = at is not None and meter.standing_since is not None and at >= meter.standing_since
        if is_own and at is not None and (newest is None or at > newest):
            newest = at
        is_fresh = is_own and at is not None and at > since
        online = online or bool(meter.says_online is not False and meter.last_seen and meter.last_seen > since)
        has_exchange = has_exchange or meter.has_exchange or meter.exchange is not None
        for number, (value, has) in enumerate(
            (
                (meter.exchange, meter.has_exchange),
                (meter.production, meter.has_production),
                (meter.load, meter.has_load),
            )
        ):
            if is_fresh and value is not None:
                sums[number] = value + (sums[number] or 0.0)
                measured = True
            elif has or value is not None:
                silent[number] = True
    exchange, production, load = (None if lost else total for total, lost in zip(sums, silent, strict=True))
    drawn, injected = _at_the_connection(kind, exchange, production, load, has_exchange=has_exchange)
    return PlantPower(
        exchange_w=exchange,
        production_w=production,
        load_w=load,
        drawn_w=drawn,
        injected_w=injected,
        at=newest,
        measured=measured,
        online=online,
    )


def _at_the_connection(
    kind: str, exchange: float | None, production: float | None, load: float | None, *, has_exchange: bool
) -> tuple[float | None, float | None]:
    """What is drawn and what is injected; a meter of the exchange that is silent is not replaced by an estimate. [W]"""
    if exchange is None and not has_exchange and production is not None:
        if load is not None:
            exchange = load - production
        elif kind == PlantType.PRODUCER:
            return None, max(0.0, production)
    if exchange is None:
        return None, None
    return max(0.0, exchange), max(0.0, -exchange)


def _together(plants: Sequence[_PlantNow], *, members: int) -> CommunityPower:
    injected = _known_of([plant.power.injected_w for plant in plants if plant.kind in INJECTING], among=plants)
    drawn = _known_of([plant.power.drawn_w for plant in plants if plant.kind in DRAWING], among=plants)
    return CommunityPower(
        producer_power=injected,
        consumer_power=drawn,
        net_power=None if injected is None or drawn is None else min(injected, drawn),
        members_count=members,
        plants_count=len(plants),
        plants_measured=sum(plant.power.measured for plant in plants),
        updated_at=max((plant.power.at for plant in plants if plant.power.at), default=None),
        people_measured=len({plant.owner for plant in plants if plant.power.measured} - {None}),
    )


def _known_of(values: Sequence[float | None], *, among: Sequence[_PlantNow]) -> float | None:
    """The sum of what is known. A community whose plants are all of the other kind has none of it: that is known."""
    known = [value for value in values if value is not None]
    if known:
        return sum(known)
    return 0.0 if among and not values else None
