"""The four empty states of the energy pages: nothing yet, filtered out, not for these eyes, broken.

Each says why it is empty and what to do: the first two in the place of what is missing, the others as a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pytest
from django.db import connection
from django.test import Client
from django.test.html import Element, parse_html

from cercollettiva.core.models import MemberRole
from tests.integration.core.scene import join, make_community, make_device, make_plant, make_user

pytestmark = pytest.mark.django_db

SOON: Final = ("si aggiorna da sola", "si formano da sol")


class Page(NamedTuple):
    """A page, who sees it with nothing on it, and the words that say so."""

    address: str
    who: str
    words: str


NOTHING_YET: Final = (
    Page("/dashboard/", "newcomer", "Qui vedrai l’energia della tua comunità"),
    Page("/plants/", "newcomer", "Prima serve una comunità"),
    Page("/plants/", "member of nothing", "Qui trovi gli impianti che vedi e quelli che segui"),
    Page("/plants/create/", "newcomer", "Un impianto sta sempre in una comunità"),
    Page("/energy/", "newcomer", "Qui vedi l’energia dei tuoi impianti"),
    Page("/energy/plants/", "newcomer", "Qui vedi l’energia dei tuoi impianti"),
    Page("/energy/devices/", "technician", "Qui vedi i misuratori dei tuoi impianti"),
    Page("/energy/measurements/", "newcomer", "Nessuno dei tuoi impianti ha un misuratore adesso"),
    Page("/energy/unknown/", "administrator", "Ogni dispositivo che parla ha il suo posto"),
    Page("/me/oggi/", "newcomer", "Non hai ancora un’utenza o un impianto"),
    Page("/me/energia/", "newcomer", "Non hai ancora un’utenza o un impianto"),
    Page("/me/oggi/", "member", "Nessuna misura, per ora"),
    Page("/me/energia/", "member", "Nessun totale, per ora"),
    Page("/cer/{empty}/", "administrator", "La comunità non ha ancora un impianto"),
    Page("/cer/{empty}/condivisione/", "administrator", "Nessuna ora condivisa, per ora"),
    Page("/cer/{community}/condivisione/", "member of nothing", "Non hai impianti o utenze in questa comunità"),
    Page("/plants/{plant}/", "member", "Nessun totale, per ora"),
    Page("/plants/{bare}/", "administrator", "Nessun misuratore collegato"),
    Page("/plants/{bare}/mqtt/", "administrator", "Nessun misuratore collegato"),
    Page("/interventi/", "administrator", "Qui trovi gli impianti dove serve andare"),
)
FILTERED: Final = (
    Page("/plants/?q=niente", "member", "Nessun impianto così"),
    Page("/energy/devices/?q=niente", "administrator", "Nessun misuratore così"),
    Page("/energy/measurements/?dispositivo={device}&dal=2026-01-01&al=2026-01-02", "member", "In questo periodo"),
    Page("/avvisi/?stato=risolti", "member", "Nessun avviso così"),
)
# Whose door is closed to somebody of another community; the lists above are simply empty for them.
CLOSED: Final = (
    "/cer/{community}/",
    "/cer/{community}/condivisione/",
    "/cer/{community}/condivisione/confronto/",
    "/cer/{community}/schermo/",
    "/plants/{plant}/",
    "/plants/{plant}/update/",
    "/plants/{plant}/delete/",
    "/plants/{plant}/mqtt/",
    "/plants/{plant}/mqtt/add/",
    "/energy/devices/{meter}/",
)


@pytest.fixture
def place() -> dict[str, Any]:
    """A community with a plant whose meter never spoke and a plant without one, and a community with nothing."""
    community, empty, other = (make_community(letter) for letter in "ABC")
    people = {name: make_user(name.replace(" ", "-")) for name in ("newcomer", "member", "member of nothing")}
    people |= {name: make_user(name) for name in ("administrator", "technician", "outsider")}
    join(people["member"], community)
    join(people["member of nothing"], community)
    join(people["outsider"], other)
    join(people["technician"], empty, MemberRole.TECHNICAL)
    for one in (community, empty):
        join(people["administrator"], one, MemberRole.ADMIN)
    plant = make_plant(1, owner=people["member"], cer_configuration=community)
    device = make_device(1, plant=plant)
    names = {
        "community": community.pk,
        "empty": empty.pk,
        "plant": plant.pk,
        "bare": make_plant(2, cer_configuration=community).pk,
        "meter": device.pk,
        "device": device.device_id,
    }
    return {"people": people, "names": names}


@pytest.fixture
def client_of(place, settings):
    settings.SECOND_FACTOR_REQUIRED = False

    def sign_in(who: str) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(place["people"][who])
        return client

    return sign_in


@pytest.fixture
def open_as(place, client_of):
    return lambda who, address: client_of(who).get(address.format(**place["names"]))


def elements(node: Any) -> Iterator[Element]:
    if isinstance(node, Element):
        yield node
        for child in node.children:
            yield from elements(child)


def text_of(node: Any) -> str:
    return " ".join(text_of(child) for child in node.children) if isinstance(node, Element) else str(node)


def main_of(answer: Any) -> Element:
    body = answer.content.decode()
    return parse_html(body[body.index("<main") : body.index("</main>")] + "</main>")


def holders(main: Element, words: str) -> list[Element]:
    """The empty places of a page that say these words."""
    return [one for one in elements(main) if is_of(one, "empty") and words in " ".join(text_of(one).split())]


def is_of(node: Element, style: str) -> bool:
    return style in dict(node.attributes).get("class", "").split()


def has(node: Element, *names: str) -> bool:
    return any(one.name in names for one in elements(node))


def shows_a_way_on(empty: Element, main: Element) -> bool:
    """A link or a sample in its place, a button of the page, or the word that nothing needs to be done."""
    own = any(one.name == "a" or is_of(one, "code") for one in elements(empty))
    return own or any(is_of(one, "btn") for one in elements(main)) or any(word in text_of(empty) for word in SOON)


@pytest.mark.parametrize("seen", NOTHING_YET, ids=lambda seen: f"{seen.address} {seen.who}")
def test_what_is_not_there_yet_is_explained_with_a_way_on(open_as, seen):
    answer = open_as(seen.who, seen.address)

    assert answer.status_code == 200
    main = main_of(answer)
    (empty,) = holders(main, seen.words)
    assert has(empty, "h2", "h3")
    assert has(empty, "p")
    assert shows_a_way_on(empty, main), text_of(empty)


@pytest.mark.parametrize("seen", FILTERED, ids=lambda seen: seen.address)
def test_what_a_filter_hides_comes_back_by_a_link(open_as, seen):
    answer = open_as(seen.who, seen.address)

    assert answer.status_code == 200
    (empty,) = holders(main_of(answer), seen.words)
    assert has(empty, "a"), text_of(empty)


@pytest.mark.parametrize("address", CLOSED)
def test_a_page_for_others_says_so_and_shows_the_way_back(open_as, address):
    answer = open_as("outsider", address)

    assert answer.status_code == 404  # whether it is there is nobody's business
    words = answer.content.decode()
    assert "porta a qualcosa che non puoi vedere" in words
    assert "Torna all’inizio" in words


@pytest.mark.parametrize("address", sorted({page.address for page in NOTHING_YET} | set(CLOSED)))
def test_a_page_that_fails_says_whose_fault_it_is_and_what_to_do(place, client_of, address):
    def broken(*_: Any, **__: Any) -> None:
        raise ConnectionError("canary-of-the-inside")

    client = client_of("administrator")
    with connection.execute_wrapper(broken):
        answer = client.get(address.format(**place["names"]))

    assert answer.status_code == 500
    words = answer.content.decode()
    assert "Qualcosa da parte nostra non ha funzionato." in words
    assert "Riprova tra un minuto." in words
    assert "canary" not in words
