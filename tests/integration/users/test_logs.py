"""What the process writes to its log holds nobody's data, whatever fails and however carelessly it is told."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from cercollettiva.users.encryption import ring
from cercollettiva.users.log_format import PrivateFormatter, excepthook, masked, told
from cercollettiva.users.models import CustomUser
from tests.integration.users.failing_urls import FAILURES, PERSON
from tests.support.canaries import found

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

CANARIES = [*PERSON.values(), "De Canariis", "Canarini", "333 1234567"]
TRACEBACKS = 9


@contextmanager
def log_written_by(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    """Everything that is logged, down to DEBUG, as this formatter writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    level = logging.root.level
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.DEBUG)
    connection.force_debug_cursor = True
    try:
        yield stream
    finally:
        connection.force_debug_cursor = False
        logging.root.removeHandler(handler)
        logging.root.setLevel(level)


def walk() -> None:
    """Signing in, pages that are not there, and every failure."""
    CustomUser.objects.create_user(**PERSON)
    client = Client(raise_request_exception=False)
    login = reverse("users:login")
    client.post(login, {"username": PERSON["email"], "password": "wrong Canarola"})
    client.post(login, {"username": PERSON["email"], "password": PERSON["password"]})
    client.get(f"/nobody/{PERSON['email']}/", {"q": PERSON["last_name"]})
    client.get(f"/nobody/{PERSON['iban']}/")
    for name in FAILURES:
        client.get(f"/fail/{name}/", {"who": PERSON["last_name"]})


@pytest.fixture(autouse=True)
def _failing_views(settings):
    settings.ROOT_URLCONF = "tests.integration.users.failing_urls"


def test_the_log_holds_no_canary():
    formatter = PrivateFormatter(django_settings.LOGGING["formatters"]["line"]["format"])

    with log_written_by(formatter) as log:
        walk()

    written = log.getvalue()
    assert found(CANARIES, written.encode()) == []
    assert written.count("Traceback") >= TRACEBACKS
    for useful in ("failing_urls.py", "in read_a_number", "ValueError", "<email>", "<iban>"):
        assert useful in written


def test_a_common_formatter_would_write_them():
    """The control: the walk does bring personal data to the log."""
    with log_written_by(logging.Formatter()) as log:
        walk()

    assert {PERSON["email"], PERSON["iban"], "De Canariis", PERSON["address"]} <= set(
        found(CANARIES, log.getvalue().encode())
    )


def test_every_handler_of_the_settings_writes_so():
    configured = django_settings.LOGGING

    assert {handler["formatter"] for handler in configured["handlers"].values()} == {"line"}
    assert configured["formatters"]["line"]["()"].endswith(PrivateFormatter.__name__)
    for name in ("", "django", "django.server", "django.request", "django.security"):
        logger = logging.getLogger(name)
        ours = [each for each in logger.handlers if not type(each).__module__.startswith("_pytest")]
        assert all(isinstance(each.formatter, PrivateFormatter) for each in ours), name
        assert logger.propagate or name == ""


def test_a_refusal_of_the_database_keeps_what_finds_the_fault():
    CustomUser.objects.create_user(**PERSON)
    with log_written_by(PrivateFormatter()) as log:
        Client(raise_request_exception=False).get("/fail/break_a_constraint/")

    assert "django.db.utils.IntegrityError" in log.getvalue()
    assert "user_large_company_is_a_business" in log.getvalue()
    assert ("sqlstate=23514" in log.getvalue()) == (connection.vendor == "postgresql")


def test_an_error_of_our_own_keeps_its_text():
    with pytest.raises(Exception, match="iban") as caught:
        ring().decrypt("k1:AAAA", context="users.CustomUser.iban")

    assert "users.CustomUser.iban" in told(caught.value)
    assert told(ConnectionRefusedError("port 5432")) == "ConnectionRefusedError: port 5432"
    assert told(ValueError("Canarina")) == "ValueError"


def test_what_ends_a_process_is_written_the_same_way(capsys):
    try:
        FAILURES["fail_while_failing"]()
    except LookupError:
        excepthook(*sys.exc_info())

    written = capsys.readouterr().err
    assert found(CANARIES, written.encode()) == []
    assert written.endswith("\nLookupError\n")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("cercollettiva/IT001E12345678/shellypro3em-a1b2c3d4e5f6/status/em:0", None),
        ("Ready: 12345 devices, 99887766 mWh", None),
        ("2026-11-27 00:54:10,123 INFO cercollettiva.ingest [3001234] 0:00:00", None),
        ("Line 7, hash " + "9f86d081884c7d65" * 4, None),
        ("2026-10-25T00:00:00+00:00", None),
        ("mario.rossi+x@pec.example.it, RSSMRA85M01H501Q", "<email>, <code>"),
        ("IT60 X054 2811 1010 0000 0123 456", "<iban>"),
        ("DE89370400440532013000", "<iban>"),
        ("tel 3331234567 o +390612345678", "tel <phone> o <phone>"),
        ("/users/reset/MQ:1tYkxz:Nm0bX9vQ2kPz8w7s6d5f4g3h2j1kAbCd/", "/users/reset/<token>/"),
        ("postgres://cer:hunter2@localhost/cer", "postgres://cer:<password>@localhost/cer"),
    ],
)
def test_what_looks_like_somebodys_is_masked_and_the_rest_is_left(text, kept):
    assert masked(text) == (kept or text)
