"""The sockets ask for the second factor as the pages do."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.test import Client
from django.utils import timezone

from cercollettiva.users.models import CustomUser
from cercollettiva.users.second_factor import PROVEN
from tests.integration.live.browser import close_code, cookie_of, next_frame, open_socket, say, watching
from tests.integration.users.signing import add_app


def past_the_grace(user: CustomUser) -> None:
    CustomUser.objects.filter(pk=user.pk).update(second_factor_due_at=timezone.now() - timedelta(seconds=1))


def proven_cookie(user: CustomUser) -> str:
    client = Client()
    client.force_login(user)
    session = client.session
    session[PROVEN] = user.pk
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def test_an_administrator_past_the_grace_opens_nothing_and_a_member_does(port, scene):
    say(scene.a.device, 5.0)
    path = f"/ws/cer/{scene.a.cer.pk}/"
    for user in (scene.a.admin, scene.a.member):
        past_the_grace(user)

    with open_socket(port, path, cookie_of(scene.a.admin)) as refused, watching(port, path, scene.a.member) as open_:
        assert close_code(refused, within=5) == 4403
        assert next_frame(open_)["type"] == "cer_power"


def test_a_socket_is_closed_when_the_grace_runs_out_and_one_with_proof_stays(port, scene):
    say(scene.a.device, 5.0)
    path = f"/ws/cer/{scene.a.cer.pk}/"
    with watching(port, path, scene.a.admin) as goes, open_socket(port, path, proven_cookie(scene.a.admin)) as stays:
        next_frame(goes), next_frame(stays)
        past_the_grace(scene.a.admin)

        assert close_code(goes, within=5) == 4403
        say(scene.a.device, 7.0)
        assert next_frame(stays)["type"] == "cer_power"


def test_a_session_that_has_not_seen_the_factor_opens_nothing(port, scene):
    say(scene.a.device, 5.0)
    cookie = cookie_of(scene.a.admin)
    add_app(scene.a.admin)

    with open_socket(port, f"/ws/cer/{scene.a.cer.pk}/", cookie) as refused:
        assert close_code(refused, within=5) == 4403


def test_ending_all_sessions_closes_the_sockets_within_five_seconds(port, scene):
    say(scene.a.device, 5.0)
    client = Client()
    client.force_login(scene.a.member)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"
    from allauth.usersessions.models import UserSession

    UserSession.objects.create(
        user=scene.a.member, ip="127.0.0.1", session_key=client.session.session_key, user_agent="test"
    )
    with open_socket(port, f"/ws/cer/{scene.a.cer.pk}/", cookie) as socket:
        next_frame(socket)

        client.post("/users/sessions/end/")

        assert close_code(socket, within=5) == 4403
