"""Figures of money and energy as a calculation has them: kWh and EUR in floats, amounts in cents."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.translation import gettext as _

from cercollettiva.core.models import PlantMeasurementSource
from cercollettiva.domain.settlement.distribution import Line
from cercollettiva.domain.settlement.members import MWH_OF_KWH
from cercollettiva.domain.settlement.words import Money, Pot
from cercollettiva.web import formats
from cercollettiva.web.templatetags.formats import page_locale

register = template.Library()


@register.filter
def kwh(value: float) -> str:
    """Three decimals: a watt-hour."""
    return formats.quantity(value, "kWh", 3, locale=page_locale())


@register.filter
def mwh_as_kwh(value: int) -> str:
    """The weights of a line are whole mWh."""
    return kwh(value / MWH_OF_KWH)


@register.filter
def measured_by(shares: Mapping[str, float]) -> str:
    """Who measured, with the part of each: distributore 60 %, misuratori della comunità 40 %."""
    names = {source.name: str(source.label) for source in PlantMeasurementSource}
    said = [
        f"{names.get(name, _('misuratori della comunità'))} {formats.percent(share, locale=page_locale())}"
        for name, share in shares.items()
    ]
    return ", ".join(said) or _("nessuno")


@register.filter
def per_mwh(value: float) -> str:
    return formats.quantity(value, "€/MWh", 2, locale=page_locale())


@register.filter
def euro(value: float, decimals: int = 2) -> str:
    return formats.quantity(value, "€", decimals, locale=page_locale())


@register.filter
def cents_exact(cents: float) -> str:
    """An unrounded part of an amount, to a ten-thousandth of a cent."""
    return formats.quantity(cents / 100.0, "€", 6, locale=page_locale())


@register.filter
def signed_money(cents: int) -> str:
    return formats.money(cents, sign=True, locale=page_locale())


@register.filter
def line_name(line: Line) -> str:
    """What a line of a distribution is, in words."""
    money = {
        Money.PREMIUM: _("premio"),
        Money.EXCESS: _("premio oltre la soglia"),
        Money.VALORISATION: _("valorizzazione"),
    }
    pot = {Pot.PRODUCERS: _("parte dei produttori"), Pot.CONSUMERS: _("parte dei consumatori")}
    return f"{money[line.money]}, {pot.get(line.pot, line.pot)}"
