"""Lifts what append-only tables refuse, for as long as a test's database is emptied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

from cercollettiva.core.models import FeePayment, MemberRegistry
from cercollettiva.energy.models import MQTTAuditLog
from cercollettiva.monitoring.models import VisitReport
from cercollettiva.users.append_only import unprotected
from cercollettiva.users.models import AuditAnchor, AuditLine


@contextmanager
def all_unprotected(connection: BaseDatabaseWrapper) -> Iterator[None]:
    with ExitStack() as lifted:
        anchor = AuditAnchor._meta.db_table
        lifted.enter_context(unprotected(connection, AuditLine, unique=["seq", "previous"], anchor=anchor))
        lifted.enter_context(unprotected(connection, MemberRegistry, **MemberRegistry.APPEND_ONLY))
        lifted.enter_context(unprotected(connection, FeePayment, **FeePayment.APPEND_ONLY))
        lifted.enter_context(unprotected(connection, MQTTAuditLog, **MQTTAuditLog.APPEND_ONLY))
        lifted.enter_context(unprotected(connection, VisitReport, **VisitReport.APPEND_ONLY))
        yield
