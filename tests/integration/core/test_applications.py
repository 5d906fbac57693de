"""Applications: nothing is done twice or by halves, nothing is lost, and who decides has read what stands there."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.db.utils import IntegrityError

from cercollettiva.core import applications, roles
from cercollettiva.core.models import (
    Application,
    ApplicationEvent,
    CERMembership,
    MemberRegistry,
    MemberRole,
    MembershipCard,
    MembershipState,
    MemberType,
    Plant,
    RoleChange,
)
from cercollettiva.core.papers import Paper, papers_needed, papers_owed
from cercollettiva.core.points import PointTaken
from cercollettiva.users.models import Consent
from tests.integration.core.applying import ANSWERS, POD, SENT_AT, sent, written
from tests.integration.core.scene import LONG_AGO, join, make_community, make_plant, make_user

LATER = SENT_AT + timedelta(days=1)


@pytest.fixture
def community():
    return make_community("A")


@pytest.fixture
def elena(community):
    elena = make_user("elena")
    join(elena, community, MemberRole.ADMIN)
    return elena


def approve(application: Application, by, **changed):
    given = {"revision": application.revision, "member_type": MemberType.CONSUMER, "by": by, "at": LATER, **changed}
    return applications.approve(application, **given)


@pytest.mark.django_db
def test_a_draft_begun_twice_is_one(community):
    user = make_user("niccolo")

    first = applications.begin(community, user.email, user=None, language="it", at=SENT_AT)
    second = applications.begin(community, user.email.upper(), user=user, language="it", at=LATER)

    assert first.pk == second.pk
    assert second.user == user


@pytest.mark.django_db
def test_what_was_written_is_encrypted_and_a_draft_is_nobody_elses(community, elena):
    application = written(community)

    with connection.cursor() as cursor:
        cursor.execute("SELECT answers_json FROM core_application")
        (stored,) = cursor.fetchone()

    assert "Amico" not in stored
    assert "RSSMRA" not in stored
    assert application.answer("person")["last_name"] == "D’Amico"
    assert not Application.objects.visible_to(elena, at=LATER).exists()
    assert Application.objects.visible_to(application.user, at=LATER).get() == application


@pytest.mark.django_db
def test_sent_twice_is_sent_once(community):
    application = written(community)

    first = applications.submit(application, application.user, at=SENT_AT)
    second = applications.submit(application, application.user, at=LATER)

    assert first is not None
    assert second is None
    assert CERMembership.objects.filter(community=community, state=MembershipState.SUBMITTED).count() == 1
    assert ApplicationEvent.objects.count() == 1


@pytest.mark.django_db
def test_sending_gives_the_consents_their_time_and_the_account_its_data(community):
    application = sent(community)

    user = application.user
    consent = Consent.objects.get(user=user)
    assert (consent.document, consent.version, consent.accepted_at.isoformat()) == (
        "privacy",
        "2026-11",
        "2026-06-02T08:59:00+00:00",
    )
    assert (user.last_name, user.fiscal_code) == ("D’Amico", "RSSMRA85T10A562S")


@pytest.mark.django_db
def test_nothing_is_written_into_what_was_sent(community):
    application = sent(community)

    with pytest.raises(applications.CannotBeWritten):
        applications.save_step(application, applications.ApplicationStep.ROLE, {"member_type": "PRODUCER"}, at=LATER)

    application.refresh_from_db()
    assert application.answer("role") == ANSWERS["role"]


@pytest.mark.django_db
def test_an_incomplete_draft_is_not_sent(community):
    user = make_user("niccolo")
    application = applications.begin(community, user.email, user=user, language="it", at=SENT_AT)

    with pytest.raises(applications.CannotBeWritten):
        applications.submit(application, user, at=SENT_AT)

    assert not CERMembership.objects.exists()


@pytest.mark.django_db
def test_approval_lets_in_registers_gives_a_card_and_the_point(community, elena):
    application = sent(community)

    approve(application, elena, papers_seen=True)

    membership = CERMembership.objects.get(pk=application.membership_id)
    plant = Plant.objects.get(pod_key=POD)
    assert (membership.state, membership.active_from) == (MembershipState.APPROVED, LATER)
    assert (membership.documents_verified_at, membership.documents_verified_by) == (LATER, elena)
    assert MemberRegistry.objects.get(membership=membership).member_number == 1
    assert MembershipCard.objects.get(membership=membership).number == 1
    assert (plant.owner, plant.cer_configuration, plant.plant_type) == (application.user, community, "CONSUMER")
    assert RoleChange.objects.get(membership=membership).after == MemberRole.MEMBER


@pytest.mark.django_db
def test_a_producers_plant_has_its_source_and_power(community, elena):
    role = {"member_type": "PROSUMER", "source": "PV", "nominal_power": "4.500", "has_storage": True}
    application = sent(community, role=role)

    approve(application, elena, member_type=MemberType.PROSUMER)

    plant = Plant.objects.get(pod_key=POD)
    assert (plant.plant_type, plant.source, str(plant.nominal_power), plant.has_storage) == (
        "PROSUMER",
        "PV",
        "4.500",
        True,
    )


@pytest.mark.django_db
def test_a_pod_of_another_person_stops_the_approval_and_nothing_of_it_remains(community, elena):
    make_plant(1, pod_code=POD, owner=make_user("another"), cer_configuration=community)
    application = sent(community)

    with pytest.raises(PointTaken):
        approve(application, elena)

    assert CERMembership.objects.get(pk=application.membership_id).state == MembershipState.SUBMITTED
    assert not MemberRegistry.objects.exists()
    assert not MembershipCard.objects.exists()


@pytest.mark.django_db
def test_a_pod_of_another_community_stops_the_approval_too(community, elena):
    make_plant(1, pod_code=POD, owner=None, cer_configuration=make_community("B"))

    with pytest.raises(PointTaken):
        approve(sent(community), elena)


@pytest.mark.django_db
def test_a_point_that_was_waiting_for_its_owner_becomes_theirs(community, elena):
    plant = make_plant(1, pod_code=f"{POD}X", owner=None, cer_configuration=community)
    application = sent(community)

    approve(application, elena)

    plant.refresh_from_db()
    assert (plant.owner, plant.name) == (application.user, "Casa 1")
    assert plant.active_from == LONG_AGO
    assert Plant.objects.count() == 1


@pytest.mark.django_db
def test_a_point_that_was_in_no_community_counts_from_its_approval_on(community, elena):
    application = sent(community)
    plant = make_plant(1, pod_code=POD, owner=application.user)

    event = approve(application, elena)

    plant.refresh_from_db()
    assert (plant.cer_configuration, plant.active_from) == (community, event.at)


@pytest.mark.django_db
def test_a_failure_half_way_leaves_nothing(community, elena, monkeypatch):
    application = sent(community)

    def broken(*args, **kwargs):
        raise IntegrityError("the register is away")

    monkeypatch.setattr(applications.registry, "enter", broken)
    with pytest.raises(IntegrityError):
        approve(application, elena)

    assert CERMembership.objects.get(pk=application.membership_id).active_from is None
    assert not Plant.objects.filter(pod_key=POD).exists()
    assert [event.kind for event in ApplicationEvent.objects.all()] == ["SUBMITTED"]


@pytest.mark.django_db
def test_whoever_read_an_older_revision_decides_nothing(community, elena):
    application = sent(community)
    applications.ask_correction(
        application,
        revision=application.revision,
        note="Il POD è di un'altra casa",
        steps=["point"],
        by=elena,
        at=LATER,
    )

    with pytest.raises(applications.ChangedMeanwhile):
        applications.reject(application, revision=application.revision, note="no", by=elena, at=LATER)

    assert CERMembership.objects.get(pk=application.membership_id).state == MembershipState.TO_FIX
    assert [event.kind for event in application.events.all()] == ["SUBMITTED", "CORRECTION"]


@pytest.mark.django_db
def test_a_correction_opens_the_steps_again_and_keeps_what_was_sent_before(community, elena):
    application = sent(community)
    applications.ask_correction(
        application, revision=application.revision, note="?", steps=["role"], by=elena, at=LATER
    )
    application.refresh_from_db()
    application = applications.save_step(
        application, applications.ApplicationStep.ROLE, {"member_type": "PROSUMER"}, at=LATER
    )

    applications.submit(application, application.user, at=LATER)

    application.refresh_from_db()
    assert application.sent_before["role"] == {"member_type": "CONSUMER"}
    assert CERMembership.objects.get(pk=application.membership_id).member_type == MemberType.PROSUMER
    assert [event.kind for event in application.events.all()] == ["SUBMITTED", "CORRECTION", "RESUBMITTED"]


@pytest.mark.django_db
def test_who_was_rejected_may_apply_again(community, elena):
    application = sent(community)
    applications.reject(application, revision=application.revision, note="Fuori zona", by=elena, at=LATER)

    again = written(community, application.user)

    assert applications.submit(again, application.user, at=LATER) is not None
    assert CERMembership.objects.filter(user=application.user).count() == 2


@pytest.mark.django_db
def test_one_takes_back_what_one_sent_until_it_is_decided(community, elena):
    application = sent(community)

    assert applications.withdraw(application, by=application.user, at=LATER) is not None
    assert applications.withdraw(application, by=application.user, at=LATER) is None
    with pytest.raises(applications.ChangedMeanwhile):
        approve(application, elena)


@pytest.mark.django_db
def test_whoever_is_in_does_not_apply_again(community):
    member = make_user("member")
    join(member, community)

    with pytest.raises(applications.AlreadyIn):
        applications.begin(community, member.email, user=member, language="it", at=SENT_AT)


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_at_the_same_moment_one_decides(community, elena):
    application = sent(community)
    ugo = make_user("ugo")
    join(ugo, community, MemberRole.ADMIN)
    start, outcomes = Barrier(2), []

    def decide(by) -> None:
        try:
            start.wait()
            approve(application, by)
            outcomes.append("approved")
        except applications.ChangedMeanwhile:
            outcomes.append("told")
        finally:
            connection.close()

    deciding = [Thread(target=decide, args=[by]) for by in (elena, ugo)]
    for thread in deciding:
        thread.start()
    for thread in deciding:
        thread.join()

    assert sorted(outcomes) == ["approved", "told"]
    assert MemberRegistry.objects.count() == MembershipCard.objects.count() == 1


@pytest.mark.django_db
def test_papers_depend_on_the_legal_form_and_on_what_one_does():
    person = [owed.paper for owed in papers_needed("PRIVATE", "CONSUMER")]
    company = [owed.paper for owed in papers_needed("BUSINESS", "PROSUMER")]
    left = [owed.paper for owed in papers_owed("PRIVATE", "PRODUCER", handed_in=[Paper.ID_DOC])]

    assert person == [Paper.ID_DOC, Paper.BILL]
    assert company == [Paper.ID_DOC, Paper.BILL, Paper.REGISTRATION, Paper.GAUDI]
    assert left == [Paper.BILL, Paper.GAUDI]


@pytest.mark.django_db
def test_a_draft_that_nobody_sends_is_forgotten_after_ninety_days_and_what_was_sent_is_not(community):
    kept, old = sent(community), written(make_community("B"), make_user("anna"))

    assert applications.forget_drafts(now=SENT_AT + timedelta(days=89)) == 0
    assert applications.forget_drafts(now=SENT_AT + timedelta(days=91)) == 1

    assert list(Application.objects.all()) == [kept]
    assert old.pk != kept.pk


@pytest.mark.django_db
@pytest.mark.parametrize("is_taken", [False, True])
def test_an_invitation_accepted_while_an_application_waits_brings_its_point_along(community, elena, is_taken):
    application = sent(community)
    owner = make_user("somebody-else") if is_taken else None
    if is_taken:
        Plant.objects.create(name="Altrui", pod_code=POD, plant_type="CONSUMER", owner=owner)
    invited = roles.invite(community, application.email, MemberRole.MEMBER, by=elena, at=LATER, member_type="CONSUMER")

    membership = roles.accept(invited.token, application.user, at=LATER)

    plant = Plant.objects.get(pod_key=POD)
    assert membership.pk == application.membership_id
    assert membership.state == MembershipState.APPROVED
    assert (plant.owner, plant.cer_configuration) == ((owner, None) if is_taken else (application.user, community))
