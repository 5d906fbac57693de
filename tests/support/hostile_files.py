"""Files that try to harm whoever opens them, and honest ones: each a name with its content (T8)."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator

from PIL import Image
from pypdf import PdfReader, PdfWriter

from tests.support.pdfs import pdf_of

WORDS = [(40.0, 60.0, "Bolletta di prova")]
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
ACTIONS = (
    "JavaScript /JS (app.alert\\(1\\))",
    "Launch /F (calc.exe)",
    "SubmitForm /F (x)",
    "ImportData /F (x)",
    "GoToR /F (x)",
)


def evil() -> Iterator[tuple[str, bytes]]:
    """More than eighty."""
    yield from _other_kinds()
    yield from _evil_pdfs()
    yield from _evil_pictures()
    yield from _broken()


def _other_kinds() -> Iterator[tuple[str, bytes]]:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 30_000_000)
        archive.writestr("../../etc/cron.d/evil", b"* * * * * root sh")
    xxe = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
    page = b"<!DOCTYPE html><script>alert(document.cookie)</script>"
    kinds = {
        "zip": bomb.getvalue(),
        "xml": xxe,
        "svg": svg,
        "html": page,
        "exe": b"MZ" + b"\0" * 200,
        "elf": b"\x7fELF" + b"\0" * 200,
        "php": b"<?php system($_GET[0]);",
        "sh": b"#!/bin/sh\nrm -rf /",
        "eicar": EICAR,
        "gif": b"GIF89a" + b"\0" * 100,
        "tiff": b"II*\0" + b"\0" * 100,
        "ps": b"%!PS-Adobe-3.0\n(x) run",
        "doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        "heic": b"\0\0\0\x18ftypheic" + b"\0" * 100,
        "nothing": b"",
        "zeros": b"\0" * 1000,
        "text": "così".encode("utf-16"),
    }
    for kind, content in kinds.items():
        for ending in ("pdf", "png", "jpg"):
            yield f"{kind}.{ending}", content
    yield "too-large.pdf", pdf_of(WORDS) + b" " * (10 * 1024 * 1024)


def _evil_pdfs() -> Iterator[tuple[str, bytes]]:
    for number, action in enumerate(ACTIONS):
        yield f"opens-{number}.pdf", pdf_of(WORDS, catalog=f"/OpenAction << /S /{action} >>")
        yield f"reference-{number}.pdf", pdf_of(WORDS, catalog="/AA << /WC 100 0 R >>", extra=[f"<< /S /{action} >>"])
    yield "names.pdf", pdf_of(WORDS, catalog="/Names << /JavaScript << /Names [(a) 100 0 R] >> >>", extra=["<< >>"])
    yield "inside.pdf", pdf_of(WORDS, catalog="/Names << /EmbeddedFiles << /Names [] >> >>")
    yield "xfa.pdf", pdf_of(WORDS, catalog="/AcroForm << /Fields [] /XFA (x) >>")
    yield "media.pdf", pdf_of(WORDS, catalog="/Extra << /RichMedia << >> >>")
    yield "hex-name.pdf", pdf_of(WORDS, catalog="/OpenAction << /S /Java#53cript /JS (x) >>")
    yield "pages.pdf", pdf_of(*[WORDS] * 51)
    yield "locked.pdf", _locked(pdf_of(WORDS))
    yield "packed-script.pdf", _packed(pdf_of(WORDS, catalog="/OpenAction << /S /JavaScript /JS (x) >>"))
    yield "bomb.pdf", _pdf_bomb()
    yield "nested.pdf", pdf_of(WORDS, catalog="/Deep " + "[" * 20_000 + "]" * 20_000)
    yield "circle.pdf", pdf_of(WORDS).replace(b"/Kids [10 0 R]", b"/Kids [2 0 R] ")
    yield "archive.pdf", pdf_of(WORDS) + _small_zip()
    yield "page-before.pdf", b"%PDF-1.7\n<html><script>alert(1)</script>" + pdf_of(WORDS)[9:]
    yield "page-behind.pdf", pdf_of(WORDS) + b"\n<script>alert(1)</script>"
    yield "much-behind.pdf", pdf_of(WORDS) + b"A" * 5000
    yield "mz.pdf", b"MZ\0\0" + pdf_of(WORDS)


def _evil_pictures() -> Iterator[tuple[str, bytes]]:
    yield "huge.png", _png(50_000, 50_000)
    yield "wide.png", _png(2_000_000, 3)
    yield "bomb.png", _png(20_000, 10_000)
    yield "wrong-size.png", _png(4_000_000_000, 4_000_000_000)
    yield "named-otherwise.pdf", _picture("PNG")
    yield "named-otherwise.png", pdf_of(WORDS)
    yield "named-otherwise.jpg", _picture("PNG")


def _broken() -> Iterator[tuple[str, bytes]]:
    """Honest files cut off or with bytes changed at the front: the seed is fixed."""
    chance = random.Random(7)
    for ending, content in (("pdf", pdf_of(WORDS)), ("png", _picture("PNG")), ("jpg", _picture("JPEG"))):
        yield f"cut.{ending}", content[: len(content) // 3]
        yield f"first-bytes.{ending}", content[:12]
        yield f"noise.{ending}", content[:12] + chance.randbytes(3000)


def good() -> Iterator[tuple[str, bytes]]:
    """More than twenty, each of which must be kept."""
    for version in ("1.3", "1.4", "1.5", "1.6", "1.7", "2.0"):
        yield f"versione {version}.pdf", pdf_of(WORDS).replace(b"%PDF-1.7", f"%PDF-{version}".encode())
    yield "tre pagine.PDF", pdf_of(*[WORDS] * 3)
    yield "cinquanta.pdf", pdf_of(*[WORDS] * 50)
    yield "senza testo.pdf", pdf_of([])
    yield "compresso.pdf", _packed(pdf_of(WORDS))
    yield "apre a pagina 1.pdf", pdf_of(WORDS, catalog="/OpenAction [10 0 R /XYZ null null 0]")
    yield "modulo.pdf", pdf_of(WORDS, catalog="/AcroForm << /Fields [] >>")
    yield "con un link.pdf", pdf_of(WORDS, catalog="/Link << /S /URI /URI (https://example.org) >>")
    yield "righe in fondo.pdf", pdf_of(WORDS) + b"\r\n\r\n"
    for mode in ("RGB", "L", "CMYK"):
        yield f"foto {mode}.jpg", _picture("JPEG", mode)
    for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"):
        yield f"schermata {mode.replace(';', '')}.png", _picture("PNG", mode)
    yield "progressiva.jpeg", _picture("JPEG", progressive=True)
    yield "con luogo.jpg", picture_with_place()
    yield "L'impianto di Nicolò.jpg", _picture("JPEG")


def picture_with_place() -> bytes:
    """A photograph that tells where it was taken, and a comment."""
    exif = Image.Exif()
    exif[0x010E] = "CANARINO-NELLA-FOTO"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    return _picture("JPEG", exif=exif.tobytes(), comment=b"CANARINO-NEL-COMMENTO")


def _picture(kind: str, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    picture = Image.linear_gradient("L").resize((64, 48))
    picture = picture.convert("I").convert("I;16") if mode == "I;16" else picture.convert(mode)
    picture.save(out, kind, **options)
    return out.getvalue()


def _png(width: int, height: int) -> bytes:
    """A few bytes that promise a picture of any size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 3_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _pdf_bomb() -> bytes:
    """A page whose content unpacks to gigabytes, packed twice."""
    packed = zlib.compress(zlib.compress(b"0 0 m 1 1 l S\n" * 30_000_000, 1), 9)
    stream = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (len(packed), packed)
    plain = pdf_of([])
    begin = plain.index(b"<< /Length 0 >>")
    return plain[:begin] + stream + plain[plain.index(b"endstream", begin) + 9 :]


def _locked(pdf: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    writer.encrypt("segreto", algorithm="AES-256")
    return _written(writer)


def _packed(pdf: bytes) -> bytes:
    """With its objects inside a compressed stream, where a search through the bytes finds nothing."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    for page in writer.pages:
        page.compress_content_streams()
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _small_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.html", "<script>alert(1)</script>")
    return out.getvalue()
