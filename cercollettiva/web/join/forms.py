"""The forms of the five steps. What they give is kept as plain JSON values, and can be asked again from them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.core.models import Application, ApplicationStep, MemberType, PlantSource
from cercollettiva.core.points import is_taken, plant_at
from cercollettiva.core.validators import validate_pod
from cercollettiva.domain.identifiers import pod_as_written
from cercollettiva.domain.tax_codes import birth_date_in, tells_birth_date
from cercollettiva.users import legal_forms
from cercollettiva.users.models import LegalType
from cercollettiva.web import formats
from cercollettiva.web.account_forms import IdentityFields, legal_form_of
from cercollettiva.web.forms import ItalianDecimalField
from cercollettiva.web.join.consents import asked_by
from cercollettiva.web.templatetags.formats import page_locale

GROWN_UP: Final = 18  # [years]
OLDEST: Final = 120
_TURNS_TEXT: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def one_line(text: str) -> str:
    """Without what would break a line or turn its direction: names stand in subjects of mails and in lists."""
    kept = (" " if unicodedata.category(one) == "Cc" else one for one in text if one not in _TURNS_TEXT)
    return " ".join("".join(kept).split())


class StepForm(forms.Form):
    """A form of one step: `application` is what was written so far, `now` the moment."""

    def __init__(self, *args: Any, application: Application, now: datetime, **kwargs: Any) -> None:
        self.application, self.now = application, now
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        return {name: one_line(value) if isinstance(value, str) else value for name, value in cleaned.items()}

    def values(self) -> dict[str, Any]:
        """What is kept, as JSON can hold it."""
        return {name: _plain(value) for name, value in self.cleaned_data.items()}


class PersonForm(StepForm, IdentityFields):
    """Who applies: a person, or a body and the person who acts for it."""

    birth_date = forms.DateField(
        label=gettext_lazy("Data di nascita"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "bday"}),
        input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"],
        error_messages={"invalid": gettext_lazy("Scrivi il giorno, il mese e l’anno: per esempio 10/12/1985.")},
    )
    address = forms.CharField(
        label=gettext_lazy("Indirizzo di residenza"),
        max_length=300,
        help_text=gettext_lazy("Via, numero, CAP e comune."),
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )

    def __init__(self, *args: Any, legal_type: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        identity = self.shape(legal_form_of(legal_type))
        if legal_forms.is_body(self.chosen):
            del self.fields["birth_date"]
            self.fields["address"].label = _("Indirizzo della sede")
        self.order_fields([*identity[:3], "birth_date", *identity[3:], "address"])
        self.fields["phone"].help_text = _("Facoltativo: se manca qualcosa ti chiamiamo.")

    def clean_birth_date(self) -> date:
        born: date = self.cleaned_data["birth_date"]
        today = self.now.date()
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        if born > today or age > OLDEST:
            raise ValidationError(_("Questa data non può essere: controlla l’anno."), code="birth_date")
        if age < GROWN_UP:
            raise ValidationError(
                _("Per chi non ha ancora 18 anni la domanda la fa un genitore, a nome suo."), code="birth_date"
            )
        return born

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        born, code = cleaned.get("birth_date"), cleaned.get("fiscal_code")
        if born and code and not tells_birth_date(code, born):
            told = formats.date(birth_date_in(code), "long", locale=page_locale())
            message = _("Il codice fiscale dice %(told)s, la data di nascita %(written)s: una delle due va corretta.")
            words = {"told": told, "written": formats.date(born, "long", locale=page_locale())}
            self.add_error("fiscal_code", ValidationError(message, code="birth_date", params=words))
        return cleaned


class PointForm(StepForm):
    """Where the energy comes in: the connection point of whoever enters."""

    pod_code = forms.CharField(
        label="POD",
        max_length=40,
        validators=[validate_pod],
        help_text=gettext_lazy("È sulla bolletta: comincia con IT e ha 14 o 15 caratteri, per esempio IT001E12345678."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters", "data-check": "pod"}
        ),
    )
    name = forms.CharField(
        label=gettext_lazy("Come lo chiami"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Per esempio Casa, o Bottega. È il nome che vedrai nelle pagine."),
    )
    address = forms.CharField(label=gettext_lazy("Via e numero della fornitura"), max_length=200)
    zip_code = forms.RegexField(
        label=gettext_lazy("CAP"),
        regex=r"\A[0-9]{5}\Z",
        error_messages={"invalid": gettext_lazy("Il CAP ha cinque cifre: per esempio 55010.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "postal-code"}),
    )
    city = forms.CharField(label=gettext_lazy("Comune"), max_length=100)
    province = forms.RegexField(
        label=gettext_lazy("Provincia"),
        regex=r"\A[A-Za-z]{2}\Z",
        error_messages={"invalid": gettext_lazy("La sigla della provincia ha due lettere: per esempio LU.")},
        help_text=gettext_lazy("La sigla."),
    )
    has_moved = forms.BooleanField(
        label=gettext_lazy("È mio da poco: ho fatto la voltura"),
        required=False,
        help_text=gettext_lazy("Chi amministra la comunità controlla con te."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not (self.data.get("has_moved") or self.initial.get("has_moved")):
            self.fields["has_moved"].widget = forms.HiddenInput()  # asked only where the POD is somebody's already

    def clean_province(self) -> str:
        return str(self.cleaned_data["province"]).upper()

    def clean_name(self) -> str:
        body = legal_forms.is_body(self.application.answer(ApplicationStep.PERSON).get("legal_type", LegalType.PRIVATE))
        return self.cleaned_data["name"] or (_("Sede") if body else _("Casa"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("pod_code"):
            cleaned["pod_code"] = pod_as_written(cleaned["pod_code"])
            refusal = "" if cleaned.get("has_moved") else pod_refusal(self.application, cleaned["pod_code"], self.now)
            if refusal:
                self.fields["has_moved"].widget = forms.CheckboxInput()
                self.add_error("pod_code", ValidationError(refusal, code="taken"))
        return cleaned


def pod_refusal(application: Application, pod: str, now: datetime) -> str:
    """Why this POD cannot enter with this application; empty where it can. Nobody's name is told."""
    if is_taken(plant_at(pod, at=now), application.community, application.user):
        return _(
            "Questo POD è già in una comunità di questa piattaforma: ricontrolla la bolletta. "
            "Se è tuo da poco, segna qui sotto che hai fatto la voltura."
        )
    return ""


class RoleForm(StepForm):
    """What the person does with energy, and with which plant."""

    member_type = forms.ChoiceField(
        label=gettext_lazy("Con l’energia, tu"),
        choices=[
            (MemberType.CONSUMER, gettext_lazy("la consumi: hai solo la fornitura")),
            (MemberType.PROSUMER, gettext_lazy("la produci e la consumi: hai un impianto e ci vivi o ci lavori")),
            (MemberType.PRODUCER, gettext_lazy("la produci: l’impianto immette tutto in rete")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Scegli una delle tre.")},
    )
    source = forms.ChoiceField(
        label=gettext_lazy("Fonte dell’impianto"),
        choices=[("", gettext_lazy("nessun impianto")), *PlantSource.choices],
        required=False,
    )
    nominal_power = ItalianDecimalField(
        label=gettext_lazy("Potenza dell’impianto (kW)"),
        required=False,
        min_value=Decimal("0.001"),
        max_value=Decimal(1000),
        max_digits=10,
        decimal_places=3,
        help_text=gettext_lazy("È sull’attestato GAUDÌ o sul contratto: per esempio 4,5."),
        error_messages={"max_value": gettext_lazy("Una comunità ammette impianti fino a 1.000 kW (1 MW).")},
    )
    has_storage = forms.BooleanField(label=gettext_lazy("Ha una batteria di accumulo"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kind = cleaned.get("member_type")
        person = self.application.answer(ApplicationStep.PERSON)
        if kind in (MemberType.CONSUMER, MemberType.PROSUMER) and person.get("is_large_company"):
            words = _("Una grande impresa non può essere socia: può entrare solo come produttore.")
            self.add_error("member_type", ValidationError(words, code="large_company"))
        if kind == MemberType.CONSUMER:
            return {**cleaned, "source": "", "nominal_power": None, "has_storage": False}
        if kind and not cleaned.get("source"):
            self.add_error("source", ValidationError(_("Scegli da che cosa viene l’energia."), code="required"))
        if kind and cleaned.get("nominal_power") is None and "nominal_power" not in self.errors:
            self.add_error("nominal_power", ValidationError(_("Scrivi la potenza in kW."), code="required"))
        return cleaned


class PapersForm(StepForm):
    """Nothing to fill in: the step tells what is still owed."""


class ConsentsForm(StepForm):
    """What one agrees to, each box with its version."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked_by(self.application.community)
        given = {one["document"] for one in self.application.answer(ApplicationStep.CONSENTS).get("given", [])}
        for one in self.asked:
            words = _("Senza questo consenso la domanda non può partire.")
            self.fields[one.name] = forms.BooleanField(
                label=one.label, help_text=one.help, required=one.required, error_messages={"required": words}
            )
            self.initial[one.name] = one.document in given

    def values(self) -> dict[str, Any]:
        """The boxes that were ticked, with their version and the moment."""
        at = self.now.isoformat()
        ticked = [one for one in self.asked if self.cleaned_data.get(one.name)]
        return {"given": [{"document": one.document, "version": one.version, "at": at} for one in ticked]}


FORMS: Final[Mapping[ApplicationStep, type[StepForm]]] = {
    ApplicationStep.PERSON: PersonForm,
    ApplicationStep.POINT: PointForm,
    ApplicationStep.ROLE: RoleForm,
    ApplicationStep.PAPERS: PapersForm,
    ApplicationStep.CONSENTS: ConsentsForm,
}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
