"""Alerts for what an office must do: opened once, brought up to date, closed when it is done."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.utils import translation

from cercollettiva.core import fees, registry
from cercollettiva.core.models import MembershipState, PaymentMethod
from cercollettiva.documents.models import Document
from cercollettiva.documents.types import DocumentType
from cercollettiva.domain.calendar import Range, Span, range_of
from cercollettiva.monitoring.models import Alert, AlertEvent
from cercollettiva.monitoring.office import look_at_estimates, look_at_fees, look_at_papers
from cercollettiva.settlement.estimates import estimate
from cercollettiva.settlement.models import SettlementRun, ZonalPrice
from tests.integration.core.scene import NOW, join, make_populated_community, make_user
from tests.integration.settlement.world import make_world, write_hours, write_published

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def side():
    return make_populated_community("A")


def standing(kind: str) -> list[Alert]:
    return list(Alert.objects.unresolved().filter(kind=kind).order_by("pk"))


def lines(kind: str) -> list[str]:
    return list(AlertEvent.objects.filter(alert__kind=kind).order_by("pk").values_list("change", flat=True))


def in_english(alert: Alert) -> str:
    with translation.override("en"):
        return alert.text


def test_an_alert_of_before_details_were_kept_says_what_it_said(side):
    old = Alert.objects.create(community=side.cer, kind="fee-overdue", message="3 quote sono scadute.")
    assert in_english(old) == "3 quote sono scadute."

    owing(side.membership, due_on=NOW.date())
    look_at_fees(NOW + DAY)

    old.refresh_from_db()
    assert (old.message, in_english(old)) == ("1 quota è scaduta.", "1 fee is overdue.")


def owing(membership, *, due_on: date):
    registry.enter(membership, on=NOW, by=None)
    return fees.set_fee(membership.cards.get(), cents=1_000, on=due_on, due_on=due_on)


# --- Fees ---


def test_a_fee_is_overdue_from_the_day_after_and_no_more_once_it_is_paid(side):
    card = owing(side.membership, due_on=NOW.date())

    assert look_at_fees(NOW) == 0
    assert [look_at_fees(NOW + DAY) for _ in range(2)] == [1, 1]
    [alert] = standing("fee-overdue")
    assert (alert.community, alert.message) == (side.cer, "1 quota è scaduta.")
    assert in_english(alert) == "1 fee is overdue."
    assert side.member.first_name not in alert.message
    fees.pay(card, method=PaymentMethod.CASH, paid_on=NOW.date(), today=NOW.date(), by=None)
    assert look_at_fees(NOW + 2 * DAY) == 0

    assert standing("fee-overdue") == []
    assert lines("fee-overdue") == ["OPENED", "RESOLVED"]


def test_a_community_has_one_alert_whose_count_follows(side):
    other = make_populated_community("B")
    owing(side.membership, due_on=NOW.date())
    look_at_fees(NOW + DAY)
    owing(join(make_user("late"), side.cer), due_on=NOW.date())
    owing(other.membership, due_on=NOW.date())

    assert look_at_fees(NOW + DAY) == 2

    assert {alert.community: alert.message for alert in standing("fee-overdue")} == {
        side.cer: "2 quote sono scadute.",
        other.cer: "1 quota è scaduta.",
    }
    assert lines("fee-overdue") == ["OPENED", "OPENED"]


def test_who_left_owes_nothing_that_anybody_waits_for(side):
    owing(side.membership, due_on=NOW.date())
    side.membership.state, side.membership.active_to = MembershipState.LEFT, NOW
    side.membership.save()

    assert look_at_fees(NOW + DAY) == 0


# --- Papers ---


def a_paper(**fields: object) -> Document:
    """One whose term ends ten years after it was uploaded; a legal hold takes a word of why."""
    return Document.objects.create(type=DocumentType.OTHER, size=0, uploaded_at=NOW, **fields)


def before_its_end(paper: Document) -> datetime:
    return datetime.combine(paper.term(), NOW.timetz()) - 10 * DAY


def test_papers_that_go_soon_are_told_at_their_plant_or_community(side):
    papers = [a_paper(plant=side.plant), a_paper(community=side.cer), a_paper(organisation=side.cer.organisation)]
    soon = before_its_end(papers[0])

    assert look_at_papers(NOW) == 0
    assert [look_at_papers(soon) for _ in range(2)] == [2, 2]

    [of_plant, of_community] = standing("paper-expiring")
    assert (of_plant.plant, of_community.community) == (side.plant, side.cer)
    assert of_plant.message.startswith("1 documento arriva entro 30 giorni")
    assert of_community.message.startswith("2 documenti arrivano")
    assert in_english(of_community).startswith("2 documents reach the end of their retention")


def test_what_was_held_or_has_gone_is_told_no_more(side):
    held, gone = a_paper(plant=side.plant), a_paper(community=side.cer)
    soon = before_its_end(held)
    look_at_papers(soon)
    held.legal_hold = True
    held.save()
    gone.deleted_at = soon
    gone.save()

    assert look_at_papers(soon) == 0
    assert standing("paper-expiring") == []


def test_the_papers_of_a_person_alone_are_left_to_their_terms(side):
    paper = a_paper(owner=side.member)

    assert look_at_papers(before_its_end(paper)) == 0


# --- Prices, parameters and estimates ---


@pytest.fixture
def world():
    return make_world()


MOMENT = datetime.fromisoformat("2026-03-12T09:00:00+01:00")
SO_FAR = Range(range_of(Span.MONTH, MOMENT).start, range_of(Span.DAY, MOMENT).start)


def test_what_was_not_published_is_told_until_it_is_there(world):
    assert look_at_estimates(MOMENT) == 1
    [alert] = standing("parameter-missing")
    assert alert.community == world.cer
    assert "Manca il parametro TRASE per il 01/03/2026." in alert.message
    assert "Manca il prezzo zonale di 264 ore del mese, dalle 01/03/2026 00:00 in poi." in alert.message
    assert "The zonal price of 264 hours of the month is missing, from 01/03/2026 00:00 on." in in_english(alert)
    assert "Manca" not in in_english(alert)

    write_published(SO_FAR)

    assert look_at_estimates(MOMENT) == 0
    assert lines("parameter-missing") == ["OPENED", "RESOLVED"]


def test_one_hour_without_a_price_is_enough(world):
    write_published(SO_FAR)
    gap = SO_FAR.start + timedelta(hours=5)
    ZonalPrice._base_manager.filter(start=gap)._raw_delete("default")

    look_at_estimates(MOMENT)

    assert standing("parameter-missing")[0].message == (
        "Manca il prezzo zonale di un’ora del mese, dalle 01/03/2026 05:00 in poi."
    )


def test_an_estimate_that_is_blocked_says_why_until_it_has_figures(world):
    write_published(SO_FAR)
    write_hours(world, SO_FAR)
    roof = world.plants["roof"]
    roof.entry_into_operation = None
    roof.save()
    assert estimate(world.cer, SO_FAR, now=MOMENT).refusal

    assert [look_at_estimates(MOMENT) for _ in range(2)] == [1, 1]
    [alert] = standing("estimate-blocked")
    assert "manca la data di entrata in esercizio" in alert.message
    assert "manca" not in in_english(alert)
    assert roof.pod_code in in_english(alert)
    roof.entry_into_operation = date(2023, 2, 3)
    roof.save()
    estimate(world.cer, SO_FAR, now=MOMENT)

    assert look_at_estimates(MOMENT) == 0
    assert lines("estimate-blocked") == ["OPENED", "RESOLVED"]


def test_a_refusal_of_before_its_parts_were_kept_is_told_as_it_was_written(world):
    write_published(SO_FAR)
    words = "Il contributo è del 55 % di tutto: al massimo 40 %."
    kept = {"community": world.cer, "start": SO_FAR.start, "end": SO_FAR.end, "refusal": words}
    SettlementRun.objects.create(**kept)

    assert [look_at_estimates(MOMENT) for _ in range(2)] == [1, 1]
    [alert] = standing("estimate-blocked")
    assert (alert.message, alert.text) == (words, words)


def test_what_a_missing_price_blocks_is_told_once(world):
    write_hours(world, SO_FAR)
    assert estimate(world.cer, SO_FAR, now=MOMENT).refusal

    assert look_at_estimates(MOMENT) == 1
    assert (len(standing("parameter-missing")), standing("estimate-blocked")) == (1, [])


def test_a_community_without_plants_has_nothing_to_calculate():
    side = make_populated_community("A")
    type(side.plant).objects.update(cer_configuration=None)
    estimate(side.cer, SO_FAR, now=MOMENT)

    assert look_at_estimates(MOMENT) == 0


def test_on_the_first_of_a_month_the_month_before_is_looked_at(world):
    first = datetime.fromisoformat("2026-04-01T09:00:00+02:00")
    write_published(range_of(Span.MONTH, MOMENT))

    assert look_at_estimates(first) == 0
