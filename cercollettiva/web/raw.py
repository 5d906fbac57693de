"""What came over MQTT, made safe to look at: a page shows what the bytes are, and never does what they say.

Templates escape HTML by themselves. Beyond that a text may hold characters that turn the line round, hide, overlay
their neighbours or end it: each of those is written as its escape, such as `\\u202e`.
"""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass
from typing import Final

# Control, format, surrogate, private, unassigned; line and paragraph separators; marks that stack on what is before.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me"})
_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters and symbols that look like nothing
_MOSTLY: Final = 0.25  # more of a text than this in escapes: it is no text


@dataclass(frozen=True)
class Bytes:
    """The beginning of a message as a page shows it."""

    text: str
    is_text: bool  # else pairs of hexadecimal digits
    size: int  # of what is shown [bytes]


def visible(text: str) -> str:
    """A text in which every character can be seen and stands where it stands."""
    return "".join(character if _is_plain(character) else _escape(character) for character in text)


def shown(data: bytes) -> Bytes:
    """Bytes as text where they are text, else in hexadecimal. The last character may have been cut."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return _hexadecimal(data)
    hidden = sum(not _is_plain(character) and character not in "\t\r\n" for character in text)
    if hidden > _MOSTLY * len(text):
        return _hexadecimal(data)
    return Bytes(visible(text), is_text=True, size=len(data))


def _hexadecimal(data: bytes) -> Bytes:
    return Bytes(data.hex(" "), is_text=False, size=len(data))


def _is_plain(character: str) -> bool:
    if character == " " or " " < character < "\x7f":
        return True
    category = unicodedata.category(character)
    return category not in _HIDDEN and category != "Zs" and character not in _BLANKS


def _escape(character: str) -> str:
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    code = ord(character)
    return short or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
