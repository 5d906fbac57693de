"""Alerts on people's devices: what leaves is read with the browser's own keys, as the browser would, and nowhere else.

What stands for the browser maker's service here is a server of this machine with a certificate of its own; that a real
one takes what it is sent cannot be seen without the internet.
"""

from __future__ import annotations

import base64
import http.server
import ipaddress
import json
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any
from urllib.parse import urlsplit

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from cercollettiva.monitoring import push as module
from cercollettiva.monitoring.models import AlertMessage, AlertPreferences, PushSubscription
from cercollettiva.monitoring.operations import close, open_alert
from cercollettiva.monitoring.push import NotAPushAddress, NotDelivered, application_key, check, deliver
from cercollettiva.monitoring.pushing import push, subscribe
from cercollettiva.monitoring.telling import tell
from tests.integration.core.scene import NOW, make_populated_community
from tests.support.certificates import self_signed
from tests.support.mailbox import delivered

pytestmark = pytest.mark.django_db

HERE = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
MINUTE = timedelta(minutes=1)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Browser:
    """A browser's side of a subscription: its keys, and how it reads what comes."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._secret = secrets.token_bytes(16)

    @property
    def keys(self) -> dict[str, str]:
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": encoded(point), "auth": encoded(self._secret)}

    def read(self, sealed: bytes) -> dict[str, str]:
        read = http_ece.decrypt(sealed, private_key=self._key, auth_secret=self._secret, version="aes128gcm")
        note: dict[str, str] = json.loads(read)
        return note


class Service(http.server.ThreadingHTTPServer):
    """The browser maker's: keeps what it is sent, and answers what it is told to."""

    def __init__(self, certificate: str) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.answer = 201
        self.waits = 0.0
        self.came: list[tuple[str, dict[str, str], bytes]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Door(http.server.BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.came.append((self.path, headers, body))
        time.sleep(self.server.waits)
        self.send_response(self.server.answer)
        if self.server.answer == 307:
            self.send_header("Location", f"https://localhost:{self.server.port}/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    """Of this machine, signed by itself; the file holds its key too."""
    folder = tmp_path_factory.mktemp("push")
    self_signed(folder)
    file = folder / "service.pem"
    file.write_bytes((folder / "server.key").read_bytes() + (folder / "server.crt").read_bytes())
    return str(file)


@pytest.fixture
def service(certificate, monkeypatch, settings) -> Iterator[Service]:
    service = Service(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    monkeypatch.setattr(module, "PORT", service.port)
    monkeypatch.setattr(module, "ALLOWED", HERE)
    settings.VAPID_PRIVATE_KEY = secrets.token_bytes(32)
    yield service
    service.shutdown()
    service.server_close()


@pytest.fixture
def place():
    return make_populated_community("A")


def browser_of(service: Service, user: Any, *, path: str = "/one", at: datetime = NOW - MINUTE) -> Browser:
    browser = Browser(f"https://localhost:{service.port}{path}")
    subscribe(user, **browser.keys, browser="Firefox su Android", at=at)
    return browser


def silent(place: Any, *, at: datetime = NOW) -> Any:
    details = {"device": "shellypro3em-000041", "since": "01/06/2026 14:00", "period": "1 min"}
    alert = open_alert(place.device, "silent", at=at, details=details)
    assert alert is not None
    return alert


def test_a_device_is_told_once_in_words_that_only_it_can_read_and_once_more_when_it_is_over(service, place):
    browser, alert = browser_of(service, place.technician), silent(place)
    for minute in range(3):
        tell(NOW + minute * MINUTE)
        push(NOW + minute * MINUTE)
    close(alert, at=NOW + 5 * MINUTE)
    tell(NOW + 5 * MINUTE)
    push(NOW + 5 * MINUTE)

    assert [path for path, _headers, _body in service.came] == ["/one", "/one"]
    first, last = (browser.read(body) for _path, _headers, body in service.came)
    own = {"title": "CerCollettiva", "url": f"/avvisi/{alert.pk}/", "tag": f"alert-{alert.pk}"}
    assert first == {**own, "body": "Misuratore muto"}
    assert last == {**own, "body": "Tutto a posto: Misuratore muto"}
    assert len(delivered()) == 2  # the mail leaves all the same
    with pytest.raises(http_ece.ECEException):
        Browser(browser.endpoint).read(service.came[0][2])


def test_what_is_sent_is_signed_with_our_key_for_that_service_and_names_nobody(service, place, settings):
    settings.SITE_URL = "https://energia.example.it"
    browser_of(service, place.technician)
    silent(place)
    tell(NOW)
    push(NOW)

    [(_path, headers, body)] = service.came
    kind, _, signed = headers["authorization"].partition(" ")
    token, key = (part.partition("=")[2] for part in signed.split(","))
    assert (kind, key, headers["content-encoding"]) == ("vapid", application_key(), "aes128gcm")
    assert Vapid02.verify(f"vapid t={token},k={key}")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (claims["aud"], claims["sub"]) == (f"https://localhost:{service.port}", "https://energia.example.it")
    assert int(headers["ttl"]) > 3600
    assert b"shelly" not in body


def test_quiet_hours_the_digest_and_never_hold_for_devices_as_for_mails(service, place):
    browser = browser_of(service, place.technician, at=NOW - timedelta(days=1))
    choices = {
        "frozen": "DIGEST",
        "phase-dead": "DIGEST",
        "late": "DIGEST",
        "clock-wrong": "DIGEST",
        "too-often": "NEVER",
    }
    AlertPreferences.objects.create(
        user=place.technician,
        language="en",
        quiet_from=clock(22),
        quiet_to=clock(7),
        digest_at=clock(8),
        choices=choices,
    )
    night = datetime(2026, 6, 1, 21, 30, tzinfo=UTC)  # 23:30 in Italy
    silent(place, at=night)
    for kind in choices:
        open_alert(place.device, kind, at=night)
    shown = {}
    for hour in range(24):
        service.came.clear()
        tell(night + timedelta(hours=hour))
        push(night + timedelta(hours=hour))
        shown[(night + timedelta(hours=hour)).hour] = [browser.read(body)["body"] for _, _, body in service.came]

    assert {hour: bodies for hour, bodies in shown.items() if bodies} == {
        5: ["Silent meter"],
        6: ["4 alerts from CerCollettiva"],
    }


@pytest.mark.parametrize("answer", [404, 410])
def test_a_subscription_that_is_gone_is_dropped(service, place, answer):
    browser_of(service, place.technician)
    silent(place)
    tell(NOW)
    service.answer = answer

    assert push(NOW) == 0

    assert len(service.came) == 1
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("answer", [307, 400, 413, 429, 500, 503])
def test_a_service_that_refuses_or_sends_us_elsewhere_is_asked_once_and_the_device_stays(service, place, answer):
    browser_of(service, place.technician)
    silent(place)
    tell(NOW)
    service.answer = answer

    assert push(NOW) == push(NOW + MINUTE) == 0

    assert [path for path, _headers, _body in service.came] == ["/one"]
    assert PushSubscription.objects.count() == 1
    assert len(delivered()) == 1


def test_a_service_that_hangs_is_left_and_keeps_neither_mails_nor_the_next_minute(service, place, monkeypatch):
    monkeypatch.setattr(module, "WITHIN_SECONDS", 0.5)
    browser_of(service, place.technician)
    silent(place)
    service.waits = 3
    began = time.monotonic()

    tell(NOW)
    push(NOW)

    assert time.monotonic() - began < 2
    assert len(delivered()) == 1


def test_nobody_is_told_without_keys_nor_of_what_is_old_nor_of_what_came_before_they_asked(service, place, settings):
    silent(place)
    tell(NOW)
    browser_of(service, place.technician, at=NOW + MINUTE)
    assert push(NOW + 2 * MINUTE) == 0

    PushSubscription.objects.update(created_at=NOW - MINUTE)
    assert push(NOW + timedelta(hours=2)) == 0
    settings.VAPID_PRIVATE_KEY = b""
    assert push(NOW + MINUTE) == 0
    assert application_key() == ""
    assert service.came == []
    assert AlertMessage.objects.get().pushed_at is None


def test_a_device_belongs_to_who_asked_last_and_the_eleventh_takes_the_place_of_the_first(service, place):
    browser = browser_of(service, place.member)
    assert subscribe(place.technician, **browser.keys, browser="", at=NOW)
    assert not subscribe(place.technician, **browser.keys, browser="", at=NOW)
    for number in range(10):
        browser_of(service, place.technician, path=f"/{number}", at=NOW + number * MINUTE)

    assert {one.user for one in PushSubscription.objects.all()} == {place.technician}
    paths = {urlsplit(one.endpoint).path for one in PushSubscription.objects.all()}
    assert paths == {f"/{number}" for number in range(10)}


KEYS = {name: value for name, value in Browser("").keys.items() if name != "endpoint"}


@pytest.mark.parametrize(
    "endpoint",
    [
        *(
            "http://updates.push.services.mozilla.com/x",
            "https://updates.push.services.mozilla.com:8443/x",
            "https:///x",
        ),
        *("https://somebody@fcm.googleapis.com/x", "https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.1/x"),
        *("https://169.254.169.254/latest/meta-data/", "https://[::ffff:127.0.0.1]/x", "https://[fe80::1]/x", ""),
        *("ftp://fcm.googleapis.com/x", "https://fcm.googleapis.com/" + "x" * 2000, "https://a.example/\r\nHost: b"),
        *("https://a.example:port/x", "https://[::1/x", "javascript:alert(1)", "https://pèsca.example/x"),
    ],
)
def test_what_no_browsers_maker_has_is_refused_when_it_is_told(endpoint):
    with pytest.raises(NotAPushAddress):
        check(endpoint, **KEYS)


@pytest.mark.parametrize("keys", [{"p256dh": ""}, {"auth": "x"}, {"auth": "!" * 22}, {"p256dh": KEYS["auth"]}])
def test_keys_that_are_none_are_refused(keys):
    check("https://fcm.googleapis.com/fcm/send/abc:def", **KEYS)

    with pytest.raises(NotAPushAddress):
        check("https://fcm.googleapis.com/fcm/send/abc", **{**KEYS, **keys})


def test_a_name_that_leads_into_our_network_is_not_followed(service, place, monkeypatch):
    """Looked at when it is used: a name may lead elsewhere than when it was told."""
    browser_of(service, place.technician)
    monkeypatch.setattr(module, "ALLOWED", ())

    with pytest.raises(NotDelivered):
        deliver(PushSubscription.objects.get(), {"title": "x"})

    assert service.came == []


def test_a_service_whose_certificate_is_nobodys_is_told_nothing(service, place, monkeypatch):
    browser_of(service, place.technician)
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(NotDelivered):
        deliver(PushSubscription.objects.get(), {"title": "x"})

    assert service.came == []
