"""What may come in: PDF, JPEG and PNG, proven by being read. To be run in a process of its own: `documents.child`."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any, Final

import pypdfium2
from PIL import Image, ImageOps

from cercollettiva.documents.formats import JPEG, MOST_BYTES, PDF, PNG
from cercollettiva.documents.pdf_safety import UnsafePdf, refuse_unsafe_pdf
from cercollettiva.documents.refusals import Reason, refusal

MOST_PIXELS: Final = 40_000_000
MOST_TWICE: Final = 20_000_000  # pixels of a picture of which two are held, to turn it or change its colours
ORIENTATION: Final = 0x0112  # how the camera was held, in EXIF
LONGEST_SIDE: Final = 12_000
_SIGNATURES: Final = ((b"%PDF-", PDF), (b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG))
_AFTER_THE_END: Final = 2048  # bytes that programs leave behind a PDF


def clean_pdf(path: Path) -> dict[str, Any]:
    """The file itself, once every page of it could be read: a paper is a proof, and stays as it came."""
    try:
        refuse_unsafe_pdf(path)
        content = path.read_bytes()
        _refuse_two_in_one(content)
        document = pypdfium2.PdfDocument(content)
        for page in document:
            page.get_textpage().count_chars()
            page.close()
        document.close()
    except UnsafePdf as unsafe:
        return {"rejected": unsafe.refusal}
    except pypdfium2.PdfiumError:
        return {"rejected": refusal(Reason.BROKEN)}
    return _accepted(PDF, content)


def clean_picture(path: Path) -> dict[str, Any]:
    """The picture drawn anew: upright, without the place and time it was taken, and without what hid behind it."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
                return {"rejected": refusal(Reason.PICTURE_TOO_LARGE, width, height)}
            kind = str(picture.format)
            mode = _mode_for(picture, kind)
            if width * height > MOST_TWICE and (mode != picture.mode or _is_turned(picture)):
                picture.draft(None, (width // 2, height // 2))  # of a JPEG: two of it whole are more than we may hold
            ImageOps.exif_transpose(picture, in_place=True)
            drawn = picture if picture.mode == mode else picture.convert(mode)
            new = io.BytesIO()
            drawn.info = {}
            drawn.save(new, kind, **({"quality": 88} if kind == "JPEG" else {"optimize": False}))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return {"rejected": refusal(Reason.BROKEN_PICTURE)}
    return _accepted(JPEG if kind == "JPEG" else PNG, new.getvalue())


def kind_of(content: bytes) -> str | None:
    """The kind that the first bytes tell."""
    return next((kind for signature, kind in _SIGNATURES if content.startswith(signature)), None)


def clean(path: Path) -> dict[str, Any]:
    """`media_type` and `content` (base64) of what may be kept, or `{"rejected": refusal}`."""
    if path.stat().st_size > MOST_BYTES:
        return {"rejected": refusal(Reason.TOO_LARGE)}
    with path.open("rb") as file:
        kind = kind_of(file.read(16))
    if kind is None:
        return {"rejected": refusal(Reason.UNKNOWN_KIND)}
    return clean_pdf(path) if kind == PDF else clean_picture(path)


def _refuse_two_in_one(content: bytes) -> None:
    """A PDF that is something else too, to programs that begin elsewhere: an archive or a page behind its end."""
    end = content.rfind(b"%%EOF")
    if end < 0 or len(content) - end > _AFTER_THE_END:
        raise UnsafePdf(Reason.TWO_IN_ONE)
    tail = content[end:]
    if b"PK\x03\x04" in tail or b"PK\x05\x06" in content[-70_000:] or re.search(rb"<\s*(html|script)", tail, re.I):
        raise UnsafePdf(Reason.TWO_IN_ONE)
    if re.search(rb"<\s*(html|script|\?php)", content[:1024], re.IGNORECASE):
        raise UnsafePdf(Reason.TWO_IN_ONE)


def _is_turned(picture: Image.Image) -> bool:
    return bool(picture.getexif().get(ORIENTATION, 1) != 1)


def _mode_for(picture: Image.Image, kind: str) -> str:
    if picture.mode in ("1", "L"):
        return "L"
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    return "RGBA" if has_alpha and kind == "PNG" else "RGB"


def _accepted(media_type: str, content: bytes) -> dict[str, Any]:
    return {"media_type": media_type, "content": base64.b64encode(content).decode()}
