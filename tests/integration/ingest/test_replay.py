"""Deliveries from a file through the whole path, on both databases (faults 1 and 2 of the failure model)."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cercollettiva.energy.models import (
    DeviceConfiguration,
    DeviceMeasurement,
    DeviceState,
    EnergyMeasurement,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.ingest.replay import replay
from tests.unit.ingest.meters import EM_STATUS, EMDATA_STATUS, NAME, NOON, PREFIX, notification

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def device() -> DeviceConfiguration:
    return DeviceConfiguration.objects.create(device_id=NAME, device_type_id="SHELLY_PRO_3EM", topic_prefix=PREFIX)


def line(rest: str, payload: object, *, second: float = 0, prefix: str = PREFIX, **marks: bool) -> str:
    text = payload.decode() if isinstance(payload, bytes) else payload
    return json.dumps({"recv": NOON.timestamp() + second, "topic": f"{prefix}/{rest}", "payload": text, **marks})


def an_hour_of_messages() -> list[str]:
    """A status every ten seconds and registers every minute, as a meter without a clock of its own sends them."""
    lines = []
    for second in range(0, 3600, 10):
        status = {**json.loads(EM_STATUS), "total_act_power": 700 + second / 10}
        lines.append(line("status/em:0", json.dumps(status), second=second))
        at = NOON + timedelta(seconds=second + 0.25)
        lines.append(
            line(
                "events/rpc",
                notification(at, **{"em:0": {"id": 0, "total_act_power": 1.0 + second}}),
                second=second + 0.3,
            )
        )
        if second % 60 == 0:
            registers = {**json.loads(EMDATA_STATUS), "total_act": 1000 + second / 100}
            lines.append(line("status/emdata:0", json.dumps(registers), second=second + 0.5))
    return lines


def everything() -> list[object]:
    powers = DeviceMeasurement.objects.order_by("timestamp").values_list(
        "timestamp", "component", "power", "time_source"
    )
    energies = EnergyMeasurement.objects.order_by("timestamp").values_list("timestamp", "component", "drawn")
    return [*powers, *energies]


def test_the_clock_is_the_files():
    outcome = replay([line("status/em:0", EM_STATUS, second=1.25)])

    assert outcome.stored == 1
    assert DeviceMeasurement.objects.get().timestamp == NOON + timedelta(seconds=1.25)
    assert DeviceState.objects.get().last_seen == NOON + timedelta(seconds=1.25)


def test_a_file_three_times_in_any_order_gives_the_same_rows():
    lines = an_hour_of_messages()
    replay(lines)
    once = everything()
    three_times = lines * 3
    random.Random(20261123).shuffle(three_times)

    outcome = replay(three_times)

    assert everything() == once
    assert outcome.stored == 0
    assert not RejectedMessage.objects.exists()


def test_the_state_after_a_shuffled_file_is_the_newest_value():
    lines = an_hour_of_messages()
    random.Random(7).shuffle(lines)

    replay(lines)

    state = DeviceState.objects.get()
    assert state.values["em:0"]["power"] == 3591.0
    assert state.registers["emdata:0"]["drawn"] == 1_035_400


def test_a_copy_marked_as_such_is_known_by_its_payload_when_it_comes_later():
    outcome = replay(
        [
            line("status/em:0", EM_STATUS),
            line("status/em:0", EM_STATUS, second=2, dup=True),
            *[
                line("status/em:0", EM_STATUS.replace(b"951.2", b"%d.5" % number), second=3 + number)
                for number in range(600)
            ],
            line("status/em:0", EM_STATUS, second=700, dup=True),
        ]
    )

    assert (outcome.stored, outcome.repeated) == (601, 2)


def test_retained_bad_and_unknown_messages_have_their_places():
    outcome = replay(
        [
            line("status/em:0", EM_STATUS, retain=True),
            line("status/em:0", "{", second=1),
            line("status/em:0", EM_STATUS, second=2, prefix="foo/bar"),
            line("status/wifi", "{}", second=3),
        ]
    )

    assert (outcome.deliveries, outcome.stored, outcome.refused, outcome.strangers) == (4, 0, 1, 1)
    assert RejectedMessage.objects.get().topic == f"{PREFIX}/status/em:0"
    assert UnknownDevice.objects.get().prefix == "foo/bar"


def test_a_payload_may_be_the_json_itself():
    outcome = replay([line("status/em:0", json.loads(EM_STATUS))])

    assert outcome.stored == 1


def test_a_line_that_is_no_delivery_is_named_and_the_others_are_stored():
    outcome = replay(
        [
            "not json",
            line("status/em:0", EM_STATUS),
            '{"recv": 1e400, "topic": "a", "payload": ""}',
            '{"recv": "noon", "topic": "a", "payload": ""}',
            '{"recv": 1767225600, "topic": 5, "payload": ""}',
            '{"recv": 1767225600, "topic": "a"}',
            "[]",
            "",
        ]
    )

    assert [bad.number for bad in outcome.bad_lines] == [1, 3, 4, 5, 6, 7]
    assert outcome.stored == 1


def test_the_command_counts_and_names_bad_lines(tmp_path, capsys):
    file = tmp_path / "deliveries.jsonl"
    file.write_text("\n".join([line("status/em:0", EM_STATUS), "nonsense"]))

    with pytest.raises(SystemExit) as stop:
        call_command("replay", str(file), "--json")

    output = capsys.readouterr()
    assert stop.value.code == 1
    assert json.loads(output.out) == {
        "deliveries": 1,
        "stored": 1,
        "repeated": 0,
        "refused": 0,
        "strangers": 0,
        "bad_lines": 1,
    }
    assert "line 2:" in output.err


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("replay", str(tmp_path / "nothing.jsonl"))
