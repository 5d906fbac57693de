"""Schemathesis asks every operation of the schema what it may be asked, and what it may not, as three kinds of people.

No answer is a 5xx, and each is what the schema says. Half of the calls name rows that are there. Making up what to ask
takes longer than the answer, so each example is asked by all three, each time of the same rows; the operations are
dealt out to several tests, which run beside each other. CER_FUZZ_EXAMPLES asks for more; CER_FUZZ_SEED repeats a run.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cercollettiva.core import registry
from cercollettiva.core.models import MembershipCard
from cercollettiva.energy.models import DeviceToken
from cercollettiva.users.models import Scope
from tests.integration.api.scene import Api, make_api, power_sample, save, token_of

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("CER_FUZZ_EXAMPLES", "34"))  # of each operation, by each of three people
SHARES = {GenerationMode.POSITIVE: 2 / 3, GenerationMode.NEGATIVE: 1 / 3}  # what may be asked, and nonsense
HANDS = 8  # the operations are dealt out to so many tests
ROLES = ("member", "technician", "staff")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LIMITS = {
    "deadline": None,
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """A real server closes the connection after each call; here it holds the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _as_often_as_it_likes(settings):
    settings.SECOND_FACTOR_REQUIRED = False
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"])
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}


@pytest.mark.parametrize("hand", range(HANDS))
def test_every_operation_answers_as_the_schema_says(hand: int):
    api = make_api()
    save(power_sample(api.scene.a.device, api.now, 120))
    registry.enter(api.scene.a.membership, on=api.now, by=None)
    schema = schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application())
    headers = [headers_of(api, who) for who in ROLES]
    asked: Counter[str] = Counter()
    faults: list[str] = []
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 25

    for operation in operations[hand::HANDS]:
        for mode, share in SHARES.items():
            try:
                ask(operation, mode, round(EXAMPLES * share), headers, lambda path: real_key(api, path), asked)
            except Exception as fault:  # told together: one operation hides no other
                faults.append(f"{operation.label} {mode.value}: {told(fault)}")

    assert not faults, "\n".join(faults)
    assert min(asked.values()) >= EXAMPLES * len(ROLES), asked.most_common()


def told(fault: BaseException) -> str:
    """A group of failures, each in its own words."""
    inner = fault.exceptions if isinstance(fault, BaseExceptionGroup) else [fault]
    return "; ".join(f"{type(one).__name__}: {one}"[:600] for one in inner)


def headers_of(api: Api, who: str) -> Callable[[Any], dict[str, str]]:
    person = token_of(api.scene.viewers[who], Scope.WRITE)  # type: ignore[arg-type]
    device = DeviceToken.make(api.scene.a.device, at=api.now)[1]

    def headers(operation: Any) -> dict[str, str]:
        is_device = (operation.method.upper(), operation.path) == ("POST", "/api/energy/measurements/")
        return {"Authorization": f"Bearer {device if is_device else person}"}

    return headers


def real_key(api: Api, path: str) -> int:
    if "/fees/" in path:
        return MembershipCard.objects.get().pk
    if "/cer/" in path:
        return api.scene.a.cer.pk
    return api.scene.a.device.pk if "/devices/" in path else api.scene.a.plant.pk


def ask(
    operation: Any,
    mode: GenerationMode,
    count: int,
    headers: Sequence[Callable[[Any], dict[str, str]]],
    key_of: Callable[[str], int],
    asked: Counter[str],
) -> None:
    """So many examples of one operation, asked by everybody, each call taken back."""

    @seed(int(os.environ.get("CER_FUZZ_SEED", "20261127")))
    @settings(max_examples=count, **LIMITS)
    @given(case=operation.as_strategy(generation_mode=mode), is_real=st.booleans())
    def call(case: Any, is_real: bool) -> None:
        if is_real and case.path_parameters:
            case.path_parameters = dict.fromkeys(case.path_parameters, key_of(operation.path))
        for of_somebody in headers:
            with transaction.atomic():
                response = case.call(headers=of_somebody(operation))
                transaction.set_rollback(True)
            asked[operation.label] += 1
            case.validate_response(response, checks=CHECKS)

    call()
