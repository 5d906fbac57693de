"""What the core room holds of a person: places in communities, register, cards, fees, applications, plants."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.core import applications
from cercollettiva.core.models import (
    Application,
    ApplicationEvent,
    CardJob,
    CERMembership,
    FeePayment,
    FeeReminder,
    Invitation,
    MemberImportRow,
    MemberRegistry,
    MembershipCard,
    MembershipState,
    Plant,
    PlantMeasurement,
    RoleChange,
)
from cercollettiva.users.datamap import Term
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights.holdings import Fate, Holding, Obstacle, Part
from cercollettiva.users.rights.own import address_of_nobody, name_of_nobody, pseudonym_of

REGISTER: Final = gettext_lazy("libro soci: le iscrizioni non si tolgono (art. 2220 del codice civile)")
ACCOUNTS: Final = gettext_lazy("scritture contabili: dieci anni (art. 2220 del codice civile)")
RECEIPTS: Final = gettext_lazy("le ricevute sono numerate senza salti: restano numero, giorno e importo, di nessuno")
INCENTIVES: Final = gettext_lazy("conteggi degli incentivi, che il GSE può rivedere e controllare")
A_POD: Final = gettext_lazy("il POD e i codici GAUDÌ legano i conteggi degli incentivi alle misure ufficiali")
LEGAL_PERSON: Final = gettext_lazy("dell’ente, non di una persona")
SECRET: Final = gettext_lazy("è un segreto")
INVENTED_POD: Final = "IT999E{:08}"  # in a range that no distributor has


def erased_details(entry: MemberRegistry) -> str:
    """What the register says where it said who the member was: the kind of member is no person's."""
    kept = {"name": pseudonym_of(entry.user), "fiscal_code": "", "address": ""}
    return json.dumps(kept | {"member_type": entry.details.get("member_type", "")}, ensure_ascii=False)


def nameless_details(entry: MemberRegistry) -> str:
    """What the register says when the term of the pseudonym is over too."""
    return json.dumps({**entry.details, "name": name_of_nobody()}, ensure_ascii=False)


def plants_of(user: CustomUser) -> Any:
    return Plant.objects.filter(owner=user)


def _in_communities(user: CustomUser) -> Any:
    return plants_of(user).filter(cer_configuration__isnull=False)


def _outside(user: CustomUser) -> Any:
    return plants_of(user).filter(cer_configuration__isnull=True)


def applications_of(user: CustomUser) -> Any:
    """A draft may have been begun with the address alone, before there was an account."""
    return Application.objects.filter(Q(user=user) | Q(user__isnull=True, email=user.email))


def _events_of(user: CustomUser) -> Any:
    return ApplicationEvent.objects.filter(application__in=applications_of(user).values("pk"))


def _invitations_of(user: CustomUser) -> Any:
    return Invitation.objects.filter(Q(email=user.email) | Q(accepted_by=user))


def _rows_of_files(user: CustomUser) -> Any:
    """Rows that brought the person in, and those that name their address: cells are encrypted, so all are opened."""
    named = [
        key
        for key, cells in MemberImportRow.objects.values_list("pk", "cells").iterator()
        if user.email in cells.lower()
    ]
    return MemberImportRow.objects.filter(Q(membership__user=user) | Q(pk__in=named))


def _obstacles(user: CustomUser, at: datetime) -> Iterable[Obstacle]:
    places = CERMembership.objects.filter(user=user, state=MembershipState.APPROVED).select_related("community")
    for place in places.filter(Q(active_to__isnull=True) | Q(active_to__gt=at)):
        who = {"community": place.community.name}
        text = (
            _("È ancora tra i soci di %(community)s: prima l’uscita va scritta nel libro soci.") % who
            if place.is_member
            else _("Ha ancora un ruolo in %(community)s: prima va tolto.") % who
        )
        yield Obstacle("membership", text)


def _before(user: CustomUser, *, by: CustomUser | None, at: datetime) -> None:
    """What is open ends: applications are withdrawn, plants close. Archives of cards may be printed again."""
    for application in applications_of(user).filter(user=user).select_related("membership"):
        if application.is_open:
            applications.withdraw(application, by=user, at=at)
    for plant in plants_of(user).filter(Q(active_to__isnull=True) | Q(active_to__gt=at)):
        plant.active_to = max(at, plant.active_from)
        plant.is_active = False
        plant.save(update_fields=["active_to", "is_active", "updated_at"])
    communities = CERMembership.objects.filter(user=user).values("community")
    for job in CardJob.objects.filter(community__in=communities).exclude(file=""):
        job.file.delete(save=False)
        job.save(update_fields=["file"])


_PLACE: Final[dict[str, Any]] = {
    "name": lambda plant: _("Impianto %(number)s") % {"number": plant.pk},
    **dict.fromkeys(("address", "city", "zip_code", "province"), ""),
    **dict.fromkeys(("latitude", "longitude"), None),
}
_CODES: Final = ("gaudi_request_code", "censimp_code", "sapr_code", "tracking_code", "section_id", "group_id")
_WITHOUT_CODES: Final[dict[str, Any]] = dict.fromkeys(_CODES, "") | dict.fromkeys(
    ("pod_code", "pod_key"), lambda plant: INVENTED_POD.format(plant.pk % 10**8)
)

RIGHTS: Final = Part(
    before=_before,
    obstacles=_obstacles,
    elsewhere={
        "core.Organisation": LEGAL_PERSON,
    },
    holdings=(
        Holding(
            "core.MemberRegistry",
            lambda user: MemberRegistry.objects.filter(user=user).select_related("user"),
            Fate.EMPTIED,
            why=REGISTER,
            term=Term.TEN_YEARS,
            emptied={"person": erased_details, "notes": ""},
            outlasts=REGISTER,
            ending={"person": nameless_details},
            named=("organisation",),
        ),
        Holding(
            "core.FeeReminder",
            lambda user: FeeReminder.objects.filter(card__membership__user=user),
            Fate.KEPT,
            why=ACCOUNTS,
            term=Term.TEN_YEARS,
        ),
        Holding(
            "core.FeePayment",
            lambda user: FeePayment.objects.filter(card__membership__user=user),
            Fate.KEPT,
            why=ACCOUNTS,
            term=Term.TEN_YEARS,
            outlasts=RECEIPTS,
        ),
        Holding(
            "core.MembershipCard",
            lambda user: MembershipCard.objects.filter(membership__user=user),
            Fate.KEPT,
            why=ACCOUNTS,
            term=Term.TEN_YEARS,
        ),
        Holding(
            "core.RoleChange",
            lambda user: RoleChange.objects.filter(membership__user=user),
            Fate.KEPT,
            why=REGISTER,
            term=Term.TEN_YEARS,
        ),
        Holding(
            "core.MemberImportRow",
            _rows_of_files,
            Fate.EMPTIED,
            why=gettext_lazy("quale riga di un file ha portato quale socio"),
            term=Term.TEN_YEARS,
            emptied={"cells": "", "reason": ""},
        ),
        Holding("core.Invitation", _invitations_of, Fate.DELETED, withheld={"token_hash": SECRET}),
        Holding(
            "core.ApplicationEvent",
            lambda user: _events_of(user).filter(application__membership__isnull=False),
            Fate.EMPTIED,
            why=gettext_lazy("quando la domanda è stata decisa"),
            term=Term.TEN_YEARS,
            emptied={"note": ""},
            read_of=_events_of,
        ),
        Holding(
            "core.Application",
            lambda user: applications_of(user).filter(membership__isnull=True),
            Fate.DELETED,
            withheld={"link_key": SECRET},
        ),
        Holding(
            "core.Application",
            lambda user: applications_of(user).filter(membership__isnull=False).select_related("user"),
            Fate.EMPTIED,
            why=gettext_lazy("quando è stata fatta la domanda e come è finita"),
            term=Term.TEN_YEARS,
            emptied={
                "answers_json": "",
                "sent_json": "",
                "pod_key": "",
                "email": lambda application: address_of_nobody(application.user),
            },
            withheld={"link_key": SECRET},
        ),
        Holding(
            "core.CERMembership",
            lambda user: CERMembership.objects.filter(user=user),
            Fate.KEPT,
            why=REGISTER,
            term=Term.TEN_YEARS,
            named=("community",),
        ),
        Holding(
            "core.PlantMeasurement",
            lambda user: PlantMeasurement.objects.filter(plant__owner=user),
            Fate.KEPT,
            why=INCENTIVES,
            term=Term.TEN_YEARS,
        ),
        Holding(
            "core.Plant",
            _in_communities,
            Fate.EMPTIED,
            why=INCENTIVES,
            term=Term.TEN_YEARS,
            emptied=_PLACE,
            stays=dict.fromkeys(("pod_code", "pod_key", *_CODES), A_POD),
            ending=_WITHOUT_CODES,
        ),
        Holding(
            "core.Plant",
            _outside,
            Fate.EMPTIED,
            why=gettext_lazy("la riga a cui si legano le misure, con un POD inventato"),
            term=Term.TEN_YEARS,
            emptied=_PLACE | _WITHOUT_CODES,
        ),
    ),
)
