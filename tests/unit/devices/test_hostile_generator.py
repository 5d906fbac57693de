"""The generator of hostile payloads itself: the same for the same seed, and not only rubbish."""

from itertools import islice

from tests.support.hostile import METERS, payloads


def test_a_seed_always_gives_the_same_payloads():
    once = list(payloads(7, 3000))

    assert list(payloads(7, 3000)) == once
    assert list(islice(payloads(7, 5000), 3000)) == once
    assert list(payloads(8, 3000)) != once


def test_every_device_speaks_and_most_payloads_are_of_a_usual_size():
    messages = list(payloads(1, 3000))

    for meter in METERS:
        assert sum(topic.startswith(meter.prefix) for topic, _ in messages) > 100
    assert sum(len(payload) for _, payload in messages) / len(messages) < 4000
    assert any(len(payload) > 65_536 for _, payload in messages)
