"""Where an address lies: street, postal code (CAP), town, province, and the region that these lead to.

The region decides the correction of the premium and the zone of the market (`settlement.zones`). Provinces by their two
letters, those that Sardinia had before 2016 and has again since 2025 included.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple

_BY_REGION: Final[Mapping[str, str]] = {
    "Abruzzo": "AQ L'Aquila, CH Chieti, PE Pescara, TE Teramo",
    "Basilicata": "MT Matera, PZ Potenza",
    "Calabria": "CS Cosenza, CZ Catanzaro, KR Crotone, RC Reggio Calabria, VV Vibo Valentia",
    "Campania": "AV Avellino, BN Benevento, CE Caserta, NA Napoli, SA Salerno",
    "Emilia-Romagna": (
        "BO Bologna, FC Forlì-Cesena, FE Ferrara, MO Modena, PC Piacenza, PR Parma, RA Ravenna, RE Reggio Emilia, "
        "RN Rimini"
    ),
    "Friuli-Venezia Giulia": "GO Gorizia, PN Pordenone, TS Trieste, UD Udine",
    "Lazio": "FR Frosinone, LT Latina, RI Rieti, RM Roma, VT Viterbo",
    "Liguria": "GE Genova, IM Imperia, SP La Spezia, SV Savona",
    "Lombardia": (
        "BG Bergamo, BS Brescia, CO Como, CR Cremona, LC Lecco, LO Lodi, MB Monza e della Brianza, MI Milano, "
        "MN Mantova, PV Pavia, SO Sondrio, VA Varese"
    ),
    "Marche": "AN Ancona, AP Ascoli Piceno, FM Fermo, MC Macerata, PU Pesaro e Urbino, PS Pesaro",
    "Molise": "CB Campobasso, IS Isernia",
    "Piemonte": (
        "AL Alessandria, AT Asti, BI Biella, CN Cuneo, NO Novara, TO Torino, VB Verbano-Cusio-Ossola, VC Vercelli"
    ),
    "Puglia": "BA Bari, BR Brindisi, BT Barletta-Andria-Trani, FG Foggia, LE Lecce, TA Taranto",
    "Sardegna": (
        "CA Cagliari, NU Nuoro, OR Oristano, SS Sassari, SU Sud Sardegna, CI Carbonia-Iglesias, VS Medio Campidano, "
        "OG Ogliastra, OT Olbia-Tempio"
    ),
    "Sicilia": (
        "AG Agrigento, CL Caltanissetta, CT Catania, EN Enna, ME Messina, PA Palermo, RG Ragusa, SR Siracusa, "
        "TP Trapani"
    ),
    "Toscana": (
        "AR Arezzo, FI Firenze, GR Grosseto, LI Livorno, LU Lucca, MS Massa-Carrara, PI Pisa, PO Prato, PT Pistoia, "
        "SI Siena"
    ),
    "Trentino-Alto Adige": "BZ Bolzano, TN Trento",
    "Umbria": "PG Perugia, TR Terni",
    "Valle d'Aosta": "AO Aosta",
    "Veneto": "BL Belluno, PD Padova, RO Rovigo, TV Treviso, VE Venezia, VI Vicenza, VR Verona",
}
REGION_OF: Final[Mapping[str, str]] = {
    one.strip()[:2]: region for region, provinces in _BY_REGION.items() for one in provinces.split(",")
}
_OTHER_NAMES: Final = {
    "forli": "FC",
    "cesena": "FC",
    "monza": "MB",
    "monza brianza": "MB",
    "reggio di calabria": "RC",
    "reggio nell emilia": "RE",
    "pesaro": "PU",
    "urbino": "PU",
    "verbania": "VB",
    "barletta": "BT",
    "andria": "BT",
    "trani": "BT",
    "massa": "MS",
    "carrara": "MS",
    "carbonia": "SU",
    "bozen": "BZ",
    "bolzano bozen": "BZ",
    "aoste": "AO",
}


class Place(NamedTuple):
    """The parts of an address; empty where it does not say them."""

    address: str = ""
    zip_code: str = ""
    city: str = ""
    province: str = ""
    region: str = ""


def region_of(province: str, city: str = "") -> str:
    """The region of a province by its two letters or its name, else of a chief town; empty where neither is known."""
    code = province.strip().upper()
    if code in REGION_OF:
        return REGION_OF[code]
    return REGION_OF.get(province_named(province) or province_named(city), "")


def region_at(zip_code: str) -> str:
    """The region that the first two digits of a postal code belong to; but for a few towns at a border."""
    first = int(zip_code[:2]) if re.fullmatch(r"[0-9]{5}", zip_code) else -1
    return next((region for beginning, region in _BY_CODE if first in beginning), "")


def province_named(name: str) -> str:
    """The two letters of a province that is called so, or whose chief town is; empty where there is none."""
    return _BY_NAME.get(_plain(name), "")


def place_of(written: str) -> Place:
    """An address in one line, as papers have it: `VIA ROMA 1, 37019 PESCHIERA DEL GARDA (VR)`, or in another order.

    What cannot be taken apart is all of it the street: a person sees and corrects it.
    """
    line = " ".join(written.split()).strip(_BETWEEN)
    for form in _FORMS if len(line) <= LONGEST else ():
        found = form.fullmatch(line)
        parts = {name: (value or "").strip(_BETWEEN) for name, value in found.groupdict().items()} if found else {}
        parts |= {"province": parts.get("province") or parts.get("bare", "")} if parts else {}
        if not parts or not _makes_sense(parts):
            continue
        said = parts.get("province", "")
        province = said.upper() if said.upper() in REGION_OF else province_named(said)
        province = province or province_named(parts["city"])
        code = parts.get("zip_code") or parts.get("after", "")
        region = REGION_OF.get(province) or _REGION_NAMED.get(_plain(parts.get("region", "")), "") or region_at(code)
        return Place(parts.get("address", ""), code, parts["city"], province, region)
    return Place(address=line)


def _makes_sense(parts: Mapping[str, str]) -> bool:
    """A town is no street and has no number; what stands where the province should is one."""
    said, city = parts.get("province", ""), parts["city"]
    if not city or any(letter.isdigit() for letter in city) or _STREET.match(city):
        return False
    return not said or said.upper() in REGION_OF or bool(province_named(said))


def _plain(words: str) -> str:
    letters = unicodedata.normalize("NFKD", re.sub("[’‘`´]", "'", words.casefold()))
    return " ".join(re.sub(r"[^a-z]+", " ", letters.encode("ascii", "ignore").decode()).split()).removeprefix(
        "provincia di "
    )


_BETWEEN: Final = " ,;-–—"
_STREET: Final = re.compile(
    r"(via|viale|v\.le|vicolo|piazza|piazzale|p\.zza|p\.le|corso|c\.so|largo|strada|str\.|salita|borgo|lungo\w+|"
    r"localit[aà]'?|loc\.|frazione|fraz\.|contrada|c\.da|zona|snc)(?![^\W\d_])",
    re.IGNORECASE,
)
LONGEST: Final = 200  # of an address that is taken apart
_BY_CODE: Final = (
    (range(5), "Lazio"),
    (range(5, 7), "Umbria"),
    (range(7, 10), "Sardegna"),
    ((10, 12, 13, 14, 15, 28), "Piemonte"),
    ((11,), "Valle d'Aosta"),
    (range(16, 20), "Liguria"),
    ((*range(20, 28), 46), "Lombardia"),
    ((29, *range(40, 45), 47, 48), "Emilia-Romagna"),
    ((30, 31, 32, 35, 36, 37, 45), "Veneto"),
    ((33, 34), "Friuli-Venezia Giulia"),
    ((38, 39), "Trentino-Alto Adige"),
    (range(50, 60), "Toscana"),
    (range(60, 64), "Marche"),
    (range(64, 68), "Abruzzo"),
    ((70, 71, 72, 73, 74, 76), "Puglia"),
    ((75, 85), "Basilicata"),
    (range(80, 85), "Campania"),
    ((86,), "Molise"),
    (range(87, 90), "Calabria"),
    (range(90, 99), "Sicilia"),
)
_APART: Final = r"[\s,;–—-]+"
_ZIP: Final = r"(?:CAP:?\s*)?(?P<zip_code>\d{5})"
_CITY: Final = r"(?P<city>[^\d(),;]+?)"
_IN_BRACKETS: Final = r"\s*[,–—-]?\s*[(\[]\s*(?P<province>[^()\[\]]{2,40}?)\s*[)\]]"
_BARE: Final = r"[\s,–—-]+(?P<bare>[A-Z]{2})"
_REGIONS: Final = "|".join(re.sub(r"[^A-Za-z]", "[ '’-]", region) for region in _BY_REGION)
_REST: Final = rf"(?:{_APART}\(?(?P<region>(?i:{_REGIONS}))\)?)?(?:{_APART}\(?(?i:Italia)\)?)?"
_HOUSE: Final = r"(?:\d+\s*(?:[/-]?\s*[A-Za-z0-9]{1,3})?|(?i:snc|s\.n\.c\.?))"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"(?P<address>.+?){_APART}{_ZIP}{_APART}{_CITY}(?:{_IN_BRACKETS}|{_BARE})?{_REST}",
        rf"(?P<address>.+?)\s*[,;–—-]\s*{_CITY}{_IN_BRACKETS}(?:{_APART}{_ZIP})?{_REST}",
        rf"(?P<address>.+?\s{_HOUSE})\s+{_CITY}{_IN_BRACKETS}(?:{_APART}{_ZIP})?{_REST}",
        rf"(?:{_ZIP}{_APART})?{_CITY}(?:{_IN_BRACKETS}|{_BARE}){_APART}(?P<address>(?i:{_STREET.pattern}).+)",
        rf"{_CITY}{_IN_BRACKETS}{_APART}{_ZIP}{_APART}(?P<address>.+)",
        rf"(?:{_ZIP}{_APART})?{_CITY}(?:{_IN_BRACKETS}|{_BARE})(?:{_APART}(?P<after>\d{{5}}))?{_REST}",
        rf"{_ZIP}{_APART}{_CITY}{_REST}",
    )
)
_BY_NAME: Final = {
    _plain(one.strip()[3:]): one.strip()[:2]
    for provinces in _BY_REGION.values()
    for one in provinces.split(",")
    if one.strip()[:2] != "PS"
} | _OTHER_NAMES
_REGION_NAMED: Final = {_plain(region): region for region in _BY_REGION}
