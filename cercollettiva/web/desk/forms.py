"""What an administrator writes to decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import Application, ApplicationStep, MemberRole, MemberType


class DecisionForm(forms.Form):
    """Whatever is decided says which revision was read."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    action = ""

    def __init__(self, data: Any = None, *, application: Application, initial: dict[str, Any] | None = None) -> None:
        known = {"revision": application.revision, **(initial or {})}
        super().__init__(data, initial=known, auto_id=f"id_{self.action}_%s")


class ApprovalForm(DecisionForm):
    action = "approve"

    member_type = forms.ChoiceField(label=_("Entra come"), choices=MemberType.choices)
    role = forms.ChoiceField(label=_("Ruolo"), choices=MemberRole.choices)
    papers_seen = forms.BooleanField(label=_("Ho visto i documenti"), required=False)

    def __init__(self, data: Any = None, *, application: Application) -> None:
        asked = application.answer(ApplicationStep.ROLE).get("member_type", "")
        super().__init__(data, application=application, initial={"member_type": asked, "role": MemberRole.MEMBER})


class CorrectionForm(DecisionForm):
    action = "correct"

    note = forms.CharField(
        label=_("Che cosa va corretto"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Scrivi che cosa va corretto: chi ha fatto la domanda legge queste parole.")},
    )
    steps = forms.MultipleChoiceField(
        label=_("In quali passi"),
        choices=[(step.value, step.label) for step in ApplicationStep if step is not ApplicationStep.CONSENTS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class RejectionForm(DecisionForm):
    action = "reject"

    note = forms.CharField(
        label=_("Perché"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Scrivi perché: chi ha fatto la domanda ha diritto di saperlo.")},
    )


FORMS = {form.action: form for form in (ApprovalForm, CorrectionForm, RejectionForm)}
