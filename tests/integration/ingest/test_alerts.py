"""From what the ingestor notices to one alert that waits for a person, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.ingest.directory import directory_at
from cercollettiva.ingest.notices import Kind, Notice, open_alerts, tell_of_our_clock
from cercollettiva.ingest.skew import OurClock
from cercollettiva.monitoring.models import Alert, AlertState, Severity
from cercollettiva.monitoring.operations import close
from tests.integration.core.scene import make_device

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def device() -> DeviceConfiguration:
    return make_device(1)


def test_an_alert_says_in_italian_what_happened_and_what_to_do(device):
    open_alerts([Notice(device.pk, Kind.PROFILE_CHANGED, "em1:0")], now=NOON)

    alert = Alert.objects.get()
    assert (alert.device, alert.kind, alert.severity) == (device, "profile-changed", Severity.CRITICAL)
    assert (alert.state, alert.opened_at) == (AlertState.OPEN, NOON)
    assert f"Il misuratore {device} ora parla con il componente em1:0" in alert.message
    assert "finché qualcuno non decide" in alert.message


@pytest.mark.parametrize("state", [AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.ESCALATED])
def test_an_alert_that_is_not_resolved_is_not_opened_again(device, state):
    notice = Notice(device.pk, Kind.REPLACED, "'shellypro3em-d4e5f6'")
    open_alerts([notice, notice], now=NOON)
    Alert.objects.update(state=state)

    open_alerts([notice], now=NOON + timedelta(hours=1))

    assert Alert.objects.count() == 1


def test_what_was_resolved_and_is_still_so_comes_back(device):
    notice = Notice(device.pk, Kind.REPLACED, "'shellypro3em-d4e5f6'")
    open_alerts([notice], now=NOON)
    close(Alert.objects.get(), at=NOON)

    open_alerts([notice], now=NOON + timedelta(hours=1))

    assert Alert.objects.unresolved().count() == 1


def test_another_kind_or_another_device_has_an_alert_of_its_own(device):
    other = make_device(2)

    open_alerts([Notice(pk, kind, "x") for pk in (device.pk, other.pk) for kind in Kind], now=NOON)

    assert Alert.objects.unresolved().count() == 2 * len(Kind)


def test_our_own_clock_is_an_alert_of_the_platform_until_the_devices_agree_with_it():
    wrong = OurClock(is_wrong=True, seconds=-300, devices=4, heard=5)

    tell_of_our_clock(wrong, now=NOON)
    tell_of_our_clock(wrong, now=NOON + timedelta(hours=1))

    alert = Alert.objects.get()
    assert (alert.kind, alert.is_platform, alert.severity) == ("server-clock", True, Severity.CRITICAL)
    assert "4 misuratori su 5" in alert.message
    assert "-300 s" in alert.message
    tell_of_our_clock(wrong._replace(is_wrong=False, seconds=0), now=NOON + timedelta(hours=2))
    assert not Alert.objects.unresolved().exists()


def test_a_device_that_was_removed_meanwhile_stops_nothing(device):
    open_alerts([Notice(device.pk + 1000, Kind.REPLACED, "x"), Notice(device.pk, Kind.REPLACED, "x")], now=NOON)

    assert Alert.objects.count() == 1


def test_a_word_of_the_meter_is_no_part_of_the_text_s_form(device):
    open_alerts([Notice(device.pk, Kind.REPLACED, "'{device.password}%s<script>'")], now=NOON)

    assert "'{device.password}%s<script>'" in Alert.objects.get().message


def test_a_type_s_components_count_where_no_channel_has_a_role(device):
    device.device_type.capabilities = {"components": {"switch:0": "", "switch:1": ""}}
    device.device_type.save()

    (entry,) = directory_at(NOON).values()

    assert entry.components == {"switch:0", "switch:1"}


@pytest.mark.parametrize("capabilities", [{}, [], "em:0", {"components": 5}])
def test_a_type_s_capabilities_that_are_no_list_of_components_stop_nothing(device, capabilities):
    device.device_type.capabilities = capabilities
    device.device_type.save()

    (entry,) = directory_at(NOON).values()

    assert entry.components == frozenset()
