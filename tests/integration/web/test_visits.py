"""A technician's round and the reports of visits: what is at risk, who is told what, and each report once."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cercollettiva.core.models import MemberRole, PlantType
from cercollettiva.domain.calendar import Span, range_of
from cercollettiva.energy.models import DeviceState
from cercollettiva.monitoring.at_risk import at_risk, costs_of
from cercollettiva.monitoring.models import Alert, AlertState, Severity, VisitReport
from cercollettiva.monitoring.models.visits import ReportIsPermanent
from cercollettiva.monitoring.operations import open_alert, resolve_alert
from cercollettiva.monitoring.rounds import round_of
from cercollettiva.monitoring.telling import tell
from cercollettiva.settlement.models import MemberPart, SettlementRun
from cercollettiva.users.models import AuditLine
from tests.integration.core.scene import join, make_device, make_plant, make_populated_community, make_user
from tests.integration.energy.totals import KWH, a_total, write_totals
from tests.support.mailbox import delivered

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
JSON = {"accept": "application/json"}


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def side(now):
    return make_populated_community("A")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def measured(plant, start: datetime, hours: int, **energies: int) -> None:
    write_totals(*(a_total(plant, Span.HOUR, start + n * HOUR, **energies) for n in range(hours)))


def silent_since(plant, device, now, *, hours: int = 10, **energies: int) -> datetime:
    """Ten days of an hour like the other, then nothing for some whole hours; the alert stands from then on."""
    since = range_of(Span.HOUR, now - timedelta(minutes=20)).start - hours * HOUR
    measured(plant, since - 240 * HOUR, 240, **energies)
    open_alert(device, "silent", "Tace.", at=since)
    return since


def estimated(side, now, *, owner=None, plant=None, **figures: object) -> SettlementRun:
    """The last month that was estimated."""
    month = range_of(Span.MONTH, now)
    given = {"community": side.cer, "start": month.start - timedelta(days=28), "end": month.start, "inputs_hash": "x"}
    return SettlementRun.objects.create(**given, **figures)


def a_report(side, **given: object) -> dict[str, object]:
    return {
        "key": str(uuid.uuid4()),
        "plant": side.plant.pk,
        "device": side.device.pk,
        "visited_at": (timezone.now() - HOUR).isoformat(),
        "found": "Il router era spento.",
        "done": "Acceso.",
        "data_returned": "YES",
        "kinds": ["silent"],
        "steps": ["silent:0", "silent:2", "silent:99", "boh:0", "silent:x"],
        **given,
    }


# --- What is at risk ---


def test_energy_at_risk_is_what_the_plant_usually_has_and_what_was_not_measured(side, now):
    side.plant.plant_type = PlantType.PRODUCER
    side.plant.save()
    silent_since(side.plant, side.device, now, energy_in=0, energy_out=2 * KWH)

    [stop] = round_of(side.technician, now).stops

    assert (stop.risk.usual_day_mwh, stop.risk.lost_mwh, stop.risk.is_silent) == (48 * KWH, 20 * KWH, True)
    assert (stop.risk.usual_day_cents, stop.risk.lost_cents, stop.risk.worth_from) == (None, None, None)


def test_euros_come_from_the_last_estimate_that_has_figures(side, now):
    """Of 1,000 kWh injected 500 were shared: 55 EUR of premium and half of 10 of valorisation make 0.06 EUR/kWh."""
    side.plant.plant_type = PlantType.PRODUCER
    side.plant.save()
    silent_since(side.plant, side.device, now, energy_in=0, energy_out=2 * KWH)
    totals = {"shared": "1000", "premium": "100", "valorisation": "10"}
    own = {"injected": "1000", "shared": "500", "incentivised": "500", "premium": "55"}
    run = estimated(side, now, totals=totals, plants={str(side.plant.pk): own})

    [stop] = round_of(side.technician, now).stops

    assert (stop.risk.usual_day_cents, stop.risk.lost_cents) == ((48 * 6), (20 * 6))
    assert stop.risk.worth_from == run.start


def test_the_mail_and_the_page_of_an_alert_say_what_a_day_of_it_costs(side, now):
    side.plant.plant_type = PlantType.PRODUCER
    side.plant.save()
    silent_since(side.plant, side.device, now, energy_in=0, energy_out=2 * KWH)
    alert = Alert.objects.get()
    only_energy = signed_in(side.technician).get(f"/avvisi/{alert.pk}/").content.decode()
    own = {"injected": "1000", "shared": "500", "incentivised": "500", "premium": "55"}
    totals = {"shared": "1000", "premium": "100", "valorisation": "10"}
    estimated(side, now, totals=totals, plants={str(side.plant.pk): own})
    tell(now)
    page = signed_in(side.technician).get(f"/avvisi/{alert.pk}/").content.decode()

    assert "A rischio: circa 48,0 kWh al giorno.</p>" in only_energy
    words = "A rischio: circa 48,0 kWh al giorno, che alla comunità rendono circa 2,88 €."
    assert words in page
    assert words in delivered()[0].body


def test_what_is_over_or_costs_no_energy_says_no_cost(side, now):
    since = silent_since(side.plant, side.device, now, energy_in=KWH, energy_out=KWH)
    open_alert(side.device, "clock-wrong", "L’ora è sbagliata.", at=since)
    resolve_alert(side.device, "silent", at=now)

    assert costs_of(Alert.objects.all(), now) == {}


def test_what_a_consumer_draws_is_worth_the_part_that_was_shared(side, now):
    """110 EUR for 1,000 shared kWh, and a quarter of what this member drew was shared: 0.0275 EUR/kWh."""
    side.plant.plant_type = PlantType.CONSUMER
    side.plant.save()
    silent_since(side.plant, side.device, now, energy_in=1 * KWH, energy_out=0)
    run = estimated(side, now, totals={"shared": "1000", "premium": "100", "valorisation": "10"})
    energies = {"withdrawn_mwh": 400 * KWH, "withdrawn_shared_mwh": 100 * KWH, "injected_mwh": 0}
    MemberPart.objects.create(run=run, user=side.member, cents=0, injected_shared_mwh=0, **energies)

    [stop] = round_of(side.technician, now).stops

    assert (stop.risk.usual_day_mwh, stop.risk.usual_day_cents) == (24 * KWH, 66)


@pytest.mark.parametrize(
    "figures",
    [
        {"refusal": "Manca il prezzo.", "inputs_hash": ""},
        {"totals": {"shared": "0.000000", "premium": "0", "valorisation": "0"}, "plants": {}},
    ],
)
def test_no_amount_is_invented(side, now, figures):
    silent_since(side.plant, side.device, now, energy_in=KWH, energy_out=KWH)
    month = range_of(Span.MONTH, now)
    given = {"community": side.cer, "start": month.start - timedelta(days=28), "end": month.start, "inputs_hash": "x"}
    SettlementRun.objects.create(**(given | figures))

    [stop] = round_of(side.technician, now).stops

    assert (stop.risk.usual_day_cents, stop.risk.lost_cents) == (None, None)
    assert stop.risk.usual_day_mwh == 48 * KWH


def test_a_plant_that_never_spoke_has_no_energy_to_tell(side, now):
    open_alert(side.device, "silent", "Tace.", at=now - 10 * HOUR)

    [stop] = round_of(side.technician, now).stops
    told = signed_in(side.technician).get("/interventi/").content.decode()

    assert (stop.risk.usual_day_mwh, stop.risk.lost_mwh) == (None, None)
    assert "non lo sappiamo: mancano misure di prima" in told
    assert "€" not in told.partition("Da visitare")[2]


# --- The round ---


def test_the_gravest_comes_first_then_what_costs_most(side, now):
    plants = {name: make_plant(n, cer_configuration=side.cer) for n, name in enumerate(("small", "big", "odd"), 50)}
    devices = {name: make_device(n, plant=plants[name]) for n, name in enumerate(plants, 50)}
    silent_since(plants["small"], devices["small"], now, energy_in=KWH, energy_out=0)
    silent_since(plants["big"], devices["big"], now, energy_in=9 * KWH, energy_out=0)
    open_alert(devices["odd"], "clock-wrong", "L’orologio.", at=now - timedelta(days=9))

    assert [stop.plant for stop in round_of(side.admin, now).stops] == [plants["big"], plants["small"], plants["odd"]]


def test_the_alerts_of_a_place_make_one_stop_and_what_waits_or_is_over_is_not_there(side, now):
    silent = open_alert(side.device, "silent", "Tace.", at=now - 3 * HOUR)
    open_alert(side.plant, "production-low", "Produce poco.", at=now - 2 * HOUR)
    open_alert(side.device, "phase-dead", "Senza tensione.", at=now - HOUR)
    put_off = Alert.objects.get(kind="phase-dead")
    Alert.objects.filter(pk=put_off.pk).update(state=AlertState.SNOOZED, snoozed_until=now + HOUR)
    open_alert(side.cer, "fee-overdue", "Una quota.", at=now)  # an office's work
    wide = open_alert(side.cer, "production-low", "Tutta la comunità.", at=now)

    found = round_of(side.technician, now)

    assert [kind.slug for kind in found.stops[0].kinds] == ["silent", "production-low"]
    assert (len(found.stops), found.stops[0].since, found.wide) == (1, silent.opened_at, [wide])
    assert found.stops[0].severity is Severity.CRITICAL
    assert "phase-dead" in {kind.slug for kind in round_of(side.technician, now + 2 * HOUR).stops[0].kinds}


def test_the_page_asks_as_many_questions_for_ten_stops_as_for_one(side, now):
    silent_since(side.plant, side.device, now, energy_in=KWH, energy_out=0)
    client = signed_in(side.technician)

    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get("/interventi/").status_code == 200
        return len(asked)

    alone = questions()
    for number in range(160, 169):
        plant = make_plant(number, cer_configuration=side.cer, owner=side.member)
        silent_since(plant, make_device(number, plant=plant), now, energy_in=KWH, energy_out=0)

    assert questions() == alone


def test_a_stop_says_where_how_the_radio_was_and_what_to_try(side, now):
    side.plant.address, side.plant.city = "Via Roma 1", "Pieve Alta"
    side.plant.latitude, side.plant.longitude = Decimal("44.647100"), Decimal("10.925200")
    side.plant.save()
    DeviceState.objects.create(device=side.device, rssi=-81, rssi_at=now - HOUR)
    silent_since(side.plant, side.device, now, energy_in=KWH, energy_out=0)

    told = signed_in(side.technician).get("/interventi/").content.decode()

    for words in (
        "Via Roma 1, Pieve Alta",
        "geo:44.647100,10.925200",
        "−81 dBm",
        "debole",
        "interruttore, fusibile, LED",
    ):
        assert words in told
    assert f"/energy/devices/{side.device.pk}/" in told


def test_the_contact_is_for_who_handles_people_and_reading_it_is_written_down(side, now):
    side.member.phone = "059 123456"
    side.member.save()
    silent_since(side.plant, side.device, now, energy_in=KWH, energy_out=0)

    technicians = signed_in(side.technician).get("/interventi/").content.decode()
    assert "059 123456" not in technicians
    assert side.member.email not in technicians
    assert not AuditLine.objects.filter(action="DATA_READ").exists()

    assert 'href="tel:059 123456"' in signed_in(side.admin).get("/interventi/").content.decode()
    line = AuditLine.objects.get(action="DATA_READ")
    assert (line.actor_id, line.subject_id) == (side.admin.pk, side.member.pk)
    assert line.details == {"fields": ["phone"], "purpose": "visits"}


def test_each_looks_after_their_own(side, now):
    other = make_populated_community("B")
    silent_since(side.plant, side.device, now, energy_in=KWH, energy_out=0)
    silent_since(other.plant, other.device, now, energy_in=KWH, energy_out=0)
    join(side.member, other.cer, MemberRole.TECHNICAL)

    assert [stop.plant for stop in round_of(side.technician, now).stops] == [side.plant]
    assert [stop.plant for stop in round_of(side.member, now).stops] == [other.plant]  # not their own home
    assert len(round_of(make_user("staff", is_staff=True), now).stops) == 2
    assert at_risk({}, now) == {}


# --- The reports ---


def test_a_report_comes_once_however_often_it_is_sent(side):
    client, sent = signed_in(side.technician), a_report(side)

    first, again = (client.post("/interventi/rapporti/", sent, headers=JSON) for _ in range(2))

    assert (first.status_code, first.json()["state"]) == (201, "stored")
    assert (again.status_code, again.json()["state"]) == (200, "already")
    assert first.json()["url"] == again.json()["url"]
    report = VisitReport.objects.get()
    assert (report.technician, report.device, report.found) == (side.technician, side.device, "Il router era spento.")
    assert report.steps == [
        "Controlla che il misuratore sia acceso: interruttore, fusibile, LED.",
        "Controlla nel misuratore che MQTT sia attivo, con l’indirizzo e le credenziali del broker.",
    ]


def test_another_report_under_the_same_key_is_a_conflict_and_says_so(side):
    client, sent = signed_in(side.technician), a_report(side)
    client.post("/interventi/rapporti/", sent, headers=JSON)

    changed = client.post("/interventi/rapporti/", {**sent, "done": "Cambiato."}, headers=JSON)
    stolen = signed_in(side.admin).post("/interventi/rapporti/", sent, headers=JSON)

    for answer in (changed, stolen):
        assert answer.status_code == 409
        assert "un rapporto diverso" in answer.json()["problems"][0]
    assert VisitReport.objects.get().done == "Acceso."


def test_who_else_was_there_meanwhile_is_said(side):
    seen_at = timezone.now() - HOUR
    signed_in(side.admin).post("/interventi/rapporti/", a_report(side), headers=JSON)

    answer = signed_in(side.technician).post(
        "/interventi/rapporti/", a_report(side, seen_at=seen_at.isoformat()), headers=JSON
    )

    assert [other["who"] for other in answer.json()["others"]] == [side.admin.get_full_name()]
    assert VisitReport.objects.count() == 2


def test_what_cannot_be_a_report_is_refused_with_words(side):
    client = signed_in(side.technician)
    old = (timezone.now() - timedelta(days=200)).isoformat()
    for given, words in (
        ({"found": " ", "done": ""}, "Scrivi che cosa hai trovato"),
        ({"key": "1"}, ""),
        ({"plant": ""}, "non è intero"),
        ({"plant": "9" * 30}, ""),
        ({"data_returned": "BOH"}, ""),
        ({"found": "x" * 5000}, ""),
        ({"found": "a\0b"}, ""),
        ({"visited_at": old}, "90 giorni"),
        ({"visited_at": "ieri"}, ""),
    ):
        answer = client.post("/interventi/rapporti/", a_report(side, **given), headers=JSON)
        assert answer.status_code == 400, given
        assert any(words in problem for problem in answer.json()["problems"]), given
    assert not VisitReport.objects.exists()


def test_nobody_reports_of_a_plant_or_a_meter_of_others(side):
    other = make_populated_community("B")
    client = signed_in(side.technician)

    for given in ({"plant": other.plant.pk}, {"device": other.device.pk}, {"device": 99_999}):
        assert client.post("/interventi/rapporti/", a_report(side, **given), headers=JSON).status_code == 404
    assert signed_in(side.member).post("/interventi/rapporti/", a_report(side), headers=JSON).status_code == 404
    assert not VisitReport.objects.exists()


def test_a_phone_whose_clock_is_ahead_was_there_when_its_report_came(side):
    sent = a_report(side, visited_at=datetime(2099, 1, 1, tzinfo=UTC).isoformat())
    client = signed_in(side.technician)

    states = [client.post("/interventi/rapporti/", sent, headers=JSON).json()["state"] for _ in range(2)]

    assert states == ["stored", "already"]
    assert VisitReport.objects.get().visited_at <= timezone.now()


def test_without_scripts_a_report_leads_to_its_page_and_what_is_missing_comes_back(side, now):
    silent_since(side.plant, side.device, now, energy_in=KWH, energy_out=0)
    client = signed_in(side.technician)

    refused = client.post("/interventi/rapporti/", a_report(side, found="", done=" ", data_returned="NO"))
    made = client.post("/interventi/rapporti/", a_report(side, visited_at="", found="<b>visto</b>"), follow=True)

    assert refused.status_code == 400
    assert 'value="NO" checked' in refused.content.decode()
    told = made.content.decode()
    assert made.redirect_chain == [(f"/interventi/rapporti/{VisitReport.objects.get().pk}/", 302)]
    assert "&lt;b&gt;visto&lt;/b&gt;" in told
    assert "Misuratore muto" in told
    assert (
        f"/interventi/rapporti/{VisitReport.objects.get().pk}/"
        in client.get(f"/energy/devices/{side.device.pk}/").content.decode()
    )


def test_whoever_opens_a_kept_page_learns_who_is_signed_in(side):
    answer = signed_in(side.technician).get("/interventi/rapporti/")

    assert answer.json()["person"] == str(side.technician.pk)
    assert len(answer.json()["token"]) > 30
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.both_databases
def test_a_report_is_never_changed(side):
    signed_in(side.technician).post("/interventi/rapporti/", a_report(side), headers=JSON)
    report = VisitReport.objects.get()

    for change in (report.save, report.delete, VisitReport.objects.all().delete):
        with pytest.raises(ReportIsPermanent):
            change()
    for statement in ("UPDATE monitoring_visitreport SET data_returned = 'NO'", "DELETE FROM monitoring_visitreport"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert VisitReport.objects.get().data_returned == "YES"
