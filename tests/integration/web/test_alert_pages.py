"""The pages of alerts: who finds which, what a manager does there, and of what one wants to be told."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cercollettiva.monitoring import life
from cercollettiva.monitoring.models import Alert, AlertPreferences, AlertState, PushSubscription
from cercollettiva.monitoring.operations import PLATFORM, close, open_alert
from cercollettiva.monitoring.push import application_key
from cercollettiva.web import navigation
from tests.integration.core.scene import make_device, make_populated_community, make_user
from tests.integration.web.hostile import HOSTILE

pytestmark = pytest.mark.django_db

DETAILS = {"device": "shellypro3em-000041", "since": "01/06/2026 14:00", "period": "1 min"}


@pytest.fixture
def place():
    return make_populated_community("A")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def silent(place) -> Alert:
    alert = open_alert(place.device, "silent", at=timezone.now() - timedelta(hours=2), details=DETAILS)
    assert alert is not None
    return alert


def test_the_list_has_the_gravest_first_and_filters_by_state_and_kind(place):
    open_alert(place.plant, "production-low", "Ieri poco.", at=timezone.now())
    alert = silent(place)
    technician = signed_in(place.technician)

    page = technician.get("/avvisi/").content.decode()
    assert "2 avvisi" in page
    assert page.index("Misuratore muto</b>") < page.index("Produzione sotto l’attesa</b>")
    assert "Misuratore muto</b>" not in technician.get("/avvisi/?genere=production-low").content.decode()

    close(alert, at=timezone.now())
    assert "Misuratore muto</b>" not in technician.get("/avvisi/").content.decode()
    assert "Misuratore muto</b>" in technician.get("/avvisi/?stato=risolti").content.decode()
    assert "Nessun avviso così" in technician.get("/avvisi/?stato=rimandati&pagina=9").content.decode()
    assert technician.get("/avvisi/?stato=%00&genere=x").status_code == 200


def test_a_member_reads_the_alerts_of_their_own_plant_and_changes_none(place):
    other, alert = make_populated_community("B"), silent(place)
    member, stranger = signed_in(place.member), signed_in(other.member)

    page = member.get(f"/avvisi/{alert.pk}/").content.decode()

    assert "Causa probabile" in page
    assert "Me ne occupo io" not in page
    assert member.post(f"/avvisi/{alert.pk}/", {"action": "acknowledge"}).status_code == 404
    assert stranger.get(f"/avvisi/{alert.pk}/").status_code == 404
    assert "Misuratore muto</b>" not in stranger.get("/avvisi/").content.decode()
    alert.refresh_from_db()
    assert alert.state == AlertState.OPEN


def test_a_technician_takes_an_alert_puts_it_off_and_finds_who_did_what(place):
    alert, technician = silent(place), signed_in(place.technician)
    address = f"/avvisi/{alert.pk}/"

    technician.post(address, {"action": "acknowledge", "note": HOSTILE["script"]})
    again = technician.post(address, {"action": "acknowledge"}, follow=True).content.decode()
    technician.post(address, {"action": "snooze", "days": "3"})
    page = technician.get(address).content.decode()

    assert "Qualcuno ha fatto prima di te" in again
    alert.refresh_from_db()
    assert alert.state == AlertState.SNOOZED
    assert alert.snoozed_until is not None
    assert timedelta(days=2) < alert.snoozed_until - timezone.now() < timedelta(days=4)
    assert "technician-a" in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_what_data_closes_stays_and_the_rest_is_closed_with_a_note(place):
    alert, technician = silent(place), signed_in(place.technician)
    replaced = open_alert(place.device, "replaced", "Sotto il prefisso parla un altro.", at=timezone.now())
    assert replaced is not None

    said = technician.post(f"/avvisi/{alert.pk}/", {"action": "resolve"}, follow=True).content.decode()
    technician.post(f"/avvisi/{replaced.pk}/", {"action": "resolve", "note": "registrato"})

    assert "si chiude da solo" in said
    assert set(Alert.objects.values_list("kind", "state")) == {("silent", "OPEN"), ("replaced", "RESOLVED")}
    assert replaced.events.last().note == "registrato"
    for nonsense in ({}, {"action": "x"}, {"action": "snooze", "days": "400"}, {"action": "snooze", "days": "x"}):
        assert technician.post(f"/avvisi/{alert.pk}/", nonsense).status_code == 400


def test_what_stops_the_platform_is_read_by_managers_and_taken_by_staff(place):
    alert = open_alert(PLATFORM, "broker-down", at=timezone.now(), details={"since": "oggi", "count": "3"})
    assert alert is not None
    admin = signed_in(place.technician)

    assert "tutta la piattaforma" in admin.get(f"/avvisi/{alert.pk}/").content.decode()
    assert admin.post(f"/avvisi/{alert.pk}/", {"action": "acknowledge"}).status_code == 404
    assert signed_in(place.member).get(f"/avvisi/{alert.pk}/").status_code == 404


def test_an_alert_is_read_in_english_by_who_reads_english(place):
    alert, technician = silent(place), signed_in(place.technician)

    page = technician.get(f"/avvisi/{alert.pk}/", headers={"accept-language": "en"}).content.decode()

    assert "has sent no energy since 01/06/2026 14:00" in page
    assert "Probable cause" in page


def test_preferences_are_kept_and_half_a_quiet_time_is_refused(place):
    member = signed_in(place.member)
    given = {"language": "en", "digest_at": "09:30", "quiet_from": "22:00", "quiet_to": "07:00", "kind-silent": "NEVER"}

    refused = member.post("/avvisi/preferenze/", {**given, "quiet_to": ""}).content.decode()
    wrong = member.post("/avvisi/preferenze/", {**given, "kind-silent": "SOMETIMES"}).content.decode()
    assert not AlertPreferences.objects.exists()
    member.post("/avvisi/preferenze/", given)
    member.post("/avvisi/preferenze/", given)

    kept = AlertPreferences.objects.get()
    assert "Scrivi tutte e due le ore" in refused
    assert "aria-invalid" in wrong
    assert (kept.user, kept.language, kept.digest_at, kept.quiet_from) == (place.member, "en", time(9, 30), time(22))
    assert (kept.recovery, kept.choices) == (False, {"silent": "NEVER"})
    assert "Broker MQTT" not in member.get("/avvisi/preferenze/").content.decode()


def test_the_list_costs_the_same_queries_whatever_its_length(place):
    technician = signed_in(place.technician)
    silent(place)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            technician.get("/avvisi/")
        return len(asked)

    queries()
    few = queries()
    for number in range(100, 110):
        open_alert(make_device(number, plant=place.plant), "silent", at=timezone.now(), details=DETAILS)

    assert queries() == few


def test_the_navigation_counts_what_waits_and_what_one_may_see(place):
    other = make_populated_community("B")
    silent(place)
    open_alert(place.plant, "production-low", "Ieri poco.", at=timezone.now())
    taken = open_alert(place.plant, "site-down", at=timezone.now())
    assert taken is not None
    life.acknowledge(taken, by=place.technician, at=timezone.now())

    def badges(user) -> list[str]:
        page = signed_in(user).get("/plants/").content.decode()
        return re.findall(r'<b class="badge">(.*?)<', page)

    assert badges(place.technician) == ["2", "2"]  # in the list of entries, and on a phone beside the menu
    assert badges(place.member) == ["2", "2"]
    assert badges(other.technician) == badges(other.member) == []


def test_a_badge_says_no_more_than_a_hundred_and_costs_one_query(place, monkeypatch):
    technician = signed_in(place.technician)

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as asked:
            page = technician.get("/users/profile/").content.decode()
        assert page
        return [one["sql"] for one in asked if "monitoring_alert" in one["sql"]]

    queries()
    for number in range(100, 104):
        open_alert(make_device(number, plant=place.plant), "silent", at=timezone.now(), details=DETAILS)
    assert len(queries()) == 1

    monkeypatch.setattr(navigation, "_waiting_alerts", lambda user: navigation.MOST_COUNTED)
    assert '<b class="badge">99+</b>' in technician.get("/users/profile/").content.decode()


BROWSER = {"endpoint": "https://fcm.googleapis.com/fcm/send/abc", "p256dh": "B" + "A" * 86, "auth": "A" * 22}


def test_devices_are_offered_where_there_is_a_key_and_staff_is_told_why_not(place, settings):
    member, staff = signed_in(place.member), signed_in(make_user("staff", is_staff=True))

    assert "data-push" not in member.get("/avvisi/preferenze/").content.decode()
    assert "VAPID_PRIVATE_KEY" not in member.get("/avvisi/preferenze/").content.decode()
    assert "VAPID_PRIVATE_KEY" in staff.get("/avvisi/preferenze/").content.decode()
    assert member.post("/avvisi/dispositivi/", BROWSER).status_code == 404

    settings.VAPID_PRIVATE_KEY = secrets.token_bytes(32)
    assert f'data-push="{application_key()}"' in member.get("/avvisi/preferenze/").content.decode()
    assert len(application_key()) == 87


def test_a_person_adds_this_device_finds_it_in_the_list_and_takes_it_away(place, settings):
    settings.VAPID_PRIVATE_KEY = secrets.token_bytes(32)
    member, stranger = signed_in(place.member), signed_in(place.admin)
    agent = {"user-agent": "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"}

    assert member.post("/avvisi/dispositivi/", BROWSER, headers=agent).status_code == 201
    assert member.post("/avvisi/dispositivi/", BROWSER, headers=agent).status_code == 200
    refused = member.post("/avvisi/dispositivi/", {**BROWSER, "endpoint": "https://10.0.0.1/x"})
    kept = PushSubscription.objects.get()
    page = member.get("/avvisi/preferenze/").content.decode()

    assert refused.status_code == 400
    assert "non possiamo usare" in refused.json()["error"]
    assert "Firefox su Android" in page
    assert hashlib.sha256(BROWSER["endpoint"].encode()).hexdigest() in page
    assert BROWSER["endpoint"] not in page
    assert "Firefox su Android" not in stranger.get("/avvisi/preferenze/").content.decode()
    assert stranger.post(f"/avvisi/dispositivi/{kept.pk}/togli/").status_code == 404
    member.post(f"/avvisi/dispositivi/{kept.pk}/togli/")
    assert not PushSubscription.objects.exists()
