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


def printed(topic, file="-"):
    """Runs the command: what it prints, and its exit code."""
    output = io.StringIO()
    command = decode.Command(stdout=output, no_color=True)
    try:
        command.handle(topic=topic, file=str(file))
    except SystemExit as leaving:
        return output.getvalue().splitlines(), leaving.code
    return output.getvalue().splitlines(), 0


def test_every_captured_payload_prints_its_samples_or_its_reason():
    index = json.loads((FIXTURES / "index.json").read_text())

    outcomes = {entry["file"]: printed(entry["topic"], FIXTURES / entry["file"]) for entry in index}

    assert outcomes["online.txt"] == (['{"component":"online","kind":"presence","online":false}'], 0)
    assert json.loads(outcomes["em0_status.json"][0][0])["power_w"]["b"] == -951.1
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
