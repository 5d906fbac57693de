"""Which backups stay, and what of the configuration goes into them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from cercollettiva import __version__
from cercollettiva.ops.backup import configuration, rotation
from cercollettiva.settings import env
from tests.support.services import ROOT, documented_defaults

NIGHT = datetime(2026, 11, 27, 1, 33, tzinfo=UTC)


def test_a_year_and_a_half_of_nights_leaves_days_weeks_and_months():
    nights = [NIGHT - timedelta(days=age) for age in range(550)]

    kept = sorted(rotation.to_keep(nights), reverse=True)

    ages = [(NIGHT - moment).days for moment in kept]
    assert ages[:7] == [0, 1, 2, 3, 4, 5, 6]
    assert ages[7:10] == [12, 19, 27]  # Sundays 15 and 8 November; 31 October is the end of a month
    assert len({(moment.year, moment.month) for moment in kept}) == 12
    assert len(kept) <= 7 + 4 + 12


def test_days_without_a_backup_take_nobodys_place():
    rare = [NIGHT - timedelta(days=60 * count) for count in range(5)]

    assert rotation.to_keep(rare) == set(rare)


def test_of_a_day_the_newest_stays():
    morning, evening = NIGHT, NIGHT + timedelta(hours=12)

    assert rotation.to_keep([morning, evening]) == {evening}


def test_only_backups_are_ever_removed(tmp_path):
    nights = [NIGHT - timedelta(days=age) for age in range(40)]
    for moment in nights:
        (tmp_path / rotation.name_at(moment)).touch()
    others = ["notes.txt", "cercollettiva-old.cerbackup", "cercollettiva-99999999T999999Z.cerbackup"]
    for name in others:
        (tmp_path / name).touch()

    gone = rotation.rotate(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {
        *others, *(rotation.name_at(moment) for moment in rotation.to_keep(nights))
    }  # fmt: skip
    assert len(gone) == 40 - len(rotation.to_keep(nights))
    assert rotation.rotate(tmp_path) == []


def test_every_variable_is_kept_without_password_or_secret_and_none_is_forgotten():
    lists = (configuration.KEPT, configuration.WITHOUT_PASSWORD, configuration.SECRET)
    decided = [name for names in lists for name in names]

    assert set(documented_defaults()) - set(decided) == set()
    assert len(decided) == len(set(decided))


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("postgres://cer:" + "hunter2@db:5432/energia?sslmode=require", "postgres://cer@db:5432/energia"),
        ("mqtts://example", "mqtts://example"),
        ("smtp+tls://user%40example.it:" + "p%40ss@host:587", "smtp+tls://user%40example.it@host:587"),
        ("redis://:" + "hunter2@host:6379/0", "redis://@host:6379/0"),
    ],
)
def test_an_address_is_kept_without_its_password(url, kept):
    assert configuration.without_password(url) == kept


@pytest.mark.parametrize("value", ["short", "A" * 44, "ab" * 32, "not base64 at all, really not!!"])
def test_a_key_that_is_none_stops_the_start(monkeypatch, value):
    monkeypatch.setenv("BACKUP_KEY", value)

    with pytest.raises(ImproperlyConfigured, match="BACKUP_KEY"):
        env.backup_keys("BACKUP_KEY")


def test_the_version_is_said_once():
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
