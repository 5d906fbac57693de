from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from cercollettiva.energy import device_types


class EnergyConfig(AppConfig):
    name = "cercollettiva.energy"
    label = "energy"
    verbose_name = _("misuratori ed energia")

    def ready(self) -> None:
        post_migrate.connect(device_types.add_missing, sender=self)
