"""An application as the wizard leaves it, for tests of what comes after."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cercollettiva.core import applications
from cercollettiva.core.models import Application, ApplicationStep, CERConfiguration
from cercollettiva.users.models import CustomUser
from tests.integration.core.scene import make_user

SENT_AT = datetime(2026, 6, 2, 9, tzinfo=UTC)
POD = "IT001E55500001"
ANSWERS: dict[str, dict[str, Any]] = {
    "person": {
        "legal_type": "PRIVATE",
        "first_name": "Niccolò",
        "last_name": "D’Amico",
        "fiscal_code": "RSSMRA85T10A562S",
        "birth_date": "1985-12-10",
        "address": "via Roma 1, 55010 Lucernaia (LU)",
    },
    "point": {"pod_code": POD, "name": "Casa", "address": "via Roma 1", "city": "Lucernaia", "zip_code": "55010"},
    "role": {"member_type": "CONSUMER"},
    "papers": {},
    "consents": {"given": [{"document": "privacy", "version": "2026-11", "at": "2026-06-02T08:59:00+00:00"}]},
}


def written(community: CERConfiguration, user: CustomUser | None = None, **changed: dict[str, Any]) -> Application:
    """A draft with all five steps."""
    user = user or make_user("niccolo")
    application = applications.begin(community, user.email, user=user, language="it", at=SENT_AT)
    for step in ApplicationStep:
        values = {**ANSWERS[step.value], **changed.get(step.value, {})}
        application = applications.save_step(application, step, values, at=SENT_AT)
    return application


def sent(community: CERConfiguration, user: CustomUser | None = None, **changed: dict[str, Any]) -> Application:
    application = written(community, user, **changed)
    assert application.user is not None
    applications.submit(application, application.user, at=SENT_AT)
    return Application.objects.select_related("membership__user", "community").get(pk=application.pk)
