"""Papers through the pages: somebody who is signed in, a file, what is asked."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cercollettiva.documents.intake import Subject, take_in
from cercollettiva.documents.models import Document
from cercollettiva.documents.types import DocumentType
from tests.support.pdfs import pdf_of

POD = "IT001E00000065"  # of the plant of community A
BILL = pdf_of([(40, 60, f"Fornitura POD {POD} intestata a RSSMRA85T10A562S")])


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def upload(client: Client, content: bytes = BILL, *, name: str = "bolletta.pdf", **given: Any) -> Any:
    fields = {"type": "BILL", "subject": "me", **given}
    return client.post("/documents/upload/", {**fields, "file": SimpleUploadedFile(name, content)})


def paper(by: Any, *, kind: str = "BILL", content: bytes = BILL, name: str = "carta.pdf", **subject: Any) -> Document:
    about = Subject(**(subject or {"owner": by}))
    return take_in(SimpleUploadedFile(name, content), kind=DocumentType(kind), subject=about, by=by)


def words(answer: Any) -> str:
    return str(answer.content.decode())
