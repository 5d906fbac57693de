"""Small PDFs made by hand: words at places, and whatever else a PDF may bring along."""

from __future__ import annotations

from collections.abc import Iterable

Words = Iterable[tuple[float, float, str]]  # from the left and from the top [points], text
A4 = (595, 842)


def pdf_of(*pages: Words, catalog: str = "", size: int = 9, extra: Iterable[str] = ()) -> bytes:
    """A PDF whose pages hold these words in Helvetica. `catalog` goes into the root; `extra` are objects from 100."""
    objects: dict[int, bytes] = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    }
    kids = []
    for number, words in enumerate(pages):
        page, content = 10 + 2 * number, 11 + 2 * number
        drawn = b"".join(
            b"BT /F1 %d Tf %.2f %.2f Td (%s) Tj ET\n" % (size, x, A4[1] - y, _escaped(text)) for x, y, text in words
        )
        objects[page] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {A4[0]} {A4[1]}] /Contents {content} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        ).encode()
        objects[content] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn)
        kids.append(f"{page} 0 R")
    objects[2] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    objects |= {100 + number: text.encode() for number, text in enumerate(extra)}
    return _file_of(objects)


def _escaped(text: str) -> bytes:
    return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _file_of(objects: dict[int, bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n"
    for number in [0, *sorted(places)]:
        place, generation, kind = (places[number], 0, b"n") if number else (0, 65535, b"f")
        out += b"%d 1\n%010d %05d %s \n" % (number, place, generation, kind)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (max(places) + 1, table)
    return bytes(out)
