"""Where things are: the zones of the electricity market and the regions."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MarketZone(models.TextChoices):
    """The zones in which the day-ahead market makes its prices."""

    NORD = "NORD", _("Nord")
    CNOR = "CNOR", _("Centro Nord")
    CSUD = "CSUD", _("Centro Sud")
    SUD = "SUD", _("Sud")
    CALA = "CALA", _("Calabria")
    SICI = "SICI", _("Sicilia")
    SARD = "SARD", _("Sardegna")


class Region(models.TextChoices):
    """The regions: the correction of the premium for photovoltaics depends on them."""

    ABRUZZO = "Abruzzo", "Abruzzo"
    BASILICATA = "Basilicata", "Basilicata"
    CALABRIA = "Calabria", "Calabria"
    CAMPANIA = "Campania", "Campania"
    EMILIA_ROMAGNA = "Emilia-Romagna", "Emilia-Romagna"
    FRIULI_VENEZIA_GIULIA = "Friuli-Venezia Giulia", "Friuli-Venezia Giulia"
    LAZIO = "Lazio", "Lazio"
    LIGURIA = "Liguria", "Liguria"
    LOMBARDIA = "Lombardia", "Lombardia"
    MARCHE = "Marche", "Marche"
    MOLISE = "Molise", "Molise"
    PIEMONTE = "Piemonte", "Piemonte"
    PUGLIA = "Puglia", "Puglia"
    SARDEGNA = "Sardegna", "Sardegna"
    SICILIA = "Sicilia", "Sicilia"
    TOSCANA = "Toscana", "Toscana"
    TRENTINO_ALTO_ADIGE = "Trentino-Alto Adige", "Trentino-Alto Adige"
    UMBRIA = "Umbria", "Umbria"
    VALLE_D_AOSTA = "Valle d'Aosta", "Valle d'Aosta"
    VENETO = "Veneto", "Veneto"
