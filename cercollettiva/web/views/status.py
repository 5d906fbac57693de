"""How the platform is, in words: for everybody which parts work, for staff also what each of them said."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cercollettiva.monitoring.health import everything, overall
from cercollettiva.monitoring.probes import Answer, Health

PARTS = {
    "database": gettext_lazy("Archivio"),
    "mqtt": gettext_lazy("Ricezione dai misuratori"),
    "cache": gettext_lazy("Memoria veloce"),
    "system": gettext_lazy("Macchina: disco, memoria, orologio"),
    "queue": gettext_lazy("Lavori: quarti d’ora ed email"),
}
WORDS = {
    Health.HEALTHY: gettext_lazy("funziona"),
    Health.DEGRADED: gettext_lazy("funziona a fatica"),
    Health.UNHEALTHY: gettext_lazy("non funziona"),
}


@never_cache
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """GET stato/."""
    answers = everything()
    user = request.user
    is_staff = user.is_authenticated and user.is_active and (user.is_staff or user.is_superuser)
    context = {
        "now": timezone.now(),
        "sentence": _sentence(overall(answers)),
        "parts": [_part(name, answers[name], is_staff=is_staff) for name in PARTS],
        "is_staff": is_staff,
        "backup": _backup(answers["backup"]),
        "mails": _mails(answers["queue"]),
    }
    return render(request, "web/status.html", context)


def _sentence(whole: Health) -> str:
    if whole is Health.HEALTHY:
        return _("Tutto funziona.")
    if whole is Health.DEGRADED:
        return _("Le pagine funzionano, una parte no.")
    return _("In questo momento i dati non si possono leggere. Quelli già ricevuti sono al sicuro.")


def _backup(answer: Answer) -> dict[str, Any]:
    told = answer.details
    return {
        "last": told.get("last_backup"),
        "size": told.get("bytes"),
        "reason": told.get("reason", ""),
        "is_ill": answer.status is not Health.HEALTHY,
    }


def _mails(answer: Answer) -> dict[str, Any]:
    told = answer.details
    return {
        "waiting": told.get("mails_waiting"),
        "minutes": int((told.get("oldest_mail_seconds") or 0) // 60),
        "given_up": told.get("mails_given_up"),
    }


def _part(name: str, answer: Answer, *, is_staff: bool) -> dict[str, Any]:
    part: dict[str, Any] = {"name": PARTS[name], "word": WORDS[answer.status], "state": answer.status.value.lower()}
    if is_staff:
        told = {key: "–" if value is None else value for key, value in answer.details.items()}
        part |= {"milliseconds": answer.seconds * 1000, "details": told}
    return part
