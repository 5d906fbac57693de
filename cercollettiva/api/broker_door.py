"""For a broker that asks who may come in and what they may do there, as EMQX does over HTTP (docs/broker.md).

POST mqtt/auth/ takes `username` and `password`, POST mqtt/acl/ takes `username`, `topic` and `action` (publish or
subscribe); both answer {"result": "allow"} or {"result": "deny"}. Without BROKER_AUTH_SECRET they are not there.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from functools import wraps
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cercollettiva.api.throttles import counts_as_too_many
from cercollettiva.energy.broker import credentials
from cercollettiva.energy.models import MQTTConfiguration
from cercollettiva.users.addresses import client_ip

BIGGEST: Final = 8192  # bytes of a question
WRONG_SECRETS: Final = (30, 60)  # from one address, in so many seconds
WRONG_PASSWORDS: Final = (10, 60)  # of one user
ACTIONS: Final = ("publish", "subscribe")

Question = dict[str, str]


def asked_by_the_broker(answer: Callable[[Question], bool]) -> Callable[[HttpRequest], HttpResponse]:
    """Only who knows the secret is answered, and only to a question that can be read."""

    @csrf_exempt  # no browser asks, and no cookie counts
    @never_cache
    @require_POST
    @wraps(answer)
    def view(request: HttpRequest) -> HttpResponse:
        if not settings.BROKER_AUTH_SECRET:
            raise Http404
        said = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(said, f"Bearer {settings.BROKER_AUTH_SECRET}".encode()):
            late = counts_as_too_many("broker-secret", client_ip(request) or "-", WRONG_SECRETS)
            return JsonResponse({"result": "deny"}, status=429 if late else 401)
        question = _question(request)
        if question is None:
            return JsonResponse({"result": "deny"}, status=400)
        return JsonResponse({"result": "allow" if answer(question) else "deny", "is_superuser": False})

    return view


@asked_by_the_broker
def auth(question: Question) -> bool:
    username = question.get("username", "")
    if counts_as_too_many("broker-password", username, WRONG_PASSWORDS, count=False):
        return False
    if not credentials.lets_in(username, question.get("password", "")):
        counts_as_too_many("broker-password", username, WRONG_PASSWORDS)
        return False
    MQTTConfiguration.objects.filter(username=username).update(last_connected_at=timezone.now())
    return True


@asked_by_the_broker
def acl(question: Question) -> bool:
    if question.get("action") not in ACTIONS:
        return False
    rights = credentials.rights_of(question.get("username", ""))
    if rights is None:
        return False
    topic = question.get("topic", "")
    return rights.may_publish(topic) if question["action"] == "publish" else rights.may_subscribe(topic)


def _question(request: HttpRequest) -> Question | None:
    """The fields that are text; None for what is no JSON object, or too long."""
    if int(request.headers.get("Content-Length") or 0) > BIGGEST:
        return None
    try:
        given = json.loads(request.read(BIGGEST + 1))
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    return {name: value for name, value in given.items() if isinstance(value, str) and "\0" not in value}
