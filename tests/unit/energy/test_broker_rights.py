"""What a user of the broker may say and hear, and what verifies its secret."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.energy.broker import verifiers
from cercollettiva.energy.broker.topics import (
    INGESTORS,
    Permissions,
    Speaker,
    covers,
    is_reserved,
    meet,
    permissions_of_devices,
    permissions_of_services,
)
from cercollettiva.energy.device_types import GEN1, STATUS, TASMOTA


def shelly(name: str, prefix: str = "") -> Speaker:
    return Speaker(name, prefix or f"cercollettiva/IT001E12345678/{name}", STATUS, "Shelly")


def rights(*devices: Speaker) -> dict[str, Permissions]:
    return {one.username: one for one in permissions_of_devices(devices)[0]}


def test_a_secret_has_32_random_bytes_and_only_its_verifier_knows_it():
    secrets = {verifiers.new_secret() for _ in range(1000)}
    secret = secrets.pop()
    made = verifiers.verifier_of(secret)

    assert len(secrets) == 999
    assert min(len(base64.urlsafe_b64decode(one + "=")) for one in secrets) == 32
    assert verifiers.verifies(made, secret)
    assert not verifiers.verifies(made, secret[:-1])
    assert secret not in made
    assert made != verifiers.verifier_of(secret)  # the salt is new


def test_a_verifier_is_what_mosquitto_computes():
    _, kind, count, salt, wanted = verifiers.verifier_of("secret").split("$")

    made = hashlib.pbkdf2_hmac("sha512", b"secret", base64.b64decode(salt), int(count))
    assert (kind, int(count) >= 1000, len(base64.b64decode(salt))) == ("7", True, 12)
    assert base64.b64encode(made).decode() == wanted


@pytest.mark.parametrize(
    "broken", ["", "$7$", "$6$1$a$b", "$7$x$YQ==$YQ==", "$7$0$YQ==$YQ==", "$7$9999999999$YQ==$YQ==", "$7$1$é$b"]
)
def test_a_verifier_that_cannot_be_read_lets_nobody_in(broken):
    assert not verifiers.verifies(broken, "secret")
    assert not verifiers.verifies(verifiers.verifier_of("secret"), "\ud800")


def test_the_secret_of_a_service_is_the_same_everywhere_and_another_for_each(settings):
    first, second = (verifiers.service_secret(name) for name in INGESTORS[:2])

    assert first == verifiers.service_secret(INGESTORS[0])
    assert first != second
    assert len(base64.urlsafe_b64decode(first + "=")) == 32
    assert verifiers.service_verifier("ingest-1", first) == verifiers.service_verifier("ingest-1", first)
    settings.SECRET_KEY = "another" * 10
    assert verifiers.service_secret(INGESTORS[0]) != first


def test_a_device_writes_under_its_prefix_and_hears_what_is_asked_of_it():
    a = rights(shelly("a"), shelly("b"))["a"]

    assert a.may_publish("cercollettiva/IT001E12345678/a/status/em:0")
    assert a.may_publish("heal/a/rpc")
    assert a.may_subscribe("cercollettiva/IT001E12345678/a/rpc")
    for topic in ("cercollettiva/IT001E12345678/b/rpc", "heal/b/rpc", "cercollettiva/ingest/ingest-1/marker", "$SYS/x"):
        assert not a.may_publish(topic)
    for topic in (
        "#",
        "+/+/+/rpc",
        "$SYS/#",
        "$share/x/#",
        "$share",
        "cercollettiva/IT001E12345678/b/rpc",
        "heal/#",
        "",
    ):
        assert not a.may_subscribe(topic)


def test_only_the_rpc_user_asks_and_only_listed_shellys():
    services = {one.username: one for one in permissions_of_services([shelly("a"), Speaker("t", "tele/t", TASMOTA)])}

    assert services["rpc"].write == ["cercollettiva/IT001E12345678/a/rpc"]
    assert services["rpc"].read == ["heal/+/rpc"]
    assert services["ingest-1"].may_subscribe("#")
    assert services["ingest-1"].may_subscribe("$share/ingest/#")
    assert not services["ingest-1"].may_publish("cercollettiva/IT001E12345678/a/rpc")
    assert not services["ingest-1"].may_subscribe("$SYS/#")


def test_the_fixed_topics_of_a_make_are_its_own():
    found = rights(
        Speaker("shellyem3-1", "cer/x/shellyem3-1", GEN1, "Shelly"),
        Speaker("plug", "tele/cercollettiva/IT001E12345678/plug", TASMOTA),
    )

    assert found["shellyem3-1"].may_publish("shellies/shellyem3-1/emeter/0/power")
    assert found["plug"].may_publish("stat/cercollettiva/IT001E12345678/plug/RESULT")
    assert found["plug"].may_subscribe("cmnd/cercollettiva/IT001E12345678/plug/#")
    assert not found["plug"].may_publish("cmnd/cercollettiva/IT001E12345678/plug/POWER")


def test_a_fixed_topic_that_is_anothers_prefix_stays_the_others():
    found = rights(Speaker("x", "shellies/y", GEN1, "Shelly"), Speaker("y", "shellies/z", GEN1, "Shelly"))

    assert found["y"].write == ["shellies/z/#", "heal/y/rpc", "shellies/announce"]


def test_an_outer_prefix_does_not_reach_into_an_inner_one():
    found = rights(shelly("outer", "site"), shelly("inner", "site/inner"), shelly("top", "cercollettiva"))

    assert found["outer"].may_publish("site/other/status")
    assert not found["outer"].may_publish("site/inner/status/em:0")
    assert found["inner"].may_publish("site/inner/status/em:0")
    assert not found["top"].may_publish("cercollettiva/ingest/ingest-1/marker")


@pytest.mark.parametrize(
    "device",
    [
        shelly("ingest-1"),
        shelly("RPC"),
        shelly("a", "heal/b"),
        shelly("a", "cercollettiva/ingest"),
        shelly("a", "shellies/announce"),
        shelly("a", "cercollettiva/ingest/ingest-1"),
        shelly("a", "cercollettiva/IT001E12345678/b/rpc"),
        shelly("a", "cercollettiva/IT001E12345678/b/command"),
        shelly("a", "a\u2028b"),
        shelly("a", "a\x00b"),
        shelly("a", "a\ntopic read #"),
        shelly("a", "$SYS"),
    ],
)
def test_what_would_be_a_door_gives_no_right(device):
    permissions, refused = permissions_of_devices([device, shelly("b")])

    assert [one.username for one in permissions] == ["b"]
    assert [one.device_id for one in refused] == [device.device_id]
    assert is_reserved(device.device_id) == (device.device_id != "a")


LEVELS = st.lists(st.sampled_from(["a", "b", "rpc"]), min_size=1, max_size=4)


@given(st.lists(LEVELS, min_size=2, max_size=6, unique_by=tuple), LEVELS)
def test_no_topic_belongs_to_two_devices(prefixes, topic):
    """Whatever the prefixes, one topic is written by one device at the most."""
    devices = [shelly(f"d{number}", "/".join(levels)) for number, levels in enumerate(prefixes)]

    writers = [one.username for one in permissions_of_devices(devices)[0] if one.may_publish("/".join(topic))]

    assert len(writers) <= 1


FILTER = st.lists(st.sampled_from(["a", "b", "+"]), min_size=1, max_size=3).flatmap(
    lambda levels: st.sampled_from(["/".join(levels), "/".join([*levels, "#"]), "#"])
)


@given(FILTER, FILTER, st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4))
def test_covering_and_meeting_agree_with_every_topic(granted, asked, levels):
    topic = "/".join(levels)
    if covers(granted, asked) and covers(asked, topic):
        assert covers(granted, topic)
    if covers(granted, topic) and covers(asked, topic):
        assert meet(granted, asked)
