"""How grave an alert is."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Severity(models.TextChoices):
    INFO = "INFO", _("informazione")
    WARNING = "WARNING", _("da guardare")
    CRITICAL = "CRITICAL", _("da risolvere oggi")
