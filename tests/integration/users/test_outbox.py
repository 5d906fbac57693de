"""The outbox: no mail is lost, none goes twice, a failed address holds nobody up, and no request waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core import mail
from django.db import connection, transaction
from django.test import Client

from cercollettiva.monitoring.health import PROBES, queue
from cercollettiva.monitoring.probes import Health
from cercollettiva.users import outbox
from cercollettiva.users.models import AuditLine, MailState, OutgoingMail
from cercollettiva.users.rights.erasure import erase
from tests.integration.core.scene import NOW, make_user
from tests.integration.users.signing import make_person, signed_in
from tests.support.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DATES = {"posted_at": NOW, "next_try_at": NOW}
TEXT = "Oggetto di prova\n\nCorpo di prova."


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def put(*addresses: str, **more) -> None:
    for address in addresses:
        outbox.put(address, TEXT, template="test.txt", at=NOW, **more)


def states() -> dict[str, int]:
    found = list(OutgoingMail.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


def test_what_is_rolled_back_is_not_told_and_what_is_committed_is(server):
    with transaction.atomic():
        put("nobody@example.it")
        transaction.set_rollback(True)
    put("anna@example.it")

    assert outbox.deliver(NOW) == 1
    assert outbox.deliver(NOW) == 0
    ((to, message),) = server.kept
    assert (to, message["Subject"]) == ("anna@example.it", "Oggetto di prova")
    assert message.get_content().splitlines() == ["Corpo di prova."]
    sent = OutgoingMail.objects.get()
    assert (sent.state, sent.sent_at, sent.recipient, sent.recipient_index, sent.text) == ("SENT", NOW, "", "", "")


def test_an_address_that_is_refused_is_tried_for_three_days_and_holds_nobody_up(server):
    server.refused["bad@example.it"] = "550 5.1.1 <bad@example.it> is unknown here"
    put("bad@example.it", "anna@example.it", "ugo@example.it")

    assert outbox.deliver(NOW) == 2
    assert server.connections == 1
    bad = OutgoingMail.objects.waiting().get()
    assert bad.error == "550 5.1.1 <…> is unknown here"
    tries, moment = 1, NOW
    while not OutgoingMail.objects.filter(state=MailState.GIVEN_UP).exists():
        moment = OutgoingMail.objects.waiting().get().next_try_at
        assert outbox.deliver(moment - timedelta(seconds=1)) == 0
        assert outbox.deliver(moment) == 0
        tries += 1

    assert tries == len(outbox.MINUTES) + 1 == 10
    assert timedelta(days=3) < moment - NOW < timedelta(days=3.5)
    assert outbox.try_again(OutgoingMail.objects.all(), moment) == 1
    server.refused.clear()
    assert outbox.deliver(moment) == 1
    assert server.recipients == ["anna@example.it", "ugo@example.it", "bad@example.it"]


def test_a_server_that_is_away_costs_no_attempt_and_everything_goes_when_it_is_back(server, settings):
    put(*(f"person-{number}@example.it" for number in range(5)))
    settings.EMAIL_PORT = 1  # nobody listens
    moment = NOW
    for _minute in range(100):
        assert outbox.deliver(moment) == 0
        assert outbox.deliver(moment) == 0  # it is not asked again within the minute
        moment += outbox.SERVER_AWAY

    assert set(OutgoingMail.objects.values_list("attempts", "state")) == {(0, "WAITING")}
    assert "refused" in OutgoingMail.objects.all()[0].error
    settings.EMAIL_PORT = server.port
    assert outbox.deliver(moment) == 5
    assert sorted(server.recipients) == [f"person-{number}@example.it" for number in range(5)]


def test_a_mail_that_breaks_the_connection_holds_nobody_up(server):
    server.hangs_up_on = {"first@example.it"}
    put("first@example.it", "anna@example.it")

    assert outbox.deliver(NOW) == 1
    assert server.recipients == ["anna@example.it"]
    assert OutgoingMail.objects.waiting().get().attempts == 1


def test_after_three_broken_connections_the_round_ends(server):
    addresses = [f"person-{number}@example.it" for number in range(6)]
    server.hangs_up_on = set(addresses)
    put(*addresses)

    assert outbox.deliver(NOW) == 0
    assert server.connections == outbox.BROKEN_IN_A_ROW
    assert OutgoingMail.objects.filter(attempts=0).count() == 3


def test_a_worker_that_dies_leaves_its_mail_to_the_next(server, monkeypatch):
    put("anna@example.it")

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "_send", killed)
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver(NOW)
    monkeypatch.undo()

    assert outbox.deliver(NOW + outbox.LEASE - timedelta(seconds=1)) == 0
    assert outbox.deliver(NOW + outbox.LEASE) == 1
    assert server.recipients == ["anna@example.it"]


def test_a_name_with_a_line_break_is_one_line_of_the_subject(server):
    outbox.put(
        "anna@example.it", outbox.rendered("users/mail/invitation.txt", {"community": "A"}), template="t", at=NOW
    )
    message = outbox.message_of("a@example.it", "Uno\rBcc: x@example.it " + "à" * 300 + "\n\ncorpo")

    assert message.message()["Bcc"] is None
    assert len(message.subject) == outbox.LONGEST_SUBJECT
    assert outbox.deliver(NOW) == 1


def test_a_code_that_has_run_out_is_not_sent(server):
    put("anna@example.it", useless_after=NOW + timedelta(minutes=15))

    assert outbox.deliver(NOW + timedelta(minutes=16)) == 0
    assert (states(), OutgoingMail.objects.get().error) == ({"GIVEN_UP": 1}, outbox.RAN_OUT)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once(server):
    put(*(f"person-{number}@example.it" for number in range(20)))
    together = threading.Barrier(2)
    sent: list[int] = []

    def work() -> None:
        try:
            together.wait()
            sent.append(outbox.deliver(NOW))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(sent) == 20
    assert sorted(server.recipients) == sorted({f"person-{number}@example.it" for number in range(20)})


def test_what_was_sent_goes_after_a_week_and_what_was_given_up_after_a_month(server):
    put("anna@example.it", "ugo@example.it")
    OutgoingMail.objects.to("ugo@example.it").update(state=MailState.GIVEN_UP)
    outbox.deliver(NOW)

    assert outbox.forget(NOW + timedelta(days=6)) == 0
    assert outbox.forget(NOW + timedelta(days=8)) == 1
    assert states() == {"GIVEN_UP": 1}
    assert outbox.forget(NOW + timedelta(days=31)) == 1


def test_the_mails_of_somebody_who_is_erased_go_with_them_but_for_the_last(server):
    person = make_user("goes")
    put(person.email, "anna@example.it")

    erase(person, by=None, at=NOW)

    assert sorted(OutgoingMail.objects.values_list("template", flat=True)) == ["test.txt", "users/mail/erased.txt"]
    assert outbox.deliver(NOW) == 2
    assert sorted(server.recipients) == ["anna@example.it", person.email]
    assert not OutgoingMail.objects.to(person.email).exists()


def test_a_code_goes_at_once_and_by_the_outbox_where_the_server_is_away(server, settings):
    make_person("anna@example.it")

    Client().post("/users/password_reset/", {"email": "anna@example.it"})
    assert (server.recipients, OutgoingMail.objects.count()) == (["anna@example.it"], 0)

    settings.EMAIL_PORT = 1
    answer = Client().post("/users/password_reset/", {"email": "anna@example.it"})
    settings.EMAIL_PORT = server.port
    assert answer.status_code == 302
    assert outbox.deliver(datetime.now(UTC)) == 1
    assert server.recipients == ["anna@example.it"] * 2


def test_staff_sees_how_the_mails_stand_and_tries_again(server):
    staff = make_person("staff@example.it", is_staff=True)
    client = signed_in(staff)
    put("bad@example.it")
    OutgoingMail.objects.update(state=MailState.GIVEN_UP, error="550 unknown")
    address = "/ceradmin/users/outgoingmail/"

    page = client.get(address).content.decode()
    assert "550 unknown" in page
    assert "bad@example.it" not in page
    chosen = {"action": "try_again", ACTION_CHECKBOX_NAME: [OutgoingMail.objects.get().pk]}
    answer = client.post(address, chosen, follow=True)

    assert "1 email riparte adesso." in answer.content.decode()
    assert outbox.deliver(datetime.now(UTC)) == 1
    assert AuditLine.objects.filter(action="REGISTRY_CHANGED", details__rows=1).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_health_of_the_queue_tells_of_mails_that_nobody_sends():
    now = datetime.now(UTC)
    outbox.put("anna@example.it", TEXT, template="t", at=now - timedelta(minutes=5))
    assert (queue().status, queue().details["mails_waiting"]) == (Health.HEALTHY, 1)

    OutgoingMail.objects.update(posted_at=now - timedelta(minutes=20))
    ill = queue()
    outbox.deliver(now)

    staff, page = make_person("staff@example.it", is_staff=True), PROBES["queue"]
    page.forget()
    OutgoingMail.objects.create(template="t", recipient="a@example.it", text=TEXT, state=MailState.GIVEN_UP, **DATES)
    words = signed_in(staff).get("/stato/").content.decode()
    page.forget()

    assert "nessuna in attesa, 1 non consegnata" in words
    assert (ill.status, round(ill.details["oldest_mail_seconds"] / 60)) == (Health.DEGRADED, 20)
    assert (queue().status, queue().details["mails_waiting"], len(mail.outbox)) == (Health.HEALTHY, 0, 1)
