"""Energy of a device, a plant or a community by quarter-hours and longer periods: JSON, CSV and XLSX."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from cercollettiva.api.asked import Asked, Key, check_order
from cercollettiva.api.energy.base import EnergyViewSet
from cercollettiva.api.exports import as_csv, as_json, as_xlsx
from cercollettiva.api.exports.table import Table
from cercollettiva.api.fields import Instant, KilowattHours, Watts
from cercollettiva.api.schema import paged
from cercollettiva.api.streams import answer_of
from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import Span, local_date, range_of
from cercollettiva.energy import queries
from cercollettiva.energy.models import (
    DeviceConfiguration,
    DevicePlacement,
    EnergyAggregate,
    IntervalQuality,
)
from cercollettiva.energy.queries import PeriodTotal, quarters_between

QUARTERS: Final = "15M"
SPANS: Final = {"1H": Span.HOUR, "1D": Span.DAY, "1W": Span.WEEK, "1M": Span.MONTH, "1Y": Span.YEAR}
PERIODS: Final = (QUARTERS, *SPANS)
USUAL: Final = {  # how far back, where nobody says
    QUARTERS: timedelta(days=1),
    "1H": timedelta(days=7),
    "1D": timedelta(days=31),
    "1W": timedelta(days=182),
    "1M": timedelta(days=366),
    "1Y": timedelta(days=3653),
}
LONGEST: Final = {
    QUARTERS: timedelta(days=366),
    "1H": timedelta(days=366),
    "1D": timedelta(days=3653),
    "1W": timedelta(days=7306),
    "1M": timedelta(days=20_000),
    "1Y": timedelta(days=40_000),
}
LONGEST_OF_COMMUNITY: Final = {QUARTERS: timedelta(days=7)}
MOST_IN_XLSX: Final = 10_000  # more is seconds of work: as CSV it is sent while it is read


class Xlsx(BaseRenderer):
    """The name of a form of answer; the view writes it."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    format = "xlsx"
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return JSONRenderer().render(data)


class ItalianCsv(Xlsx):
    media_type = "text/csv"
    format = "csv"


class InternationalCsv(Xlsx):
    media_type = "text/csv;header=present"
    format = "csv-en"


class PeriodsAsked(Asked):
    """Whose energy, by which periods, from when to when."""

    usual = QUARTERS

    device = Key(required=False)
    plant = Key(required=False)
    community = Key(required=False)
    to = Instant(required=False, help_text="Escluso; senza, è adesso.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's own."""
        return {
            **super().get_fields(),
            "from": Instant(required=False, help_text="Compreso."),
            "period": serializers.ChoiceField(PERIODS, default=self.usual),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        given = [name for name in ("device", "plant", "community") if name in attrs]
        if len(given) != 1:
            reason = _("Scrivi di chi: uno tra device, plant e community.")
            raise serializers.ValidationError({name: [reason] for name in given or ["plant"]})
        period = attrs["period"]
        end = attrs.setdefault("to", self.context["now"])
        start = attrs.setdefault("from", end - USUAL[period])
        check_order(start, end)
        longest = LONGEST_OF_COMMUNITY.get(period, LONGEST[period]) if given == ["community"] else LONGEST[period]
        if end - start > longest:
            reason = _("Al massimo %(days)d giorni alla volta con period=%(period)s.")
            raise serializers.ValidationError({"from": [reason % {"days": longest.days, "period": period}]})
        return attrs


class AggregatesAsked(PeriodsAsked):
    usual = "1D"


class PeriodRow(serializers.Serializer[Any]):
    """Energies in kWh, powers in W; null is not known. The net is drawn less injected."""

    start_time = Instant()
    end_time = Instant()
    energy_in = KilowattHours(allow_null=True, help_text="Prelevata.")
    energy_out = KilowattHours(allow_null=True, help_text="Immessa.")
    peak_power = Watts(allow_null=True)
    avg_power = Watts(allow_null=True)
    net_energy = KilowattHours(allow_null=True)
    coverage = serializers.FloatField(min_value=0, max_value=1)
    quality = serializers.ChoiceField(IntervalQuality.names)
    energy_produced = KilowattHours(allow_null=True)


PeriodPage = paged(PeriodRow, "PageOfPeriods")
FORMAT: Final = OpenApiParameter("format", str, enum=["json", "csv", "csv-en", "xlsx"], description="La forma.")
ANSWERS: Final = {
    (200, "application/json"): PeriodPage,
    (200, "text/csv"): OpenApiTypes.STR,
    (200, Xlsx.media_type): OpenApiTypes.BINARY,
}


class Subject(NamedTuple):
    """Whose energy it is, and how its quarters and its totals are read."""

    name: str
    quarters: Callable[[datetime, datetime], Iterable[PeriodTotal]]
    totals: Callable[[Span, datetime, datetime], list[PeriodTotal]]


class IntervalViewSet(EnergyViewSet):
    """Energy by period: quarter-hours where nothing else is asked."""

    asked: type[PeriodsAsked] = PeriodsAsked
    renderer_classes = [JSONRenderer, ItalianCsv, InternationalCsv, Xlsx]

    @extend_schema(operation_id="intervals_list", parameters=[PeriodsAsked, FORMAT], responses=ANSWERS)
    def list(self, request: Request) -> HttpResponseBase:
        asked = self.asked.of(request, now=self.now)
        form = request.accepted_renderer.format
        subject = subject_of(request, asked, self.now)
        table = _table(subject, asked, self.now)
        if form == "xlsx" and table.count > MOST_IN_XLSX:
            reason = _("In XLSX stanno al massimo %d righe: chiedi il CSV, o un periodo più breve.") % MOST_IN_XLSX
            raise serializers.ValidationError({"format": [reason]})
        return _file(table, form)


class AggregateViewSet(IntervalViewSet):
    """The same, by days where nothing else is asked."""

    asked = AggregatesAsked

    @extend_schema(operation_id="aggregates_list", parameters=[AggregatesAsked, FORMAT], responses=ANSWERS)
    def list(self, request: Request) -> HttpResponseBase:
        return super().list(request)


def subject_of(request: Request, asked: dict[str, Any], now: datetime) -> Subject:
    """What one may not see is not there; of a community its people are told what hides each of them."""
    if "device" in asked:
        stays = list(DevicePlacement.objects.visible_to(request.user).filter(device=asked["device"]))
        stood = [stay.device_id for stay in stays]
        device = get_object_or_404(DeviceConfiguration.objects.filter(pk__in=stood), pk=asked["device"])
        totals = EnergyAggregate.objects.visible_to(request.user)
        return Subject(
            device.device_id,
            lambda start, end: queries.device_grid(device, stays, quarters_between(start, end)),
            lambda span, start, end: queries.aggregate_by_period(device, span, start, end, among=totals),
        )
    if "plant" in asked:
        plant = get_object_or_404(Plant.objects.visible_to(request.user), pk=asked["plant"])
        return Subject(
            plant.name,
            lambda start, end: queries.plants_grid([plant], quarters_between(start, end)),
            lambda span, start, end: queries.aggregate_by_period(plant, span, start, end),
        )
    community = get_object_or_404(CERConfiguration.objects.visible_to(request.user), pk=asked["community"])

    looks_after = CERConfiguration.objects.managed_by(request.user).filter(pk=community.pk).exists()

    def of_its_plants(start: datetime, end: datetime) -> Iterable[PeriodTotal]:
        whole = quarters_between(start, end)
        quarters = queries.plants_grid(queries.community_plants(community, whole), whole, is_sum=True)
        return quarters if looks_after else queries.quarters_withheld(quarters)

    def totals_of_all(span: Span, start: datetime, end: datetime) -> list[PeriodTotal]:
        found = queries.aggregate_by_period(community, span, start, end)
        return found if looks_after else queries.told_totals(community, span, found, viewer=request.user.pk, now=now)

    return Subject(community.name, of_its_plants, totals_of_all)


def _table(subject: Subject, asked: dict[str, Any], now: datetime) -> Table:
    period, start, end = asked["period"], asked["from"], asked["to"]
    if period == QUARTERS:
        whole = quarters_between(start, end)
        first, last, count = whole.start, whole.end, whole.quarters
        rows: Iterable[PeriodTotal] = subject.quarters(start, end)
    else:
        found = subject.totals(SPANS[period], start, end)
        first, last = range_of(SPANS[period], start).start, found[-1].end
        rows, count = found, len(found)
    days = f"{local_date(first)}_{local_date(last - timedelta(minutes=1))}"
    name = f"cer-{slugify(subject.name) or 'energia'}_{period}_{days}"
    return Table(subject.name, period, first, last, now, count, rows, name)


def _file(table: Table, form: str) -> HttpResponseBase:
    if form == "json":
        return answer_of(as_json.written(table), "application/json")
    if form == "xlsx":
        answer = answer_of(as_xlsx.written(table), Xlsx.media_type)
    else:
        answer = answer_of(as_csv.written(table, italian=form == "csv"), "text/csv; charset=utf-8")
    extension = "xlsx" if form == "xlsx" else "csv"
    answer["Content-Disposition"] = f'attachment; filename="{table.file_name}.{extension}"'
    return answer
