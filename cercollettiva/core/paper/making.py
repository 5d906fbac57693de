"""Turns data into a PDF by one of our layouts.

What comes from people goes in as JSON and is text there, whatever signs it has: it is never put into the layout's own
language. Fonts are ours, the machine's are ignored, and there is no package to fetch.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import typst

FOLDER: Final = Path(__file__).parent
STANDARD: Final = "ua-1"


class PaperRefused(Exception):
    """The layout and the data do not go together: a fault of ours, never of whoever asks."""


def make_pdf(layout: str, data: Mapping[str, Any]) -> bytes:
    """One of `card`, `receipt`, `register` with its data."""
    compiler = typst.Compiler(
        FOLDER / f"{layout}.typ",
        root=FOLDER,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        package_path=FOLDER / "no-packages",
        package_cache_path=FOLDER / "no-packages",
        sys_inputs={"data": json.dumps(_writable(data), ensure_ascii=False)},
    )
    try:
        made = compiler.compile(format="pdf", pdf_standards=STANDARD)
    except typst.TypstError as error:
        raise PaperRefused(f"{layout}: {error.message}") from error
    assert isinstance(made, bytes)  # noqa: S101  # a PDF is one file
    return made


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Read once: reading them for each paper takes forty times as long as making it."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(FOLDER / "fonts")])


def _writable(value: Any) -> Any:
    """Signs that none of our fonts has (an emoji in a name) as an empty box: a PDF/UA may not hold a missing sign."""
    if isinstance(value, str):
        return "".join(sign if _has_a_shape(sign) else "□" for sign in value)
    if isinstance(value, Mapping):
        return {key: _writable(each) if key not in ("logo", "qr") else each for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(each) for each in value]
    return value


def _has_a_shape(sign: str) -> bool:
    """Latin, Greek, Cyrillic, punctuation and currency: what DejaVu draws where Titillium does not."""
    code = ord(sign)
    letters = 0x20 <= code < 0x7F or 0xA0 <= code <= 0x4FF or 0x1E00 <= code <= 0x1EFF
    return sign in _SIGNS or (letters and unicodedata.category(sign) != "Cn")


_SIGNS: Final = frozenset("\n\t–—‘’‚“”„†‡•…‹›€№™−□→ ‑")
