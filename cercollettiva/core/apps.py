from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "cercollettiva.core"
    label = "core"
    verbose_name = _("comunità, soci e impianti")

    def ready(self) -> None:
        from cercollettiva.core import audit_hooks

        audit_hooks.connect()
