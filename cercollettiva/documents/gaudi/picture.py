"""A page as a picture, to stand beside what was read from it. To be run in a process of its own: `documents.child`."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, Final

import pypdfium2

from cercollettiva.documents.refusals import Reason, refusal

WIDTH: Final = 900  # pixels


def picture_of(path: Path) -> dict[str, Any]:
    """The first page as `png` (base64), or `{"rejected": refusal}`."""
    try:
        page = pypdfium2.PdfDocument(path)[0]
        picture = page.render(scale=min(WIDTH / max(page.get_width(), 1), 3)).to_pil()
    except (pypdfium2.PdfiumError, IndexError):
        return {"rejected": refusal(Reason.BROKEN)}
    png = io.BytesIO()
    picture.save(png, "PNG")
    return {"png": base64.b64encode(png.getvalue()).decode()}
