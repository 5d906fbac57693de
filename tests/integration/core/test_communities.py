from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from cercollettiva.core.models import CERConfiguration, CERMembership, MemberRole, MembershipState, MemberType
from cercollettiva.domain.identifiers import InvalidIdentifier
from tests.integration.core.scene import LONG_AGO, NOW, join, make_community, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def refused(constraint: str):
    return pytest.raises(IntegrityError, match=constraint)


@pytest.mark.parametrize("nothing", ["", None])
def test_communities_may_wait_for_their_primary_substation(nothing):
    first, second = make_community("A"), make_community("B")

    for community in (first, second):
        community.primary_substation = nothing
        community.save()

    assert CERConfiguration.objects.filter(primary_substation__isnull=True).count() == 2


def test_there_is_one_community_under_a_primary_substation():
    first, second = make_community("A"), make_community("B")
    second.primary_substation = first.primary_substation

    with pytest.raises(IntegrityError, match=r"community_one_per_primary_substation|primary_substation"):
        second.save()


def test_a_primary_substation_is_kept_as_its_code():
    community = make_community("A")
    community.primary_substation = " ac001e00077 "
    community.save()

    assert CERConfiguration.objects.get().primary_substation == "AC001E00077"


def test_a_wrong_primary_substation_is_not_saved():
    community = make_community("A")
    community.primary_substation = "AC001"

    with pytest.raises(InvalidIdentifier, match="ne servono 11"):
        community.save()


def test_a_form_says_what_is_wrong_with_a_primary_substation():
    community = make_community("A")
    community.primary_substation = "AC001"

    with pytest.raises(ValidationError) as refusal:
        community.full_clean()

    assert refusal.value.message_dict["primary_substation"] == [
        "Ne hai scritti 5, ne servono 11: per esempio AC001E00001."
    ]


def test_the_database_refuses_a_primary_substation_written_past_save():
    make_community("A")

    with refused("community_primary_substation_is_a_code"):
        CERConfiguration.objects.update(primary_substation="AC001E0001X")


def test_the_database_refuses_a_market_zone_that_does_not_exist():
    make_community("A")

    with refused("community_market_zone_is_known"):
        CERConfiguration.objects.update(market_zone="EST")


def test_a_person_has_one_open_place_in_a_community():
    user, community = make_user("anna"), make_community("A")
    join(user, community)

    with pytest.raises(IntegrityError):
        join(user, community, state=MembershipState.DRAFT, active_from=None)


def test_a_person_may_belong_to_two_communities():
    user = make_user("anna")

    join(user, make_community("A"))
    join(user, make_community("B"))

    assert user.communities.count() == 2


def test_who_was_rejected_may_apply_again():
    user, community = make_user("anna"), make_community("A")
    join(user, community, state=MembershipState.REJECTED, active_from=None)

    join(user, community, state=MembershipState.SUBMITTED, active_from=None)

    assert user.memberships.count() == 2


def test_who_left_may_come_back_from_the_same_instant_on_but_not_before():
    user, community = make_user("anna"), make_community("A")
    join(user, community).leave(at=NOW)

    with pytest.raises(IntegrityError, match="membership_periods_do_not_overlap"), transaction.atomic():
        join(user, community, active_from=NOW - timedelta(microseconds=1))
    join(user, community, active_from=NOW)

    assert CERMembership.objects.active_at(NOW).get(user=user).active_from == NOW


def test_an_application_has_no_period_until_it_is_approved():
    user, community = make_user("anna"), make_community("A")

    with refused("membership_period_follows_its_state"):
        join(user, community, state=MembershipState.SUBMITTED, active_from=LONG_AGO)


def test_an_approved_membership_has_a_start():
    user, community = make_user("anna"), make_community("A")

    with refused("membership_period_follows_its_state"):
        join(user, community, state=MembershipState.APPROVED, active_from=None)


def test_a_membership_does_not_end_before_it_starts():
    membership = join(make_user("anna"), make_community("A"), active_from=NOW)

    with refused("membership_ends_after_it_starts"):
        membership.leave(at=NOW - timedelta(days=1))


def test_a_member_has_a_type():
    user, community = make_user("anna"), make_community("A")

    with refused("membership_of_a_member_has_a_type"):
        join(user, community, member_type="")


def test_an_administrator_who_is_not_a_member_does_not_count_among_the_members():
    community = make_community("A")
    join(make_user("admin"), community, MemberRole.ADMIN)
    both = join(make_user("president"), community, MemberRole.ADMIN, member_type=MemberType.CONSUMER)
    member = join(make_user("anna"), community)

    assert set(community.memberships.members()) == {both, member}


def test_an_approved_application_opens_a_membership():
    membership = join(make_user("anna"), make_community("A"), state=MembershipState.SUBMITTED, active_from=None)

    membership.approve(at=NOW)

    membership.refresh_from_db()
    assert (membership.state, membership.active_from) == (MembershipState.APPROVED, NOW)


def test_an_application_may_be_withdrawn():
    membership = join(make_user("anna"), make_community("A"), state=MembershipState.SUBMITTED, active_from=None)

    membership.leave(at=NOW)

    assert not CERMembership.objects.active_at(NOW - timedelta(days=1)).exists()
    assert CERMembership.objects.get().state == MembershipState.LEFT
