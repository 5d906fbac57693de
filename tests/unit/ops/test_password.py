"""The password of the demo's people."""

from __future__ import annotations

import stat

from cercollettiva.ops.seeding.password import invented, kept_password


def test_a_password_is_long_enough_and_easy_to_type():
    text = invented()

    assert len(text) >= 12
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz-")


def test_it_stays_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "var" / "password"

    first, second = kept_password(path), kept_password(path)

    assert (first.is_new, second.is_new) == (True, False)
    assert first.text == second.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_folders_have_different_ones(tmp_path):
    first, second = (kept_password(tmp_path / name) for name in ("first", "second"))

    assert first.text != second.text


def test_an_empty_file_is_filled(tmp_path):
    path = tmp_path / "password"
    path.touch()

    assert kept_password(path).is_new
    assert path.read_text().strip() == kept_password(path).text
