"""Who calls: a person's token, or a device's. Sessions are Django's, with their check against forgery."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request

from cercollettiva.energy.models import DeviceToken
from cercollettiva.users import second_factor
from cercollettiva.users.models import ApiToken, CustomUser

SCHEMES: Final = (b"bearer", b"token")  # the first platform's clients write Token


class SecondFactorMissing(APIException):
    """The token is good; its owner must first set up what their role asks for."""

    status_code = status.HTTP_403_FORBIDDEN
    default_code = "second_factor_required"


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>` of a person. Two queries, and one more a minute to note its use."""

    def authenticate(self, request: Request) -> tuple[CustomUser, ApiToken] | None:
        written = _token_of(request)
        if written is None:
            return None
        now = timezone.now()
        token = ApiToken.objects.recognised(written, at=now)
        if token is None:
            raise AuthenticationFailed(_("Il token non è valido: forse è scaduto o è stato revocato."))
        if not second_factor.may_use_tokens(token.user, now):
            raise SecondFactorMissing(_("Serve la verifica in due passaggi: accedi dalle pagine e attivala."))
        token.note_use(at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class DeviceAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>` of a device: nobody is signed in, and only its own measurements are taken."""

    def authenticate(self, request: Request) -> tuple[Any, DeviceToken] | None:
        written = _token_of(request)
        if written is None:
            return None
        now = timezone.now()
        token = DeviceToken.objects.recognised(written, at=now)
        if token is None:
            raise AuthenticationFailed(_("Il token del misuratore non è valido: forse è stato revocato."))
        token.note_use(at=now)
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="device"'


def _token_of(request: Request) -> str | None:
    words = get_authorization_header(request).split()
    if not words or words[0].lower() not in SCHEMES:
        return None
    if len(words) != 2:
        raise AuthenticationFailed(_("Scrivi Authorization: Bearer e il token, senza spazi in mezzo."))
    return words[1].decode("latin-1")
