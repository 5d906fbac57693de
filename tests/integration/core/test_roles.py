"""Roles are given and ended by administrators, in their own community; invitations are links that work once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cercollettiva.core import roles, signals
from cercollettiva.core.models import CERMembership, Invitation, MemberRole, MembershipState, RoleChange
from cercollettiva.users.audit_chain import verify_chain
from cercollettiva.users.models import AuditLine
from tests.integration.core.scene import join, make_community, make_user
from tests.integration.users.signing import PASSWORD, code_in_mail, make_person, private
from tests.support.mailbox import delivered

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def community():
    return make_community("A")


@pytest.fixture
def admin(community):
    user = make_user("admin")
    join(user, community, MemberRole.ADMIN)
    return user


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(community) -> str:
    return f"/cer/{community.pk}/roles/"


def test_a_role_is_given_with_its_date_and_says_who_decided(community, admin):
    membership = join(make_user("member"), community)
    heard = []
    signals.role_changed.connect(lambda sender, **told: heard.append((told["before"], told["after"])), weak=False)

    signed_in(admin).post(page_of(community), {"action": "grant", "membership": membership.pk, "role": "TECHNICAL"})

    membership.refresh_from_db()
    change = RoleChange.objects.get()
    assert membership.role == MemberRole.TECHNICAL
    assert (change.before, change.after, change.by) == ("MEMBER", "TECHNICAL", admin)
    assert timezone.now() - change.at < timedelta(minutes=1)
    assert heard == [("MEMBER", "TECHNICAL")]


def test_the_last_administrator_stays(community, admin):
    membership = admin.memberships.get()
    client = signed_in(admin)

    page = client.post(page_of(community), {"action": "end", "membership": membership.pk}, follow=True)

    membership.refresh_from_db()
    assert membership.role == MemberRole.ADMIN
    assert "ultimo amministratore" in page.content.decode()


@pytest.mark.parametrize("other", ["disabled", "leaving", "of another community"])
def test_somebody_who_will_not_be_there_does_not_count_as_another(community, admin, other):
    second = make_user("second", is_active=other != "disabled")
    membership = join(second, make_community("B") if other == "of another community" else community, MemberRole.ADMIN)
    if other == "leaving":
        membership.active_to = timezone.now() + timedelta(days=1)
        membership.save()

    with pytest.raises(roles.LastAdministrator):
        roles.end_role(admin.memberships.get(), by=admin, at=timezone.now())


def test_an_administrator_who_is_a_member_stays_a_member_and_another_leaves(community, admin):
    now = timezone.now()
    member = join(make_user("member"), community, MemberRole.ADMIN)
    member.member_type = "CONSUMER"
    member.save()
    helper = CERMembership.objects.create(
        community=community, user=make_user("helper"), role="TECHNICAL", state="APPROVED", active_from=now
    )

    roles.end_role(member, by=admin, at=now)
    roles.end_role(helper, by=admin, at=now)

    member.refresh_from_db()
    helper.refresh_from_db()
    assert (member.role, member.state) == (MemberRole.MEMBER, MembershipState.APPROVED)
    assert helper.state == MembershipState.LEFT


@pytest.mark.parametrize("action", ["grant", "end", "revoke"])
def test_nobody_touches_another_community(community, admin, action):
    foreign = make_community("B")
    membership = join(make_user("foreign-technician"), foreign, MemberRole.TECHNICAL)
    boss = make_user("boss")
    join(boss, foreign, MemberRole.ADMIN)
    invitation = roles.invite(foreign, "x@example.it", MemberRole.TECHNICAL, by=boss, at=timezone.now()).invitation
    data = {"action": action, "membership": membership.pk, "invitation": invitation.pk, "role": "ADMIN"}
    client = signed_in(admin)

    own_page = client.post(page_of(community), data)
    their_page = client.post(page_of(foreign), data)

    membership.refresh_from_db()
    assert (own_page.status_code, their_page.status_code) == (404, 404)
    assert membership.role == MemberRole.TECHNICAL
    assert Invitation.objects.open_at(timezone.now()).count() == 1


def test_technicians_and_members_find_no_such_page(community, admin):
    for role in (MemberRole.TECHNICAL, MemberRole.MEMBER):
        user = make_user(role.lower())
        join(user, community, role)
        assert signed_in(user).get(page_of(community)).status_code == 404


def test_the_page_asks_the_same_few_times_however_many_people_there_are(community, admin):
    client = signed_in(admin)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(page_of(community)).status_code == 200
        return len(asked)

    def populate(first: int, last: int) -> None:
        for number in range(first, last):
            membership = join(make_user(f"member-{number}"), community)
            roles.grant_role(membership, MemberRole.TECHNICAL, by=admin, at=timezone.now())
            roles.invite(community, f"x{number}@example.it", MemberRole.ADMIN, by=admin, at=timezone.now())

    populate(0, 2)
    few = queries()
    populate(2, 12)

    assert queries() == few


# --- invitations


def link_in_mail() -> str:
    found = re.search(r"/users/invitations/\S+/", delivered()[-1].body)
    assert found
    return found.group()


@pytest.fixture
def deliver(django_capture_on_commit_callbacks):
    """Sends an invitation and returns the link that the mail holds."""

    def sent(*args, **kwargs) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            data = {"action": "invite", "email": "guest@example.it", "role": "TECHNICAL", "member_type": ""} | kwargs
            answer = signed_in(args[0]).post(page_of(args[1]), data)
        assert answer.status_code == 302
        return link_in_mail()

    return sent


def test_an_invitation_is_accepted_once_by_the_account_of_its_address(community, admin, deliver):
    link = deliver(admin, community)
    guest = make_person("guest@example.it")
    client = signed_in(guest)
    page = client.get(link).content.decode()

    accepted = client.post(link)
    again = client.post(link)

    membership = guest.memberships.get()
    assert "CER A ti invita" in page
    assert accepted.status_code == 302
    assert (membership.role, membership.state, membership.community) == ("TECHNICAL", "APPROVED", community)
    assert again.status_code == 404
    assert RoleChange.objects.get().by == admin


def test_somebody_new_registers_from_the_link_without_another_code(community, admin, deliver):
    link = deliver(admin, community, role="MEMBER", member_type="CONSUMER")
    client = Client()
    client.get(link)

    registered = client.post(f"/users/register/?next={link}", private(email="guest@example.it", next=link))
    client.post(link)

    assert registered["Location"] == link
    assert CERMembership.objects.get(user__email="guest@example.it").member_type == "CONSUMER"


def test_the_link_confirms_its_own_address_and_no_other(community, admin, deliver):
    client = Client()
    client.get(deliver(admin, community))

    client.post("/users/register/", private(email="else@example.it"))

    assert "_auth_user_id" not in client.session
    assert code_in_mail("else@example.it")


def test_another_account_cannot_use_the_link(community, admin, deliver):
    link = deliver(admin, community)
    thief = make_person("thief@example.it")
    client = signed_in(thief)

    page = client.post(link)

    assert "è un altro indirizzo" in page.content.decode()
    assert not thief.memberships.exists()
    with pytest.raises(roles.InvitationForAnother):
        roles.accept(link.rstrip("/").rpartition("/")[2], thief, at=timezone.now())


def test_a_link_that_is_old_revoked_replaced_or_invented_is_not_there(community, admin, deliver):
    guest = make_person("guest@example.it")
    replaced = deliver(admin, community)
    revoked = deliver(admin, community)
    signed_in(admin).post(page_of(community), {"action": "revoke", "invitation": Invitation.objects.first().pk})
    old = deliver(admin, community)

    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        answers = [signed_in(guest).get(link) for link in (replaced, revoked, old, "/users/invitations/invented/")]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in map(without_token, answers)}) == 1
    assert not guest.memberships.exists()


def without_token(answer):
    answer.content = re.sub(rb'value="[A-Za-z0-9]{64}"|value="/users/invitations/[^"]*"', b"", answer.content)
    return answer


def test_the_token_is_not_in_the_database(community, admin, deliver):
    token = deliver(admin, community).rstrip("/").rpartition("/")[2]

    row = Invitation.objects.filter(community=community).values().get()

    assert len(token) >= 40
    assert token not in str(row)


def test_an_invitation_gives_and_never_takes_away(community, admin, deliver):
    link = deliver(admin, community, email=admin.email, role="MEMBER", member_type="PRODUCER")

    signed_in(admin).post(link)

    membership = admin.memberships.get()
    assert membership.role == "ADMIN"


def test_an_invitation_of_a_member_has_a_type(community, admin):
    data = {"action": "invite", "email": "guest@example.it", "role": "MEMBER", "member_type": ""}

    page = signed_in(admin).post(page_of(community), data)

    assert "scegli quale" in page.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        roles.invite(community, "guest@example.it", MemberRole.MEMBER, by=admin, at=timezone.now())


def test_signing_in_from_the_link_comes_back_to_it(community, admin, deliver):
    link = deliver(admin, community)
    guest = make_person("guest@example.it")

    answer = Client().post("/users/login/", {"username": guest.email, "password": PASSWORD, "next": link})

    assert answer["Location"] == link


def test_what_happens_to_an_invitation_is_in_the_audit_log_without_the_address(community, admin):
    now = timezone.now()
    guest = make_person("canary@example.it")
    start = AuditLine.objects.count()

    replaced = roles.invite(community, guest.email, MemberRole.TECHNICAL, by=admin, at=now).invitation
    used = roles.invite(community, guest.email, MemberRole.TECHNICAL, by=admin, at=now)
    roles.accept(used.token, guest, at=now)
    revoked = roles.invite(community, "canary@example.com", MemberRole.ADMIN, by=admin, at=now).invitation
    roles.revoke(revoked, by=admin, at=now)
    roles.revoke(revoked, by=admin, at=now)  # nothing is left to revoke

    told = AuditLine.objects.filter(action__startswith="INVITATION_").order_by("seq")
    assert [(line.action, line.actor_id, line.subject_id) for line in told] == [
        ("INVITATION_SENT", admin.pk, replaced.pk),
        ("INVITATION_REVOKED", admin.pk, replaced.pk),
        ("INVITATION_SENT", admin.pk, used.invitation.pk),
        ("INVITATION_ACCEPTED", guest.pk, used.invitation.pk),
        ("INVITATION_SENT", admin.pk, revoked.pk),
        ("INVITATION_REVOKED", admin.pk, revoked.pk),
    ]
    assert {line.subject_type for line in told} == {"core.invitation"}
    assert told[4].details == {"community_id": community.pk, "role": "ADMIN"}
    assert "canary" not in str(list(AuditLine.objects.filter(seq__gt=start).values()))
    assert verify_chain().is_whole


def test_a_year_after_it_ended_an_invitation_goes(community, admin, settings):
    now = timezone.now()
    ages = (settings.KEEP_INVITATIONS + roles.INVITATION_LASTS + timedelta(hours=1), settings.KEEP_INVITATIONS)
    for number, age in enumerate(ages):
        roles.invite(community, f"{number}@example.it", MemberRole.TECHNICAL, by=admin, at=now - age)

    call_command("retention", "--dry-run")
    assert Invitation.objects.count() == 2
    call_command("retention")

    assert [invitation.email for invitation in Invitation.objects.all()] == ["1@example.it"]
