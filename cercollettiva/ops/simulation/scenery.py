"""The invented community of the demo: who its members are, what they use and produce, which meters they have.

Nobody here exists. Fiscal codes name a birthplace that was never assigned (Q999), VAT numbers an office that issues
none, IBANs a bank that is not there; their check digits are right all the same, because forms check them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cercollettiva.ops.simulation.loads import Load


class Kind(StrEnum):
    """What a member or a connection point does with energy."""

    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"
    PROSUMER = "PROSUMER"


class Role(StrEnum):
    """What a channel of a meter measures."""

    EXCHANGE = "EXCHANGE"  # drawn and returned, at the POD
    PRODUCTION = "PRODUCTION"  # the line of the inverter: what is produced counts as drawn, sign +1


@dataclass(frozen=True)
class Place:
    """The town, with its centre. [degrees]"""

    town: str
    province: str
    region: str
    postal_code: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class PhotovoltaicArray:
    """A photovoltaic plant. Azimuth from south, westward positive. [kWp, kW, degrees]"""

    kwp: float
    inverter_kw: float  # nominal active power
    inverter_phases: str  # "abc", or the one phase that it feeds
    tilt: float
    azimuth: float
    performance: float  # share of the ideal that reaches the meter when modules are at 25 degrees Celsius
    in_operation_since: date


@dataclass(frozen=True)
class Meter:
    """A meter and the one channel of it that is used."""

    device_id: str
    topic_prefix: str
    role: Role
    type_code: str = "SHELLY_PRO_3EM"
    component: str = "em:0"
    sign: int = 1

    @property
    def mac(self) -> str:
        return self.device_id.rpartition("-")[2].upper()


@dataclass(frozen=True)
class Point:
    """A connection point (POD) with what stands behind it."""

    pod: str
    name: str
    kind: Kind
    address: str
    latitude: float
    longitude: float
    phases: str  # "abc" or "a"
    load: Load
    array: PhotovoltaicArray | None = None
    meters: tuple[Meter, ...] = ()


@dataclass(frozen=True)
class Member:
    """A member of the community and the point it brings in."""

    number: int
    legal_type: str  # PRIVATE, BUSINESS, ASSOCIATION, CHURCH, PUBLIC
    name: str  # of a legal entity; empty for people
    first_name: str
    last_name: str
    fiscal_code: str
    vat_number: str
    iban: str
    email: str
    role: str  # ADMIN, MEMBER, TECHNICAL
    kind: Kind
    joined: date
    pod: str


@dataclass(frozen=True)
class Organisation:
    """The legal entity of the community."""

    name: str
    legal_form: str
    fiscal_code: str
    iban: str
    pec: str
    seat: str


@dataclass(frozen=True)
class Community:
    """The whole scenery."""

    organisation: Organisation
    name: str
    code: str
    slug: str
    description: str
    primary_substation: str
    market_zone: str
    founded: date
    place: Place
    members: tuple[Member, ...]
    points: tuple[Point, ...]
    logins: dict[str, str]  # what for -> email

    def point(self, pod: str) -> Point:
        """The point with this code; KeyError when there is none."""
        for point in self.points:
            if point.pod == pod:
                return point
        raise KeyError(pod)
