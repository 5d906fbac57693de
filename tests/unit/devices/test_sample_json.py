"""The JSON of samples, as the reference shows it: same keys, same order, only what is known."""

import json

import pytest

from cercollettiva.devices.decoding import as_json
from cercollettiva.devices.samples import Anomaly, Energies, Power, Registers, Sample, TimeSource
from tests.unit.devices.meter import RECEIVED_AT, captured, says


def lines(samples):
    return [json.dumps(as_json(sample), separators=(",", ":")) for sample in samples]


@pytest.mark.parametrize(
    ("rest", "file", "line"),
    [
        (
            "events/rpc",
            "notifystatus_partial.json",
            '{"component":"em:0","kind":"power","at":"2026-01-01T00:00:00.120000+00:00","time_source":"device",'
            '"power_w":{"total":715.5,"a":951.2},"anomalies":[]}',
        ),
        (
            "status/em:0",
            "em0_status.json",
            '{"component":"em:0","kind":"power","at":"2026-01-01T00:01:01+00:00","time_source":"received",'
            '"power_w":{"total":715.5,"a":951.2,"b":-951.1,"c":715.4},'
            '"apparent_power_va":{"total":2619.9,"a":951.9,"b":951.8,"c":716.2},'
            '"voltage_v":{"a":236.1,"b":236.201,"c":236.402},'
            '"current_a":{"total":11.083,"a":4.029,"b":4.027,"c":3.03},'
            '"power_factor":{"a":1.0,"b":1.0,"c":1.0},"frequency_hz":{"a":50.0,"b":50.0,"c":50.0},"anomalies":[]}',
        ),
        (
            "status/emdata:0",
            "emdata0_status.json",
            '{"component":"emdata:0","kind":"registers","at":"2026-01-01T00:01:01+00:00","time_source":"received",'
            '"drawn_mwh":215966760,"returned_mwh":36010,"phases":{"a":{"drawn_mwh":105681310,"returned_mwh":24010},'
            '"b":{"drawn_mwh":85377960,"returned_mwh":12000},"c":{"drawn_mwh":24907490,"returned_mwh":0}},'
            '"anomalies":[]}',
        ),
        (
            "events/rpc",
            "notifyevent_emdata_record.json",
            '{"component":"emdata:0","kind":"record","start":"2026-01-01T00:00:00+00:00","seconds":60,'
            '"drawn_mwh":45906,"returned_mwh":0,"phases":{"a":{"drawn_mwh":15302,"returned_mwh":0},'
            '"b":{"drawn_mwh":15302,"returned_mwh":0},"c":{"drawn_mwh":15302,"returned_mwh":0}},"anomalies":[]}',
        ),
        ("online", "online.txt", '{"component":"online","kind":"presence","online":false}'),
    ],
)
def test_a_sample_reads_as_in_the_reference(rest, file, line):
    assert lines(says(rest, captured(file))) == [line]


def test_neutral_current_and_reactive_power_have_their_keys():
    power = Power(reactive_power=120.0, neutral_current=0.5)
    sample = Sample(None, "em:0", RECEIVED_AT, TimeSource.UNKNOWN, power)

    shown = as_json(sample)

    assert shown["reactive_power_var"] == {"total": 120.0}
    assert shown["current_a"] == {"n": 0.5}
    assert shown["time_source"] == "unknown"


def test_a_register_of_both_directions_and_its_anomaly_are_told_in_words():
    registers = Registers(Energies(total=687_882_498))
    sample = Sample(None, "switch:0", RECEIVED_AT, TimeSource.RECEIVED, registers, Anomaly.DIRECTION_UNKNOWN)

    shown = as_json(sample)

    assert list(shown) == ["component", "kind", "at", "time_source", "total_mwh", "anomalies"]
    assert shown["anomalies"] == ["direction_unknown"]
