from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import translation

from cercollettiva.core.connection import ConnectionStatus, report_on

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _italian():
    with translation.override("it"):
        yield


def meter(
    *, silent_for: timedelta | None = None, online: bool | None = True, name: str = "shellypro3em-a1"
) -> SimpleNamespace:
    device = SimpleNamespace(device_id=name, topic_prefix=f"cer/IT001E12345678/{name}")
    if silent_for is not None:
        device.state = SimpleNamespace(last_seen=NOON - silent_for, online=online)
    return device


def test_a_plant_without_a_meter_says_where_to_add_one():
    report = report_on([], now=NOON)

    assert (report.status, report.online, report.last_message_at) == (ConnectionStatus.NO_DEVICE, False, None)
    assert "pagina del collegamento MQTT" in report.advice


def test_a_meter_that_never_spoke_is_told_with_the_prefix_to_check():
    report = report_on([meter()], now=NOON)

    assert (report.status, report.age) == (ConnectionStatus.NEVER_SPOKEN, None)
    assert "cer/IT001E12345678/shellypro3em-a1" in report.advice


@pytest.mark.parametrize(
    ("silent_for", "status", "words"),
    [
        (timedelta(0), ConnectionStatus.FINE, "regolarmente"),
        (timedelta(minutes=5), ConnectionStatus.FINE, "regolarmente"),
        (timedelta(minutes=5, seconds=1), ConnectionStatus.LATE, "5 minuti"),
        (timedelta(hours=1), ConnectionStatus.LATE, "1 ora"),
        (timedelta(hours=1, seconds=1), ConnectionStatus.SILENT, "1 ora"),
        (timedelta(hours=30), ConnectionStatus.SILENT, "30 ore"),
        (timedelta(days=3), ConnectionStatus.SILENT, "3 giorni"),
    ],
)
def test_the_advice_follows_how_long_the_meter_is_silent(silent_for, status, words):
    report = report_on([meter(silent_for=silent_for)], now=NOON)

    assert (report.status, report.age) == (status, silent_for)
    assert report.online is (status is ConnectionStatus.FINE)
    assert words in report.advice


def test_a_meter_that_said_it_was_leaving_is_not_online():
    report = report_on([meter(silent_for=timedelta(seconds=30), online=False)], now=NOON)

    assert (report.status, report.online) == (ConnectionStatus.SILENT, False)


def test_a_meter_that_never_said_whether_it_is_online_is_judged_by_its_messages():
    report = report_on([meter(silent_for=timedelta(seconds=30), online=None)], now=NOON)

    assert report.online is True


def test_a_message_from_a_clock_ahead_of_ours_is_not_younger_than_now():
    report = report_on([meter(silent_for=timedelta(seconds=-20))], now=NOON)

    assert report.age == timedelta(0)


def test_of_two_meters_the_silent_one_is_reported():
    fine = meter(silent_for=timedelta(seconds=10), name="meter-1")
    silent = meter(silent_for=timedelta(hours=2), name="meter-2")

    report = report_on([fine, silent], now=NOON)

    assert (report.online, report.age) == (False, timedelta(hours=2))
    assert "meter-2" in report.advice
