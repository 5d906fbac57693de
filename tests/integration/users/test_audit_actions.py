"""Each thing that is done to an account and to the platform leaves its line: an action without one is found here."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cercollettiva.energy.models import DeviceType
from cercollettiva.users import signals
from cercollettiva.users.audit import Action, AuditLine
from cercollettiva.users.models import CustomUser
from tests.access.world import passkey_data
from tests.integration.users.signing import PASSWORD, make_person, signed_in
from tests.support.services import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> CustomUser:
    return make_person()


def actions_about(person: CustomUser) -> list[str]:
    return list(AuditLine.objects.about(person).order_by("seq").values_list("action", flat=True))


def test_asking_to_be_erased_and_taking_it_back_leave_a_line_each(anna):
    client = signed_in(anna)

    client.post("/users/delete_account/", {"password": PASSWORD})
    client.post("/users/delete_account/", {"cancel": "1"})

    assert actions_about(anna)[-2:] == [Action.DELETION_REQUESTED, Action.DELETION_CANCELLED]


def test_ending_all_sessions_and_a_changed_second_factor_leave_a_line_each(anna):
    client = signed_in(anna)
    Authenticator.objects.create(user=anna, type=Authenticator.Type.WEBAUTHN, data=passkey_data("k1"))
    key = Authenticator.objects.create(user=anna, type=Authenticator.Type.WEBAUTHN, data=passkey_data("k2"))

    client.post(reverse("mfa_remove_webauthn", args=[key.pk]))
    client.post("/users/sessions/end/")

    assert Action.SECOND_FACTOR_CHANGED in actions_about(anna)
    assert Action.SESSIONS_ENDED in actions_about(anna)


def test_the_first_start_leaves_a_line(anna):
    signals.platform_set_up.send(CustomUser, user=anna, by=anna, at=timezone.now())

    assert actions_about(anna)[-1] == Action.PLATFORM_SET_UP


def test_a_row_that_is_deleted_in_the_administration_leaves_a_line(anna):
    anna.is_staff = anna.is_superuser = True
    anna.save()
    client = Client()
    client.force_login(anna)
    kind = DeviceType.objects.create(code="NEW", vendor="A", model="B")

    client.post(reverse("admin:energy_devicetype_delete", args=[kind.pk]), {"post": "yes"})

    assert not DeviceType.objects.filter(code="NEW").exists()
    line = AuditLine.objects.get(action=Action.REGISTRY_DELETED)
    assert (line.actor_id, line.subject_id) == (anna.pk, kind.pk)


def test_every_action_is_written_somewhere_and_has_a_test():
    written, tested = _words_of("cercollettiva"), _words_of("tests")

    assert [action.name for action in Action if action.name not in written] == []
    assert [action.name for action in Action if action.name not in tested] == []


def _words_of(folder: str) -> set[str]:
    """The actions that the modules of a folder name, but the one that defines them."""
    paths = [path for path in (ROOT / folder).rglob("*.py") if path.name != "audit.py"]
    return set().union(*(re.findall(r"(?:Action\.|\")([A-Z_]+)", path.read_text()) for path in paths))
