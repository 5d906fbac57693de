"""The database side of the hub: what changed, and the frames that follow from it. All of it runs in one thread."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.models import DevicePlacement, DeviceState
from cercollettiva.energy.queries import (
    CommunityPower,
    EnergyToday,
    PlantPower,
    communities_power,
    device_states_of_plants,
    energy_today,
    power_of_plants,
)
from cercollettiva.live.frames import community_frame, encoded, plant_frame
from cercollettiva.live.topics import Kind, Topic

# A sequence is the ingestor's microseconds times a thousand. With several ingestors a lower one may be committed after
# a higher one, so each poll reads again what lies within the look-back; a device whose number is known is no news.
LOOK_BACK: Final = 5 * 1_000_000 * 1000
COMMUNITIES: Final = (Kind.COMMUNITY, Kind.MANAGED)
MAP_EVERY: Final = timedelta(seconds=5)
ENERGY_EVERY: Final = timedelta(seconds=10)  # a register moves once a minute


class Feed:
    """Follows the states of the devices behind the topics that somebody watches."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}  # device -> its last sequence
        self._newest = 0
        self._topics_of: dict[int, set[Topic]] = {}  # device -> what it moves
        self._mapped: frozenset[Topic] = frozenset()
        self._mapped_at: datetime | None = None
        self._energy: dict[int, EnergyToday] = {}
        self._energy_at: dict[int, datetime] = {}

    def changed(self, topics: frozenset[Topic], now: datetime) -> set[Topic]:
        """The topics moved by what was committed since the last call. One query; every five seconds it is another."""
        moved: set[Topic] = set()
        for device, seq in self._recent() if self._is_mapped(topics, now) else self._map(topics, now):
            if device in self._topics_of and self._known.get(device) != seq:
                self._known[device] = seq
                self._newest = max(self._newest, seq)
                moved |= self._topics_of[device]
        return moved & topics

    def bodies(self, topics: Collection[Topic], now: datetime) -> dict[Topic, bytes]:
        """The frames of these topics as they are now: at most six queries for plants, two for communities."""
        plants = [topic.pk for topic in topics if topic.kind is Kind.PLANT]
        communities = [topic for topic in topics if topic.kind is not Kind.PLANT]
        return {**self._plant_bodies(plants, now), **self._community_bodies(communities, now)}

    def _recent(self) -> Iterable[tuple[int, int]]:
        return DeviceState.objects.filter(seq__gt=self._newest - LOOK_BACK).order_by().values_list("pk", "seq")

    def _is_mapped(self, topics: frozenset[Topic], now: datetime) -> bool:
        return topics <= self._mapped and self._mapped_at is not None and now - self._mapped_at < MAP_EVERY

    def _map(self, topics: frozenset[Topic], now: datetime) -> list[tuple[int, int]]:
        """Read which device moves which topic, with every sequence: one that the look-back missed is found here."""
        plants = {topic.pk for topic in topics if topic.kind is Kind.PLANT}
        communities = {topic.pk for topic in topics if topic.kind is not Kind.PLANT}
        rows = (
            DevicePlacement.objects.active_at(now)
            .filter(Q(plant__in=plants) | Q(plant__cer_configuration__in=communities))
            .order_by()
            .values_list("device_id", "plant_id", "plant__cer_configuration_id", "device__state__seq")
        )
        topics_of: dict[int, set[Topic]] = {}
        sequences = []
        for device, plant, community, seq in rows:
            moved = {Topic(Kind.PLANT, plant), *(Topic(kind, community) for kind in COMMUNITIES)} & topics
            topics_of.setdefault(device, set()).update(moved)
            if seq is not None:
                sequences.append((device, seq))
        self._topics_of = topics_of
        self._known = {device: seq for device, seq in self._known.items() if device in topics_of}
        self._mapped, self._mapped_at = topics, now
        return sequences

    def _plant_bodies(self, keys: list[int], now: datetime) -> dict[Topic, bytes]:
        if not keys:
            return {}
        plants = Plant.objects.filter(pk__in=keys)
        powers = power_of_plants(keys, now)
        devices = device_states_of_plants(keys, now)
        today = self._energy_today(keys, now)
        return {
            Topic(Kind.PLANT, pk): encoded(
                plant_frame(kind, powers.get(pk, PlantPower()), today.get(pk, EnergyToday()), devices.get(pk, []))
            )
            for pk, kind in plants.order_by().values_list("pk", "plant_type")
        }

    def _energy_today(self, plants: Iterable[int], now: datetime) -> dict[int, EnergyToday]:
        """The energies, read again when they are ten seconds old."""
        self._energy_at = {plant: at for plant, at in self._energy_at.items() if now - at < ENERGY_EVERY}
        self._energy = {plant: energy for plant, energy in self._energy.items() if plant in self._energy_at}
        missing = [plant for plant in plants if plant not in self._energy_at]
        if missing:
            self._energy.update(energy_today(missing, now))
            self._energy_at.update(dict.fromkeys(missing, now))
        return self._energy

    def _community_bodies(self, topics: list[Topic], now: datetime) -> dict[Topic, bytes]:
        """To those who do not look after a community its powers are told only where a crowd is behind them."""
        if not topics:
            return {}
        powers = communities_power(CERConfiguration.objects.filter(pk__in={topic.pk for topic in topics}), now)
        return {
            topic: encoded(community_frame(topic.pk, _told(topic.kind, powers[topic.pk])))
            for topic in topics
            if topic.pk in powers
        }


def _told(kind: Kind, power: CommunityPower) -> CommunityPower:
    return power if kind is Kind.MANAGED or power.hides_each else power.withheld()
