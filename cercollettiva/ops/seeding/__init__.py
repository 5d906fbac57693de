"""Puts the invented community of the simulation into the database, with its history up to now.

Members, plants and meters are written once. The history grows: each run adds the quarter-hours that ended since the
last one, so a demo that was off for a week has no hole. A run in which no quarter-hour ended changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration
from cercollettiva.ops.seeding import applications, community, desk, history, money, papers, wiping
from cercollettiva.ops.seeding.password import Password, kept_password
from cercollettiva.ops.simulation.energy import CommunityEnergy
from cercollettiva.ops.simulation.italian_time import ITALY
from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.ops.simulation.scenery import Community

MONTHS_OF_HISTORY: Final = 14
KEPT_PASSWORD: Final = Path("password")  # in the folder of the demo's state

Tell = Callable[[str], None]


class DemoRefused(Exception):
    """This database is no place for invented data; the text says why and what to do, in Italian."""


class Seeded(NamedTuple):
    """What a run has written, and with what one signs in."""

    password: str
    logins: dict[str, str]  # what for -> email
    written: history.Written


def seed(
    *,
    now: datetime,
    state: Path,
    days: int | None = None,
    reset: bool = False,
    scenery: Community = COMMUNITY,
    tell: Tell = lambda _: None,
) -> Seeded:
    """Write what is missing of the demo; `state` is the folder that keeps its password.

    `days` of history where there is none yet, 14 months unless told. `reset` first takes away what the demo wrote.
    """
    refuse_where_it_does_not_belong(scenery)
    if reset:
        tell(_("Cancello i dati della dimostrazione"))
        wiping.wipe(scenery)
    password = kept_password(state / KEPT_PASSWORD)
    with _without_a_line_for_each():
        origin = _write_community(scenery, now, days, password, tell)
    energy = CommunityEnergy(scenery, origin=origin)
    written = history.bring_up_to(now, energy=energy, tell=tell)
    if written.intervals:
        tell(_("Stima degli incentivi, mese per mese"))
        money.bring_up_to(CERConfiguration.objects.get(code=scenery.code), origin, now)
    return Seeded(password.text, scenery.logins, written)


@contextmanager
def _without_a_line_for_each() -> Iterator[None]:
    """What the invented people do is in their audit log; the terminal of whoever watches need not repeat it."""
    lines = logging.getLogger("cercollettiva.users.audit")
    before = lines.level
    lines.setLevel(logging.WARNING)
    try:
        yield
    finally:
        lines.setLevel(before)


def refuse_where_it_does_not_belong(scenery: Community = COMMUNITY) -> None:
    """Raise DemoRefused on a site that serves the internet, and where a real community is."""
    if settings.SESSION_COOKIE_SECURE:
        raise DemoRefused(
            _(
                "Queste sono impostazioni di produzione: la comunità inventata non ci va. "
                "Usa DJANGO_SETTINGS_MODULE=cercollettiva.settings.local."
            )
        )
    other = CERConfiguration.objects.exclude(code=scenery.code).values_list("name", flat=True).first()
    if other is not None:
        raise DemoRefused(
            _(
                "In questo database c'è già la comunità «%(name)s»: la dimostrazione non scrive accanto a dati veri. "
                "Lascia DATABASE_URL vuota, o indica un database nuovo."
            )
            % {"name": other}
        )


def first_moment(now: datetime, days: int | None) -> datetime:
    """When the meters were put in: a local midnight, 14 months or so many days before today."""
    today = now.astimezone(ITALY).date()
    first = today - timedelta(days=days) if days is not None else _months_before(today, MONTHS_OF_HISTORY)
    return datetime(first.year, first.month, first.day, tzinfo=ITALY)


def _write_community(scenery: Community, now: datetime, days: int | None, password: Password, tell: Tell) -> datetime:
    """The community, unless it is there; when its meters were put in."""
    known = community.origin_of(scenery)
    if known is None:
        tell(_("Creo la comunità «%(name)s» con le sue persone") % {"name": scenery.name})
        known = first_moment(now, days)
        with transaction.atomic():
            community.write(scenery, origin=known, password=password.text)
            cer = CERConfiguration.objects.get(code=scenery.code)
            desk.write_desk(cer, now=now)
            applications.write(scenery, cer, now=now, password=password.text)
        papers.write(scenery, cer, now=now)
    elif password.is_new:
        community.set_passwords(scenery, password.text)
    return known


def _months_before(day: date, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, min(day.day, 28))
