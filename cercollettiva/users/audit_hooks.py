"""What the users room writes into the audit log by itself: signing in and out, and changes of accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from cercollettiva.users import signals
from cercollettiva.users.audit import PERSON, Action, record
from cercollettiva.users.models import CustomUser
from cercollettiva.users.watching import Watch, watch

ACCOUNT = Watch(
    fields=(
        *("email", "first_name", "last_name", "password", "is_staff", "is_superuser", "is_active"),
        *("legal_type", "is_large_company", "profit_type", "legal_name", "sdi_code"),
        *("fiscal_code", "vat_number", "pec", "iban", "phone", "address"),
    ),
    created=Action.ACCOUNT_CREATED,
    changed=Action.ACCOUNT_CHANGED,
    deleted=Action.ACCOUNT_DELETED,
    subject=lambda row: (PERSON, row["pk"]),
)


def connect() -> None:
    """Listen; called when the room is ready."""
    watch(CustomUser, ACCOUNT)
    user_logged_in.connect(signed_in, dispatch_uid="audit: signed in")
    user_logged_out.connect(signed_out, dispatch_uid="audit: signed out")
    user_login_failed.connect(sign_in_failed, dispatch_uid="audit: sign-in failed")
    user_locked_out.connect(locked_out, dispatch_uid="audit: locked out")
    for signal in (authenticator_added, authenticator_removed, authenticator_reset):
        signal.connect(second_factor_changed, dispatch_uid="audit: second factor")
    signals.sessions_ended.connect(sessions_ended, dispatch_uid="audit: sessions ended")
    signals.tokens_revoked.connect(tokens_revoked, dispatch_uid="audit: tokens revoked")
    signals.deletion_requested.connect(deletion_requested, dispatch_uid="audit: deletion requested")
    signals.deletion_cancelled.connect(deletion_cancelled, dispatch_uid="audit: deletion cancelled")
    signals.platform_set_up.connect(platform_set_up, dispatch_uid="audit: set up")


def signed_in(sender: Any, request: HttpRequest | None, user: CustomUser, **_: Any) -> None:
    record(Action.SIGNED_IN, actor=user, subject=user, request=request)


def signed_out(sender: Any, request: HttpRequest | None, user: CustomUser | None, **_: Any) -> None:
    if user is not None:
        record(Action.SIGNED_OUT, actor=user, subject=user, request=request)


def sign_in_failed(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """The address that was typed is not kept: only whose account it is, if anybody's."""
    typed = credentials.get("username") or credentials.get(CustomUser.USERNAME_FIELD) or ""
    record(Action.SIGN_IN_FAILED, actor=None, subject=_account_of(typed), request=request)


def locked_out(sender: Any, request: HttpRequest | None = None, username: str = "", **_: Any) -> None:
    record(Action.LOCKED_OUT, actor=None, subject=_account_of(username), request=request)


def second_factor_changed(sender: Any, request: HttpRequest | None, user: CustomUser, **_: Any) -> None:
    record(Action.SECOND_FACTOR_CHANGED, actor=user, subject=user, request=request)


def sessions_ended(sender: Any, user: CustomUser, by: CustomUser, count: int, at: datetime, **_: Any) -> None:
    record(Action.SESSIONS_ENDED, actor=by, subject=user, details={"count": count}, at=at)


def tokens_revoked(sender: Any, user: CustomUser, by: CustomUser, count: int, at: datetime, **_: Any) -> None:
    record(Action.TOKEN_REVOKED, actor=by, subject=user, details={"count": count}, at=at)


def deletion_requested(sender: Any, user: CustomUser, by: CustomUser, at: datetime, **_: Any) -> None:
    record(Action.DELETION_REQUESTED, actor=by, subject=user, at=at)


def deletion_cancelled(sender: Any, user: CustomUser, by: CustomUser, at: datetime, **_: Any) -> None:
    record(Action.DELETION_CANCELLED, actor=by, subject=user, at=at)


def platform_set_up(sender: Any, user: CustomUser, by: CustomUser, at: datetime, **_: Any) -> None:
    record(Action.PLATFORM_SET_UP, actor=by, subject=user, at=at)


def _account_of(typed: Any) -> tuple[str, int | None] | None:
    key = CustomUser.objects.filter(email=str(typed).strip().lower()).values_list("pk", flat=True).first()
    return (PERSON, key) if key is not None else None
