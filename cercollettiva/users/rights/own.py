"""What the users room holds of a person: the account, how it is entered, what was agreed to and written down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessAttemptExpiration, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.users.audit import PERSON, AuditLine
from cercollettiva.users.datamap import Term
from cercollettiva.users.exports import DataExport
from cercollettiva.users.mails import OutgoingMail
from cercollettiva.users.models import Consent, CustomUser
from cercollettiva.users.requests import AccountDeletionRequest
from cercollettiva.users.rights import sealed
from cercollettiva.users.rights.holdings import Fate, Holding, Obstacle, Part
from cercollettiva.users.tokens import ApiToken, IdempotentAnswer

SECRET: Final = gettext_lazy("è un segreto che apre l’account")
PROOF: Final = gettext_lazy("prova di che cosa è stato accettato e quando")
CHAIN: Final = gettext_lazy("registro di sicurezza: nessuna riga si può cambiare, finisce dopo dodici mesi")


def pseudonym_of(user: CustomUser) -> str:
    """What stands where the name stood: the number of the account, which was nobody's name."""
    return _("Persona cancellata %(number)s") % {"number": user.pk}


def name_of_nobody() -> str:
    """What is left of a pseudonym when its term is over."""
    return _("Persona cancellata")


def address_of_nobody(user: CustomUser) -> str:
    """In the domain that no mail can be sent to (RFC 2606)."""
    return f"erased-{user.pk}@erased.invalid"


def lines_about(user: CustomUser) -> Any:
    return AuditLine.objects.filter(Q(actor_id=user.pk) | Q(subject_type=PERSON, subject_id=user.pk)).order_by("seq")


def _line(line: AuditLine, user: CustomUser) -> dict[str, Any]:
    """Without who else did it, or to whom it was done, nor from where others came."""
    is_actor = line.actor_id == user.pk
    is_about = line.subject_type == PERSON and line.subject_id == user.pk
    details = line.details if is_about else {}
    return {
        "seq": line.seq,
        "at": line.at,
        "action": line.action,
        "by_me": is_actor,
        "about_me": is_about,
        "address": line.address if is_actor else None,
        "details": {name: value for name, value in details.items() if name != "user_id"},
    }


def _authenticator(row: Authenticator, user: CustomUser) -> dict[str, Any]:
    name = row.data.get("name", "") if row.type == Authenticator.Type.WEBAUTHN else ""
    return {"type": row.type, "name": name, "created_at": row.created_at, "last_used_at": row.last_used_at}


def _sessions_of(user: CustomUser) -> Any:
    return Session.objects.filter(session_key__in=UserSession.objects.filter(user=user).values("session_key"))


def _entries_of(user: CustomUser) -> Any:
    about = Q(content_type__app_label="users", content_type__model="customuser", object_id=str(user.pk))
    return LogEntry.objects.filter(Q(user=user) | about)


def _obstacles(user: CustomUser, at: datetime) -> Iterable[Obstacle]:
    if user.is_staff or user.is_superuser:
        yield Obstacle("staff", _("Gestisce la piattaforma: un altro gestore deve prima toglierle questo ruolo."))


def _before(user: CustomUser, *, by: CustomUser | None, at: datetime) -> None:
    """The copies of the data go; whoever reads one at this moment reads it to its end."""
    for export in DataExport.objects.filter(user=user):
        transaction.on_commit(partial(sealed.remove, export.file_id))


RIGHTS: Final = Part(
    before=_before,
    obstacles=_obstacles,
    holdings=(
        Holding(
            "users.Consent",
            lambda user: Consent.objects.filter(user=user),
            Fate.KEPT,
            why=PROOF,
            term=Term.TEN_YEARS,
        ),
        Holding(
            "users.AccountDeletionRequest",
            lambda user: AccountDeletionRequest.objects.filter(user=user),
            Fate.KEPT,
            why=gettext_lazy("prova di che cosa è stato chiesto e quando è stato fatto"),
            term=Term.TEN_YEARS,
        ),
        Holding(
            "users.AuditLine",
            lines_about,
            Fate.KEPT,
            why=CHAIN,
            term=Term.YEAR,
            stays={"address": CHAIN},
            shown=_line,
        ),
        Holding("users.DataExport", lambda user: DataExport.objects.filter(user=user), Fate.DELETED, in_copy=False),
        Holding(
            "users.ApiToken",
            lambda user: ApiToken.objects.filter(user=user),
            Fate.DELETED,
            withheld={"token_hash": SECRET},
        ),
        Holding(
            "users.IdempotentAnswer",
            lambda user: IdempotentAnswer.objects.filter(Q(user=user) | Q(caller=f"user:{user.pk}")),
            Fate.DELETED,
            in_copy=False,  # for a day, what a program was answered: it may be about others
        ),
        Holding(
            "users.OutgoingMail",
            lambda user: OutgoingMail.objects.to(user.email),
            Fate.DELETED,
            shown=lambda row, user: {"posted_at": row.posted_at, "template": row.template, "text": row.text},
        ),
        Holding("sessions.Session", _sessions_of, Fate.DELETED, in_copy=False),
        Holding(
            "usersessions.UserSession",
            lambda user: UserSession.objects.filter(user=user),
            Fate.DELETED,
            withheld={"session_key": SECRET},
        ),
        Holding(
            "mfa.Authenticator",
            lambda user: Authenticator.objects.filter(user=user),
            Fate.DELETED,
            shown=_authenticator,
        ),
        Holding(
            "account.EmailConfirmation",
            lambda user: EmailConfirmation.objects.filter(email_address__user=user),
            Fate.DELETED,
            in_copy=False,
        ),
        Holding("account.EmailAddress", lambda user: EmailAddress.objects.filter(user=user), Fate.DELETED),
        Holding(
            "axes.AccessAttemptExpiration",
            lambda user: AccessAttemptExpiration.objects.filter(access_attempt__username__iexact=user.email),
            Fate.DELETED,
            in_copy=False,
        ),
        Holding(
            "axes.AccessAttempt",
            lambda user: AccessAttempt.objects.filter(username__iexact=user.email),
            Fate.DELETED,
            shown=lambda row, user: {"attempt_time": row.attempt_time, "failures": row.failures_since_start},
        ),
        Holding(
            "axes.AccessFailureLog",
            lambda user: AccessFailureLog.objects.filter(username__iexact=user.email),
            Fate.DELETED,
            in_copy=False,  # it is off
        ),
        Holding(
            "axes.AccessLog",
            lambda user: AccessLog.objects.filter(username__iexact=user.email),
            Fate.DELETED,
            in_copy=False,  # it is off
        ),
        Holding(
            "admin.LogEntry",
            _entries_of,
            Fate.DELETED,
            in_copy=False,  # it is not written
        ),
        Holding(
            "users.CustomUser_groups",
            lambda user: CustomUser.groups.through.objects.filter(customuser=user),
            Fate.DELETED,
        ),
        Holding(
            "users.CustomUser_user_permissions",
            lambda user: CustomUser.user_permissions.through.objects.filter(customuser=user),
            Fate.DELETED,
        ),
        Holding(
            "users.CustomUser",
            lambda user: CustomUser.objects.filter(pk=user.pk),
            Fate.EMPTIED,
            why=gettext_lazy("la riga a cui si legano conti e libro soci, con uno pseudonimo per nome"),
            term=Term.TEN_YEARS,
            emptied={
                "email": address_of_nobody,
                "last_name": pseudonym_of,
                "password": lambda user: make_password(None),
                **dict.fromkeys(("first_name", "legal_name", "fiscal_code", "address", "phone"), ""),
                **dict.fromkeys(("vat_number", "pec", "sdi_code", "iban"), ""),
                **dict.fromkeys(("is_active", "is_staff", "is_superuser"), False),
                **dict.fromkeys(("second_factor_due_at", "last_login"), None),
            },
            ending={"last_name": lambda user: name_of_nobody()},
            withheld={"password": gettext_lazy("se ne conserva solo un’impronta, che non si può leggere")},
        ),
    ),
)
