"""What the desk can check by itself, so that a person looks only at what needs a person."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from cercollettiva.core.models import Application, ApplicationStep, CERMembership, Plant
from cercollettiva.core.points import is_taken, plant_at
from cercollettiva.users.models import CustomUser


class Check(NamedTuple):
    """One thing that was looked at: `fine`, or a `look` for a person, or an `act` that stops the approval."""

    state: str
    words: str
    url: str = ""


def checks_of(application: Application, viewer: CustomUser, *, at: datetime) -> list[Check]:
    """In the order in which one reads the application; nobody is named whom the viewer may not see."""
    return [*_of_the_person(application, viewer), *_of_the_point(application, viewer, at)]


def _of_the_person(application: Application, viewer: CustomUser) -> list[Check]:
    person, user = application.answer(ApplicationStep.PERSON), application.user
    key = application.membership_id or 0
    found = [Check("fine", _("L’indirizzo email è confermato: la domanda è partita da lì."))]
    if person.get("birth_date"):
        found.append(Check("fine", _("Codice fiscale e data di nascita concordano.")))
    code = person.get("fiscal_code", "")
    namesakes = CustomUser.objects.visible_to(viewer).with_fiscal_code(code).exclude(pk=user.pk if user else 0)
    for other in namesakes if code else ():
        found.append(Check("look", _("%(name)s ha lo stesso codice fiscale.") % {"name": other}))
    elsewhere = CERMembership.objects.visible_to(viewer).filter(user=user, state="APPROVED", active_to=None)
    for membership in elsewhere.exclude(pk=key).select_related("community"):
        found.append(Check("look", _("È già in %(community)s.") % {"community": membership.community}))
    return found


def _of_the_point(application: Application, viewer: CustomUser, at: datetime) -> list[Check]:
    point = application.answer(ApplicationStep.POINT)
    found = []
    if point.get("has_moved"):
        found.append(Check("look", _("Dichiara una voltura recente: controlla l’intestatario sulla bolletta.")))
    plant = plant_at(point["pod_code"], at=at) if application.is_open else None
    if plant is None:
        found.append(Check("fine", _("Il POD è scritto bene, e nessuno lo ha già.")))
    elif is_taken(plant, application.community, application.user):
        found.append(_taken(plant, viewer))
    else:
        found.append(Check("fine", _("Il POD è già tra gli impianti della comunità, senza un titolare: sarà suo.")))
    others = Application.objects.visible_to(viewer).open().filter(pod_key=application.pod_key)
    for other in others.exclude(pk=application.pk).select_related("user"):
        words = _("Anche %(name)s ha chiesto di entrare con questo POD.") % {"name": other.shown_name}
        found.append(Check("look", words, reverse("desk:application", args=[other.pk])))
    return found


def _taken(plant: Plant, viewer: CustomUser) -> Check:
    """Whose it is, only where the viewer may see it."""
    seen = Plant.objects.visible_to(viewer).filter(pk=plant.pk).select_related("owner").first()
    if seen is None:
        return Check("act", _("Il POD è in un’altra comunità: finché ci resta la domanda non si può approvare."))
    words = _("Il POD è già di %(owner)s: chiudi prima il suo impianto, poi approva.") % {"owner": seen.owner}
    return Check("act", words, reverse("core:plant", args=[plant.pk]))
