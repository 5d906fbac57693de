"""Whether the parts of the platform answer."""

from __future__ import annotations

import logging
from enum import Enum

from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)


class Health(Enum):
    """The three words every health page answers with."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    UNHEALTHY = "UNHEALTHY"


def database_health() -> Health:
    """Healthy when the database answers a question."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("The database does not answer the health check", exc_info=True)
        return Health.UNHEALTHY
    return Health.HEALTHY
