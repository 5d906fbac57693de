"""Somebody who applies, through the pages."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from tests.support.mailbox import delivered

FISCAL_CODE = "RSSMRA85T10A562S"
POD = "IT001E55500001"
PERSON = {
    "legal_type": "PRIVATE",
    "first_name": "Niccolò",
    "last_name": "D’Amico",
    "birth_date": "1985-12-10",
    "fiscal_code": FISCAL_CODE,
    "address": "via Roma 1, 55010 Lucernaia (LU)",
}
POINT = {
    "pod_code": "it 001 e 55500001",
    "name": "",
    "address": "via Roma 1",
    "zip_code": "55010",
    "city": "Lucernaia",
    "province": "lu",
}
ROLE = {"member_type": "CONSUMER", "source": "", "nominal_power": ""}
CONSENTS = {"statute": "on", "measures": "on", "privacy": "on"}
STEPS: dict[str, dict[str, str]] = {
    "person": PERSON,
    "point": POINT,
    "role": ROLE,
    "papers": {},
    "consents": CONSENTS,
}


def link_in_mail(to: str) -> str:
    """The path of the link of the newest mail to an address."""
    newest = [message for message in delivered() if message.to == [to]][-1]
    found = re.search(r"https?://[^/\s]+(/cer/\d+/join/resume/\S+)", newest.body)
    assert found, newest.body
    return found.group(1)


def mails_to(address: str) -> list[str]:
    return [f"{message.subject}\n{message.body}" for message in delivered() if message.to == [address]]


def ask_for_link(client: Client, pk: int, email: str) -> Any:
    return client.post(f"/cer/{pk}/join/", {"action": "link", "email": email})


def follow_link(client: Client, email: str) -> Any:
    return client.get(link_in_mail(email))


def post(client: Client, pk: int, step: str, **changed: Any) -> Any:
    return client.post(f"/cer/{pk}/join/{step}/", STEPS[step] | changed)


def apply(client: Client, pk: int, *, until: str = "consents", **changed: dict[str, Any]) -> Any:
    """Each step in its order; the last answer."""
    answer = None
    for step in STEPS:
        answer = post(client, pk, step, **changed.get(step, {}))
        assert answer.status_code == 302, answer.content.decode()
        if step == until:
            break
    return answer


def apply_by_link(client: Client, pk: int, email: str = "niccolo@example.it", **changed: dict[str, Any]) -> Any:
    ask_for_link(client, pk, email)
    follow_link(client, email)
    return apply(client, pk, **changed)
