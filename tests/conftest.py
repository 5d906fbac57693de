"""What every test shares. The real parts (brokers, databases, processes) are in `tests/support/services.py`."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase, override_settings

from tests.support import migrated


def pytest_collection_finish() -> None:
    """The modules and tests that were just read stay until the end: nothing is gained by looking through them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool, django_db_modify_db_settings: None, django_db_blocker: Any) -> bool:
    """Whether the tests' database stands before the tests ask for it: it does, and goes away with its server."""
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            migrated.copy_for_this_process()
    return True


@pytest.fixture(scope="session", autouse=True)
def _fast_passwords() -> Iterator[None]:
    """Argon2 is slow on purpose; a test about passwords asks for it by `settings`."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_files_when_asked_for() -> Iterator[None]:
    """Each test client builds its own middleware: looking through all static files first took half of a page's time."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session", autouse=True)
def _emptied_after_a_test() -> Iterator[None]:
    """A test that commits has its database emptied afterwards, append-only tables too, which refuse everybody else."""
    from tests.support.emptying import all_unprotected

    empty = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        with all_unprotected(connection):
            empty(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(autouse=True)
def _fresh_throttles() -> None:
    """What one test asked for does not count against the next; all of them come from one address."""
    cache.clear()
