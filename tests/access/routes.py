"""The rows of the access matrix: one for each address of the site. A new address without its row fails the tests.

A row says, for each method that is answered, what each kind of user gets. Methods it does not name get 405 from those
who may look at all.
"""

from __future__ import annotations

from typing import Final

from tests.access.expectations import (
    BAD_REQUEST,
    METHODS,
    MOVED,
    NOT_ALLOWED,
    NOT_FOUND,
    OK,
    TO_LOGIN,
    UNAUTHORIZED,
    Expected,
    Route,
    administrators,
    administrators_alone,
    any_administrator,
    any_manager,
    everybody,
    form,
    insiders,
    managers,
    owner,
    page,
    plant_owners,
    safe,
    signed_in,
    staff,
    staff_alone_with_401,
    visitors,
    with_a_passkey,
)
from tests.access.paper_routes import PAPER_ROUTES
from tests.access.world import SIDES, Actor, Side

ROUTES: Final[dict[str, Route]] = {
    "web:home": Route(safe(everybody(OK))),
    "web:dashboard": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "core:community": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:screen": Route(
        # Nobody shows it yet: it is there for those who may, and a POST without an action hides it.
        {**safe(administrators_alone(OK)), "POST": administrators_alone(MOVED)},
        lambda world, side: [world.side(side).cer.pk],
    ),
    "core:screen-data": Route(safe(administrators_alone(OK)), lambda world, side: [world.side(side).cer.pk]),
    "web:more": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "web:manifest": Route(safe(everybody(OK))),
    "web:service-worker": Route(safe(everybody(OK))),
    "web:status": Route(safe(everybody(OK))),
    "web:offline": Route(safe(everybody(OK))),
    "core:plant": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).plant.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "alerts:alerts": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "alerts:alert": Route(
        {**safe(insiders(OK)), "POST": managers(BAD_REQUEST)},  # a POST that names no step
        lambda world, side: [world.side(side).alert.pk],
        otherwise=signed_in(NOT_ALLOWED),
    ),
    "alerts:preferences": Route({**safe(signed_in(OK)), "POST": signed_in(OK)}, otherwise=signed_in(NOT_ALLOWED)),
    "alerts:devices": Route({"POST": signed_in(NOT_FOUND)}, otherwise=signed_in(NOT_ALLOWED)),  # not offered here
    "alerts:device-remove": Route(
        {"POST": owner(MOVED)}, lambda world, side: [world.side(side).screen.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "meters:meters": Route(safe(any_manager(OK)), otherwise=any_manager(NOT_ALLOWED)),
    "meters:meter": Route(
        safe(managers(OK)), lambda world, side: [world.side(side).device.pk], otherwise=any_manager(NOT_ALLOWED)
    ),
    "meters:strangers": Route(safe(any_manager(OK)), otherwise=any_manager(NOT_ALLOWED)),
    "meters:stranger": Route(
        {**safe(managers(OK)), "POST": managers(OK)},  # empty: the form comes back with what is missing
        lambda world, side: [world.side(side).stranger.pk],
        otherwise=any_manager(NOT_ALLOWED),
    ),
    "visits:visits": Route(safe(any_manager(OK)), otherwise=any_manager(NOT_ALLOWED)),
    "visits:reports": Route(
        {**safe(any_manager(OK)), "POST": any_manager(BAD_REQUEST)},  # empty: the list says what is missing
        otherwise=any_manager(NOT_ALLOWED),
    ),
    "visits:report": Route(
        safe(managers(OK)), lambda world, side: [world.side(side).visit.pk], otherwise=any_manager(NOT_ALLOWED)
    ),
    "core:community-history": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "web:today": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "web:my-energy": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "web:my-energy-csv": Route(safe(plant_owners(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "web:my-energy-xlsx": Route(safe(plant_owners(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "core:community-history-xlsx": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:plant-history-xlsx": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).plant.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:plant-quarters": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).plant.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:flows-csv": Route(
        safe(managers(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:flows-xlsx": Route(
        safe(managers(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:sharing": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:sharing-csv": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:sharing-xlsx": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:plant-history": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).plant.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "settlement:comparison": Route(
        safe(administrators(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "settlement:hour": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "users:login": Route(
        {
            "GET": visitors(OK, others=MOVED),
            "HEAD": visitors(OK, others=MOVED),
            "POST": visitors(OK, others=MOVED),  # empty: the form comes back with what is missing
            "PUT": visitors(OK, others=MOVED),  # Django reads a PUT of a form as a POST
            "OPTIONS": visitors(OK, others=MOVED),
        },
        otherwise=visitors(NOT_ALLOWED, others=MOVED),
    ),
    "users:logout": Route({"POST": everybody(MOVED), "OPTIONS": everybody(OK)}),
    "set_language": Route(
        {method: everybody(MOVED) for method in METHODS},  # back to the page one came from, whatever the method
    ),
    **{f"monitoring:{name}": Route(safe(everybody(OK))) for name in ("health", "live", "ready")},
    **{
        f"monitoring:health-{name}": Route(safe(everybody(OK)))
        for name in ("database", "mqtt", "cache", "system", "queue")
    },
    "monitoring:status": Route(safe(staff_alone_with_401(OK))),
    "monitoring:metrics": Route(safe(everybody(NOT_FOUND))),  # nobody has the token
}

_SIGN_IN: Final = ROUTES["users:login"]
_SECRET: Final = lambda world, side: ["no-such-key"]  # noqa: E731  # whoever has the link, and nobody has this one
_OF_THE_COMMUNITY: Final = lambda world, side: [world.side(side).cer.pk]  # noqa: E731
ROUTES.update(
    {
        "web:setup": Route({method: everybody(NOT_FOUND) for method in METHODS}, otherwise=everybody(NOT_FOUND)),
        "core:roles": Route(
            {**safe(administrators(OK)), "POST": administrators(NOT_FOUND)},  # of no membership
            lambda world, side: [world.side(side).cer.pk],
            otherwise=signed_in(NOT_ALLOWED),
        ),
        "communities:list": Route(safe(everybody(OK))),
        "communities:public": Route(safe(everybody(OK)), _OF_THE_COMMUNITY, is_published=True),
        "communities:slug": Route(
            safe(everybody(OK)), lambda world, side: [world.side(side).cer.slug], is_published=True
        ),
        "communities:public-settings": Route(
            {"POST": administrators(MOVED)}, _OF_THE_COMMUNITY, otherwise=signed_in(NOT_ALLOWED)
        ),
        "communities:join": Route(
            {**safe(everybody(OK)), "POST": visitors(OK, others=MOVED)}, _OF_THE_COMMUNITY, is_published=True
        ),  # who is signed in begins; the others are asked for an address
        "communities:join-check": Route({"POST": everybody(OK)}, _OF_THE_COMMUNITY, is_published=True),
        "communities:join-resume": Route(
            safe(everybody(NOT_FOUND)),
            lambda world, side: [world.side(side).cer.pk, "no-such-token"],
            is_published=True,  # the community is: it is the link that is not there
        ),
        "communities:join-step": Route(
            {**safe(everybody(MOVED)), "POST": everybody(MOVED)},  # nobody has begun
            lambda world, side: [world.side(side).cer.pk, "person"],
            is_published=True,
        ),
        "desk:desk": Route(safe(any_administrator(OK)), otherwise=any_administrator(NOT_ALLOWED, others=NOT_ALLOWED)),
        "desk:application": Route(
            {**safe(administrators(OK)), "POST": administrators(MOVED)},  # without a decision
            lambda world, side: [world.side(side).application.pk],
            otherwise=signed_in(NOT_ALLOWED),
        ),
        "account_login": _SIGN_IN,
        "account_logout": ROUTES["users:logout"],
        "users:register": _SIGN_IN,
        "account_signup": _SIGN_IN,
        "users:check": Route({"POST": everybody(BAD_REQUEST)}),
        "users:profile": page(signed_in(OK), otherwise=signed_in(NOT_ALLOWED)),
        "users:password_change": form(signed_in(OK)),
        "account_change_password": form(signed_in(OK)),
        "users:delete_account": page(signed_in(OK), otherwise=signed_in(NOT_ALLOWED)),
        "users:privacy_policy": Route(safe(everybody(OK))),
        "users:accept_privacy": Route(
            {**safe(signed_in(OK)), "POST": signed_in(MOVED)}, otherwise=signed_in(NOT_ALLOWED)
        ),
        "users:privacy": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
        "users:export": Route({**safe(signed_in(OK)), "POST": signed_in(MOVED)}, otherwise=signed_in(NOT_ALLOWED)),
        "users:export_file": Route(
            safe(owner(OK)), lambda world, side: [world.side(side).export.pk], otherwise=signed_in(NOT_ALLOWED)
        ),
        "users:processing": Route(safe(any_administrator(OK)), otherwise=signed_in(NOT_ALLOWED)),
        "users:erase": Route(
            {**safe(staff(OK)), "POST": staff(OK)},  # without the box that confirms: it shows itself again
            lambda world, side: [world.side(side).member.pk],
            otherwise=staff(NOT_ALLOWED),
        ),
        "users:sessions": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
        "users:end_all_sessions": Route({"POST": signed_in(MOVED)}, otherwise=signed_in(NOT_ALLOWED)),
        "users:end_session": Route(
            {"POST": owner(MOVED)}, lambda world, side: [world.side(side).session.pk], otherwise=signed_in(NOT_ALLOWED)
        ),
        "users:tokens": Route({**safe(signed_in(OK)), "POST": signed_in(OK)}, otherwise=signed_in(NOT_ALLOWED)),
        "users:revoke_token": Route(
            {"POST": owner(MOVED)}, lambda world, side: [world.side(side).token.pk], otherwise=signed_in(NOT_ALLOWED)
        ),
        "users:invitation": Route({**safe(everybody(NOT_FOUND)), "POST": everybody(NOT_FOUND)}, _SECRET),
        "users:management": Route(safe(staff(OK)), otherwise=staff(NOT_ALLOWED)),
        "users:management_person": Route(
            {**safe(staff(OK)), "POST": staff(MOVED)},
            lambda world, side: [world.side(side).member.pk],
            otherwise=staff(NOT_ALLOWED),
        ),
        "account_inactive": Route({**safe(everybody(OK)), "OPTIONS": everybody(OK)}),
        "account_email_verification_sent": form(everybody(MOVED), others=everybody(MOVED)),  # nothing is being verified
        "account_email": Route(
            {
                **dict.fromkeys(("POST", "PUT"), signed_in(MOVED)),
                **dict.fromkeys(("GET", "HEAD", "OPTIONS"), signed_in(OK)),
            },
            otherwise=signed_in(NOT_ALLOWED),
        ),  # without an action it shows itself again
        "account_reauthenticate": form(signed_in(OK)),
        "account_reset_password": form(everybody(OK), others=everybody(NOT_ALLOWED)),
        "account_reset_password_done": Route({**safe(everybody(OK)), "OPTIONS": everybody(OK)}),
        "account_reset_password_from_key_done": Route({**safe(everybody(OK)), "OPTIONS": everybody(OK)}),
        "account_reset_password_from_key": Route(
            {method: everybody(NOT_FOUND) for method in METHODS}, lambda world, side: ["x", "no-such-key"]
        ),
        "mfa_index": Route({**safe(signed_in(OK)), "OPTIONS": signed_in(OK)}, otherwise=signed_in(NOT_ALLOWED)),
        "mfa_list_webauthn": Route({**safe(signed_in(OK)), "OPTIONS": signed_in(OK)}, otherwise=signed_in(NOT_ALLOWED)),
        "mfa_authenticate": Route({}, otherwise=everybody(MOVED)),  # nobody is half-way through a sign-in
        "mfa_reauthenticate": Route({}, otherwise=everybody(MOVED)),  # nobody has a code to write
        "mfa_activate_totp": form(signed_in(OK)),
        "mfa_deactivate_totp": Route({}, otherwise=signed_in(NOT_FOUND)),  # nobody has one
        "mfa_view_recovery_codes": Route(
            {**safe(signed_in(NOT_FOUND)), "OPTIONS": signed_in(OK)}, otherwise=signed_in(NOT_ALLOWED)
        ),
        "mfa_generate_recovery_codes": Route(
            {
                **dict.fromkeys(("GET", "HEAD", "OPTIONS"), signed_in(OK)),
                **dict.fromkeys(("POST", "PUT"), with_a_passkey(MOVED, others=OK)),  # codes only stand in for a factor
            },
            otherwise=signed_in(NOT_ALLOWED),
        ),
        "mfa_download_recovery_codes": Route({}, otherwise=signed_in(NOT_FOUND)),
        "mfa_add_webauthn": form(signed_in(OK)),
        "mfa_login_webauthn": Route(
            {"OPTIONS": visitors(OK, others=MOVED), **dict.fromkeys(("GET", "HEAD", "POST", "PUT"), everybody(MOVED))},
            otherwise=visitors(NOT_ALLOWED, others=MOVED),
        ),
        "mfa_reauthenticate_webauthn": Route(
            {
                **dict.fromkeys(("GET", "HEAD", "OPTIONS"), with_a_passkey(OK, others=MOVED)),
                **dict.fromkeys(("POST", "PUT"), everybody(MOVED)),
            },
            otherwise=with_a_passkey(NOT_ALLOWED, others=MOVED),
        ),
        "mfa_edit_webauthn": Route(
            {**safe(owner(OK)), "POST": owner(OK)},  # without a name: it shows itself again
            lambda world, side: [world.side(side).passkey.pk],
            otherwise=signed_in(NOT_ALLOWED),
        ),
        "mfa_remove_webauthn": Route(
            {**safe(owner(OK)), "OPTIONS": owner(OK), "POST": owner(MOVED), "DELETE": owner(MOVED)},
            lambda world, side: [world.side(side).passkey.pk],
            otherwise=owner(NOT_ALLOWED),
        ),
    }
)


_CER: Final = lambda world, side: [world.side(side).cer.pk]  # noqa: E731
FORBIDDEN: Final = 403


def payer(status: int) -> Expected:
    """The member whose it is, and the administrators of the community; for the others it does not exist."""
    inside = {(Actor.MEMBER_A, "a"), (Actor.MEMBER_B, "b")}
    administer = administrators(status)
    return lambda actor, side: status if (actor, side) in inside else administer(actor, side)


def fee_call(*, insiders_see: frozenset[Actor], asked_nothing: int = BAD_REQUEST) -> Route:
    """A call of the fees API, asked with nothing: that answer for administrators, 403 for whoever sees the card."""
    administer = administrators(asked_nothing)

    def expected(actor: Actor, side: Side) -> int:
        if actor is Actor.ANONYMOUS:
            return UNAUTHORIZED
        return FORBIDDEN if actor in insiders_see and side in SIDES[actor] else administer(actor, side)

    otherwise: Expected = lambda actor, side: UNAUTHORIZED if actor is Actor.ANONYMOUS else NOT_ALLOWED  # noqa: E731
    return Route({"POST": expected}, lambda world, side: [world.side(side).card.pk], otherwise=otherwise)


def _of_the_community(route: Route) -> Route:
    return Route(route.methods, _CER, otherwise=route.otherwise)


_ONES_CARD: Final = fee_call(insiders_see=frozenset({Actor.MEMBER_A, Actor.MEMBER_B}))
# A payment that names no amount is all that is due.
_PAID: Final = fee_call(insiders_see=frozenset({Actor.MEMBER_A, Actor.MEMBER_B}), asked_nothing=OK)
_ALL_FEES: Final = _of_the_community(
    fee_call(insiders_see=frozenset({Actor.MEMBER_A, Actor.MEMBER_B, Actor.TECHNICIAN_A}))
)

ROUTES.update(
    {
        "register:me": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
        "register:registry": Route(safe(administrators(OK)), _CER, otherwise=signed_in(NOT_ALLOWED)),
        "register:card": Route(
            # Nobody's card but a member's own can be renewed, and these are of this year.
            {
                **safe(insiders(OK)),
                "POST": lambda actor, side: (
                    TO_LOGIN
                    if actor is Actor.ANONYMOUS
                    else MOVED
                    if (actor, side) in {(Actor.MEMBER_A, "a"), (Actor.MEMBER_B, "b")}
                    else NOT_FOUND
                ),
            },
            _CER,
            otherwise=signed_in(NOT_ALLOWED),
        ),
        "register:card-check": Route(safe(everybody(NOT_FOUND)), lambda world, side: ["1:not-signed-by-us"]),
        "register:fees": Route(
            {**safe(administrators(OK)), "POST": administrators(MOVED)}, _CER, otherwise=signed_in(NOT_ALLOWED)
        ),
        "register:receipt": Route(
            safe(payer(OK)),
            lambda world, side: [world.side(side).cer.pk, world.side(side).payment.pk],
            otherwise=signed_in(NOT_ALLOWED),
        ),
        "register:cards-file": Route(  # it is not made yet
            safe(administrators(NOT_FOUND)),
            lambda world, side: [world.side(side).cer.pk, world.side(side).card_job.pk],
            otherwise=signed_in(NOT_ALLOWED),
        ),
        "register:settings": page(administrators(OK), arguments=_CER, otherwise=signed_in(NOT_ALLOWED)),
        "register:logo": Route(safe(everybody(NOT_FOUND)), _CER),  # public, and there is none
        "register:imports": page(administrators(OK), arguments=_CER, otherwise=signed_in(NOT_ALLOWED)),
        "register:import": Route(
            {**safe(administrators(OK)), "POST": administrators(MOVED)},
            lambda world, side: [world.side(side).cer.pk, world.side(side).member_import.pk],
            otherwise=signed_in(NOT_ALLOWED),
        ),
        **{f"{space}:set": _ONES_CARD for space in ("fees-api", "fees-api-again")},
        **{f"{space}:paid": _PAID for space in ("fees-api", "fees-api-again")},
        **{f"{space}:bulk": _ALL_FEES for space in ("fees-api", "fees-api-again")},
    }
)

_PLANT: Final = lambda world, side: [world.side(side).plant.pk]  # noqa: E731
_STAY: Final = lambda world, side: [  # noqa: E731
    world.side(side).plant.pk,
    world.side(side).plant.device_placements.values_list("pk", flat=True)[0],
]

# Plants and their meters: the member of a community owns its plant, so whoever belongs to it may change it.
ROUTES.update(
    {
        "core:plants": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
        "core:plant-create": page(signed_in(OK), otherwise=signed_in(NOT_ALLOWED)),
        "core:plant-update": page(insiders(OK), arguments=_PLANT, otherwise=signed_in(NOT_ALLOWED)),
        "core:plant-delete": page(insiders(OK), arguments=_PLANT, otherwise=signed_in(NOT_ALLOWED)),  # not confirmed
        "core:plant-mqtt": Route(safe(insiders(OK)), _PLANT, otherwise=signed_in(NOT_ALLOWED)),
        "core:meter-add": page(insiders(OK), arguments=_PLANT, otherwise=signed_in(NOT_ALLOWED)),
        "core:meter-card": Route(safe(insiders(OK)), _STAY, otherwise=signed_in(NOT_ALLOWED)),
        "core:meter-password": Route({"POST": managers(MOVED)}, _STAY, otherwise=signed_in(NOT_ALLOWED)),
        "core:meter-revoke": Route({"POST": managers(MOVED)}, _STAY, otherwise=signed_in(NOT_ALLOWED)),
        "core:meter-roles": page(insiders(OK), arguments=_STAY, otherwise=signed_in(NOT_ALLOWED)),
        "core:meter-move": page(insiders(OK), arguments=_STAY, otherwise=signed_in(NOT_ALLOWED)),
        "core:meter-check": Route(
            {**safe(insiders(OK)), "POST": insiders(MOVED)}, _STAY, otherwise=signed_in(NOT_ALLOWED)
        ),
        "meters:energy": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
        "meters:plants": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
        "meters:measurements": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
        "meters:broker-test": Route(
            {"POST": any_manager(MOVED)},
            lambda world, side: [world.broker.pk],
            otherwise=any_manager(NOT_ALLOWED),
        ),
        "mqtt-auth": Route({"POST": everybody(NOT_FOUND)}, otherwise=everybody(NOT_ALLOWED)),  # no secret is set
        "mqtt-acl": Route({"POST": everybody(NOT_FOUND)}, otherwise=everybody(NOT_ALLOWED)),
        "meters:broker": Route(safe(any_manager(OK)), otherwise=any_manager(NOT_ALLOWED)),
    }
)

ROUTES.update(PAPER_ROUTES)
