"""A device that is no longer what it was, with a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.ingest.watch import MESSAGES_ENOUGH, REPLACED_AFTER, SILENT_FOR, Watch

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def watch() -> Watch:
    watch = Watch()
    watch.expect(["em:0"])
    return watch


def heard(watch: Watch, component: str, *, seconds: range) -> list[bool]:
    return [watch.spoke_instead(component, NOON + second * SECOND) for second in seconds]


def test_the_components_with_a_role_are_no_news(watch):
    assert not any(heard(watch, "em:0", seconds=range(60)))
    assert not any(heard(watch, "emdata:0", seconds=range(60)))


def test_another_component_in_their_place_is_noticed_once_they_are_silent(watch):
    told = heard(watch, "em1:0", seconds=range(20))

    assert told.index(True) == SILENT_FOR // SECOND


def test_another_component_beside_them_is_none_of_our_business(watch):
    for second in range(60):
        assert not watch.spoke_instead("em:0", NOON + second * SECOND)
        assert not watch.spoke_instead("switch:0", NOON + second * SECOND)


def test_a_single_message_after_a_long_silence_is_not_enough(watch):
    assert not any(
        watch.spoke_instead("em1:0", NOON + hour * timedelta(hours=1)) for hour in range(MESSAGES_ENOUGH - 1)
    )


def test_where_nobody_said_what_to_expect_everything_is_expected():
    assert not any(heard(Watch(), "cover:0", seconds=range(60)))


def test_a_new_role_makes_the_component_familiar(watch):
    heard(watch, "em1:0", seconds=range(20))

    watch.expect(["em1:0", "em1:1"])

    assert not any(heard(watch, "em1:0", seconds=range(20, 60)))


def test_another_name_alone_for_a_minute_has_taken_the_place(watch):
    for second in range(0, 70, 10):
        watch.gave_another_name("'shellypro3em-d4e5f6'", NOON + second * SECOND)

    assert watch.is_replaced_by(NOON + 61 * SECOND) == "'shellypro3em-d4e5f6'"


def test_one_message_with_another_name_changes_nothing(watch):
    watch.gave_another_name("'x'", NOON)

    assert watch.is_replaced_by(NOON + SECOND) == ""
    assert watch.is_replaced_by(NOON + 2 * REPLACED_AFTER) == ""


def test_the_right_name_ends_the_doubt(watch):
    for second in range(0, 70, 10):
        watch.gave_another_name("'x'", NOON + second * SECOND)

    watch.gave_its_name()

    assert watch.is_replaced_by(NOON + 61 * SECOND) == ""
