"""Pieve Lucernaia, the town that is on no map: twelve members, twelve points, five plants, eleven points measured."""

from __future__ import annotations

from datetime import date

from cercollettiva.ops.simulation.loads import Load
from cercollettiva.ops.simulation.scenery import (
    Community,
    Kind,
    Member,
    Meter,
    Organisation,
    PhotovoltaicArray,
    Place,
    Point,
    Role,
)

PLACE = Place("Pieve Lucernaia", "MO", "Emilia-Romagna", "41099", 44.541, 10.987)
_FOUNDED = date(2024, 3, 1)


def _pod(number: int) -> str:
    return f"IT001E99900{number:03d}"


def _meters(number: int, *roles: Role) -> tuple[Meter, ...]:
    """Meters of a point; their addresses are locally administered, so no maker has used them."""
    names = [f"shellypro3em-02cec0{number:02d}{order:02d}5a" for order, _ in enumerate(roles, start=1)]
    return tuple(
        Meter(name, f"cercollettiva/{_pod(number)}/{name}", role) for name, role in zip(names, roles, strict=True)
    )


_USES = (Role.EXCHANGE,)
_PRODUCES = (Role.EXCHANGE, Role.PRODUCTION)

POINTS = (
    Point(
        _pod(1),
        "Scuola primaria «Nilde Lucernari»",
        Kind.PROSUMER,
        "Via della Rocca 2",
        44.5421,
        10.9853,
        "abc",
        Load("school", 39_000, 60.0, cooling_w=150.0),
        PhotovoltaicArray(60.0, 50.0, "abc", 12.0, -18.0, 0.83, date(2024, 3, 10)),
        _meters(1, *_PRODUCES),
    ),
    Point(
        _pod(2),
        "Municipio e illuminazione pubblica",
        Kind.CONSUMER,
        "Piazza dei Lumi 1",
        44.5410,
        10.9871,
        "abc",
        Load("office", 31_000, 40.0, lights_kw=3.2, cooling_w=320.0),
        meters=_meters(2, *_USES),
    ),
    Point(
        _pod(3),
        "Azienda agricola Dell'Olmo",
        Kind.PROSUMER,
        "Strada di Ca' Bertè 14",
        44.5534,
        10.9712,
        "abc",
        Load("farm", 30_000, 45.0, cooling_w=260.0),
        PhotovoltaicArray(45.0, 40.0, "abc", 18.0, 35.0, 0.84, date(2024, 3, 24)),
        _meters(3, *_PRODUCES),
    ),
    Point(
        _pod(4),
        "Pensilina fotovoltaica del parcheggio",
        Kind.PRODUCER,
        "Via dell'Artigianato 9",
        44.5377,
        10.9946,
        "abc",
        Load("workshop", 420, 6.0, lights_kw=0.06),
        PhotovoltaicArray(30.0, 27.0, "abc", 7.0, 5.0, 0.80, date(2024, 4, 14)),
        _meters(4, *_PRODUCES),
    ),
    Point(
        _pod(5),
        "Casa D'Alfieri",
        Kind.PROSUMER,
        "Via Sant'Agà 21",
        44.5402,
        10.9840,
        "abc",
        Load("family", 3_900, 6.6, heating_w=38.0, cooling_w=60.0),
        PhotovoltaicArray(4.5, 4.2, "b", 24.0, -10.0, 0.81, date(2024, 3, 3)),
        _meters(5, *_PRODUCES),
    ),
    Point(
        _pod(6),
        "Casa Dell'Olmo",
        Kind.PROSUMER,
        "Via Sant'Agà 34",
        44.5399,
        10.9833,
        "a",
        Load("family", 3_300, 6.6, cooling_w=70.0),
        PhotovoltaicArray(6.0, 5.0, "a", 28.0, 55.0, 0.84, date(2024, 5, 5)),
        _meters(6, *_PRODUCES),
    ),
    Point(
        _pod(7),
        "Forno Due Spighe",
        Kind.CONSUMER,
        "Via Emilia Vecchia 60",
        44.5415,
        10.9882,
        "abc",
        Load("bakery", 16_500, 20.0),
        meters=_meters(7, *_USES),
    ),
    Point(
        _pod(8),
        "Chiesa e oratorio di San Zenobiò",
        Kind.CONSUMER,
        "Sagrato 1",
        44.5413,
        10.9866,
        "abc",
        Load("parish", 7_800, 16.5, heating_w=45.0),
        meters=_meters(8, *_USES),
    ),
    Point(
        _pod(9),
        "Campo sportivo «La Lucciola»",
        Kind.CONSUMER,
        "Via dei Pioppi 5",
        44.5362,
        10.9899,
        "abc",
        Load("club", 21_000, 33.0),
        meters=_meters(9, *_USES),
    ),
    Point(
        _pod(10),
        "Casa Sant'Andrà",
        Kind.CONSUMER,
        "Vicolo Corto 3",
        44.5408,
        10.9878,
        "a",
        Load("family", 2_500, 3.3, cooling_w=35.0),
        meters=_meters(10, *_USES),
    ),
    Point(
        _pod(11),
        "Casa Cantalbò",
        Kind.CONSUMER,
        "Via dell'Artigianato 31",
        44.5381,
        10.9929,
        "a",
        Load("family", 3_000, 4.95, heating_w=22.0, cooling_w=45.0),
        meters=_meters(11, *_USES),
    ),
    Point(  # it has joined and has no meter yet
        _pod(12),
        "Casa Fiordimàggio",
        Kind.CONSUMER,
        "Vicolo Corto 8",
        44.5406,
        10.9880,
        "a",
        Load("family", 2_100, 3.3),
    ),
)


def _entity(number: int, legal_type: str, name: str, vat: str, iban: str, mailbox: str, kind: Kind) -> Member:
    email = f"{mailbox}@lucernaia.example"
    return Member(number, legal_type, name, "", "", vat, vat, iban, email, "MEMBER", kind, _FOUNDED, _pod(number))


def _person(number: int, first: str, last: str, code: str, iban: str, role: str, kind: Kind, joined: date) -> Member:
    email = f"{_PERSON_MAILBOXES[number]}@lucernaia.example"
    return Member(number, "PRIVATE", "", first, last, code, "", iban, email, role, kind, joined, _pod(number))


_PERSON_MAILBOXES = {5: "noemi", 6: "niccolo", 10: "gioele", 11: "mariu", 12: "zoe"}

# fmt: off
MEMBERS = (
    _entity(1, "PUBLIC", "Istituto comprensivo di Pieve Lucernaia", "99990019996", "IT90A9999999999000000100100",
            "scuola", Kind.PROSUMER),
    _entity(2, "PUBLIC", "Comune di Pieve Lucernaia", "99990029995", "IT67B9999999999000000100101",
            "comune", Kind.CONSUMER),
    _entity(3, "BUSINESS", "Società agricola Dell'Olmo & Figli s.s.", "99990039994", "IT44C9999999999000000100102",
            "agricola", Kind.PROSUMER),
    _entity(4, "BUSINESS", "Officine Sant'Agà S.r.l.", "99990049993", "IT21D9999999999000000100103",
            "officine", Kind.PRODUCER),
    _person(5, "Noemi", "D'Alfieri", "DLFNMO78D52Q999D", "IT95E9999999999000000100104",
            "ADMIN", Kind.PROSUMER, _FOUNDED),
    _person(6, "Niccolò", "Dell'Olmo", "DLLNCL69S03Q999F", "IT72F9999999999000000100105",
            "MEMBER", Kind.PROSUMER, date(2024, 5, 5)),
    _entity(7, "BUSINESS", "Forno Due Spighe S.n.c. di Però e Nicolài", "99990059992", "IT49G9999999999000000100106",
            "forno", Kind.CONSUMER),
    _entity(8, "CHURCH", "Parrocchia di San Zenobiò", "99990069991", "IT26H9999999999000000100107",
            "parrocchia", Kind.CONSUMER),
    _entity(9, "ASSOCIATION", "Polisportiva «La Lucciola» A.P.S.", "99990079990", "IT03I9999999999000000100108",
            "polisportiva", Kind.CONSUMER),
    _person(10, "Gioele", "Sant'Andrà", "SNTGLI91L25Q999J", "IT77J9999999999000000100109",
            "TECHNICAL", Kind.CONSUMER, _FOUNDED),
    _person(11, "Mariù", "Cantalbò", "CNTMRA84B57Q999I", "IT17Z9999999999000000100110",
            "MEMBER", Kind.CONSUMER, _FOUNDED),
    _person(12, "Zoè", "Fiordimàggio", "FRDZOE96P48Q999P", "IT84A9999999999000000100111",
            "MEMBER", Kind.CONSUMER, date(2025, 9, 15)),
)
# fmt: on

COMMUNITY = Community(
    Organisation(
        "Luce di Pieve – comunità energetica rinnovabile E.T.S.",
        "ASSOCIATION",
        "99990089999",
        "IT61B9999999999000000100112",
        "lucedipieve@pec.lucernaia.example",
        "Piazza dei Lumi 1, 41099 Pieve Lucernaia (MO)",
    ),
    name="CER Pieve Lucernaia",
    code="CER-LUCERNAIA",
    slug="pieve-lucernaia",
    description="Una scuola, una fattoria, un parcheggio e due case danno energia al paese, e il paese la usa.",
    primary_substation="AC001E00123",
    market_zone="NORD",
    founded=_FOUNDED,
    place=PLACE,
    members=MEMBERS,
    points=POINTS,
    logins={
        "administrator": "noemi@lucernaia.example",
        "technician": "gioele@lucernaia.example",
        "prosumer": "niccolo@lucernaia.example",
        "consumer": "mariu@lucernaia.example",
    },
)
