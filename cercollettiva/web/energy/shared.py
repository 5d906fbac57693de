"""What the page of a community's shared hours shows: all of it to those who look after it, to a member their own part.

A member is told no total here: with few people behind it, it would say what one of them does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import HOUR, ITALY, Span, day_range, local_date
from cercollettiva.energy import queries
from cercollettiva.energy.queries import UNKNOWN, OwnParts, SharedHours
from cercollettiva.web.energy import heat, steps
from cercollettiva.web.history import words
from cercollettiva.web.history.asked import EARLIEST, Asked, NoSuchPeriod, asked_for
from cercollettiva.web.history.page import Link
from cercollettiva.web.templatetags.formats import page_locale

SPANS: Final = {Span.MONTH: "mese", Span.YEAR: "anno"}
NOTABLE: Final = 0.005  # how much less than usual is measured before an hour is marked
DAY_ANCHOR: Final = "#giorno"
HOUR_ANCHOR: Final = "#ora"


class Viewer(NamedTuple):
    """Whose eyes: what of the community is told, and which plants are one's own."""

    key: int
    manages: bool  # looks after the community: sees its totals and plants
    administers: bool  # sees whose the plants are, too
    plants: Sequence[Plant]


class HourRow(NamedTuple):
    """An hour of the chosen day. [mWh] `cells` are those of the columns of the page."""

    start: datetime
    end: datetime
    url: str
    cells: list[int | None]
    note: str
    is_chosen: bool


class DayRow(NamedTuple):
    day: date
    url: str
    parts: list[int | None]  # six hours each
    total: int | None
    note: str


class HourDetail(NamedTuple):
    start: datetime
    end: datetime
    injected_mwh: int | None
    drawn_mwh: int | None
    shared_mwh: int | None
    is_complete: bool
    sharers: list[queries.Sharer]
    missing: list[queries.Sharer]


@dataclass(frozen=True)
class SharingPage:
    asked: Asked
    viewer: Viewer
    name: str
    notice: str
    tabs: list[Link]
    earlier: str
    later: str
    is_running: bool
    first: datetime | None
    columns: list[str]
    heat: heat.HeatMap
    data: dict[str, Any]
    injected_mwh: int | None
    drawn_mwh: int | None
    shared_mwh: int | None
    given_mwh: int | None  # a member's: what they gave of what was shared
    partial_hours: int
    is_least: bool  # some point is never measured: all figures of the community are lower bounds
    withheld_hours: int
    days: list[DayRow]
    day: date
    hours: list[HourRow]
    matching: steps.Matching | None
    hour: HourDetail | None
    own_hour: HourRow | None
    query: str

    @property
    def is_known(self) -> bool:
        return self.shared_mwh is not None or self.withheld_hours > 0

    @property
    def share(self) -> float | None:
        """Of what was injected."""
        return self.shared_mwh / self.injected_mwh if self.shared_mwh is not None and self.injected_mwh else None

    @property
    def part(self) -> float | None:
        """Of what was drawn."""
        return self.shared_mwh / self.drawn_mwh if self.shared_mwh is not None and self.drawn_mwh else None

    @property
    def first_url(self) -> str:
        return address(Asked(self.asked.span, local_date(self.first))) if self.first else ""


def address(asked: Asked, *, hour: datetime | None = None) -> str:
    """The address of a period, and of one of its hours."""
    query = asked.query
    return f"{query}&{urlencode({'ora': f'{hour.astimezone(UTC):%Y-%m-%dT%H:%MZ}'})}" if hour else query


def page_of(community: CERConfiguration, viewer: Viewer, parameters: Mapping[str, str], now: datetime) -> SharingPage:
    """The page for what an address asks; what cannot be shown becomes the present month and a notice."""
    try:
        return _page(community, viewer, parameters, now, "")
    except NoSuchPeriod as refused:
        notice = _("%(reason)s Qui sotto c’è il mese in corso.") % {"reason": refused}
        return _page(community, viewer, {}, now, notice)


def exported(community: CERConfiguration, viewer: Viewer, parameters: Mapping[str, str], now: datetime) -> SharingPage:
    """The same for a file. Raises NoSuchPeriod."""
    return _page(community, viewer, parameters, now, "")


class ExportedHour(NamedTuple):
    start: datetime
    cells: list[int | None]
    note: str


def hour_rows(together: SharedHours, own: OwnParts | None, *, now: datetime) -> list[ExportedHour]:
    """Every hour that has begun, with the figures of the page's columns and what is to be said of it."""
    count = sum(together.at(number) <= now for number in range(len(together.shared)))
    return [ExportedHour(together.at(n), _cells(together, own, n), _note(together, own, n)) for n in range(count)]


def figures(community: CERConfiguration, viewer: Viewer, asked: Asked) -> tuple[SharedHours, OwnParts | None]:
    """The hours of the period, and one's own part where one is told no more. One query or two."""
    together = queries.shared_hours(community, asked.period)
    if viewer.manages:
        return together, None
    own = queries.own_parts(viewer.plants, community, asked.period, viewer=viewer.key, together=together)
    return together, own


def columns_of(viewer: Viewer) -> list[str]:
    if viewer.manages:
        return [_("immessa"), _("prelevata"), _("condivisa")]
    return [_("prelevata"), _("dalla comunità"), _("immessa"), _("alla comunità")]


def _asked(parameters: Mapping[str, str], now: datetime) -> Asked:
    word = parameters.get("periodo", "")
    if word and word not in SPANS.values():
        raise NoSuchPeriod(_("Il periodo può essere mese o anno."))
    return asked_for(parameters, now)


def _page(
    community: CERConfiguration, viewer: Viewer, parameters: Mapping[str, str], now: datetime, notice: str
) -> SharingPage:
    asked = _asked(parameters, now)
    together, own = figures(community, viewer, asked)
    hour = _hour_asked(parameters, asked)
    first = queries.first_total(community, Span.HOUR)
    shown = together.shared if own is None else _either(own)
    day = local_date(hour) if hour else _day_shown(asked, together, shown, has_chosen="data" in parameters)
    rows = _hours_of_day(together, own, asked, day, hour=hour, now=now)
    marks = _marks(together, own)
    cells = heat.cells_of(together.start, shown.tolist(), now=now, **marks)
    before = first or now
    cells = [cell._replace(is_future=True) if cell.start < before else cell for cell in cells]
    usual = marks["is_partial"]
    return SharingPage(
        asked=asked,
        viewer=viewer,
        name=words.name_of(asked.span, asked.period),
        notice=notice,
        tabs=[
            Link(label, address(Asked(span, asked.day)), span == asked.span)
            for span, label in ((Span.MONTH, _("Mese")), (Span.YEAR, _("Anno")))
        ],
        earlier=address(asked.by(-1)) if first and first < asked.period.start and asked.by(-1).day >= EARLIEST else "",
        later=address(asked.by(1)) if asked.period.end <= now else "",
        is_running=asked.period.end > now,
        first=first,
        columns=columns_of(viewer),
        heat=heat.heat_map(cells),
        data=_data(together.start, shown, asked),
        injected_mwh=_sum(together.injected if own is None else own.injected),
        drawn_mwh=_sum(together.drawn if own is None else own.drawn),
        shared_mwh=_sum(together.shared if own is None else own.from_community),
        given_mwh=None if own is None else _sum(own.to_community),
        partial_hours=int(usual.sum()),
        is_least=not together.complete.any(),
        withheld_hours=0 if own is None else int(own.withheld.sum()),
        days=_days(together, own, shown, asked, now),
        day=day,
        hours=rows,
        matching=_matching(together, day) if own is None else None,
        hour=_detail(community, viewer, together, hour, now) if hour and viewer.manages else None,
        own_hour=next((row for row in rows if row.is_chosen), None) if not viewer.manages else None,
        query=asked.query,
    )


def _hour_asked(parameters: Mapping[str, str], asked: Asked) -> datetime | None:
    written = parameters.get("ora", "")
    if not written:
        return None
    try:
        hour = datetime.strptime(written, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        raise NoSuchPeriod(_("L’ora si scrive così: 2026-03-01T11:00Z.")) from None
    if not asked.period.start <= hour < asked.period.end or hour.minute:
        raise NoSuchPeriod(_("Quell’ora non è nel periodo che guardi."))
    return hour


def _day_shown(asked: Asked, together: SharedHours, shown: Any, *, has_chosen: bool) -> date:
    """The day of the address; without one, the last of which something is known."""
    known = (shown != UNKNOWN).nonzero()[0]
    if has_chosen or not len(known):
        return asked.day
    return local_date(together.at(int(known[-1])))


def _either(own: OwnParts) -> Any:
    """What one had of the community and what one gave it, together."""
    from_it, to_it = own.from_community, own.to_community
    known = (from_it != UNKNOWN) | (to_it != UNKNOWN)
    total = from_it.clip(0) + to_it.clip(0)
    total[~known] = UNKNOWN
    return total


def _marks(together: SharedHours, own: OwnParts | None) -> dict[str, Any]:
    return {
        "is_uncertain": together.estimated,
        "is_partial": _is_partial(together),
        "is_withheld": together.estimated & False if own is None else own.withheld,
    }


def _data(start: datetime, shown: Any, asked: Asked) -> dict[str, Any]:
    """For the script of the map: the first hour, the figures in Wh, and the address of an hour without its instant."""
    watt_hours = [None if value < 0 else round(value / 1000) for value in shown.tolist()]
    return {"start": int(start.timestamp()), "wh": watt_hours, "query": asked.query}


def _sum(values: Any) -> int | None:
    known = values[values != UNKNOWN]
    return int(known.sum()) if len(known) else None


def _days(together: SharedHours, own: OwnParts | None, shown: Any, asked: Asked, now: datetime) -> list[DayRow]:
    rows: dict[date, list[int]] = {}
    for number in range(len(shown)):
        if together.at(number) <= now:
            rows.setdefault(local_date(together.at(number)), []).append(number)
    return [_day_row(day, numbers, together, own, shown, asked) for day, numbers in rows.items()]


def _day_row(
    day: date, numbers: list[int], together: SharedHours, own: OwnParts | None, shown: Any, asked: Asked
) -> DayRow:
    parts: list[list[int]] = [[], [], [], []]
    for number in numbers:
        parts[together.at(number).astimezone(ITALY).hour // 6].append(number)
    missing = sum(shown[number] == UNKNOWN for number in numbers)
    note = _("%(count)d ore senza dato") % {"count": missing} if missing else ""
    if own is not None and own.withheld[numbers].any():
        note = _("%(count)d ore non mostrate") % {"count": int(own.withheld[numbers].sum())}
    url = address(Asked(asked.span, day)) + DAY_ANCHOR
    return DayRow(day, url, [_sum(shown[part]) for part in parts], _sum(shown[numbers]), note)


def _cells(together: SharedHours, own: OwnParts | None, number: int) -> list[int | None]:
    columns = (
        (together.injected, together.drawn, together.shared)
        if own is None
        else (own.drawn, own.from_community, own.injected, own.to_community)
    )
    return [None if column[number] == UNKNOWN else int(column[number]) for column in columns]


def _is_partial(together: SharedHours) -> Any:
    """Where less was measured than in the best hour of the period: a point that never speaks is said once."""
    return together.known & (together.coverage < together.coverage.max(initial=0.0) - NOTABLE)


def _note(together: SharedHours, own: OwnParts | None, number: int, *, sparse: bool = False) -> str:
    if own is not None and own.withheld[number]:
        return _("non mostrata: direbbe quanto fa un’altra persona")
    if not together.known[number]:
        return _("dato mancante")
    if together.estimated[number]:
        return _("stimata")
    partial = _is_partial(together)[number] if sparse else not together.complete[number]
    return _("almeno: manca una parte delle misure") if partial else ""


def _hours_of_day(
    together: SharedHours, own: OwnParts | None, asked: Asked, day: date, *, hour: datetime | None, now: datetime
) -> list[HourRow]:
    begin, end = day_range(day)
    first = (begin - together.start) // HOUR
    rows = []
    for number in range(max(first, 0), min(first + (end - begin) // HOUR, len(together.shared))):
        start = together.at(number)
        if start > now:
            break
        url = address(Asked(asked.span, day), hour=start) + HOUR_ANCHOR
        note = _note(together, own, number, sparse=True)
        rows.append(HourRow(start, start + HOUR, url, _cells(together, own, number), note, start == hour))
    return rows


def _matching(together: SharedHours, day: date) -> steps.Matching:
    begin, end = day_range(day)
    first, count = (begin - together.start) // HOUR, (end - begin) // HOUR
    hours = [steps.Hour(*_cells(together, None, first + n)) for n in range(count) if first + n < len(together.shared)]
    return steps.matching(hours, page_locale())


def _detail(
    community: CERConfiguration, viewer: Viewer, together: SharedHours, hour: datetime, now: datetime
) -> HourDetail:
    plants = Plant.objects.active_at(hour).filter(cer_configuration=community).select_related("owner").order_by("name")
    sharers = queries.sharers_of(community, list(plants), hour)
    number = (hour - together.start) // HOUR
    injected, drawn, shared = _cells(together, None, number)
    present = [one for one in sharers if not one.is_missing]
    missing = [one for one in sharers if one.is_missing] if hour <= now else []
    return HourDetail(hour, hour + HOUR, injected, drawn, shared, bool(together.complete[number]), present, missing)
