"""Health for load balancers and people: no detail that a stranger should not have."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cercollettiva.monitoring.health import Health, database_health


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """GET monitoring/health/: the status alone; 503 when it is UNHEALTHY."""
    status = database_health()
    return JsonResponse({"status": status.value}, status=503 if status is Health.UNHEALTHY else 200)
