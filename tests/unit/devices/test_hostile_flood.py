"""Hostile payloads of every make by the ten thousand, through the decoders alone.

CER_HOSTILE_PAYLOADS and CER_HOSTILE_SEED choose how many and which: `CER_HOSTILE_PAYLOADS=200000 pytest -s` this file.
"""

import os
import time
from collections import Counter

import pytest

from cercollettiva.devices.decoding import decode, prefix_of
from cercollettiva.devices.samples import UnreadableMessage
from tests.support.hostile import payloads
from tests.unit.devices.meter import DEVICE, EVERY_MAKE, RECEIVED_AT, check_soundness

COUNT = int(os.environ.get("CER_HOSTILE_PAYLOADS", "20000"))
SEED = int(os.environ.get("CER_HOSTILE_SEED", "20261127"))
LONGEST_SECONDS = 1.0


def outcome_of(topic, payload):
    """What became of a message; what is no refusal travels up."""
    owners = [device for device in EVERY_MAKE if topic.startswith(f"{device.prefix}/")]
    device = owners[0] if owners else DEVICE._replace(prefix=prefix_of(topic))
    try:
        samples = decode(topic, payload, RECEIVED_AT, device)
    except UnreadableMessage as refusal:
        reason = str(refusal)
        if not 0 < len(reason.encode()) < 400:  # it is stored and shown
            raise ValueError(f"a reason of {len(reason)} characters") from refusal
        return "refused"
    for sample in samples:
        check_soundness(sample)
    return "read" if samples else "nothing for us"


def test_a_flood_of_hostile_payloads_is_read_or_refused_within_a_second_each():
    outcomes = Counter()
    slowest = 0.0
    for number, (topic, payload) in enumerate(payloads(SEED, COUNT)):
        began = time.thread_time()
        try:
            outcomes[outcome_of(topic, payload)] += 1
        except Exception as fault:
            pytest.fail(f"payload {number} of seed {SEED} on {topic}: {fault!r}: {payload[:200]!r}")
        slowest = max(slowest, time.thread_time() - began)
    print(f"{COUNT} payloads, seed {SEED}: {dict(outcomes)}, the slowest {slowest * 1000:.0f} ms")

    assert slowest < LONGEST_SECONDS
    assert outcomes.total() == COUNT
    assert min(outcomes.values()) > COUNT / 100, "a flood of one kind proves nothing"
