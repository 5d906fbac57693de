"""What the monitoring room holds of a person: alerts about their plants and meters, and how they want to be told."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy

from cercollettiva.core.rights import plants_of
from cercollettiva.energy.rights import devices_of
from cercollettiva.monitoring.models import (
    Alert,
    AlertEvent,
    AlertMessage,
    AlertPreferences,
    MeterRhythm,
    PushSubscription,
    VisitReport,
)
from cercollettiva.users.datamap import Term
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights.holdings import Fate, Holding, Part

OF_A_METER: Final = gettext_lazy("parla di un misuratore altrui, per chi lo guarda dopo")
A_KEY: Final = gettext_lazy("una chiave del browser: chi la ha può scrivere su quel dispositivo")
OF_A_VISIT: Final = gettext_lazy("quando si è andati a un impianto, e se i dati sono tornati")


def _alerts_of(user: CustomUser) -> Any:
    return Alert.objects.filter(Q(plant__in=plants_of(user)) | Q(device__in=devices_of(user).values("pk")))


RIGHTS: Final = Part(
    holdings=(
        Holding("monitoring.AlertMessage", lambda user: AlertMessage.objects.filter(user=user), Fate.DELETED),
        Holding(
            "monitoring.PushSubscription",
            lambda user: PushSubscription.objects.filter(user=user),
            Fate.DELETED,
            withheld={"p256dh": A_KEY, "auth": A_KEY},
        ),
        Holding("monitoring.AlertPreferences", lambda user: AlertPreferences.objects.filter(user=user), Fate.DELETED),
        Holding(
            "monitoring.AlertEvent",
            lambda user: AlertEvent.objects.filter(alert__in=_alerts_of(user).values("pk")),
            Fate.DELETED,
        ),
        Holding(
            "monitoring.AlertEvent",
            lambda user: AlertEvent.objects.filter(by=user).exclude(alert__in=_alerts_of(user).values("pk")),
            Fate.KEPT,
            why=OF_A_METER,
            term=Term.TWO_YEARS,
            stays={"note": OF_A_METER},
        ),
        Holding(
            "monitoring.VisitReport",
            lambda user: VisitReport.objects.filter(plant__in=plants_of(user)),
            Fate.EMPTIED,
            why=OF_A_VISIT,
            term=Term.TWO_YEARS,
            emptied={"found": "", "done": ""},
        ),
        Holding(
            "monitoring.VisitReport",
            lambda user: VisitReport.objects.filter(technician=user).exclude(plant__in=plants_of(user)),
            Fate.KEPT,
            why=OF_A_METER,
            term=Term.TWO_YEARS,
            stays={"found": OF_A_METER, "done": OF_A_METER},
        ),
        Holding("monitoring.Alert", _alerts_of, Fate.DELETED),
        Holding(
            "monitoring.MeterRhythm",
            lambda user: MeterRhythm.objects.filter(device__in=devices_of(user).values("pk")),
            Fate.DELETED,
        ),
    ),
)
