from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    name = "cercollettiva.users"
    label = "users"
    verbose_name = _("persone e accessi")

    def ready(self) -> None:
        from cercollettiva.users import audit_hooks, notice, second_factor, sessions  # noqa: F401  # they listen to signals

        audit_hooks.connect()
