from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SettlementConfig(AppConfig):
    name = "cercollettiva.settlement"
    label = "settlement"
    verbose_name = _("incentivi e ripartizione")
