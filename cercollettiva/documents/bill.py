"""What a bill says that can be compared with what somebody wrote. To be run in a process of its own (`child`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pypdfium2

from cercollettiva.documents.gaudi.cells import cells_of
from cercollettiva.documents.pdf_safety import UnsafePdf, refuse_unsafe_pdf
from cercollettiva.documents.refusals import Reason, refusal

MOST: Final = 10  # of each: a bill has one or two
_POD: Final = re.compile(r"\bIT ?([0-9]{3}) ?E ?([0-9A-Z]{8})[0-9A-Z]?\b")
_FISCAL_CODE: Final = re.compile(r"\b[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]\b")
_VAT_NUMBER: Final = re.compile(r"\b[0-9]{11}\b")


def read_bill(path: Path) -> dict[str, Any]:
    """The PODs (14 characters), fiscal codes and numbers of eleven digits on it, or `{"rejected": refusal}`."""
    try:
        refuse_unsafe_pdf(path)
        document = pypdfium2.PdfDocument(path)
        try:
            text = "\n".join(cell.text for cell in cells_of(document)).upper()
        finally:
            document.close()
    except UnsafePdf as unsafe:
        return {"rejected": unsafe.refusal}
    except pypdfium2.PdfiumError:
        return {"rejected": refusal(Reason.BROKEN)}
    if not text.strip():
        return {"rejected": refusal(Reason.SCAN)}
    return {
        "pods": _distinct(f"IT{distributor}E{number}" for distributor, number in _POD.findall(text)),
        "fiscal_codes": _distinct(_FISCAL_CODE.findall(text)),
        "vat_numbers": _distinct(_VAT_NUMBER.findall(text)),
    }


def _distinct(found: Any) -> list[str]:
    return list(dict.fromkeys(found))[:MOST]
