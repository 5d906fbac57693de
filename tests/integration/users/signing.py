"""A person at the door: what is posted, what is read in the mail, what an app shows."""

from __future__ import annotations

import re
from typing import Any

from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.test import Client

from cercollettiva.users.models import CustomUser

PASSWORD = "quattro parole messe a caso"
FISCAL_CODE = "RSSMRA85T10A562S"
VAT_NUMBER = "00743110157"


def make_person(email: str = "anna@example.it", **fields: Any) -> CustomUser:
    user = CustomUser.objects.create_user(email, PASSWORD, **fields)
    user.confirm_email()
    return user


def sign_in(client: Client, email: str = "anna@example.it", password: str = PASSWORD, **headers: Any) -> Any:
    return client.post("/users/login/", {"username": email, "password": password}, **headers)


def signed_in(user: CustomUser, **headers: Any) -> Client:
    """Through the door, not round it: the session has all that a sign-in puts there."""
    client = Client(**headers)
    answer = sign_in(client, user.email)
    assert answer.status_code == 302
    assert client.session.get("_auth_user_id") == str(user.pk), answer["Location"]
    return client


def add_app(user: CustomUser) -> str:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def code_of(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def code_in_mail(to: str) -> str:
    """The code of the newest mail to an address."""
    newest = [message for message in mail.outbox if message.to == [to]][-1]
    found = re.search(r"^[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}$", newest.body, re.MULTILINE)
    assert found, newest.body
    return found.group()


def private(**changed: Any) -> dict[str, Any]:
    """A registration of a person."""
    return {
        "legal_type": "PRIVATE",
        "first_name": "Anna",
        "last_name": "Rossi",
        "fiscal_code": FISCAL_CODE,
        "email": "anna@example.it",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "privacy": "on",
    } | changed
