"""The check of every minute, on a fake clock: from what meters say to alerts, once, about the right thing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement, DeviceState
from cercollettiva.monitoring.freshness import State
from cercollettiva.monitoring.models import Alert, AlertEvent, Change, Look, MeterRhythm
from cercollettiva.monitoring.watch import Seen, check
from tests.integration.core.scene import LONG_AGO, NOW, make_device, make_plant

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def look(now: datetime, *, broker: bool | None = True) -> Seen | None:
    return check(now, broker_answers=lambda: broker)


def say(devices: Iterable[DeviceConfiguration], at: datetime, *, drawn: int = 0, **fields: Any) -> None:
    """Their newest registers, at an instant."""
    registers = {"emdata:0": {"at": at.isoformat(), "drawn": drawn, "returned": 0}}
    for device in devices:
        given = {"last_seen": at, "online": True, "registers": registers, **fields}
        DeviceState.objects.update_or_create(device=device, defaults=given)


def regular(count: int, *, sites: int | None = None) -> list[DeviceConfiguration]:
    """Meters that have reported each minute, the last time at NOW, looked at until NOW."""
    plants = [make_plant(number) for number in range(1, (sites or count) + 1)]
    devices = [make_device(number + 1, plant=plants[number % len(plants)]) for number in range(count)]
    say(devices, NOW)
    learnt = {"energy_at": NOW, "heard_at": NOW, "since": LONG_AGO, "period": 60.0, "spread": 1.0, "gaps": 100}
    MeterRhythm.objects.bulk_create([MeterRhythm(device=one, state=State.OK, **learnt) for one in devices])
    Look.objects.create(pk=1, looked_at=NOW)
    return devices


def unresolved() -> list[tuple[str, object]]:
    return [(alert.kind, alert.subject) for alert in Alert.objects.unresolved().order_by("kind", "pk")]


@pytest.mark.both_databases
def test_a_meter_is_late_then_silent_and_its_return_ends_it():
    silent, *others = regular(4)
    states = []
    for minute in range(1, 9):
        say(others, NOW + minute * MINUTE, drawn=minute)
        look(NOW + minute * MINUTE + timedelta(seconds=2))
        states.append(MeterRhythm.objects.get(device=silent).state)
    alert = Alert.objects.unresolved().get()

    assert (alert.kind, alert.device, alert.severity) == ("silent", silent, "CRITICAL")
    assert alert.opened_at <= NOW + timedelta(minutes=5, seconds=2)
    assert "dal 01/06/2026 14:00: di solito la manda ogni 1 min" in alert.text
    assert states == [State.OK, State.LATE, State.LATE, State.LATE, *[State.SILENT] * 4]

    say([silent, *others], NOW + 9 * MINUTE, drawn=20)
    look(NOW + 9 * MINUTE + timedelta(seconds=2))

    assert unresolved() == []
    assert list(AlertEvent.objects.values_list("change", flat=True)) == [Change.OPENED, Change.RESOLVED]


def test_a_sign_of_life_without_energy_and_a_retained_copy_hide_no_missing_energy():
    alive, retained, *others = regular(5)
    for minute in range(1, 8):
        now = NOW + minute * MINUTE
        say(others, now, drawn=minute)
        DeviceState.objects.filter(device=alive).update(last_seen=now, online=True, power_at=now)
        DeviceState.objects.filter(device=retained).update(registers={"emdata:0": {"drawn": minute}}, last_seen=NOW)
        look(now + timedelta(seconds=2))

    assert unresolved() == [("silent", alive), ("silent", retained)]


def test_a_meter_without_data_and_one_that_is_switched_on_again_alarm_nobody():
    first, second, *others = regular(4)
    new = make_device(90, plant=make_plant(90))
    DeviceConfiguration.objects.filter(pk=second.pk).update(is_active=False)
    for minute in range(1, 11):
        say([first, *others], NOW + minute * MINUTE, drawn=minute)
        look(NOW + minute * MINUTE)
    DeviceConfiguration.objects.filter(pk=second.pk).update(is_active=True)
    for minute in range(11, 16):
        say([first, *others], NOW + minute * MINUTE, drawn=minute)
        look(NOW + minute * MINUTE)

    assert Alert.objects.count() == 0
    assert MeterRhythm.objects.get(device=new).state == State.NEW


def test_when_a_site_dies_there_is_one_incident_and_its_return_ends_it():
    devices = regular(8, sites=4)
    site = DevicePlacement.objects.get(device=devices[0]).plant
    dead = [one for one in devices if one.placements.get().plant == site]
    alive = [one for one in devices if one not in dead]
    for minute in range(1, 10):
        say(alive, NOW + minute * MINUTE, drawn=minute)
        look(NOW + minute * MINUTE)
    during = unresolved()
    for minute in range(10, 20):
        say(devices, NOW + minute * MINUTE, drawn=minute)
        look(NOW + minute * MINUTE)

    assert len(dead) == 2
    assert during == [("site-down", site)]
    assert unresolved() == []
    assert Alert.objects.count() == 1


def test_a_meter_that_was_silent_before_its_site_is_taken_in_by_the_sites_incident():
    devices = regular(8, sites=4)
    site = DevicePlacement.objects.get(device=devices[0]).plant
    first, second = (one for one in devices if one.placements.get().plant == site)
    for minute in range(1, 17):
        say([one for one in devices if one != first and (one != second or minute < 10)], NOW + minute * MINUTE)
        look(NOW + minute * MINUTE)

    assert unresolved() == [("site-down", site)]
    assert AlertEvent.objects.filter(alert__device=first).values_list("change", flat=True).last() == Change.FOLDED


@pytest.mark.both_databases
@pytest.mark.parametrize(("broker", "kind"), [(False, "broker-down"), (True, "ingestor-silent")])
def test_when_what_lies_between_dies_there_is_one_incident_and_nobody_is_silent(broker, kind):
    devices = regular(6)
    for minute in range(1, 16):
        look(NOW + minute * MINUTE + timedelta(seconds=2), broker=broker)
    during = [(alert.kind, alert.is_platform) for alert in Alert.objects.unresolved()]
    first = Alert.objects.get()
    for minute in range(16, 28):
        say(devices[: minute - 15], NOW + minute * MINUTE, drawn=minute)  # one after the other, a minute each
        look(NOW + minute * MINUTE + timedelta(seconds=2))

    assert during == [(kind, True)]
    assert first.opened_at <= NOW + timedelta(minutes=2, seconds=2)
    assert unresolved() == []
    assert [alert.kind for alert in Alert.objects.all()] == [kind]


def test_a_broker_that_is_back_before_its_ingestor_leaves_one_incident_at_a_time():
    regular(6)
    for minute in range(1, 11):
        look(NOW + minute * MINUTE, broker=False)
    for minute in range(11, 21):
        look(NOW + minute * MINUTE, broker=True)

    assert unresolved() == [("ingestor-silent", None)]


def test_what_passed_while_nobody_looked_is_nobodys_silence():
    regular(6)

    look(NOW + timedelta(hours=3))
    look(NOW + timedelta(hours=3, minutes=1))

    assert Alert.objects.count() == 0


@pytest.mark.both_databases
def test_two_who_look_at_once_look_once():
    regular(3)

    assert look(NOW + MINUTE) is not None
    assert look(NOW + MINUTE) is None


def test_a_register_that_stands_still_under_power_and_a_phase_that_dies_are_told_and_end():
    frozen, phase, *others = regular(5)
    power = {"em:0": {"at": NOW.isoformat(), "power": 900.0}}
    volts = {"a_voltage": 230.0, "b_voltage": 231.0, "c_voltage": 0.0}
    for minute in range(36):
        now = NOW + minute * MINUTE
        say([frozen], now, drawn=5, values=power)
        dead = {"b_voltage": 0.4} if minute > 25 else {}
        say([phase], now, drawn=minute, values={"em:0": {"at": now.isoformat(), "power": 5.0, **volts, **dead}})
        say(others, now, drawn=minute, values=power)
        look(now + timedelta(seconds=20))
    during = unresolved()
    texts = [alert.text for alert in Alert.objects.order_by("kind")]
    for minute in range(36, 38):
        now = NOW + minute * MINUTE
        say([frozen, *others], now, drawn=minute, values=power)
        say([phase], now, drawn=minute, values={"em:0": {"at": now.isoformat(), "power": 5.0, **volts}})
        look(now + timedelta(seconds=20))

    assert during == [("frozen", frozen), ("phase-dead", phase)]
    assert "em:0" in texts[0]
    assert "900 W" in texts[0]
    assert "tensione su L2" in texts[1]  # L3 never had any: a meter of one phase is not ill
    assert unresolved() == []


def test_a_check_costs_the_same_queries_whatever_the_number_of_meters():
    def queries(minute: int) -> int:
        say(DeviceConfiguration.objects.all()[:300:50], NOW + minute * MINUTE)
        with CaptureQueriesContext(connection) as asked:
            look(NOW + minute * MINUTE)
        return len(asked)

    regular(10)
    few = queries(1)
    plant = make_plant(500)
    names = [f"shelly-{number}" for number in range(290)]
    given = {"device_type_id": "SHELLY_PRO_3EM"}
    more = [DeviceConfiguration(device_id=name, topic_prefix=f"cer/{name}", **given) for name in names]
    DeviceConfiguration.objects.bulk_create(more)
    DevicePlacement.objects.bulk_create(DevicePlacement(device=one, plant=plant, active_from=LONG_AGO) for one in more)
    registers = {"emdata:0": {"at": NOW.isoformat(), "drawn": 1}}
    DeviceState.objects.bulk_create(DeviceState(device=one, last_seen=NOW, registers=registers) for one in more)
    many = [queries(2), queries(3)]

    assert MeterRhythm.objects.count() == 300
    assert many == [few, few]
    assert few <= 10
