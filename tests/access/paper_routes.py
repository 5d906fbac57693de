"""The rows of papers. The one of each community is an attestation at its plant, whose file is not there."""

from __future__ import annotations

from typing import Final

from tests.access.expectations import (
    MOVED,
    NOT_ALLOWED,
    NOT_FOUND,
    OK,
    Route,
    administrators,
    any_administrator,
    everybody,
    insiders,
    page,
    safe,
    signed_in,
    staff,
)

_PAPER: Final = lambda world, side: [world.side(side).paper.pk]  # noqa: E731
_PLANT: Final = lambda world, side: [world.side(side).plant.pk]  # noqa: E731
_SEEN: Final = Route(safe(insiders(OK)), _PAPER, otherwise=signed_in(NOT_ALLOWED))
_ADMINISTERED: Final = Route({"POST": administrators(MOVED)}, _PAPER, otherwise=signed_in(NOT_ALLOWED))

PAPER_ROUTES: Final[dict[str, Route]] = {
    "documents:list": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "documents:upload": page(signed_in(OK), otherwise=signed_in(NOT_ALLOWED)),
    "documents:deleted": Route(safe(any_administrator(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "documents:terms": Route(safe(staff(OK)), otherwise=staff(NOT_ALLOWED)),
    "documents:term": page(staff(OK), arguments=lambda world, side: ["BILL"], otherwise=staff(NOT_ALLOWED)),
    "documents:detail": _SEEN,
    "documents:download": Route(  # back to its page, which says that the file is not there
        {"GET": insiders(MOVED), "HEAD": insiders(OK)}, _PAPER, otherwise=signed_in(NOT_ALLOWED)
    ),
    "documents:delete": page(insiders(OK), arguments=_PAPER, otherwise=signed_in(NOT_ALLOWED)),  # not confirmed
    "documents:verify": _ADMINISTERED,
    "documents:hold": _ADMINISTERED,
    "documents:gaudi-upload": Route({"POST": insiders(OK)}, _PLANT, otherwise=signed_in(NOT_ALLOWED)),
    "documents:gaudi": page(insiders(OK), arguments=_PAPER, otherwise=signed_in(NOT_ALLOWED)),
    "documents:gaudi-status": _SEEN,
    "documents:gaudi-details": _SEEN,
    "documents:gaudi-page": Route(
        {"GET": signed_in(NOT_FOUND), "HEAD": insiders(OK)}, _PAPER, otherwise=signed_in(NOT_ALLOWED)
    ),
    "communities:paper": Route(  # an attestation is not published
        safe(everybody(NOT_FOUND)), lambda world, side: [world.side(side).cer.pk, world.side(side).paper.pk]
    ),
    **{
        f"communities:join-paper-{action}": Route(  # nobody of them has an application: they are led to begin one
            {"POST": everybody(MOVED)}, lambda world, side: [world.side(side).cer.pk], is_published=True
        )
        for action in ("add", "remove")
    },
    "core:plant-new-from-gaudi": page(signed_in(OK), otherwise=signed_in(NOT_ALLOWED)),
    "core:plant-gaudi-update": page(insiders(OK), arguments=_PLANT, otherwise=signed_in(NOT_ALLOWED)),
    "core:plant-documents": Route(safe(insiders(OK)), _PLANT, otherwise=signed_in(NOT_ALLOWED)),
}
