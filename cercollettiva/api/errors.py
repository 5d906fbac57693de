"""What an error looks like: DRF's own form under the energy API, `{"error", "detail"}` under the core JSON API."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from cercollettiva.users.second_factor import API_PATHS

# A code of ours for each status that has no better word.
CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "unavailable",
}

OWN_CODES = ("no_device", "second_factor_required")


class Conflict(APIException):
    """The call meets something that is already there."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class NoDevice(APIException):
    """The plant is there and visible; no meter is."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "no_device"


class Busy(APIException):
    """The database is away, or cut a query short."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"


def rest_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(exc, Http404):
        exc = NotFound(_("Non trovato."))  # without the name of the model
    elif isinstance(exc, OperationalError):
        exc = Busy(_("Il servizio è momentaneamente occupato: riprova tra poco."))
    response: Response | None = exception_handler(exc, context)
    return response


def core_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    response = rest_handler(exc, context)
    if response is None:
        return None
    data: Any = response.data
    is_plain = isinstance(data, dict) and set(data) == {"detail"} and not isinstance(exc, ValidationError)
    response.data = {"error": _code_of(exc, response.status_code), "detail": data["detail"] if is_plain else data}
    return response


def _code_of(exc: Exception, status_code: int) -> str:
    code = getattr(exc, "default_code", "")
    return code if code in OWN_CODES else CODES.get(status_code, "error")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that is not there: JSON under the paths of the API, where nobody reads pages."""
    if request.path.startswith(API_PATHS):
        return JsonResponse({"error": CODES[404], "detail": _("Non trovato.")}, status=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API_PATHS):
        return JsonResponse({"error": "server_error", "detail": _("Errore nostro: riprova tra poco.")}, status=500)
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API_PATHS):
        return JsonResponse({"error": CODES[400], "detail": _("La richiesta non si può leggere.")}, status=400)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    if request.path.startswith(API_PATHS):
        return JsonResponse({"error": CODES[403], "detail": _("Non puoi farlo.")}, status=403)
    return defaults.permission_denied(request, exception)
