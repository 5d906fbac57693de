"""The invented community: its codes pass the checks of forms, its meters and points fit together."""

from __future__ import annotations

import re

from stdnum import iban
from stdnum.it import codicefiscale, iva

from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.ops.simulation.scenery import Kind, Role


def test_there_are_twelve_members_twelve_points_and_five_plants():
    assert len(COMMUNITY.members) == 12
    assert len(COMMUNITY.points) == 12
    assert len([point for point in COMMUNITY.points if point.array]) == 5


def test_eleven_of_twelve_points_are_measured():
    assert len([point for point in COMMUNITY.points if point.meters]) == 11


def test_each_member_brings_in_one_point_of_its_own_kind():
    kinds = {member.pod: member.kind for member in COMMUNITY.members}

    assert kinds == {point.pod: point.kind for point in COMMUNITY.points}


def test_only_points_with_a_plant_produce():
    for point in COMMUNITY.points:
        assert (point.array is None) == (point.kind is Kind.CONSUMER)


def test_codes_have_the_right_shape_and_check_digits():
    assert re.fullmatch(r"AC\d{3}E\d{5}", COMMUNITY.primary_substation)
    for point in COMMUNITY.points:
        assert re.fullmatch(r"IT\d{3}E[0-9A-Z]{8}", point.pod)
    for holder in (*COMMUNITY.members, COMMUNITY.organisation):
        assert codicefiscale.is_valid(holder.fiscal_code)
        assert iban.is_valid(holder.iban)
    for member in COMMUNITY.members:
        assert not member.vat_number or iva.is_valid(member.vat_number)


def test_nobody_can_be_taken_for_a_real_person():
    people = [member for member in COMMUNITY.members if member.legal_type == "PRIVATE"]

    assert all(person.fiscal_code[11:15] == "Q999" for person in people)
    assert all(member.iban[5:10] == "99999" for member in COMMUNITY.members)
    assert all(member.email.endswith(".example") for member in COMMUNITY.members)


def test_nothing_is_held_twice():
    for values in (
        [member.fiscal_code for member in COMMUNITY.members],
        [member.email for member in COMMUNITY.members],
        [member.iban for member in (*COMMUNITY.members, COMMUNITY.organisation)],
        [meter.device_id for point in COMMUNITY.points for meter in point.meters],
    ):
        assert len(set(values)) == len(values)


def test_names_have_the_letters_that_break_careless_code():
    names = " ".join(f"{member.name} {member.first_name} {member.last_name}" for member in COMMUNITY.members)

    assert "'" in names
    assert "«" in names
    assert re.search("[àèéìòù]", names)


def test_every_measured_point_has_one_meter_at_the_exchange_and_plants_have_one_for_production():
    for point in COMMUNITY.points:
        roles = [meter.role for meter in point.meters]
        if roles:
            assert roles == [Role.EXCHANGE] + ([Role.PRODUCTION] if point.array else [])


def test_the_prefix_holds_pod_and_device():
    for point in COMMUNITY.points:
        for meter in point.meters:
            assert meter.topic_prefix == f"cercollettiva/{point.pod}/{meter.device_id}"
            assert re.fullmatch(r"shellypro3em-[0-9a-f]{12}", meter.device_id)


def test_the_four_logins_are_members_of_those_roles():
    members = {member.email: member for member in COMMUNITY.members}
    logins = {name: members[email] for name, email in COMMUNITY.logins.items()}

    assert logins["administrator"].role == "ADMIN"
    assert logins["technician"].role == "TECHNICAL"
    assert (logins["prosumer"].role, logins["prosumer"].kind) == ("MEMBER", Kind.PROSUMER)
    assert (logins["consumer"].role, logins["consumer"].kind) == ("MEMBER", Kind.CONSUMER)
