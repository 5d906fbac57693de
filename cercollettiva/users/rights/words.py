"""Tables and columns by their names for people."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cercollettiva.users.rights.holdings import Holding


def what_of(holding: Holding) -> str:
    """A table; those that join two others have no name of their own."""
    model = holding.model_class()
    return _("permessi") if model._meta.auto_created else str(model._meta.verbose_name_plural)


def label_of(holding: Holding, name: str) -> str:
    """A column."""
    return str(getattr(holding.model_class()._meta.get_field(name), "verbose_name", name))
