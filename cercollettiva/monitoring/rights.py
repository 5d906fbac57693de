"""What the monitoring room holds of a person: alerts about their plants and meters."""

from __future__ import annotations

from typing import Final

from django.db.models import Q

from cercollettiva.core.rights import plants_of
from cercollettiva.energy.rights import devices_of
from cercollettiva.monitoring.models import Alert
from cercollettiva.users.rights.holdings import Fate, Holding, Part

RIGHTS: Final = Part(
    holdings=(
        Holding(
            "monitoring.Alert",
            lambda user: Alert.objects.filter(
                Q(plant__in=plants_of(user)) | Q(device__in=devices_of(user).values("pk"))
            ),
            Fate.DELETED,
        ),
    ),
)
