"""manage.py decode: lines to print and exit codes."""

import io
import json
import sys

import pytest
from django.core.management.base import CommandError

from cercollettiva.ingest.management.commands import decode
from tests.unit.devices.meter import FIXTURES, PREFIX, RECEIVED_AT, captured


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(decode.timezone, "now", lambda: RECEIVED_AT)


def printed(topic, file="-", **options):
    """Runs the command: what it prints, and its exit code."""
    output = io.StringIO()
    command = decode.Command(stdout=output, no_color=True)
    try:
        command.handle(topic=topic, file=str(file), **options)
    except SystemExit as leaving:
        return output.getvalue().splitlines(), leaving.code
    return output.getvalue().splitlines(), 0


def test_every_captured_payload_prints_its_samples_or_its_reason():
    index = json.loads((FIXTURES / "index.json").read_text())

    outcomes = {entry["file"]: printed(entry["topic"], FIXTURES / entry["file"]) for entry in index}

    assert outcomes["online.txt"] == (['{"component":"online","kind":"presence","online":false}'], 0)
    assert json.loads(outcomes["em0_status.json"][0][0])["power_w"]["b"] == -951.1
    registers = {file: json.loads(lines[-1]) for file, (lines, _) in outcomes.items() if lines}
    assert registers["switch0_status.json"]["drawn_mwh"] == 156_554
    assert registers["em1data_status.json"]["returned_mwh"] == 2_595_260
    assert registers["gen1_emeter_total.txt"]["drawn_mwh"] == 120_345_600
    assert registers["tasmota_sensor.json"]["total_mwh"] == 1_234_567_000
    assert registers["tasmota_sensor.json"]["at"] == "2026-01-01T00:00:00+00:00"
    assert outcomes["bad_nan.json"] == (['{"rejected":"not JSON: NaN is not a number"}'], 1)
    refused = {file for file, (_, exit_code) in outcomes.items() if exit_code}
    assert refused == {"bad_nan.json", "bad_truncated.txt"}


def test_a_payload_with_nothing_for_us_prints_nothing(tmp_path):
    file = tmp_path / "wifi.json"
    file.write_text('{"rssi":-60}')

    assert printed(f"{PREFIX}/status/wifi", file) == ([], 0)


def test_standard_input_is_read_where_no_file_is_named(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(captured("notifystatus_partial.json"))))

    lines, exit_code = printed("anyone/events/rpc")

    assert exit_code == 0
    assert json.loads(lines[0])["at"] == "2026-01-01T00:00:00.120000+00:00"


def test_a_file_longer_than_a_message_can_be_is_refused(tmp_path):
    file = tmp_path / "long"
    file.write_bytes(b"[" + b" " * 200_000 + b"]")

    lines, exit_code = printed(f"{PREFIX}/status/em:0", file)

    assert exit_code == 1
    assert "too long" in json.loads(lines[0])["rejected"]


def test_a_file_that_cannot_be_read_is_told_apart_from_a_bad_payload(tmp_path):
    for file in (tmp_path / "missing", tmp_path):
        with pytest.raises(CommandError) as refusal:
            printed(f"{PREFIX}/status/em:0", file)
        assert refusal.value.returncode == 2
        assert str(file) in str(refusal.value)


def test_the_help_shows_an_example_and_the_exit_codes():
    text = decode.Command().create_parser("manage.py", "decode").format_help()

    assert "  manage.py decode cercollettiva/" in text
    assert "  2  the file cannot be read" in text


def test_a_relay_that_counts_both_directions_reads_as_in_the_reference(tmp_path):
    file = tmp_path / "switch.json"
    file.write_text('{"id":0,"aenergy":{"total":687882.498,"by_minute":[0.0],"minute_ts":1767225600}}')

    lines, exit_code = printed("anyone/status/switch:0", file)

    assert exit_code == 0
    assert lines == [
        '{"component":"switch:0","kind":"registers","at":"2026-01-01T00:01:01+00:00","time_source":"received",'
        '"total_mwh":687882498,"anomalies":["direction_unknown"]}'
    ]


@pytest.mark.parametrize(("topic", "ending"), [("zigbee2mqtt/presa", ""), ("zigbee2mqtt/presa/state", "state")])
def test_a_generic_device_is_read_by_the_template_that_is_given(tmp_path, topic, ending):
    template, file = tmp_path / "template.json", tmp_path / "payload.json"
    message = {"topic": ending, "component": "plug:0", "values": {"power": {"field": "p", "unit": "kW"}}}
    template.write_text(json.dumps({"messages": [message]}))
    file.write_text('{"p":1.5}')

    lines, _ = printed(topic, file, template=str(template))

    assert json.loads(lines[0])["power_w"] == {"total": 1500.0}


@pytest.mark.parametrize("template", ["{", "{}", None])
def test_a_template_that_cannot_be_used_is_told_apart_from_a_bad_payload(tmp_path, template):
    file = tmp_path / "template.json"
    if template is not None:
        file.write_text(template)

    with pytest.raises(CommandError) as refusal:
        printed("x/y", FIXTURES / "online.txt", template=str(file))

    assert refusal.value.returncode == 2


def test_local_times_are_of_the_zone_that_is_given():
    parser = decode.Command().create_parser("manage.py", "decode")
    zone = parser.parse_args(["x", "--zone", "UTC"]).zone

    lines, _ = printed("tele/tasmota_1A2B3C/SENSOR", FIXTURES / "tasmota_sensor.json", zone=zone)

    assert json.loads(lines[0])["at"] == "2026-01-01T00:01:01+00:00"  # an hour ahead of us: not believed
    assert json.loads(lines[0])["anomalies"] == ["clock_ahead"]
    with pytest.raises(CommandError, match="there is no time zone"):
        parser.parse_args(["x", "--zone", "Rome/Europe"])
