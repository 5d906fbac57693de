"""The closed vocabularies of settlement: a word that is not here is refused, never guessed."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from cercollettiva.domain.settlement.errors import UnknownWord

W = TypeVar("W", bound=StrEnum)


class Source(StrEnum):
    PV = "PV"
    WIND = "WIND"
    HYDRO = "HYDRO"
    BIOGAS = "BIOGAS"  # and biomass
    OTHER = "OTHER"


class MacroZone(StrEnum):
    """The parts of Italy that the correction for photovoltaics tells apart; not the zones of the market."""

    NORTH = "NORTH"
    CENTRE = "CENTRE"
    SOUTH = "SOUTH"


class LegalForm(StrEnum):
    """As `users.LegalType`: what a member is decides what of the money may be theirs."""

    PRIVATE = "PRIVATE"
    BUSINESS = "BUSINESS"
    ASSOCIATION = "ASSOCIATION"  # third sector and environmental bodies
    CHURCH = "CHURCH"
    PUBLIC = "PUBLIC"  # local authorities


class Voltage(StrEnum):
    BT = "BT"
    MT = "MT"
    AT = "AT"


class Kind(StrEnum):
    """The configurations for self-consumption at a distance (CACER)."""

    COMMUNITY = "COMMUNITY"
    DISTANT = "DISTANT"  # a single self-consumer at a distance
    BUILDING = "BUILDING"  # a group in one building


class Attribution(StrEnum):
    """To which plants the energy shared in an hour belongs."""

    QUEUE_ALL = "gse_queue_all"  # the default
    QUEUE_INCENTIVISED = "queue_incentivised_only"
    PRO_RATA = "pro_rata"


class Threshold(StrEnum):
    """How the premium beyond the threshold is counted."""

    PERCENTAGE_POINTS = "percentage_points"  # the default, from the text of 2025
    PROPORTIONAL = "proportional"


class Key(StrEnum):
    """How a pot is divided among those it is for."""

    EQUAL = "EQUAL"
    SHARES = "SHARES"
    VOLUME = "VOLUME"
    CONTRIBUTION = "CONTRIBUTION"


class Pot(StrEnum):
    """The parts into which a community divides what it gets."""

    PRODUCERS = "PRODUCERS"
    CONSUMERS = "CONSUMERS"
    MANAGEMENT = "MANAGEMENT"
    INVESTMENT_FUND = "INVESTMENT_FUND"
    SOLIDARITY_FUND = "SOLIDARITY_FUND"
    SOCIAL_PURPOSES = "SOCIAL_PURPOSES"  # of the premium beyond the threshold alone, kept in separate accounting


class Money(StrEnum):
    """What the GSE pays, each rounded to the cent and divided by itself."""

    PREMIUM = "PREMIUM"  # up to the threshold
    EXCESS = "EXCESS"  # the premium beyond it
    VALORISATION = "VALORISATION"


class Role(StrEnum):
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"
    PROSUMER = "PROSUMER"


class ExcessGoes(StrEnum):
    """To whom the premium beyond the threshold goes."""

    CONSUMERS = "CONSUMERS"
    SOCIAL_FUND = "SOCIAL_FUND"


def word(vocabulary: type[W], text: object, what: str) -> W:
    """The word of a vocabulary as written there; raises UnknownWord."""
    try:
        return vocabulary(str(text))
    except ValueError:
        raise UnknownWord(what, text, [each.value for each in vocabulary]) from None
