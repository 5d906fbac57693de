"""The site as an application: what the browser is told, and that nothing of a person is in what it keeps."""

from __future__ import annotations

import json
import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

from cercollettiva.users.models import CustomUser
from tests.integration.core.scene import make_user

pytestmark = pytest.mark.django_db


def signed_in(user: CustomUser) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def test_the_manifest_makes_it_installable():
    answer = Client().get("/manifest.webmanifest")
    manifest = answer.json()

    assert answer["Content-Type"] == "application/manifest+json"
    assert (manifest["display"], manifest["start_url"], manifest["scope"]) == ("standalone", "/dashboard/", "/")
    sizes = {icon["purpose"]: icon["sizes"] for icon in manifest["icons"]}
    assert sizes == {"any": "512x512", "maskable": "512x512"}
    for icon in manifest["icons"]:
        with Image.open(finders.find(icon["src"].removeprefix("/static/"))) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
    assert '<link rel="manifest" href="/manifest.webmanifest">' in Client().get("/").content.decode()


def test_the_worker_keeps_the_offline_page_and_what_it_is_made_of_alone():
    answer = Client().get("/sw.js")
    code = answer.content.decode()
    shell = json.loads(re.search(r"const SHELL = (\[.*?\]);", code)[1])

    assert answer["Content-Type"].startswith("text/javascript")
    assert "no-cache" in answer["Cache-Control"]
    assert shell[0] == "/offline/"
    assert all(address.startswith("/static/web/") for address in shell[1:])
    for address in shell:
        assert address == "/offline/" or finders.find(address.removeprefix("/static/")), address
    assert code.count(".addAll(") == 1
    assert ".put(" not in code  # no answer of the site is written down as it passes


def test_what_is_kept_is_the_same_for_everybody():
    anna = signed_in(make_user("anna", last_name="Riconoscibile"))

    for address in ("/offline/", "/sw.js", "/manifest.webmanifest"):
        theirs, nobodys = anna.get(address), Client().get(address)
        assert theirs.content == nobodys.content
        assert b"data-person" not in theirs.content
        assert "Set-Cookie" not in nobodys


def test_a_page_says_whose_it_is_so_that_a_snapshot_of_another_is_wiped():
    user = make_user("anna")

    assert f'data-person="{user.pk}"' in signed_in(user).get("/dashboard/").content.decode()
    assert 'data-person=""' in Client().get("/users/login/").content.decode()


def test_the_language_is_chosen_at_the_end_of_a_page_and_stays_chosen():
    client = Client(headers={"accept-language": "it"})

    assert '<footer class="footer">' in client.get("/").content.decode()
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "/"})

    cookie = next(cookie for name, cookie in answer.cookies.items() if "language" in name)
    assert int(cookie["max-age"]) > 300 * 24 * 3600
    assert '<html lang="en">' in client.get("/").content.decode()
    assert "Language" in client.get("/").content.decode()
