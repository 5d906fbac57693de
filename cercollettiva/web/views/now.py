"""What pages show of each community one may see: its power now, its plants that one may open."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy import queries


def rows_of(request: HttpRequest, communities: QuerySet[CERConfiguration], now: datetime) -> list[dict[str, Any]]:
    """What the template shows of each community; the number of queries does not depend on how many there are."""
    powers = queries.powers_told_to(request.user, communities, now)
    plants: dict[int | None, list[dict[str, str]]] = defaultdict(list)
    for plant in Plant.objects.visible_to(request.user).active_at(now).filter(cer_configuration__in=communities):
        row = {"name": plant.name, "url": reverse("core:plant", args=[plant.pk])}
        plants[plant.cer_configuration_id].append({**row, "type_label": str(plant.get_plant_type_display())})
    alone = len(communities) == 1  # several share a socket: one person may not open many
    return [
        {
            "id": one.pk,
            "name": one.name,
            "url": reverse("core:community", args=[one.pk]),
            "socket": f"/ws/cer/{one.pk}/" if alone else "/ws/cer/",
            "injected_w": powers[one.pk].producer_power,
            "withdrawn_w": powers[one.pk].consumer_power,
            "shared_w": powers[one.pk].net_power,
            "is_withheld": powers[one.pk].is_withheld,
            "plants_measured": powers[one.pk].plants_measured,
            "plants_count": powers[one.pk].plants_count,
            "members_count": powers[one.pk].members_count,
            "updated_at": powers[one.pk].updated_at,
            "plants": plants[one.pk],
        }
        for one in communities
    ]
