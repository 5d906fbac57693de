"""A PDF from the first byte to the fields of an attestation. To be run in a process of its own: `documents.child`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2
from pypdfium2 import raw

from cercollettiva.documents.gaudi.attestation import NotAnAttestation, read_attestation
from cercollettiva.documents.gaudi.cells import cells_of
from cercollettiva.documents.pdf_safety import UnsafePdf, refuse_unsafe_pdf

NO_TEXT = (
    "The PDF holds pictures and no text: it is a scan. Ask the distributor's portal for the original attestation, "
    "or type its fields."
)


def read_gaudi(path: Path) -> dict[str, Any]:
    """The fields with `confidence` and `warnings`, or `{"rejected": reason}`."""
    try:
        refuse_unsafe_pdf(path)
        document = pypdfium2.PdfDocument(path)
        try:
            cells = cells_of(document)
        finally:
            document.close()
        if not cells:
            return {"rejected": NO_TEXT}
        attestation = read_attestation(cells)
    except (UnsafePdf, NotAnAttestation) as refusal:
        return {"rejected": str(refusal)}
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            return {"rejected": "The PDF is locked by a password: save a copy without it."}
        return {"rejected": "The file is broken, or is no PDF."}
    return {**attestation.fields, "confidence": attestation.confidence, "warnings": attestation.warnings}
