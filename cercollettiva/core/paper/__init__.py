"""Papers as PDF: cards, receipts, the register. Made with typst, for every reader (PDF/UA), without the network."""

from cercollettiva.core.paper.making import PaperRefused, make_pdf

__all__ = ["PaperRefused", "make_pdf"]
