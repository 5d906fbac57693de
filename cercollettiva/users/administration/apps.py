"""The administration as an app of Django: our site, and the pages of our rooms alone."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from django.apps import AppConfig, apps
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks
from django.utils.module_loading import module_has_submodule


class AdministrationConfig(SimpleAdminConfig):
    """Libraries bring pages of their own for their tables, secrets of second factors among them: those stay out."""

    default_site = "cercollettiva.users.administration.site.Administration"

    def ready(self) -> None:
        """Not `super().ready()`: its check would look before the pages are there."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_pages, checks.Tags.admin)


def load_pages() -> None:
    """Register our pages. The addresses do it: what serves none (ingest, work) does without their libraries."""
    for config in apps.get_app_configs():
        if config.name.startswith("cercollettiva.") and module_has_submodule(config.module, "admin"):
            import_module(f"{config.name}.admin")


def _check_pages(app_configs: Sequence[AppConfig] | None, **rest: object) -> list[checks.CheckMessage]:
    load_pages()
    return list(check_admin_app(app_configs, **rest))
