"""The first start: with the token of the console, on an empty database, once."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from cercollettiva.core.first_start import token_for_a_start
from cercollettiva.core.models import CERConfiguration, Organisation
from cercollettiva.users.models import CustomUser, SetupToken
from tests.support.processes import accepts_connections, free_port, python, wait_until
from tests.support.services import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ASKED = {
    "first_name": "Elena",
    "last_name": "Brandi",
    "email": "elena@example.it",
    "password": "quattro parole messe a caso",
    "organisation": "Comunità di Pieve Alta APS",
    "legal_form": "ASSOCIATION",
    "community": "Pieve Alta",
    "primary_substation": "ac001e00001",
}


@pytest.fixture
def token(capsys) -> str:
    call_command("setup_token")
    return capsys.readouterr().out.split()[-1]


def test_whoever_reads_the_console_makes_the_first_person_and_community(token):
    client = Client()

    answer = client.post("/setup/", {**ASKED, "token": token})

    user = CustomUser.objects.get()
    community = CERConfiguration.objects.get()
    assert answer.status_code == 302
    assert answer["Location"].startswith("/users/second_factor/")
    assert (user.is_staff, user.is_superuser) == (True, True)
    assert (community.name, community.primary_substation) == ("Pieve Alta", "AC001E00001")
    assert Organisation.objects.get() == community.organisation
    assert user.memberships.get().role == "ADMIN"
    assert client.get("/dashboard/").status_code == 200
    assert client.get("/setup/").status_code == 404


def test_without_the_right_token_nothing_is_made(token):
    for wrong in ("", "x", token[:-1]):
        assert Client().post("/setup/", {**ASKED, "token": wrong}).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert Client().post("/setup/", {**ASKED, "token": token}).status_code == 200

    assert not CustomUser.objects.exists()
    assert not CERConfiguration.objects.exists()


def test_a_weak_password_is_refused_here_too(token):
    page = Client().post("/setup/", {**ASKED, "token": token, "password": "elenabrandi1"})

    assert "simile" in page.content.decode()
    assert not CustomUser.objects.exists()


def test_the_newest_token_is_the_only_one(token, capsys):
    call_command("setup_token")

    assert Client().post("/setup/", {**ASKED, "token": token}).status_code == 200
    assert Client().post("/setup/", {**ASKED, "token": capsys.readouterr().out.split()[-1]}).status_code == 302


def test_the_door_stays_shut_though_everything_were_deleted(token):
    Client().post("/setup/", {**ASKED, "token": token})
    community = CERConfiguration.objects.get()
    community.memberships.all().delete()
    community.delete()
    CustomUser.objects.all().delete()

    assert Client().get("/setup/").status_code == 404
    with pytest.raises(CommandError):
        call_command("setup_token")


def test_the_token_is_not_in_the_database(token):
    assert token not in str(SetupToken.objects.values().get())


def test_a_database_with_somebody_in_it_has_no_such_page_and_no_token():
    CustomUser.objects.create_user("anna@example.it")

    assert Client().get("/setup/").status_code == 404
    with pytest.raises(CommandError):
        call_command("setup_token")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "server",
    [
        ["uvicorn", "cercollettiva.asgi:application", "--workers", "2"],
        ["granian", "--interface", "wsgi", "cercollettiva.wsgi:application", "--workers", "2"],
    ],
    ids=lambda server: server[0],
)
def test_a_server_that_starts_on_an_empty_database_prints_one_token_for_all_its_workers(server, database_url):
    port = free_port()
    env = {"DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}
    child = python("-m", *server, "--port", str(port), name=server[0], env=env)
    child.answers = lambda: accepts_connections(port) and child.has_written("/setup/")
    with child:
        assert not wait_until(lambda: child.log_tail().count("/setup/") > 1, within=1)
        lines = child.log_tail().splitlines()
    token = next(after for line, after in pairwise(lines) if "/setup/" in line).strip()

    assert Client().post("/setup/", {**ASKED, "token": token}).status_code == 302


def test_a_server_that_starts_again_prints_another_token_and_the_first_stays_good(token):
    now = timezone.now()

    assert token_for_a_start(now) is None  # the token of the command was made a moment ago
    assert token_for_a_start(now + timedelta(minutes=5)) is not None

    assert Client().post("/setup/", {**ASKED, "token": token}).status_code == 302
    assert token_for_a_start(now + timedelta(minutes=10)) is None
