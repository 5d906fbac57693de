"""Views that fail as views fail, each with somebody's data at hand."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from cercollettiva.users.models import CustomUser

PERSON = {
    "email": "canarina@example.it",
    "first_name": "Canarina",
    "last_name": "De Canariis",
    "fiscal_code": "CNRCRN85M41H501Z",
    "vat_number": "01234567897",
    "iban": "IT60X0542811101000000123456",
    "phone": "+39 333 1234567",
    "address": "via dei Canarini 7",
    "password": "una Canarola lunga",
}
logger = logging.getLogger(__name__)


def register_twice() -> None:
    CustomUser.objects.create_user(**PERSON)


def break_a_constraint() -> None:
    """PostgreSQL answers with the whole row."""
    CustomUser.objects.filter(email=PERSON["email"]).update(is_large_company=True)


def write_too_much() -> None:
    CustomUser.objects.filter(email=PERSON["email"]).update(profit_type=PERSON["address"])


def compare_a_name_with_a_number() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(%s AS integer) / 0 FROM no_such_table", [PERSON["last_name"]])


def read_a_number() -> None:
    int(PERSON["address"])


def look_up() -> None:
    {}[PERSON["last_name"]]


def validate() -> None:
    raise ValidationError({"iban": f"{PERSON['iban']} of {PERSON['last_name']} is no IBAN"})


def fail_while_failing() -> None:
    try:
        read_a_number()
    except ValueError as error:
        raise LookupError(PERSON["first_name"]) from error


def fail_in_a_group() -> None:
    raise ExceptionGroup(PERSON["last_name"], [ValueError(PERSON["first_name"]), KeyError(PERSON["address"])])


def write_it_down() -> None:
    """As careless code does."""
    person = CustomUser.objects.get(email=PERSON["email"])
    logger.warning("Not sent to %s, %s", person.email, person.phone)
    logger.warning("IBAN %(iban)s, code %(code)s", {"iban": person.iban, "code": person.fiscal_code})
    logger.error(f"VAT number {person.vat_number}")
    logger.info("GET /people/?name=%s HTTP/1.1", person.first_name)
    try:
        look_up()
    except KeyError as error:
        logger.warning("It failed: %s", error)
        logger.error(error)  # noqa: TRY400
        logger.exception("It failed for %(why)s", {"why": error})  # noqa: TRY401
    logger.warning("%d people", person.last_name)


FAILURES: dict[str, Callable[[], object]] = {
    each.__name__: each
    for each in (
        *(register_twice, break_a_constraint, write_too_much, compare_a_name_with_a_number),
        *(read_a_number, look_up, validate, fail_while_failing, fail_in_a_group, write_it_down),
    )
}


def fail(request: HttpRequest, name: str) -> HttpResponse:
    with transaction.atomic():
        FAILURES[name]()
    return HttpResponse()


urlpatterns = [path("fail/<str:name>/", fail), path("", include("cercollettiva.urls"))]
