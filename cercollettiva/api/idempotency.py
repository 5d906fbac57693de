"""A POST made twice under one Idempotency-Key has one effect, and gets the first answer again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cercollettiva.api.errors import Conflict
from cercollettiva.energy.models import DeviceToken
from cercollettiva.users.models import IdempotentAnswer

HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,100}")


def once(request: Request, act: Callable[[], Response]) -> HttpResponse:
    """Act in one transaction. What the call was answered is committed together with its effect.

    Of several calls at once the database lets one put its row in; the others wait for its commit and read its answer.
    A refusal leaves nothing behind: the same key may be tried again.
    """
    key = request.headers.get(HEADER)
    with transaction.atomic():
        if key is None:
            return act()
        if not _KEY.fullmatch(key):
            raise ValidationError({HEADER: [_("Da 1 a 100 caratteri ASCII senza spazi, per esempio un UUID.")]})
        row = _claimed(request, key)
        if row.status is not None:
            return _again(row, _hash_of(request))
        response = act()
        row.status = response.status_code
        row.answer = JSONRenderer().render(response.data).decode()
        row.save(update_fields=["status", "answer"])
        return response


def _claimed(request: Request, key: str) -> IdempotentAnswer:
    now = timezone.now()
    rows = IdempotentAnswer.objects.filter(caller=_caller(request))
    rows.filter(created_at__lt=now - settings.IDEMPOTENCY_KEPT).delete()
    user = request.user.pk if request.user.is_authenticated else None
    mine = IdempotentAnswer(caller=_caller(request), user_id=user, key=key, call_hash=_hash_of(request), created_at=now)
    IdempotentAnswer.objects.bulk_create([mine], ignore_conflicts=True)
    return rows.select_for_update(of=("self",)).get(key=key)


def _again(row: IdempotentAnswer, call_hash: str) -> HttpResponse:
    if row.call_hash != call_hash:
        raise Conflict(_("Questa Idempotency-Key è già servita per una chiamata diversa: usane una nuova."))
    answer = HttpResponse(row.answer, status=row.status, content_type="application/json")
    answer["Idempotent-Replayed"] = "true"
    return answer


def _caller(request: Request) -> str:
    auth: Any = request.auth
    return f"device:{auth.device_id}" if isinstance(auth, DeviceToken) else f"user:{request.user.pk}"


def _hash_of(request: Request) -> str:
    """What is asked: the same data in another order of keys is the same call."""
    body = JSONRenderer().render(_sorted(request.data))
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + body).hexdigest()


def _sorted(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _sorted(data[name]) for name in sorted(data, key=str)}
    return [_sorted(item) for item in data] if isinstance(data, list) else data
