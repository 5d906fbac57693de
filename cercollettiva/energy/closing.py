"""The end of a plant: it is closed from a day on, or really deleted where it never had anything."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import ForeignObjectRel
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import DevicePlacement, EnergyAggregate, SubjectKind


class NotClosed(Exception):
    """Why a plant was not closed, in words that say what to write instead."""


def has_history(plant: Plant) -> bool:
    """Whether anything was ever attached to a plant: meters, measures, papers, alerts, totals."""
    for relation in Plant._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel):
            continue
        rows: Any = relation.related_model._base_manager
        if rows.filter(**{relation.field.name: plant.pk}).exists():
            return True
    totals = EnergyAggregate.objects.filter(subject_kind=SubjectKind.PLANT, subject_id=plant.pk)
    return totals.exists()


def delete_untouched(plant: Plant) -> bool:
    """Delete a plant that never had anything; False, and nothing happens, where it did."""
    with transaction.atomic():
        locked = Plant.objects.select_for_update(of=("self",)).get(pk=plant.pk)
        if has_history(locked):
            return False
        locked.delete()
    return True


def close(plant: Plant, *, at: datetime) -> int:
    """The plant ends at a moment, and its meters leave it then: how many left. What was measured before stays."""
    with transaction.atomic():
        locked = Plant.objects.select_for_update(of=("self",)).get(pk=plant.pk)
        _check(locked, at)
        standing = list(DevicePlacement.objects.filter(plant=locked, active_to__isnull=True).select_related("device"))
        late = [placement.device.device_id for placement in standing if placement.active_from > at]
        if late:
            raise NotClosed(
                _("%(meters)s è arrivato dopo quel giorno: scrivi un giorno successivo, o sposta prima il misuratore.")
                % {"meters": ", ".join(late)}
            )
        for placement in standing:
            placement.end(at=at)
        locked.active_to = at
        locked.save(update_fields=["active_to", "updated_at"])
    return len(standing)


def _check(plant: Plant, at: datetime) -> None:
    if plant.active_to is not None:
        raise NotClosed(_("L’impianto è già chiuso."))
    if at > timezone.now():
        raise NotClosed(_("È nel futuro: scrivi un momento già passato, al più adesso."))
    if at < plant.active_from:
        day = f"{plant.active_from:%d/%m/%Y}"
        raise NotClosed(_("L’impianto comincia il %(day)s: scrivi un giorno da allora in poi.") % {"day": day})
