"""Two ingestors that share the messages write one row per device: the newest word on each component stands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.energy.models import DeviceConfiguration, DeviceState
from cercollettiva.energy.store import Batch, MergedState, StateRow, save_batch

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def device() -> DeviceConfiguration:
    return DeviceConfiguration.objects.create(
        device_id="shellypro3em-a1b2c3", device_type_id="SHELLY_PRO_3EM", topic_prefix="cer/shellypro3em-a1b2c3"
    )


def components(**watts_at: tuple[float, datetime | None]) -> str:
    """`em1_0=(100.0, NOON)` as the row keeps it."""
    named = {
        name.replace("_", ":"): {"at": at and at.isoformat(), "power": watts} for name, (watts, at) in watts_at.items()
    }
    return json.dumps(named)


def store(ingestor: str, device: DeviceConfiguration, values: str, *, at: datetime, watts: float = 0, src: str = ""):
    row = StateRow(device.pk, at, True, watts, None, None, at, values, "{}", src)
    return save_batch(Batch(states=[row], is_shared=True), ingestor=ingestor, now=at).merged


def powers(device: DeviceConfiguration) -> dict[str, float]:
    return {name: said["power"] for name, said in DeviceState.objects.get(device=device).values.items()}


def test_each_ingestor_adds_the_components_that_only_it_has_heard(device):
    store("one", device, components(em1_0=(1.0, NOON)), at=NOON)
    store("two", device, components(em1_1=(2.0, NOON)), at=NOON)

    assert powers(device) == {"em1:0": 1.0, "em1:1": 2.0}


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_the_newest_value_of_a_component_stands_whoever_writes_last(device, order):
    said = {
        "one": components(em1_0=(1.0, NOON), em1_1=(20.0, NOON + MILLISECOND)),
        "two": components(em1_0=(10.0, NOON + MILLISECOND), em1_1=(2.0, NOON)),
    }

    for ingestor in order:
        store(ingestor, device, said[ingestor], at=NOON + MILLISECOND)

    assert powers(device) == {"em1:0": 10.0, "em1:1": 20.0}


def test_a_whole_second_and_a_part_of_it_are_compared_as_instants(device):
    store("one", device, components(em1_0=(2.0, NOON + MILLISECOND)), at=NOON)
    store("two", device, components(em1_0=(1.0, NOON)), at=NOON)

    assert powers(device) == {"em1:0": 2.0}


def test_a_retained_copy_of_any_age_gives_way(device):
    store("one", device, components(em1_0=(1.0, NOON)), at=NOON)
    store("two", device, components(em1_0=(9.0, None)), at=NOON)

    assert powers(device) == {"em1:0": 1.0}


def test_an_ingestor_is_told_what_another_knew_better(device):
    store("one", device, components(em1_0=(1.0, NOON + MILLISECOND)), at=NOON)

    (merged,) = store("two", device, components(em1_0=(9.0, NOON), em1_1=(2.0, NOON)), at=NOON)

    assert isinstance(merged, MergedState)
    assert {name: said["power"] for name, said in json.loads(merged.values).items()} == {"em1:0": 1.0, "em1:1": 2.0}


def test_the_powers_of_the_roles_are_those_of_the_newest_measurement(device):
    store("one", device, components(em1_0=(5.0, NOON + MILLISECOND)), at=NOON + MILLISECOND, watts=5.0)
    store("two", device, components(em1_1=(1.0, NOON)), at=NOON, watts=1.0)

    state = DeviceState.objects.get(device=device)
    assert (state.exchange_power, state.power_at) == (5.0, NOON + MILLISECOND)


def test_a_clock_that_is_behind_does_not_hide_a_state_from_who_is_watching(device):
    store("one", device, components(em1_0=(1.0, NOON)), at=NOON)
    first = DeviceState.objects.get(device=device).seq

    store("two", device, components(em1_0=(2.0, NOON)), at=NOON - timedelta(seconds=30))

    assert DeviceState.objects.get(device=device).seq > first


def test_who_does_not_know_the_devices_name_does_not_erase_it(device):
    store("one", device, "{}", at=NOON, src="shellypro3em-a1b2c3")
    store("two", device, "{}", at=NOON)

    assert DeviceState.objects.get(device=device).src == "shellypro3em-a1b2c3"
