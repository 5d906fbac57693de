"""Texts that must not turn up somewhere, and how they might look if they did."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator


def disguises(canary: str) -> Iterator[bytes]:
    """The canary as bytes: in the usual encodings, in hexadecimal, in base64 wherever it begins in what was encoded."""
    for encoding in ("utf-8", "latin-1", "utf-16-le"):
        plain = canary.encode(encoding)
        yield plain
        yield plain.hex().encode()
        yield plain.hex().upper().encode()
        for before in range(3):
            encoded = base64.b64encode(b"\0" * before + plain)
            first = -(-before * 8 // 6)  # the characters that the bytes before have a part in
            kept = encoded[first : (before + len(plain)) * 8 // 6]
            yield kept
            yield kept.translate(bytes.maketrans(b"+/", b"-_"))


def found(canaries: Iterable[str], haystack: bytes) -> list[str]:
    return [canary for canary in canaries if any(each in haystack for each in disguises(canary))]
