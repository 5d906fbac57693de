"""A PDF from the first byte to the fields of an attestation. To be run in a process of its own: `documents.child`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2
from pypdfium2 import raw

from cercollettiva.documents.gaudi.attestation import NotAnAttestation, read_attestation
from cercollettiva.documents.gaudi.cells import cells_of
from cercollettiva.documents.pdf_safety import UnsafePdf, refuse_unsafe_pdf
from cercollettiva.documents.refusals import Reason, refusal


def read_gaudi(path: Path) -> dict[str, Any]:
    """The fields with `confidence` and `warnings`, or `{"rejected": refusal}`."""
    try:
        refuse_unsafe_pdf(path)
        document = pypdfium2.PdfDocument(path)
        try:
            cells = cells_of(document)
        finally:
            document.close()
        if not cells:
            return {"rejected": refusal(Reason.SCANNED_ATTESTATION)}
        attestation = read_attestation(cells)
    except (UnsafePdf, NotAnAttestation) as refused:
        return {"rejected": refused.refusal}
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            return {"rejected": refusal(Reason.LOCKED)}
        return {"rejected": refusal(Reason.BROKEN)}
    warnings = [one._asdict() for one in attestation.warnings]
    return {**attestation.fields, "confidence": attestation.confidence, "warnings": warnings}
