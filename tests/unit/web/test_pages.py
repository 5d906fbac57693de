import html
import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.unit.web import pages

STATIC = Path(settings.PACKAGE_DIR) / "web/static/web"


def words_of(markup):
    text = re.sub(r"<(script|svg|style)\b.*?</\1>|<[^>]+>", " ", markup, flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_obeys_the_strict_content_policy(name):
    markup = pages.render(name)

    assert not re.search(r"<[^>]*\s(?:style|on\w+)=|<style|javascript:", markup)
    assert all("src=" in script or "application/json" in script for script in re.findall(r"<script[^>]*>", markup))
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", markup)


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_has_one_heading_and_unique_ids(name):
    markup = pages.render(name)
    ids = re.findall(r"\sid=\"([^\"]+)\"", markup)

    assert markup.count("<h1") == 1
    assert len(ids) == len(set(ids))
    assert '<html lang="it">' in markup


def test_the_dashboard_says_what_is_shared_and_what_is_measured():
    words = words_of(pages.render("dashboard"))

    assert "Adesso Pieve Alta condivide 61,70 kW ." in words
    assert "7 di 12 punti misurati · 62 soci" in words
    assert "22,50 kW alla rete" in words


def test_the_dashboard_adds_the_communities_up():
    markup = pages.render("dashboard-many")

    assert "Adesso le tue 3 comunità condividono 73,70 kW ." in words_of(markup)
    assert 'data-stale="late"' in markup  # the second one is two minutes old


def test_a_bar_is_as_wide_as_its_share_of_the_longest():
    markup = pages.render("dashboard")

    assert 'data-bar="injected" width="100.00%"' in markup
    assert 'data-bar="shared" width="73.28%"' in markup
    assert 'data-bar="export" x="73.28%" width="26.72%"' in markup


def test_a_plant_says_which_way_its_power_goes():
    assert "La Scuola Rodari produce 13,86 kW ." in words_of(pages.render("plant"))
    assert "La Scuola Rodari immette 1,86 kW ." in words_of(pages.render("plant-prosumer"))
    assert "La Scuola Rodari preleva 350 W ." in words_of(pages.render("plant-prosumer", power_w=350.0))


def test_an_old_figure_is_marked_before_any_script_runs():
    markup = pages.render("plant-prosumer")

    assert 'data-socket="/ws/plants/1/" data-stale="silent"' in markup
    assert "age--silent" in markup


def test_a_missing_quarter_is_a_dash_with_its_reason_and_null_for_the_chart():
    markup = pages.render("plant")

    assert "14:15–14:30 – dato mancante" in words_of(markup)
    assert re.search(r'"power_w": \[.*null\]', markup)


def test_a_pod_is_copied_without_spaces():
    markup = pages.render("plant")

    assert '<span class="pod"><span>IT</span><span>001</span><span>E</span><span>48210377</span></span>' in markup


def test_sign_in_errors_lead_to_their_fields():
    markup = pages.render("login-empty")

    assert '<a href="#id_password">' in markup
    assert re.search(r'<input id="id_password"[^>]*aria-invalid="true" aria-describedby="id_password_error"', markup)
    assert 'autocomplete="current-password"' in markup


def test_a_password_is_never_sent_back():
    assert "sbagliata" not in pages.render("login-refused")


def test_signing_out_is_a_post():
    assert '<form method="post" action="/users/logout/">' in pages.render("dashboard")
    assert "/users/logout/" not in pages.render("home")


def test_what_people_write_is_escaped():
    community = pages.COMMUNITY | {"name": "<b>Pieve & Alta</b>"}

    markup = pages.render("dashboard", communities=[community])

    assert "<b>Pieve" not in markup
    assert "&lt;b&gt;Pieve &amp; Alta&lt;/b&gt;" in markup


def test_both_dark_palettes_are_the_same():
    blocks = re.findall(r"color-scheme: dark;(.*?)\}", (STATIC / "tokens.css").read_text("utf8"), re.DOTALL)

    assert len(blocks) == 2
    assert blocks[0].split() == blocks[1].split()


def test_the_lock_file_names_no_registry():
    lock = (Path(settings.BASE_DIR) / "frontend/package-lock.json").read_text("utf8")

    assert "resolved" not in lock
    assert "://" not in lock
