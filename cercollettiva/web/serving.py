"""How a server of pages uses the database; commands and jobs, which may take their time, do not call this."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

KEPT_SECONDS: Final = 60


def limit_queries(*, keep_connections: bool = False) -> None:
    """End every query after STATEMENT_TIMEOUT_SECONDS. For entry points, before they connect.

    Connections are kept between requests only where each thread lives on (WSGI): under ASGI they would pile up.
    """
    chosen: dict[str, Any] = connections.settings[DEFAULT_DB_ALIAS]
    if not chosen["ENGINE"].endswith("postgresql"):
        return
    if settings.STATEMENT_TIMEOUT_SECONDS:
        limit = f"-c statement_timeout={settings.STATEMENT_TIMEOUT_SECONDS}s"
        before = chosen["OPTIONS"].get("options", "")
        if limit not in before:
            chosen["OPTIONS"]["options"] = f"{before} {limit}".strip()
    if keep_connections:
        chosen["CONN_MAX_AGE"], chosen["CONN_HEALTH_CHECKS"] = KEPT_SECONDS, True
