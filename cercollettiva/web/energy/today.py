"""What a member's page of today shows: one sentence, what flows now, the hours of the day, the month so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from cercollettiva.core.models import Plant
from cercollettiva.domain.calendar import HOUR, ITALY, Range, Span, day_range, local_date, range_of
from cercollettiva.energy import queries
from cercollettiva.energy.queries import PlantPower
from cercollettiva.web import formats
from cercollettiva.web.energy.flow import Flow, Parts, flow, split
from cercollettiva.web.energy.own import OwnHours, own_hours
from cercollettiva.web.energy.tip import Usual, usual_surplus
from cercollettiva.web.history import bars
from cercollettiva.web.templatetags.formats import page_locale

MOST_SOCKETS: Final = 4  # one person may hold five, and the community's is one


class Sentence(NamedTuple):
    """The h1: words, the figure that is underlined in the colour of its meaning, words."""

    before: str
    figure: str
    meaning: str
    after: str


class Share(NamedTuple):
    """A part of what was used, for the strip below the sentence."""

    meaning: str
    name: str
    share: float
    x: str
    width: str


class HourRow(NamedTuple):
    name: str
    cells: list[int | None]  # own, from the community, from the grid, to the community, to the grid [mWh]
    note: str


class Now(NamedTuple):
    """What flows now, and the words that say the same."""

    flow: Flow
    parts: Parts
    words: str
    templates: dict[str, str]  # for the script
    at: datetime | None
    shared_of_drawn: float
    shared_of_injected: float
    tip: bool  # the community injects more than it draws
    usual: Usual | None  # when it mostly did in the last weeks


@dataclass(frozen=True)
class Today:
    sentence: Sentence
    shares: list[Share]
    yesterday: float | None  # of what was used, from the community
    used_mwh: int | None
    given_mwh: int | None
    rows: list[HourRow]
    drawing: bars.Drawing
    has_uncertain: bool
    now: Now
    sockets: list[str]
    month: Parts | None
    month_name: str

    @property
    def month_share(self) -> float | None:
        """Of what was used this month, from the community."""
        return share_of(self.month)


def share_of(parts: Parts | None) -> float | None:
    """How much of what was used came from the community."""
    return parts.from_community / parts.used if parts is not None and parts.used > 0 else None


def today_of(plants: Sequence[Plant], now: datetime, *, viewer: int) -> Today:
    """The page for somebody's plants."""
    day = day_range(local_date(now))
    begins = min(range_of(Span.MONTH, now).start, day_range(local_date(day.start - HOUR)).start)
    hours = own_hours(plants, Range(begins, day.end), viewer=viewer)
    first = (day.start - begins) // HOUR
    passed = range(first, min(first + (now - day.start) // HOUR + 1, len(hours.drawn)))
    month_from = (range_of(Span.MONTH, now).start - begins) // HOUR
    yesterday_from = (day_range(local_date(day.start - HOUR)).start - begins) // HOUR
    so_far = hours.parts(slice(passed.start, passed.stop))
    power = queries.power_of_plants([plant.pk for plant in plants], now)
    shares = _shares(so_far)
    return Today(
        sentence=_sentence(so_far, withheld=bool(hours.withheld[passed.start : passed.stop].any())),
        shares=shares,
        yesterday=share_of(hours.parts(slice(yesterday_from, first))),
        used_mwh=int(so_far.used) if so_far else None,
        given_mwh=int(so_far.given) if so_far else None,
        rows=[_row(hours, number, now) for number in reversed(passed)],
        drawing=_drawing(hours, first, day, now),
        has_uncertain=bool(hours.estimated[passed.start : passed.stop].any()),
        now=_now(plants, list(power.values()), now),
        sockets=[f"/ws/plants/{plant.pk}/" for plant in plants[:MOST_SOCKETS]],
        month=hours.parts(slice(month_from, passed.stop)),
        month_name=formats.month(now, locale=page_locale()).split(" ")[0],
    )


def _sentence(parts: Parts | None, *, withheld: bool) -> Sentence:
    if parts is None or parts.used + parts.given < 1:
        return Sentence(_("Oggi non c’è ancora nessuna misura."), "", "", "")
    share, own = share_of(parts), (parts.own or 0) / parts.used if parts.used else 0.0
    if parts.given > 3 * parts.used:
        given = formats.energy(int(parts.given), locale=page_locale())
        if withheld or not parts.given:
            return Sentence(_("Oggi hai dato alla rete "), given, "export", ".")
        to_all = formats.percent(parts.to_community / parts.given, locale=page_locale())
        return Sentence(_("Oggi hai immesso %(given)s: alla comunità va il ") % {"given": given}, to_all, "shared", ".")
    if share is not None and share >= 0.005:
        written = formats.percent(share, locale=page_locale())
        return Sentence(_("Oggi il "), written, "shared", _(" della tua energia viene dalla comunità."))
    if own >= 0.005:
        written = formats.percent(own, locale=page_locale())
        return Sentence(_("Oggi il "), written, "own", _(" della tua energia viene dal tuo tetto."))
    used = formats.energy(int(parts.used), locale=page_locale())
    return Sentence(_("Oggi hai usato "), used, "grid", _(": finora viene tutta dalla rete."))


def _shares(parts: Parts | None) -> list[Share]:
    if parts is None or parts.used <= 0:
        return []
    whole = [
        ("own", _("tuo tetto"), parts.own or 0),
        ("shared", _("comunità"), parts.from_community),
        ("grid", _("rete"), parts.from_grid),
    ]
    shares, x = [], 0.0
    for meaning, name, energy in whole:
        share = energy / parts.used
        if share > 0:
            shares.append(Share(meaning, name, share, f"{100 * x:.2f}%", f"{100 * share:.2f}%"))
        x += share
    return shares


def _row(hours: OwnHours, number: int, now: datetime) -> HourRow:
    parts = hours.parts([number])
    start = hours.at(number)
    cells: list[int | None] = [None] * 5
    if parts is not None:
        cells = [None if value is None else int(value) for value in parts]
    note = _("in corso") if start <= now < start + HOUR else _("dato mancante") if parts is None else ""
    if hours.withheld[number]:
        note = _("la parte della comunità non si mostra: direbbe quanto fa un’altra persona")
    elif hours.estimated[number]:
        note = note or _("stimata")
    return HourRow(formats.interval(start, start + HOUR, locale=page_locale()), cells, note)


def _drawing(hours: OwnHours, first: int, day: Range, now: datetime) -> bars.Drawing:
    drawn, ticks = [], []
    for number in range(day.hours):
        start = day.start + number * HOUR
        parts = hours.parts([first + number]) if start <= now else None
        drawn.append(_bar(parts, hours, first + number, start, now))
        if start.astimezone(ITALY).hour % 6 == 0:
            ticks.append(bars.tick_at(number, day.hours, str(start.astimezone(ITALY).hour), edge=True))
    ticks.append(bars.tick_at(day.hours, day.hours, "24", edge=True))
    return bars.draw(drawn, ticks, page_locale())


def _bar(parts: Parts | None, hours: OwnHours, number: int, start: datetime, now: datetime) -> bars.Bar:
    if parts is None:
        return bars.Bar(is_missing=start + HOUR <= now)
    return bars.Bar(
        above=[("own", int(parts.own or 0)), ("shared", int(parts.from_community)), ("grid", int(parts.from_grid))],
        below=[("shared", int(parts.to_community)), ("export", int(parts.to_grid))],
        is_uncertain=bool(hours.estimated[number]),
        is_running=start <= now < start + HOUR,
    )


def _now(plants: Sequence[Plant], powers: Sequence[PlantPower], now: datetime) -> Now:
    communities = {plant.cer_configuration_id for plant in plants if plant.cer_configuration_id is not None}
    together = queries.communities_power(communities, now) if communities else {}
    one = next(iter(together.values()), None) if len(together) == 1 else None
    one = one if one and one.hides_each else None  # the ratios would say what one of the others does
    community = next((plant.cer_configuration for plant in plants if plant.cer_configuration), None)
    of_drawn = _ratio(one.net_power, one.consumer_power) if one else 0.0
    of_injected = _ratio(one.net_power, one.producer_power) if one else 0.0
    fresh = [power for power in powers if power.measured]
    parts = split(
        drawn=_total([power.drawn_w for power in fresh]),
        injected=_total([power.injected_w for power in fresh]),
        produced=_total([power.production_w for power in fresh]),
        shared_of_drawn=of_drawn,
        shared_of_injected=of_injected,
    )
    drawing = flow(parts)
    templates = _templates()
    return Now(
        flow=drawing,
        parts=parts,
        words=spoken(parts, drawing.kind, templates),
        templates=templates,
        at=max((power.at for power in powers if power.at is not None), default=None),
        shared_of_drawn=of_drawn,
        shared_of_injected=of_injected,
        tip=bool(one and (one.producer_power or 0) > 1.1 * (one.consumer_power or 0) > 0),
        usual=usual_surplus(community, now) if one and community else None,
    )


def _templates() -> dict[str, str]:
    return {
        "day": _("Produci {total}: {own} li usi tu, {community} vanno alla comunità, {grid} alla rete."),
        "night": _("Usi {total}: {own} dal tuo tetto, {community} dalla comunità, {grid} dalla rete."),
        "dark": _("Usi {total}: {community} dalla comunità, {grid} dalla rete."),
        "still": _("Adesso non passa niente."),
    }


def spoken(parts: Parts, kind: str, templates: dict[str, str]) -> str:
    """The text that says what the drawing shows."""

    def watts(value: float) -> str:
        return formats.power(value, locale=page_locale())

    if kind == "day":
        return templates["day"].format(
            total=watts(parts.produced),
            own=watts(parts.own or 0),
            community=watts(parts.to_community),
            grid=watts(parts.to_grid),
        )
    if kind == "still":
        return templates["still"]
    return templates["night" if (parts.own or 0) > 0 else "dark"].format(
        total=watts(parts.used),
        own=watts(parts.own or 0),
        community=watts(parts.from_community),
        grid=watts(parts.from_grid),
    )


def _ratio(part: float | None, whole: float | None) -> float:
    return part / whole if part and whole else 0.0


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
