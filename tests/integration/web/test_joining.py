"""Applying through the pages: by link or signed in, saved per step, and every odd thing answered with words."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from cercollettiva.core.models import Application, CERMembership, MemberRole, MembershipState
from cercollettiva.users.models import Consent, CustomUser
from cercollettiva.web.join.links import link_to
from tests.integration.core.scene import join, make_community, make_plant, make_user
from tests.integration.users.signing import make_person, signed_in
from tests.integration.web.hostile import HOSTILE
from tests.integration.web.joining import (
    PERSON,
    POD,
    apply,
    apply_by_link,
    ask_for_link,
    follow_link,
    link_in_mail,
    mails_to,
    post,
)
from tests.support.mailbox import delivered

pytestmark = pytest.mark.django_db
EMAIL = "niccolo@example.it"


@pytest.fixture
def community():
    return make_community("A")


@pytest.fixture
def elena(community):
    elena = make_person("elena@example.it")
    join(elena, community, MemberRole.ADMIN)
    return elena


def page_of(answer) -> str:
    return answer.content.decode()


def test_from_a_link_in_a_mail_to_an_application_that_is_sent(client, community, elena):
    answer = ask_for_link(client, community.pk, EMAIL)
    assert "Guarda la posta" in page_of(answer)
    assert not CustomUser.objects.filter(email=EMAIL).exists()

    arrived = follow_link(client, EMAIL)
    assert arrived["Location"] == f"/cer/{community.pk}/join/"
    sent = apply(client, community.pk)

    assert sent["Location"] == f"/cer/{community.pk}/join/"
    assert "La tua domanda è arrivata." in page_of(client.get(sent["Location"]))
    person = CustomUser.objects.get(email=EMAIL)
    assert not person.has_usable_password()
    membership = CERMembership.objects.get(user=person)
    assert (membership.state, membership.member_type) == (MembershipState.SUBMITTED, "CONSUMER")
    assert "Niccolò D’Amico" in mails_to("elena@example.it")[-1]
    assert "Domanda ricevuta" in mails_to(EMAIL)[-1]
    given = set(Consent.objects.filter(user=person).values_list("document", "version"))
    assert given == {("statuto-cer-a", "1"), ("misure-cer-a", "2026-11"), ("privacy", "2026-11")}


def test_whoever_is_signed_in_needs_no_link_and_finds_their_data(community):
    person = make_person(EMAIL, first_name="Niccolò", fiscal_code="RSSMRA85T10A562S")
    client = signed_in(person)

    client.post(f"/cer/{community.pk}/join/", {"action": "begin"})
    first = page_of(client.get(f"/cer/{community.pk}/join/", follow=True))
    apply(client, community.pk)

    assert 'value="RSSMRA85T10A562S"' in first
    assert Application.objects.get(user=person).state == MembershipState.SUBMITTED


def test_each_step_is_saved_and_the_link_takes_it_up_where_it_was(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)
    apply(client, community.pk, until="point")

    elsewhere = Client()
    elsewhere.get(link_in_mail(EMAIL))
    resumed = elsewhere.get(f"/cer/{community.pk}/join/", follow=True)

    assert resumed.redirect_chain[-1][0] == f"/cer/{community.pk}/join/role/"
    assert POD in page_of(elsewhere.get(f"/cer/{community.pk}/join/point/"))


def test_a_step_is_not_skipped(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)

    answer = post(client, community.pk, "consents")

    assert answer["Location"] == f"/cer/{community.pk}/join/person/"


def test_a_link_is_for_one_application_expires_and_does_not_open_anothers(client, community):
    other = make_community("B")
    ask_for_link(client, community.pk, EMAIL)
    path = link_in_mail(EMAIL)

    elsewhere = client.get(path.replace(f"/cer/{community.pk}/", f"/cer/{other.pk}/"))
    tampered = client.get(path[:-3] + "x/")
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        expired = client.get(path)

    assert (elsewhere.status_code, tampered.status_code, expired.status_code) == (404, 404, 404)
    assert "Questo collegamento non vale più." in page_of(expired)


def test_the_link_of_whoever_has_a_password_asks_to_sign_in(client, community):
    person = make_person(EMAIL)

    ask_for_link(client, community.pk, EMAIL)
    mail_text = mails_to(EMAIL)[-1]
    application = Application.objects.get()
    answer = client.get(urlsplit(link_to(application)).path)

    assert answer["Location"].startswith("/users/login/?next=")
    assert "c’è già un account" in mail_text
    assert "Comincia" not in page_of(client.get(f"/cer/{community.pk}/join/"))
    assert signed_in(person).get(f"/cer/{community.pk}/join/")["Location"].endswith("/join/person/")


def test_the_page_says_the_same_whoever_an_address_belongs_to(client, community):
    make_person("known@example.it")

    known = page_of(ask_for_link(client, community.pk, "known@example.it"))
    unknown = page_of(ask_for_link(client, community.pk, "unknown@example.it"))

    def without_token(page: str) -> list[str]:
        return [line for line in page.splitlines() if "csrfmiddlewaretoken" not in line]

    assert without_token(known.replace("known@", "x@")) == without_token(unknown.replace("unknown@", "x@"))


def test_strangers_may_ask_for_few_links(client, community):
    answers = [ask_for_link(client, community.pk, EMAIL).status_code for _ in range(5)]

    assert answers == [200, 200, 200, 200, 429]
    assert len(delivered()) == 4


def test_sent_twice_and_back_after_sending_changes_nothing(client, community, elena):
    apply_by_link(client, community.pk)

    again = post(client, community.pk, "consents")
    back = client.get(f"/cer/{community.pk}/join/person/", follow=True)
    changed = post(client, community.pk, "role", member_type="PRODUCER", source="PV", nominal_power="5")

    assert again["Location"] == changed["Location"] == f"/cer/{community.pk}/join/"
    assert "La domanda è già partita" in page_of(back)
    assert CERMembership.objects.filter(state=MembershipState.SUBMITTED).count() == 1
    assert len(mails_to("elena@example.it")) == 1
    assert Application.objects.get().answer("role")["member_type"] == "CONSUMER"


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_send_it_once_and_make_one_account(community):
    clients = [Client(), Client()]
    ask_for_link(clients[0], community.pk, EMAIL)
    follow_link(clients[0], EMAIL)
    apply(clients[0], community.pk, until="papers")
    clients[1].get(link_in_mail(EMAIL))
    start, answers = Barrier(2), []

    def click(client) -> None:
        try:
            start.wait()
            answers.append(post(client, community.pk, "consents").status_code)
        finally:
            connection.close()

    clicks = [Thread(target=click, args=[client]) for client in clients]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()

    assert answers == [302, 302]
    assert CustomUser.objects.filter(email=EMAIL).count() == 1
    assert CERMembership.objects.filter(user__email=EMAIL).count() == 1
    assert len([text for text in mails_to(EMAIL) if text.startswith("Domanda ricevuta")]) == 1


def test_what_is_changed_at_the_end_leads_back_to_the_end(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)
    apply(client, community.pk, until="papers")

    answer = post(client, community.pk, "person", last_name="D’Amico Rossi")

    assert answer["Location"] == f"/cer/{community.pk}/join/consents/"
    assert "D’Amico Rossi" in page_of(client.get(answer["Location"]))


def test_what_was_typed_when_the_session_ended_is_kept(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)
    mark = client.get(f"/cer/{community.pk}/join/person/").context["mark"]
    client.session.flush()

    stranger = Client()
    answer = stranger.post(f"/cer/{community.pk}/join/person/", {**PERSON, "mark": mark}, follow=True)

    assert "quello che hai scritto è salvo" in page_of(answer)
    assert "Amico" not in page_of(answer)  # who has only the form sees nothing of it
    assert Application.objects.get().answer("person")["last_name"] == "D’Amico"


def test_a_fiscal_code_of_another_birth_date_is_refused_with_both_dates(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)

    page = page_of(post(client, community.pk, "person", birth_date="1985-10-12"))

    assert "10 dicembre 1985" in page
    assert "12 ottobre 1985" in page
    assert 'aria-invalid="true"' in page


@pytest.mark.parametrize(
    ("born", "words"),
    [
        ("2014-05-01", "la fa un genitore"),
        ("2185-12-10", "non può essere"),
        ("31/02/1985", "per esempio 10/12/1985"),
    ],
)
def test_a_birth_date_that_cannot_be_is_refused_in_words(client, community, born, words):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)

    assert words in page_of(post(client, community.pk, "person", birth_date=born))


NAMES = ["D'Amico-O’Neill", "Ñandú Šťastný", "Zoë 🌞", "<script>alert(1)</script>", "x" * 150]
NAMES += [text for text in HOSTILE.values() if len(text) <= 150 and "\0" not in text]  # the others are refused


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:30])
def test_any_name_is_kept_shown_as_it_is_and_breaks_no_mail(client, community, elena, name):
    apply_by_link(client, community.pk, person={"last_name": name})

    page = page_of(client.get(f"/cer/{community.pk}/join/"))
    desk = page_of(signed_in(elena).get("/desk/"))

    assert "<script>alert" not in page + desk
    assert "<img src=x" not in page + desk
    assert "La tua domanda è arrivata." in page
    assert mails_to("elena@example.it")[-1].startswith("Nuova domanda da leggere")


def test_a_name_of_200_characters_is_refused_with_how_many_fit(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)

    assert "150" in page_of(post(client, community.pk, "person", last_name="x" * 200))


def test_a_pod_that_is_somebodys_is_told_without_a_name_and_goes_on_with_a_transfer(client, community, elena):
    owner = make_user("segreta", last_name="Proprietaria")
    make_plant(1, pod_code=POD, owner=owner, cer_configuration=community)
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)
    apply(client, community.pk, until="person")

    refused = page_of(post(client, community.pk, "point"))
    live = client.post(f"/cer/{community.pk}/join/check/", {"value": POD}).json()
    moved = post(client, community.pk, "point", has_moved="on")

    assert "Questo POD è già in una comunità" in refused
    assert "Proprietaria" not in refused + live["message"]
    assert "già in una comunità" in live["message"]
    assert 'type="checkbox" name="has_moved"' in refused
    assert moved.status_code == 302


def test_the_live_check_says_what_is_wrong_with_a_pod(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)

    short = client.post(f"/cer/{community.pk}/join/check/", {"value": "IT001E1234567"}).json()
    fine = client.post(f"/cer/{community.pk}/join/check/", {"value": " it001e12345678 "}).json()

    assert short["message"].startswith("Ne hai scritti 13, ne servono 14")
    assert fine == {"value": "IT001E12345678", "message": ""}


def test_a_stranger_learns_nothing_from_the_check(client, community):
    make_plant(1, pod_code=POD, owner=make_user("x"), cer_configuration=community)

    assert client.post(f"/cer/{community.pk}/join/check/", {"value": POD}).json()["message"] == ""


def test_a_producer_says_which_plant_and_a_large_company_only_produces(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)
    company = {
        "legal_type": "BUSINESS",
        "legal_name": "Acciaierie & Figli S.p.A.",
        "vat_number": "00743110157",
        "fiscal_code": "00743110157",
        "pec": "acciaierie@pec.example.it",
        "sdi_code": "0000000",
        "is_large_company": "on",
    }
    apply(client, community.pk, until="point", person=company)

    consumer = page_of(post(client, community.pk, "role"))
    nothing = page_of(post(client, community.pk, "role", member_type="PRODUCER"))
    ambiguous = page_of(post(client, community.pk, "role", member_type="PRODUCER", source="PV", nominal_power="0.125"))
    too_big = page_of(post(client, community.pk, "role", member_type="PRODUCER", source="PV", nominal_power="1001"))
    fine = post(client, community.pk, "role", member_type="PRODUCER", source="PV", nominal_power="499,5")

    assert "solo come produttore" in consumer
    assert "Scrivi la potenza in kW." in nothing
    assert "si può leggere in due modi" in ambiguous
    assert "fino a 1.000 kW" in too_big
    assert fine.status_code == 302
    assert "visura camerale" in page_of(client.get(f"/cer/{community.pk}/join/papers/")).lower()


def test_without_a_needed_consent_nothing_is_sent(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)
    apply(client, community.pk, until="papers")

    page = page_of(client.post(f"/cer/{community.pk}/join/consents/", {"privacy": "on"}))

    assert "Senza questo consenso" in page
    assert not CERMembership.objects.exists()


def test_a_pod_that_was_taken_since_is_asked_again_before_sending(client, community):
    ask_for_link(client, community.pk, EMAIL)
    follow_link(client, EMAIL)
    apply(client, community.pk, until="papers")
    make_plant(1, pod_code=POD, owner=make_user("x"), cer_configuration=community)

    answer = post(client, community.pk, "consents")

    assert answer["Location"] == f"/cer/{community.pk}/join/point/"
    assert not CERMembership.objects.exists()


def test_mails_and_pages_speak_english_to_whoever_began_in_english(client, community):
    client.post("/i18n/setlang/", {"language": "en", "next": "/"})

    apply_by_link(client, community.pk)

    assert "Your application" in mails_to(EMAIL)[0]
    assert "Application received" in mails_to(EMAIL)[-1]


def test_one_takes_the_application_back(client, community, elena):
    apply_by_link(client, community.pk)

    page = page_of(client.post(f"/cer/{community.pk}/join/", {"action": "withdraw"}, follow=True))

    assert "Hai ritirato la domanda." in page
    assert CERMembership.objects.get(user__email=EMAIL).state == MembershipState.LEFT
    assert "ha ritirato" in mails_to("elena@example.it")[-1]


def test_a_closed_door_keeps_what_was_sent(client, community):
    apply_by_link(client, community.pk)
    community.accepts_applications = False
    community.save()

    mine = page_of(client.get(f"/cer/{community.pk}/join/"))
    theirs = page_of(Client().get(f"/cer/{community.pk}/join/"))

    assert "La tua domanda è arrivata." in mine
    assert "per ora non accetta domande" in theirs


def test_the_public_page_opens_by_number_and_by_name_and_only_listed_ones_are_found(client, community):
    public, by_name = client.get(f"/cer/{community.pk}/public/"), client.get(f"/cer/{community.slug}/")
    found_before = page_of(client.get("/cer/")) + page_of(client.get("/"))
    community.is_listed = True
    community.save()

    assert public.status_code == by_name.status_code == 200
    assert f"/cer/{community.pk}/join/" in page_of(public)
    assert "CER A" not in found_before
    assert "CER A" in page_of(client.get("/cer/"))
    assert "CER A" in page_of(client.get("/"))
    community.is_active = False
    community.save()
    assert client.get(f"/cer/{community.pk}/public/").status_code == 404
    assert client.get(f"/cer/{community.pk}/join/").status_code == 404
