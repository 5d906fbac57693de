"""People who ask to enter the invented community: one of each state, so that the desk has something to read.

They are as invented as the members, and their connection points have no meters.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.contrib.auth.hashers import make_password

from cercollettiva.core import applications
from cercollettiva.core.models import Application, ApplicationStep, CERConfiguration, MemberRole
from cercollettiva.ops.simulation.scenery import Community
from cercollettiva.users.consents import PRIVACY, PRIVACY_VERSION
from cercollettiva.users.models import CustomUser


class Applicant(NamedTuple):
    """Somebody at the door."""

    mailbox: str
    days_ago: int
    pod: str
    person: dict[str, Any]
    role: dict[str, Any]
    until: ApplicationStep = ApplicationStep.CONSENTS  # the last step that was filled in


def _person(first: str, last: str, code: str, born: str) -> dict[str, Any]:
    return {
        "legal_type": "PRIVATE",
        "first_name": first,
        "last_name": last,
        "fiscal_code": code,
        "birth_date": born,
        "phone": "",
    }


_BAKERY: Final = {
    "legal_type": "BUSINESS",
    "legal_name": "Forno Dell’Orto & C. S.n.c.",
    "first_name": "Loris",
    "last_name": "Dell’Orto",
    "vat_number": "99990139992",
    "fiscal_code": "99990139992",
    "pec": "forno@pec.example.it",
    "sdi_code": "0000000",
    "is_large_company": False,
    "phone": "",
}
CONSUMES: Final = {"member_type": "CONSUMER"}
PRODUCES: Final = {"member_type": "PROSUMER", "source": "PV", "nominal_power": "4.500", "has_storage": True}

LATE = Applicant(
    "chiara", 9, "IT001E99900021", _person("Chiara", "Bertolini", "BRTCHR90D42Q999P", "1990-04-02"), PRODUCES
)
NEW = Applicant("forno", 1, "IT001E99900022", _BAKERY, CONSUMES)
TO_FIX = Applicant("luca", 4, "IT001E99900023", _person("Luca", "Fantoni", "FNTLCU78M15Q999S", "1978-08-15"), CONSUMES)
REJECTED = Applicant(
    "anna", 20, "IT001E99900024", _person("Anna", "Pallavicini", "PLLNNA71P50Q999P", "1971-09-10"), CONSUMES
)
DRAFT = Applicant(
    "giulia",
    2,
    "IT001E99900025",
    _person("Giulia", "Montanari", "MNTGLI85A41Q999D", "1985-01-01"),
    CONSUMES,
    until=ApplicationStep.POINT,
)
APPLICANTS: Final = (LATE, NEW, TO_FIX, REJECTED, DRAFT)
POINT_TO_FIX: Final = "Il POD della bolletta finisce con 32, quello che hai scritto con 23: ricontrollalo."
OUT_OF_REACH: Final = "Il tuo contatore è sotto un’altra cabina primaria: la legge non ci permette di accoglierti qui."


def emails_of(community: Community) -> list[str]:
    """The addresses of the applicants, at the house of the members'."""
    house = community.members[0].email.partition("@")[2]
    return [f"{applicant.mailbox}.aspirante@{house}" for applicant in APPLICANTS]


def write(community: Community, cer: CERConfiguration, *, now: datetime, password: str) -> None:
    """Open the community's page to everybody, with its applications."""
    cer.is_listed = True
    cer.save(update_fields=["is_listed", "updated_at"])
    admin = CustomUser.objects.filter(memberships__community=cer, memberships__role=MemberRole.ADMIN).first()
    hashed = make_password(password)
    for applicant, email in zip(APPLICANTS, emails_of(community), strict=True):
        sent = _apply(applicant, email, community, cer, hashed, now - timedelta(days=applicant.days_ago))
        decide = DECISIONS.get(applicant.mailbox)
        if decide is not None and admin is not None:
            decide(sent, admin, sent.updated_at + timedelta(hours=20))


def _apply(
    applicant: Applicant, email: str, community: Community, cer: CERConfiguration, hashed: str, at: datetime
) -> Application:
    user: CustomUser = CustomUser.objects.create(
        email=email,
        password=hashed,
        first_name=applicant.person["first_name"],
        last_name=applicant.person["last_name"],
        legal_type=applicant.person["legal_type"],
    )
    user.confirm_email()
    application = applications.begin(cer, email, user=user, language="it", at=at)
    for step, values in _answers(applicant, community, at).items():
        application = applications.save_step(application, step, values, at=at)
        if step is applicant.until:
            return _sent(application, user, at)
    return application


def _sent(application: Application, user: CustomUser, at: datetime) -> Application:
    if application.first_missing_step is None:
        applications.submit(application, user, at=at)
        application.refresh_from_db()
    return application


def _answers(applicant: Applicant, community: Community, at: datetime) -> dict[ApplicationStep, dict[str, Any]]:
    place = community.place
    house = f"via dei Gelsi {int(applicant.pod[-2:])}"
    town = {"zip_code": place.postal_code, "city": place.town, "province": place.province}
    consents = (("statuto-" + community.slug, "1"), ("misure-" + community.slug, "2026-11"), (PRIVACY, PRIVACY_VERSION))
    given = [{"document": name[:50], "version": version, "at": at.isoformat()} for name, version in consents]
    return {
        ApplicationStep.PERSON: {**applicant.person, "address": f"{house}, {place.postal_code} {place.town}"},
        ApplicationStep.POINT: {
            "pod_code": applicant.pod,
            "name": "Casa",
            "address": house,
            **town,
            "has_moved": False,
        },
        ApplicationStep.ROLE: applicant.role,
        ApplicationStep.PAPERS: {},
        ApplicationStep.CONSENTS: {"given": given},
    }


def _ask(application: Application, admin: CustomUser, at: datetime) -> None:
    applications.ask_correction(
        application, revision=application.revision, note=POINT_TO_FIX, steps=["point"], by=admin, at=at
    )


def _reject(application: Application, admin: CustomUser, at: datetime) -> None:
    applications.reject(application, revision=application.revision, note=OUT_OF_REACH, by=admin, at=at)


DECISIONS: Final[dict[str, Callable[[Application, CustomUser, datetime], None]]] = {
    TO_FIX.mailbox: _ask,
    REJECTED.mailbox: _reject,
}
