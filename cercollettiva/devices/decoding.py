"""From a topic and its payload to samples, whatever the make of the meter."""

from __future__ import annotations

from datetime import datetime

from cercollettiva.devices import custom, shelly_gen1, shelly_gen2, tasmota
from cercollettiva.devices.makes import Make, Reader, read_plain_text
from cercollettiva.devices.payloads import read_json
from cercollettiva.devices.sample_json import as_json
from cercollettiva.devices.samples import Device, Radio, Sample, is_without_power

__all__ = ["MAKES", "Reader", "as_json", "decode", "prefix_of", "reader_of"]

# The first make that knows a topic reads it. A new make is one module and one entry.
MAKES: tuple[Make, ...] = (custom.MAKE, shelly_gen2.MAKE, shelly_gen1.MAKE, tasmota.MAKE)


def reader_of(topic: str, device: Device) -> Reader:
    """Who reads this topic of the device: resolve it once per topic and keep the answer.

    A topic that no make knows carries nothing for us. Its payload must be JSON all the same, except where a template
    says what the device sends: then it may say what it likes elsewhere.
    """
    for make in MAKES:
        reader = make.reader_of(topic, device)
        if reader is not None:
            return reader
    return read_nothing if device.payload_template is None else read_plain_text


def decode(topic: str, payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """What one message measured, and presence; none where it carries nothing for us.

    A radio's strength is a state, and the time without power between two blocks of records was not measured. Raises
    UnreadableMessage, and nothing else, where the payload cannot be read.
    """
    samples = reader_of(topic, device)(payload, received_at, device)
    return [sample for sample in samples if not (isinstance(sample.reading, Radio) or is_without_power(sample))]


def prefix_of(topic: str) -> str:
    """The most plausible prefix of a topic when no device is known; the whole topic where no make knows it."""
    for make in MAKES:
        prefix = make.prefix_of(topic)
        if prefix is not None:
            return prefix
    return topic


def read_nothing(payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """Nothing of what stands here is for us; what is not JSON is refused."""
    read_json(payload)
    return []
