"""The forms of papers: upload, legal hold, deletion."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.documents.formats import MOST_BYTES
from cercollettiva.documents.intake import Subject
from cercollettiva.documents.types import PUBLISHED, DocumentType
from cercollettiva.users.models import CustomUser
from cercollettiva.web.papers.subjects import MINE, choices_for, subject_of

ACCEPTED: Final = ".pdf,.jpg,.jpeg,.png,application/pdf,image/jpeg,image/png"
NAMES_A_PERSON: Final = frozenset(
    {DocumentType.ID_DOC}
)  # never of a plant or a body: those who look after it would see


def file_field(**given: Any) -> forms.FileField:
    """A paper: what is in it is checked by who takes it in."""
    return forms.FileField(
        **{
            "label": gettext_lazy("File"),
            "widget": forms.FileInput(attrs={"accept": ACCEPTED}),
            "help_text": gettext_lazy("PDF, JPEG o PNG, fino a 10 MB."),
            "error_messages": {
                "required": gettext_lazy("Scegli un file."),
                "empty": gettext_lazy("Il file è vuoto: scegline un altro."),
            },
            **given,
        }
    )


class FileForm(forms.Form):
    """A file alone, where its type and subject are known."""

    file = file_field()

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("Il file supera 10 MB: scegline uno più leggero."))
        return file


class AttestationForm(FileForm):
    """The paper from which a plant is made or changed."""

    file = file_field(
        label=gettext_lazy("Attestato GAUDÌ"),
        widget=forms.FileInput(attrs={"accept": ".pdf,application/pdf"}),
        help_text=gettext_lazy("Il PDF che il portale di Terna o il distributore ti ha dato, fino a 10 MB."),
    )


class UploadForm(FileForm):
    """Needs `user`, who decides what one may hand papers in for."""

    type = forms.ChoiceField(label=gettext_lazy("Che documento è"), choices=DocumentType.choices)
    subject = forms.ChoiceField(label=gettext_lazy("Di chi o di che cosa"))
    notes = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    field_order = ("type", "subject", "file", "notes")

    def __init__(self, *args: Any, user: CustomUser, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.user = user
        self.about: Subject | None = None
        field: Any = self.fields["subject"]
        wanted = str(self.data.get("subject") or self.initial.get("subject") or MINE)
        field.choices = choices_for(user, wanted)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        kind, subject = given.get("type"), given.get("subject")
        if not kind or not subject:
            return given
        self.about = subject_of(self.user, subject)
        if self.about is None:
            self.add_error("subject", _("Scegli una delle voci dell’elenco."))
        elif kind in PUBLISHED and not (self.about.community and self.about.owner is None):
            self.add_error(
                "subject", _("Statuto e regolamento sono di una comunità che amministri: tutti li possono leggere.")
            )
        elif kind in NAMES_A_PERSON and self.about.owner is None:
            self.add_error(
                "subject", _("Un documento d’identità è di una persona: tua, o di un socio che te l’ha portato.")
            )
        return given


class HoldForm(forms.Form):
    """Why a paper must stay."""

    reason = forms.CharField(
        label=gettext_lazy("Perché va conservato"),
        max_length=300,
        help_text=gettext_lazy("Per esempio: contestazione del GSE del 3 marzo."),
        error_messages={"required": gettext_lazy("Scrivi perché: chi legge dopo di te deve poterlo sapere.")},
    )
