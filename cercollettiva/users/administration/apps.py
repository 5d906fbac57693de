"""The administration as an app of Django: our site, and the pages of our rooms alone."""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.contrib.admin.apps import SimpleAdminConfig
from django.utils.module_loading import module_has_submodule


class AdministrationConfig(SimpleAdminConfig):
    """Libraries bring pages of their own for their tables, secrets of second factors among them: those stay out."""

    default_site = "cercollettiva.users.administration.site.Administration"

    def ready(self) -> None:
        super().ready()
        for config in apps.get_app_configs():
            if config.name.startswith("cercollettiva.") and module_has_submodule(config.module, "admin"):
                import_module(f"{config.name}.admin")
