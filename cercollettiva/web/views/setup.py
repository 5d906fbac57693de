"""The first start, with the token of the console; afterwards the page does not exist."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from cercollettiva.core import first_start
from cercollettiva.core.models.organisations import LegalForm
from cercollettiva.core.validators import validate_primary_substation
from cercollettiva.domain.identifiers import primary_substation_code
from cercollettiva.users.models import CustomUser


class SetupForm(forms.Form):
    """The token, then who runs the platform, then the community."""

    token = forms.CharField(
        label=gettext_lazy("Codice della console"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
        help_text=gettext_lazy("Lo stampa il server quando si avvia, o manage.py setup_token; vale 24 ore."),
    )
    first_name = forms.CharField(label=gettext_lazy("Nome"), max_length=150)
    last_name = forms.CharField(label=gettext_lazy("Cognome"), max_length=150)
    email = forms.EmailField(
        label=gettext_lazy("Email"), widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"})
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Almeno 12 caratteri: bastano quattro parole a caso."),
    )
    organisation = forms.CharField(label=gettext_lazy("Ente della comunità"), max_length=200)
    legal_form = forms.ChoiceField(label=gettext_lazy("Forma giuridica"), choices=LegalForm.choices)
    community = forms.CharField(label=gettext_lazy("Nome della comunità"), max_length=200)
    primary_substation = forms.CharField(
        label=gettext_lazy("Cabina primaria"),
        max_length=20,
        required=False,
        validators=[validate_primary_substation],
        help_text=gettext_lazy("Facoltativo: il codice della mappa del GSE, per esempio AC001E00001."),
    )

    def clean_primary_substation(self) -> str:
        code: str = self.cleaned_data["primary_substation"]
        return primary_substation_code(code) if code else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if password := cleaned.get("password"):
            names = {name: cleaned.get(name, "") for name in ("first_name", "last_name", "email")}
            try:
                password_validation.validate_password(password, CustomUser(**names))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


@never_cache
@sensitive_post_parameters("password", "token")
def setup(request: HttpRequest) -> HttpResponse:
    """GET and POST setup/: on an empty database, for whoever reads the console; the rest of the time a 404."""
    if not first_start.is_first_start():
        raise Http404
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        token = values.pop("token").strip()
        try:
            user = first_start.set_up(first_start.FirstStart(**values), token=token, at=timezone.now())
        except first_start.WrongToken:
            form.add_error("token", _("Il codice non corrisponde, o è scaduto: fanne un altro dalla console."))
        except first_start.NotAtFirstStart as error:
            raise Http404 from error
        else:
            response: HttpResponse = perform_login(request, Login(user=user))
            return response
    return render(request, "users/setup.html", {"form": form})
