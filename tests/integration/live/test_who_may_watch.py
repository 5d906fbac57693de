"""Who gets a socket, and when it is taken away again."""

from __future__ import annotations

import time
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cercollettiva.core.models import CERMembership, MemberRole
from tests.integration.core.scene import join, make_community, make_user
from tests.integration.live.browser import close_code, cookie_of, frames_during, next_frame, open_socket, say, watching

CLOSED_WITHIN = 5


def conversation(port, path, cookie):
    """All that the server says, and how it ends."""
    with open_socket(port, path, cookie) as socket:
        said = []
        while True:
            try:
                said.append(socket.recv(timeout=5))
            except ConnectionClosed as closed:
                return said, closed.rcvd


def test_a_page_of_another_site_or_of_none_opens_nothing(port, scene):
    path, cookie = f"/ws/plants/{scene.a.plant.pk}/", cookie_of(scene.a.member)

    for origin in ("https://evil.example", "http://localhost.evil.example", "null", "", None):
        with pytest.raises(InvalidStatus) as refused:
            open_socket(port, path, cookie, origin=origin)
        assert refused.value.response.status_code == HTTPStatus.FORBIDDEN

    with open_socket(port, path, cookie) as socket:
        assert next_frame(socket)["type"] == "power"


def test_who_is_not_signed_in_sees_nothing(port, scene):
    say(scene.a.device, 5.0)
    signed_out = cookie_of(scene.a.member)
    Session.objects.all().delete()

    for path in (f"/ws/plants/{scene.a.plant.pk}/", f"/ws/cer/{scene.a.cer.pk}/", "/ws/plants/999999/"):
        for cookie in ("", "sessionid=invented", signed_out):
            said, end = conversation(port, path, cookie)
            assert (said, end.code, end.reason) == ([], 4403, "")


def test_what_one_may_not_see_is_closed_like_what_does_not_exist(port, scene):
    say(scene.b.device, 5.0)
    addresses = [
        f"/ws/plants/{scene.b.plant.pk}/",
        f"/ws/cer/{scene.b.cer.pk}/",
        "/ws/plants/999999/",
        "/ws/plants/99999999999999999999999/",
        "/ws/cer/999999/",
        "/ws/cer/99999999999999999999999/",
        "/ws/devices/1/",
        "/",
    ]

    ends = [conversation(port, path, cookie_of(scene.a.admin)) for path in addresses]

    assert {(tuple(said), end.code, end.reason) for said, end in ends} == {((), 4404, "")}


def sign_out(user):
    for session in Session.objects.all():
        if session.get_decoded()["_auth_user_id"] == str(user.pk):
            session.delete()


def let_the_session_expire(user):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def end_the_membership(user):
    CERMembership.objects.get(user=user).leave(at=timezone.now())


def deactivate(user):
    user.is_active = False
    user.save(update_fields=["is_active"])


def change_the_password(user):
    user.set_password("un'altra password lunga")
    user.save(update_fields=["password"])


@pytest.mark.parametrize(
    "lose", [sign_out, let_the_session_expire, end_the_membership, deactivate, change_the_password]
)
def test_who_may_no_longer_look_is_closed_within_five_seconds(port, scene, lose):
    say(scene.a.device, 5.0)
    paths = [f"/ws/plants/{scene.a.plant.pk}/", f"/ws/cer/{scene.a.cer.pk}/"]
    with (
        watching(port, paths[0], scene.a.technician) as plant,
        watching(port, paths[1], scene.a.technician) as community,
    ):
        next_frame(plant), next_frame(community)
        began = time.monotonic()
        lose(scene.a.technician)

        codes = [close_code(plant, within=CLOSED_WITHIN), close_code(community, within=CLOSED_WITHIN)]

    assert codes == [4403, 4403]
    assert time.monotonic() - began < CLOSED_WITHIN


def test_those_who_may_still_look_stay(port, scene):
    path = f"/ws/cer/{scene.a.cer.pk}/"
    with watching(port, path, scene.a.member) as stays, watching(port, path, scene.a.technician) as goes:
        next_frame(stays), next_frame(goes)
        end_the_membership(scene.a.technician)
        assert close_code(goes, within=CLOSED_WITHIN) == 4403

        say(scene.a.device, 5.0)

        assert next_frame(stays)["plants_online"] == 1


def test_a_new_owner_sees_the_plant_and_the_old_one_no_longer(port, scene):
    heir = make_user("heir")
    join(heir, scene.a.cer)
    path = f"/ws/plants/{scene.a.plant.pk}/"
    with watching(port, path, scene.a.member) as old:
        next_frame(old)
        scene.a.plant.owner = heir
        scene.a.plant.save(update_fields=["owner"])

        assert close_code(old, within=CLOSED_WITHIN) == 4403
        with watching(port, path, heir) as new:
            assert next_frame(new)["type"] == "power"


def test_one_socket_shows_all_the_communities_of_a_desk_and_no_other(port, scene):
    desk = make_user("desk")
    join(desk, scene.a.cer, MemberRole.ADMIN)
    third = make_community("C")
    join(desk, third, MemberRole.ADMIN)

    with watching(port, "/ws/cer/", desk) as socket:
        told = {next_frame(socket)["id"] for _ in range(2)}
        more = frames_during(socket, 1.5)

    assert told == {scene.a.cer.pk, third.pk}
    assert scene.b.cer.pk not in {frame["id"] for frame in more}


def test_who_is_in_no_community_has_nothing_to_watch(port, scene):
    said, end = conversation(port, "/ws/cer/", cookie_of(make_user("nobody")))

    assert (said, end.code) == ([], 4404)
