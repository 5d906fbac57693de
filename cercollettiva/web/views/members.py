"""What the pages of the members' desk share: whose community it is, and who asks."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_date

from cercollettiva.core.models import CERConfiguration
from cercollettiva.core.registry import day_of
from cercollettiva.users.models import CustomUser

PAGE: Final = ("GET", "HEAD", "POST")
ON_A_PAGE: Final = 50
_AMOUNT = re.compile(r"(?P<euros>[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:[,.](?P<cents>[0-9]{1,2}))?")


class NotAnAmount(ValueError):
    """What was written is no amount of money."""


def administered(request: HttpRequest, pk: int) -> CERConfiguration:
    """The community, for those who administer it; for everybody else it is not there."""
    communities = CERConfiguration.objects.administered_by(request.user).select_related("organisation")
    return get_object_or_404(communities, pk=pk)


def visible(request: HttpRequest, pk: int) -> CERConfiguration:
    communities = CERConfiguration.objects.visible_to(request.user).select_related("organisation")
    return get_object_or_404(communities, pk=pk)


def person(request: HttpRequest) -> CustomUser:
    user = request.user
    assert isinstance(user, CustomUser)  # noqa: S101  # login_required
    return user


def today() -> date:
    return day_of(timezone.now())


def cents_of(written: str) -> int:
    """Euros as people write them, `25`, `25,50`, `1.250,00` or `25.50`, as whole cents."""
    found = _AMOUNT.fullmatch("".join(written.replace("€", "").split()))
    if found is None or len(found["euros"]) > 9:
        raise NotAnAmount
    cents = (found["cents"] or "").ljust(2, "0")
    return int(found["euros"].replace(".", "")) * 100 + int(cents)


def day_in(written: str) -> date | None:
    """A day as a browser sends it, None for anything else."""
    try:
        return parse_date(written.strip())
    except ValueError:
        return None


def number_in(written: str) -> int:
    """A key that was sent; 0, which nothing has, for anything else."""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 18 else 0


def file_name(community: CERConfiguration, what: str, ending: str) -> str:
    return f"cer-{community.slug}_{what}_{today():%Y-%m-%d}.{ending}"
