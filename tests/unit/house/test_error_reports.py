"""What leaves this machine when something breaks: nothing of anybody's."""

from __future__ import annotations

import json
import logging
import sys
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from cercollettiva.settings import error_reports
from cercollettiva.users.log_format import JsonFormatter
from tests.support.canaries import found

CANARIES = ["anna@example.it", "RSSMRA85T10A562S", "IT60X0542811101000000123456", "segreto-del-cookie", "via-dei-lumi"]


def failure() -> tuple:
    try:
        int(" ".join(CANARIES))
    except ValueError:
        return sys.exc_info()
    raise AssertionError


def test_an_error_report_is_built_from_what_may_be_sent():
    frame = {
        "filename": "views.py",
        "lineno": 7,
        "function": "get",
        "vars": {"iban": CANARIES[2]},
        "context_line": CANARIES[0],
    }
    event = {
        "event_id": "e1",
        "level": "error",
        "release": "0.1.0",
        "user": {"email": CANARIES[0], "ip_address": "203.0.113.7"},
        "request": {
            "url": f"https://energia.example.it/users/?q={CANARIES[0]}",
            "method": "POST",
            "data": {"iban": CANARIES[2]},
            "cookies": CANARIES[3],
            "headers": {"Cookie": CANARIES[3]},
            "query_string": CANARIES[0],
        },
        "exception": {"values": [{"type": "ValueError", "value": CANARIES[1], "stacktrace": {"frames": [frame]}}]},
        "logentry": {"message": f"Mail to {CANARIES[0]} failed", "params": [CANARIES[0]]},
        "breadcrumbs": {"values": [{"message": CANARIES[4]}]},
        "extra": {"address": CANARIES[4]},
        "something_of_a_later_version": CANARIES[4],
    }

    sent = error_reports.without_personal_data(event, {"exc_info": failure()})

    assert not found(CANARIES, json.dumps(sent).encode())
    assert sent["request"] == {"method": "POST", "url": "/users/"}
    [value] = sent["exception"]["values"]
    assert (value["type"], value["value"]) == ("ValueError", "ValueError")
    assert value["stacktrace"]["frames"] == [{"filename": "views.py", "lineno": 7, "function": "get"}]
    assert sent["release"] == "0.1.0"


def test_it_is_started_without_bodies_variables_or_people(monkeypatch):
    asked: dict[str, object] = {}
    monkeypatch.setitem(sys.modules, "sentry_sdk", SimpleNamespace(init=lambda **options: asked.update(options)))

    error_reports.start("https://key@sentry.example.it/1", release="0.1.0")

    assert asked["send_default_pii"] is False
    assert asked["include_local_variables"] is False
    assert asked["max_request_body_size"] == "never"
    assert asked["max_breadcrumbs"] == 0
    assert asked["before_send"] is error_reports.without_personal_data


def test_an_address_without_the_library_stops_the_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with pytest.raises(ImproperlyConfigured, match="SENTRY_DSN"):
        error_reports.start("https://key@sentry.example.it/1", release="0.1.0")


def test_a_line_of_the_log_is_one_object_and_as_private():
    record = logging.LogRecord(
        "cercollettiva.web", logging.ERROR, "views.py", 7, "Mail to %s\nfailed", (CANARIES[0],), failure()
    )

    line = JsonFormatter().format(record)

    assert "\n" not in line
    told = json.loads(line)
    assert not found(CANARIES, line.encode())
    assert told["message"] == "Mail to <email>\nfailed"
    assert told["level"] == "ERROR"
    assert told["time"].endswith("+00:00")
    assert "test_error_reports.py" in told["exception"]
    assert told["exception"].endswith("ValueError")
