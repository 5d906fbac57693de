from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction

from cercollettiva.users.consents import give_consent, withdraw_consent
from cercollettiva.users.models import AuditLine, Consent, CustomUser, LegalType

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PASSWORD = "una password lunga"


def test_an_address_is_kept_in_lower_case_and_signs_in_in_any():
    user = CustomUser.objects.create_user(" Anna.Rossi@Example.IT ", PASSWORD)

    assert user.email == "anna.rossi@example.it"
    assert authenticate(username="ANNA.rossi@example.it", password=PASSWORD) == user
    assert authenticate(username="anna.rossi@example.it", password="un'altra") is None


def test_there_is_one_account_per_address_whatever_its_case():
    CustomUser.objects.create_user("anna@example.it", PASSWORD)

    with pytest.raises(IntegrityError):
        CustomUser.objects.create_user("ANNA@example.it", PASSWORD)


def test_the_database_refuses_an_address_in_upper_case_written_past_save():
    CustomUser.objects.create_user("anna@example.it", PASSWORD)

    with pytest.raises(IntegrityError, match="user_email_is_lower_case"):
        CustomUser.objects.update(email="Anna@example.it")


def test_a_superuser_is_platform_staff():
    user = CustomUser.objects.create_superuser("root@example.it", PASSWORD)

    assert (user.is_staff, user.is_superuser, user.is_active) == (True, True, True)


def test_a_user_without_a_password_cannot_sign_in():
    CustomUser.objects.create_user("anna@example.it")

    assert authenticate(username="anna@example.it", password="") is None


def test_a_person_or_body_is_called_by_the_best_name_known():
    user = CustomUser(email="anna@example.it")
    names = [str(user)]
    user.first_name, user.last_name = "Anna", "Rossi"
    names.append(str(user))
    user.legal_name = "Forno Rossi s.r.l."
    names.append(str(user))

    assert names == ["anna@example.it", "Anna Rossi", "Forno Rossi s.r.l."]


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"legal_type": "KINGDOM"}, "user_legal_type_is_known"),
        ({"profit_type": "LOSS"}, "user_profit_type_is_known"),
        ({"is_large_company": True}, "user_large_company_is_a_business"),
    ],
)
def test_the_database_refuses_a_legal_form_that_cannot_be(values, constraint):
    CustomUser.objects.create_user("anna@example.it", PASSWORD)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        CustomUser.objects.update(**values)


def test_a_business_may_be_a_large_company():
    user = CustomUser.objects.create_user(
        "spa@example.it", PASSWORD, legal_type=LegalType.BUSINESS, is_large_company=True
    )

    assert user.pk


def test_a_withdrawn_consent_stays_and_may_be_given_again():
    user = CustomUser.objects.create_user("anna@example.it", PASSWORD)
    given = {"user": user, "document": "privacy", "version": "2026-01", "accepted_at": NOW}
    consent = Consent.objects.create(**given)

    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.create(**given)
    consent.withdraw(at=NOW + timedelta(days=1))
    again = Consent.objects.create(**given)

    assert Consent.objects.count() == 2
    assert Consent.objects.in_force().get() == again


def test_consents_given_withdrawn_and_given_again_are_three_lines_of_history():
    user = CustomUser.objects.create_user("anna@example.it", PASSWORD)
    day = timedelta(days=1)

    first = give_consent(user, document="privacy", version="2026-01", at=NOW)
    same = give_consent(user, document="privacy", version="2026-01", at=NOW + day)
    newer = give_consent(user, document="privacy", version="2026-02", at=NOW + 2 * day)
    withdrawn = withdraw_consent(user, document="privacy", at=NOW + 3 * day)
    again = give_consent(user, document="privacy", version="2026-02", at=NOW + 4 * day)

    assert same == first
    assert {consent.pk for consent in withdrawn} == {first.pk, newer.pk}
    history = Consent.objects.order_by("pk").values_list("version", "accepted_at", "withdrawn_at")
    assert list(history) == [
        ("2026-01", NOW, NOW + 3 * day),
        ("2026-02", NOW + 2 * day, NOW + 3 * day),
        ("2026-02", NOW + 4 * day, None),
    ]
    assert Consent.objects.in_force().get() == again
    told = AuditLine.objects.filter(action__startswith="CONSENT").values_list("action", "subject_id")
    assert list(told) == [
        *[("CONSENT_GIVEN", user.pk)] * 2,
        *[("CONSENT_WITHDRAWN", user.pk)] * 2,
        ("CONSENT_GIVEN", user.pk),
    ]


def test_a_withdrawn_consent_keeps_the_moment_it_was_withdrawn():
    user = CustomUser.objects.create_user("anna@example.it", PASSWORD)
    consent = give_consent(user, document="privacy", version="1", at=NOW)
    consent.withdraw(at=NOW)

    consent.withdraw(at=NOW + timedelta(days=1))

    assert Consent.objects.get().withdrawn_at == NOW
    assert withdraw_consent(user, document="privacy", at=NOW) == []


def test_a_consent_is_not_withdrawn_before_it_was_given():
    user = CustomUser.objects.create_user("anna@example.it", PASSWORD)
    consent = Consent.objects.create(user=user, document="privacy", version="1", accepted_at=NOW)

    with pytest.raises(IntegrityError, match="consent_withdrawn_after_it_was_given"):
        consent.withdraw(at=NOW - timedelta(days=1))
