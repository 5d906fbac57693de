"""A member's connection point when they enter: found among the plants, or made; never taken from somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.identifiers import pod_key
from cercollettiva.users.models import CustomUser


class PointTaken(Exception):
    """The POD is another person's, or in another community: by law it is in one at a time."""

    def __init__(self, plant: Plant | None = None) -> None:
        super().__init__("The connection point is taken.")
        self.plant = plant


def plant_at(pod: str, *, at: datetime) -> Plant | None:
    """The row of a POD now or to come, whoever's it is: for rules, never to be shown."""
    still = Q(active_to__isnull=True) | Q(active_to__gt=at)
    return Plant.objects.filter(still, pod_key=pod_key(pod)).order_by("active_from").first()


def is_taken(plant: Plant | None, community: CERConfiguration, user: CustomUser | None) -> bool:
    """Whether a POD's plant keeps somebody from entering a community with it; one without an owner does not."""
    if plant is None:
        return False
    elsewhere = plant.cer_configuration_id not in (None, community.pk)
    of_another = plant.owner_id is not None and (user is None or plant.owner_id != user.pk)
    return elsewhere or of_another


@transaction.atomic
def give_point(community: CERConfiguration, user: CustomUser, fields: dict[str, Any], *, at: datetime) -> Plant:
    """The plant of a POD, as this person's in this community from a moment on.

    `fields` are those of a new plant; one that is there already keeps its own, and counts from then on where it was
    in no community. Raises PointTaken.
    """
    plant = plant_at(fields["pod_code"], at=at)
    if plant is None:
        return _made(community, user, fields, at)
    plant = Plant.objects.select_for_update(of=("self",)).get(pk=plant.pk)
    if is_taken(plant, community, user):
        raise PointTaken(plant)
    plant.owner = user
    plant.active_from = plant.counts_from(at)
    plant.cer_configuration = community
    plant.save(update_fields=["owner", "active_from", "cer_configuration", "updated_at"])
    return plant


def _made(community: CERConfiguration, user: CustomUser, fields: dict[str, Any], at: datetime) -> Plant:
    try:
        with transaction.atomic():
            plant: Plant = Plant.objects.create(
                **fields, owner=user, cer_configuration=community, active_from=at, market_zone=community.market_zone
            )
    except IntegrityError as error:  # somebody was a moment faster with the same POD
        raise PointTaken from error
    return plant
