"""Health for load balancers, orchestrators, Prometheus and staff: strangers get no detail that they should not have."""

from __future__ import annotations

import ipaddress
import secrets
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from cercollettiva.monitoring.health import PROBES, everything, overall, readiness, vital
from cercollettiva.monitoring.metrics import exposition
from cercollettiva.monitoring.probes import Health
from cercollettiva.users.addresses import client_ip


def _answer(status: Health, **more: Any) -> JsonResponse:
    return JsonResponse({"status": status.value, **more}, status=503 if status is Health.UNHEALTHY else 200)


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """GET monitoring/health/: the status alone; 503 when it is UNHEALTHY."""
    return _answer(overall(vital()))


@never_cache
@require_safe
def part(request: HttpRequest, name: str) -> JsonResponse:
    """GET monitoring/health/{database,mqtt,cache,system}/: the same for one part."""
    return _answer(PROBES[name].answer().status)


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """GET monitoring/live/: this process answers. It asks nobody: a database that is away restarts no process."""
    return _answer(Health.HEALTHY)


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """GET monitoring/ready/: whether this process can serve pages, which takes the database and room on the disks."""
    return _answer(readiness())


@never_cache
@require_safe
def status(request: HttpRequest) -> JsonResponse:
    """GET monitoring/status/: for staff, every part with its response time and what it said."""
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({"error": "not_authenticated", "detail": "Sign in as staff."}, status=401)
    if not (user.is_active and (user.is_staff or user.is_superuser)):
        raise Http404
    answers = everything()
    checks = {
        name: {"status": one.status.value, "response_time_ms": round(one.seconds * 1000, 1), "details": one.details}
        for name, one in answers.items()
    }
    return _answer(overall(answers), timestamp=timezone.now().isoformat(), checks=checks)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """GET monitoring/metrics/: Prometheus text, for whoever has the token or comes from a network of the list."""
    if not (_has_token(request) or _is_from_the_list(request)):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    token: str = settings.METRICS_TOKEN
    return bool(token) and kind == "Bearer" and secrets.compare_digest(given.strip().encode(), token.encode())


def _is_from_the_list(request: HttpRequest) -> bool:
    address = ipaddress.ip_address(client_ip(request))
    return any(address in network for network in settings.METRICS_NETWORKS)
