"""What the hub reads, and in how many queries."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from cercollettiva.core.models import CERMembership
from cercollettiva.energy.models import ChannelRole, DevicePlacement, DeviceState, Role
from cercollettiva.live.access import Access, Watcher, may_watch
from cercollettiva.live.feed import LOOK_BACK, Feed
from cercollettiva.live.topics import Kind, Topic
from tests.integration.core.scene import LONG_AGO, NOW, join, make_device, make_plant, make_scene, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SECOND = 1_000_000_000  # of a sequence
SEQ = int(NOW.timestamp()) * SECOND


@pytest.fixture
def scene():
    return make_scene()


def plant(community):
    return Topic(Kind.PLANT, community.plant.pk)


def cer(community):
    return Topic(Kind.COMMUNITY, community.cer.pk)


def commit(device, seq, **fields):
    given = {"power_at": NOW, "last_seen": NOW, **fields}
    DeviceState.objects.update_or_create(device=device, defaults={"seq": seq, **given})


def test_a_meter_moves_its_plant_and_its_community(scene):
    feed, watched = Feed(), frozenset([plant(scene.a), cer(scene.a), plant(scene.b)])
    feed.changed(watched, NOW)

    commit(scene.a.device, SEQ)

    assert feed.changed(watched, NOW) == {plant(scene.a), cer(scene.a)}
    assert feed.changed(watched, NOW) == set()


def test_only_what_is_watched_is_said_to_move(scene):
    feed, watched = Feed(), frozenset([cer(scene.b)])
    feed.changed(watched, NOW)

    commit(scene.a.device, SEQ)
    commit(scene.b.device, SEQ)

    assert feed.changed(watched, NOW) == {cer(scene.b)}


def test_a_lower_sequence_that_is_committed_after_a_higher_one_is_found(scene):
    feed, watched = Feed(), frozenset([plant(scene.a), plant(scene.b)])
    feed.changed(watched, NOW)
    commit(scene.a.device, SEQ + 4 * SECOND)
    feed.changed(watched, NOW)

    commit(scene.b.device, SEQ)

    assert LOOK_BACK == 5 * SECOND
    assert feed.changed(watched, NOW) == {plant(scene.b)}


def test_an_ingestor_whose_clock_is_an_hour_behind_is_heard_within_five_seconds(scene):
    feed, watched = Feed(), frozenset([plant(scene.a), plant(scene.b)])
    commit(scene.a.device, SEQ)
    feed.changed(watched, NOW)

    commit(scene.b.device, SEQ - 3600 * SECOND)

    assert feed.changed(watched, NOW) == set()
    assert feed.changed(watched, NOW + timedelta(seconds=5)) == {plant(scene.b)}


def test_a_meter_that_was_moved_moves_its_new_plant(scene):
    feed, watched = Feed(), frozenset([plant(scene.a), plant(scene.b)])
    feed.changed(watched, NOW)
    scene.a.device.placements.get().end(at=NOW)
    DevicePlacement.objects.create(device=scene.a.device, plant=scene.b.plant, active_from=NOW)

    commit(scene.a.device, SEQ)

    assert feed.changed(watched, NOW + timedelta(seconds=5)) == {plant(scene.b)}


def test_a_turn_is_one_query_and_the_frames_of_any_number_of_topics_are_eight(scene, django_assert_num_queries):
    feed = Feed()
    others = [make_plant(number, cer_configuration=scene.a.cer) for number in range(1, 6)]
    for number, one in enumerate(others, start=1):
        device = make_device(number, plant=one)
        ChannelRole.objects.create(
            placement=device.placements.get(), role=Role.EXCHANGE, component="em:0", active_from=LONG_AGO
        )
        commit(device, SEQ, exchange_power=100.0)
    managed = Topic(Kind.MANAGED, scene.a.cer.pk)
    topics = frozenset([cer(scene.a), managed, cer(scene.b), *(Topic(Kind.PLANT, one.pk) for one in others)])

    with django_assert_num_queries(1):
        assert len(feed.changed(topics, NOW)) == 7
    with django_assert_num_queries(1):
        feed.changed(topics, NOW)
    with django_assert_num_queries(8):
        bodies = feed.bodies(topics, NOW)
    with django_assert_num_queries(6):
        assert feed.bodies(topics, NOW + timedelta(seconds=9)) == bodies

    assert set(bodies) == topics
    assert json.loads(bodies[managed])["consumer_power"] == 0.5
    assert json.loads(bodies[cer(scene.a)])["consumer_power"] is None  # one person is behind it


def test_a_frame_of_a_plant_that_has_nothing_says_that_nothing_is_known():
    empty = Topic(Kind.PLANT, make_plant(1).pk)

    frame = json.loads(Feed().bodies([empty], NOW)[empty])

    assert (frame["timestamp"], frame["power"], frame["energy_today"], frame["devices"]) == (None, None, None, [])


# ---- who may look


def watcher(client, user, topic):
    client.force_login(user)
    return Watcher(user.pk, client.session.session_key, user.get_session_auth_hash(), topic)


@pytest.mark.parametrize("viewer", ["member", "technician", "admin", "staff", "other member", "admin of B", "stranger"])
def test_asking_for_all_together_says_what_asking_for_each_says(scene, client, viewer):
    user = scene.viewers[viewer]
    topics = [plant(scene.a), cer(scene.a), Topic(Kind.MANAGED, scene.a.cer.pk), plant(scene.b), cer(scene.b)]
    everybody = {watcher(client, user, topic) for topic in topics}
    session = client.session.session_key
    everybody = {one._replace(session=session) for one in everybody}

    allowed = Access().still_allowed(everybody, NOW)

    assert {one.topic for one in allowed} == {topic for topic in topics if may_watch(user, topic, NOW)}


def test_a_session_of_somebody_else_is_no_session_of_mine(scene, client):
    mine = watcher(client, scene.a.member, cer(scene.a))

    assert Access().still_allowed([mine], NOW) == {mine}
    assert Access().still_allowed([mine._replace(session="invented")], NOW) == set()
    assert Access().still_allowed([mine._replace(session_hash="of an old password")], NOW) == set()


def test_the_right_of_any_number_of_people_is_asked_in_three_queries(scene, client, django_assert_num_queries):
    people = [make_user(f"member-{number}") for number in range(12)]
    for person in people:
        join(person, scene.a.cer)
    scene.a.plant.owner = people[0]
    scene.a.plant.save()
    everybody = [watcher(client, person, topic) for person in people for topic in (cer(scene.a), plant(scene.a))]

    with django_assert_num_queries(3):
        allowed = Access().still_allowed([one._replace(session=everybody[-1].session) for one in everybody], NOW)

    assert len(allowed) == 13


def test_more_questions_than_one_query_holds_are_asked_in_two(scene, client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("cercollettiva.live.access.QUESTIONS_PER_QUERY", 2)
    everybody = [watcher(client, user, cer(scene.a)) for user in (scene.a.member, scene.a.admin, scene.a.technician)]
    everybody = [one._replace(session=everybody[-1].session) for one in everybody]

    with django_assert_num_queries(4):
        assert Access().still_allowed(everybody, NOW) == set(everybody)


def test_what_was_asked_before_is_answered_anew(scene, client):
    access = Access()
    one = watcher(client, scene.a.technician, plant(scene.a))
    assert access.still_allowed([one], NOW) == {one}

    CERMembership.objects.filter(user=scene.a.technician).update(active_to=timezone.now())

    assert access.still_allowed([one], NOW) == set()


def test_a_member_of_staff_who_is_staff_no_longer_sees_no_more_than_others(scene, client):
    access = Access()
    staff = scene.viewers["staff"]
    one = watcher(client, staff, plant(scene.a))
    assert access.still_allowed([one], NOW) == {one}

    staff.is_staff = False
    staff.save()

    assert access.still_allowed([one], NOW) == set()
