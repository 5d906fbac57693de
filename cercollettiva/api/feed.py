"""One small answer for a display at home: one's communities now, one's plants now and today."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cercollettiva.api.asked import Nothing
from cercollettiva.api.core.communities import CommunityRow, community_rows
from cercollettiva.api.fields import Instant, KilowattHours, kilowatts, kwh, local
from cercollettiva.api.schema import CORE_ERRORS
from cercollettiva.api.views import CoreView
from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import Span
from cercollettiva.energy import queries
from cercollettiva.energy.models import SubjectKind
from cercollettiva.energy.queries import EnergyToday, PeriodTotal
from cercollettiva.users.tokens import Scope


class Feed(CoreView):
    """GET api/feed/: what a token of the scope `feed` reads; it holds nothing of other people."""

    scope = Scope.FEED
    polled = ("timestamp",)

    class Answer(serializers.Serializer[Any]):
        class Community(CommunityRow):
            energy_in_today = KilowattHours(allow_null=True)
            energy_out_today = KilowattHours(allow_null=True)

        class OwnPlant(serializers.Serializer[Any]):
            id = serializers.IntegerField()
            name = serializers.CharField()
            power = serializers.FloatField(allow_null=True, help_text="kW: prodotta da un produttore, se no prelevata.")
            energy_in_today = KilowattHours(allow_null=True)
            energy_out_today = KilowattHours(allow_null=True)
            energy_produced_today = KilowattHours(allow_null=True)
            last_update = Instant(allow_null=True)

        communities = Community(many=True)
        plants = OwnPlant(many=True)
        timestamp = Instant()

    @extend_schema(operation_id="feed", responses={200: Answer, **CORE_ERRORS})
    def get(self, request: Request) -> Response:
        """However many plants there are, as many queries; three more for each community one is only a member of."""
        Nothing.of(request)
        communities = community_rows(self, request)
        days = self._days_of(request, [row["id"] for row in communities])
        told = [
            {
                **row,
                "energy_in_today": kwh(days[row["id"]].drawn_mwh),
                "energy_out_today": kwh(days[row["id"]].injected_mwh),
            }
            for row in communities
        ]
        return Response({"communities": told, "plants": self._plants(request), "timestamp": local(self.now)})

    def _days_of(self, request: Request, keys: list[int]) -> dict[int, PeriodTotal]:
        """Of a community its people are told what hides each of them; those who look after it all."""
        days = queries.totals_of_today(SubjectKind.COMMUNITY, keys, self.now)
        looked_after = CERConfiguration.objects.managed_by(request.user).values("pk")
        for one in CERConfiguration.objects.filter(pk__in=keys).exclude(pk__in=looked_after):
            [days[one.pk]] = queries.told_totals(one, Span.DAY, [days[one.pk]], viewer=request.user.pk, now=self.now)
        return days

    def _plants(self, request: Request) -> list[dict[str, Any]]:
        """One's own, not all that one looks after."""
        own = Plant.objects.visible_to(request.user).active_at(self.now).filter(owner=request.user)
        plants = list(own.order_by("name", "pk"))
        keys = [plant.pk for plant in plants]
        powers = queries.power_of_plants(keys, self.now)
        today = queries.energy_today(keys, self.now)
        rows = []
        for plant in plants:
            power, energy = powers.get(plant.pk, queries.PlantPower()), today.get(plant.pk, EnergyToday())
            rows.append(
                {
                    "id": plant.pk,
                    "name": plant.name,
                    "power": kilowatts(queries.power_shown(plant.plant_type, power)),
                    "energy_in_today": kwh(energy.drawn_mwh),
                    "energy_out_today": kwh(energy.injected_mwh),
                    "energy_produced_today": kwh(energy.produced_mwh),
                    "last_update": local(power.at),
                }
            )
        return rows
