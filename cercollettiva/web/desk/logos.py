"""Logos: what is uploaded is opened as a picture and written anew, so that nothing else comes along with it."""

from __future__ import annotations

import io
import secrets
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_PIXELS: Final = 20_000_000
SIDE: Final = 512
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")


class NotALogo(ValueError):
    """`code` says why: too_big, not_a_picture, too_many_pixels."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def logo_from(upload: UploadedFile[bytes]) -> ContentFile[bytes]:
    """A square PNG of at most 512 pixels, whatever the picture was called and whatever it carried."""
    if (upload.size or 0) > MOST_BYTES:
        raise NotALogo("too_big")
    try:
        with Image.open(upload, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise NotALogo("too_many_pixels")
            whole = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, NotALogo):
            raise
        raise NotALogo("not_a_picture") from error
    square = ImageOps.pad(whole, (SIDE, SIDE), color=(0, 0, 0, 0))
    written = io.BytesIO()
    square.save(written, "PNG", optimize=True)
    return ContentFile(written.getvalue(), name=f"{secrets.token_hex(8)}.png")
