"""The files that are accepted, without the libraries that read them."""

from __future__ import annotations

from typing import Final

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
ENDINGS: Final = {PDF: (".pdf",), JPEG: (".jpg", ".jpeg"), PNG: (".png",)}
MOST_BYTES: Final = 10 * 1024 * 1024
