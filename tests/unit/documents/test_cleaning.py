"""What may come in and what not, file by file (T8)."""

from __future__ import annotations

import base64
import io
import time

import pytest
from PIL import Image

from cercollettiva.documents.child import in_child
from cercollettiva.documents.cleaning import clean
from cercollettiva.documents.intake import safe_name
from tests.support import hostile_files

EVIL = dict(hostile_files.evil())
GOOD = dict(hostile_files.good())
# The bomb takes all that a child may have: it is met in tests/integration/documents.
# Their content is harmless: only the name is a lie, and the door compares it with what was found.
MISNAMED = {name for name in EVIL if name.startswith("named-otherwise")}
SECONDS = 10  # that a child may take
TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"


def test_there_are_enough_of_both():
    assert len(EVIL) >= 80
    assert len(GOOD) >= 20


@pytest.mark.parametrize("name", sorted(set(EVIL) - MISNAMED - {"bomb.pdf"}))
def test_an_evil_file_is_refused(name, tmp_path):
    (tmp_path / "file").write_bytes(EVIL[name])
    began = time.process_time()
    answer = clean(tmp_path / "file")
    assert list(answer) == ["rejected"], name
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_good_file_is_kept(name, tmp_path):
    (tmp_path / "file").write_bytes(GOOD[name])
    answer = clean(tmp_path / "file")
    assert "rejected" not in answer, answer
    content = base64.b64decode(answer["content"])
    if answer["media_type"] == "application/pdf":
        assert content == GOOD[name]
    else:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()


def test_a_photograph_forgets_where_it_was_taken_and_stands_upright(tmp_path):
    (tmp_path / "file").write_bytes(hostile_files.picture_with_place())
    content = base64.b64decode(clean(tmp_path / "file")["content"])
    assert b"CANARINO" in hostile_files.picture_with_place()
    assert b"CANARINO" not in content
    with Image.open(io.BytesIO(content)) as picture:
        assert not picture.getexif()
        assert picture.size == (48, 64)


@pytest.mark.parametrize(
    ("mode", "options", "size"),
    [("RGB", {}, (7300, 5400)), ("RGB", {"exif": TURNED}, (2700, 3650)), ("CMYK", {}, (3650, 2700))],
    ids=["as it is", "turned", "of a printer"],
)
def test_a_photograph_of_forty_megapixels_fits_into_what_a_child_may_have(mode, options, size, tmp_path):
    Image.new(mode, (7300, 5400), "grey").save(tmp_path / "file", "JPEG", **options)
    answer = in_child("clean", tmp_path / "file")
    with Image.open(io.BytesIO(base64.b64decode(answer["content"]))) as picture:
        assert picture.size == size


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("bolletta.pdf", "bolletta.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Documenti\\carta d'identità.jpg", "carta d'identità.jpg"),
        ("fdp\u202egpj.exe.pdf", "fdpgpj.exe.pdf"),
        ("a\0b\r\nc.png", "abc.png"),
        (".pdf", "pdf"),
        ("", "documento"),
        ("...", "documento"),
        (f"{'x' * 300}.pdf", f"{'x' * 117}.pdf"),
        ("<b>foto</b>.png", "b>.png"),
    ],
)
def test_names_are_harmless(written, kept):
    assert safe_name(written) == kept
