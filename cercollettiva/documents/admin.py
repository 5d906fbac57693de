"""Papers in the administration: what is known of them, never what is in them."""

from __future__ import annotations

from django.contrib import admin

from cercollettiva.documents.models import Document, DocumentAccess, RetentionTerm
from cercollettiva.users.administration.pages import HistoryPage


@admin.register(Document)
class DocumentHistory(HistoryPage):
    """Papers are handed in, verified and deleted on their own pages, where each look is written down."""

    hidden = ("file_id", "file_key", "sha256", "read_json")
    list_display = ("__str__", "type", "owner", "plant", "community", "uploaded_at", "verified_at", "retention_until")
    list_filter = ("type", "processing", "legal_hold", "classification")
    list_select_related = ("owner", "plant", "community")
    search_fields = ("=id", "owner__email", "owner__last_name", "plant__name", "plant__pod_key")


@admin.register(DocumentAccess)
class AccessHistory(HistoryPage):
    list_display = ("document", "user", "kind", "at", "address")
    list_filter = ("kind",)
    list_select_related = ("document", "user")
    search_fields = ("=document__id", "user__email")


@admin.register(RetentionTerm)
class TermHistory(HistoryPage):
    """Terms are changed at /documents/terms/, which shows first what a new one would delete."""

    list_display = ("type", "days", "days_after_verification")
