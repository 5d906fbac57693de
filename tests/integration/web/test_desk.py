"""The desk: what waits in every community, and one decision for each application, whoever is faster."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cercollettiva.core.models import (
    Application,
    CERConfiguration,
    CERMembership,
    MemberRegistry,
    MemberRole,
    MembershipCard,
    MembershipState,
    Organisation,
    Plant,
)
from cercollettiva.users.models import AuditLine, CustomUser
from tests.integration.core.applying import POD, sent
from tests.integration.core.scene import join, make_community, make_plant, make_user
from tests.integration.web.joining import apply_by_link, follow_link, mails_to, post

pytestmark = pytest.mark.django_db
EMAIL = "niccolo@example.it"


@pytest.fixture
def community():
    return make_community("A")


def administrator(name: str, *communities) -> CustomUser:
    person = make_user(name, last_name=name.title())
    for community in communities:
        join(person, community, MemberRole.ADMIN)
    return person


def at_the_desk(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page_of(answer) -> str:
    return answer.content.decode()


def decision(application, **said):
    return {"revision": application.revision, "member_type": "CONSUMER", "role": "MEMBER", **said}


def test_an_application_is_read_approved_and_the_person_is_told(community):
    elena = at_the_desk(administrator("elena", community))
    applicant = Client()
    apply_by_link(applicant, community.pk)
    application = Application.objects.get()

    listed = page_of(elena.get("/desk/"))
    read = page_of(elena.get(f"/desk/{application.pk}/"))
    done = page_of(
        elena.post(f"/desk/{application.pk}/", decision(application, action="approve", papers_seen="on"), follow=True)
    )

    assert "1 domanda aspetta una risposta." in listed
    assert "Niccolò D’Amico chiede di entrare." in read
    assert "RSSMRA85T10A562S" in read
    assert "Codice fiscale e data di nascita concordano." in read
    assert "Niccolò D’Amico è in comunità" in done
    membership = CERMembership.objects.get(user__email=EMAIL)
    assert membership.state == MembershipState.APPROVED
    assert membership.documents_verified_at is not None
    assert MemberRegistry.objects.get(user=membership.user).member_number == 1
    assert MembershipCard.objects.filter(membership=membership).exists()
    assert Plant.objects.get(pod_key=POD).owner == membership.user
    assert "numero 1" in mails_to(EMAIL)[-1]
    assert "Sei in CER A." in page_of(applicant.get(f"/cer/{community.pk}/join/"))


def test_the_answer_goes_to_the_address_that_the_person_has_now(community):
    elena, application = at_the_desk(administrator("elena", community)), sent(community)
    CustomUser.objects.filter(pk=application.user_id).update(email="new@example.it")
    before = len(mails_to(application.email))

    elena.post(f"/desk/{application.pk}/", decision(application, action="approve", papers_seen="on"))

    assert "numero 1" in mails_to("new@example.it")[-1]
    assert len(mails_to(application.email)) == before


def test_reading_an_application_leaves_a_line_in_the_audit_log(community):
    elena = administrator("elena", community)
    application = sent(community)

    at_the_desk(elena).get(f"/desk/{application.pk}/")

    line = AuditLine.objects.filter(action="DATA_READ").get()
    assert (line.actor_id, line.subject_id) == (elena.pk, application.user_id)


def test_the_slower_of_two_administrators_is_told_who_was_faster_and_keeps_their_words(community):
    application = sent(community)
    elena, ugo = administrator("elena", community), administrator("ugo", community)
    at_the_desk(elena).post(f"/desk/{application.pk}/", decision(application, action="approve"))

    answer = at_the_desk(ugo).post(
        f"/desk/{application.pk}/", decision(application, action="reject", note="Non è della nostra cabina")
    )

    assert answer.status_code == 409
    page = page_of(answer)
    assert "Non è stato fatto niente" in page
    assert "Elena" in page
    assert "Non è della nostra cabina" in page
    assert CERMembership.objects.get(pk=application.membership_id).state == MembershipState.APPROVED


def test_a_correction_meanwhile_lets_the_slower_one_decide_after_reading_again(community):
    application = sent(community)
    elena, ugo = administrator("elena", community), administrator("ugo", community)
    at_the_desk(elena).post(
        f"/desk/{application.pk}/", decision(application, action="correct", note="Manca la scala", steps=["point"])
    )

    late = at_the_desk(ugo).post(f"/desk/{application.pk}/", decision(application, action="reject", note="Fuori zona"))
    revision = re.search(r'name="revision" value="(\d+)" id="id_reject_revision"', page_of(late))
    assert revision, page_of(late)
    again = at_the_desk(ugo).post(
        f"/desk/{application.pk}/", {"action": "reject", "note": "Fuori zona", "revision": revision.group(1)}
    )

    assert "Fuori zona" in page_of(late)
    assert again.status_code == 302
    assert CERMembership.objects.get(pk=application.membership_id).state == MembershipState.REJECTED


def test_a_correction_goes_there_and_back_and_shows_what_changed(community):
    elena = at_the_desk(administrator("elena", community))
    applicant = Client()
    apply_by_link(applicant, community.pk)
    application = Application.objects.get()
    elena.post(
        f"/desk/{application.pk}/",
        decision(application, action="correct", note="Il CAP è di un altro comune", steps=["point"]),
    )

    follow_link(applicant, EMAIL)
    told = page_of(applicant.get(f"/cer/{community.pk}/join/"))
    post(applicant, community.pk, "point", zip_code="55011")
    post(applicant, community.pk, "consents")
    read = page_of(elena.get(f"/desk/{application.pk}/"))

    assert "Il CAP è di un altro comune" in mails_to(EMAIL)[-2]
    assert "Il CAP è di un altro comune" in told
    assert "prima: 55010" in read
    assert Application.objects.get().state == MembershipState.SUBMITTED
    assert "ha corretto la domanda" in mails_to("elena@example.it")[-1]


def test_a_rejection_needs_a_reason_and_the_reason_is_told(community):
    elena = at_the_desk(administrator("elena", community))
    application = sent(community)

    empty = elena.post(f"/desk/{application.pk}/", decision(application, action="reject", note="  "))
    elena.post(f"/desk/{application.pk}/", decision(application, action="reject", note="È di un'altra <cabina>"))

    assert empty.status_code == 422
    assert "Scrivi perché" in page_of(empty)
    assert "È di un'altra <cabina>" in mails_to(application.email)[-1]


def test_a_pod_of_another_stops_the_approval_in_words(community):
    make_plant(1, pod_code=POD, owner=make_user("another", last_name="Marchesi"), cer_configuration=community)
    elena = at_the_desk(administrator("elena", community))
    application = sent(community)

    read = page_of(elena.get(f"/desk/{application.pk}/"))
    refused = elena.post(f"/desk/{application.pk}/", decision(application, action="approve"))

    assert "Marchesi" in read
    assert refused.status_code == 409
    assert "Non è stato fatto niente" in page_of(refused)
    assert CERMembership.objects.get(pk=application.membership_id).state == MembershipState.SUBMITTED


def test_two_applications_with_one_pod_name_each_other(community):
    elena = at_the_desk(administrator("elena", community))
    first, second = sent(community), sent(community, make_user("anna"), person={"last_name": "Seconda"})

    assert "Seconda ha chiesto di entrare con questo POD" in page_of(elena.get(f"/desk/{first.pk}/"))
    assert f"/desk/{first.pk}/" in page_of(elena.get(f"/desk/{second.pk}/"))


def test_the_desk_is_for_administrators_and_shows_nothing_of_other_communities(community):
    application = sent(community)
    other = administrator("ugo", make_community("B"))

    assert at_the_desk(other).get(f"/desk/{application.pk}/").status_code == 404
    assert "D’Amico" not in page_of(at_the_desk(other).get("/desk/"))
    assert at_the_desk(application.user).get("/desk/").status_code == 404
    assert at_the_desk(application.user).get(f"/desk/{application.pk}/").status_code == 404


def test_what_waited_longest_comes_first_and_is_late_after_a_week(community):
    other = make_community("B")
    elena = administrator("elena", community, other)
    old, new = sent(community), sent(other, make_user("anna"), point={"pod_code": "IT001E55500002"})
    Application.objects.filter(pk=old.pk).update(submitted_at=timezone.now() - timedelta(days=9))
    Application.objects.filter(pk=new.pk).update(submitted_at=timezone.now() - timedelta(days=1))

    answer = at_the_desk(elena).get("/desk/")

    assert [(one.community.name, one.waiting, one.days, one.is_late) for one in answer.context["communities"]] == [
        ("CER A", 1, 9, True),
        ("CER B", 1, 1, False),
    ]
    assert [each.pk for each in answer.context["page"]] == [old.pk, new.pk]
    assert "La più vecchia è di CER A, da 9 giorni." in page_of(answer)


def test_fifty_communities_of_twenty_members_ask_the_database_as_often_as_one(community):
    elena = administrator("elena", community)
    sent(community)
    client = at_the_desk(elena)
    client.get("/desk/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/desk/")

    make_many(elena, communities=49, members=20)
    with CaptureQueriesContext(connection) as many:
        page = page_of(client.get("/desk/"))

    assert "50 domande aspettano una risposta." in page
    assert len(many) == len(few) <= 9


def make_many(elena, *, communities: int, members: int) -> None:
    """Communities with members and an application each, in few statements."""
    now = timezone.now()
    organisation = Organisation.objects.create(name="Tante")
    made = CERConfiguration.objects.bulk_create(
        CERConfiguration(organisation=organisation, name=f"CER {number:02}", code=f"M{number}", slug=f"m-{number}")
        for number in range(communities)
    )
    people = CustomUser.objects.bulk_create(
        CustomUser(email=f"m{number}@example.it", last_name=f"Socio {number}") for number in range(members + 1)
    )
    rows = [CERMembership(community=one, user=elena, role="ADMIN", state="APPROVED", active_from=now) for one in made]
    rows += [
        CERMembership(community=one, user=person, member_type="CONSUMER", state="APPROVED", active_from=now)
        for one in made
        for person in people[:members]
    ]
    CERMembership.objects.bulk_create(rows)
    waiting = CERMembership.objects.bulk_create(
        CERMembership(community=one, user=people[-1], member_type="CONSUMER", state="SUBMITTED") for one in made
    )
    Application.objects.bulk_create(
        Application(
            community=one.community,
            user=people[-1],
            membership=one,
            email=people[-1].email,
            created_at=now,
            updated_at=now,
            submitted_at=now,
        )
        for one in waiting
    )
