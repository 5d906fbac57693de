"""The forms with which people come in, introduce themselves and change what we know of them."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SignupForm,
)
from allauth.mfa.webauthn.forms import EditWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.domain.identifiers import InvalidIdentifier
from cercollettiva.users import consents, legal_forms
from cercollettiva.users.models import CustomUser, LegalType
from cercollettiva.users.passwords import NotLikeTheNameValidator

LABELS: Final = {
    "fiscal_code": _("Codice fiscale"),
    "vat_number": _("Partita IVA"),
    "pec": _("PEC"),
    "sdi_code": _("Codice SDI"),
}
HELP: Final = {
    "fiscal_code": _("Della persona 16 caratteri, di un ente 11 cifre."),
    "vat_number": _("Undici cifre."),
    "pec": _("La casella certificata, per le comunicazioni ufficiali."),
    "sdi_code": _("Sette caratteri; scrivi 0000000 se ricevi le fatture per PEC."),
}
OFFICE_HELP: Final = _("Il codice univoco dell’ufficio, sei caratteri: lo trovi sull’indice IPA.")


VERIFIED: Final = "account_verified_email"  # allauth's, in a session: the address whose mailbox somebody reads


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth's forms are dynamic
    """Allauth's, with the field of the address named as the first platform named it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = self.fields.pop("login")
        self.order_fields(["username", "password"])

    def clean(self) -> dict[str, Any]:
        if "username" in self.cleaned_data:
            self.cleaned_data["login"] = self.cleaned_data["username"].strip()
        cleaned: dict[str, Any] = super().clean()
        return cleaned


def _name_passwords(form: forms.Form) -> None:
    labels = {"oldpassword": _("Password attuale"), "password1": _("Nuova password"), "password2": _("Ripetila")}
    for name, label in labels.items():
        if name in form.fields:
            form.fields[name].label = label
            form.fields[name].help_text = ""  # the page says it once


class NewPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_passwords(self)


class ConfirmationForm(ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""  # whoever is in knows it, or signs out and asks for another


class PasskeyNameForm(EditWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label=_("Nome"), max_length=100)


class ForgottenForm(ResetPasswordForm):  # type: ignore[misc]
    """One query, whoever it is: allauth asks more or fewer, and the time of the answer would tell who is known."""

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        self.users = list(CustomUser.objects.filter(email=email, is_active=True))
        return email


class ForgottenPasswordForm(ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_passwords(self)


class CodeField(forms.CharField):
    """One of the codes of a legal form: read as people write it, with the words of what is wrong with it."""

    def __init__(self, name: str, legal_type: str, **kwargs: Any) -> None:
        code = legal_forms.CODES[LegalType(legal_type)][name]
        help_text = OFFICE_HELP if (name, legal_type) == ("sdi_code", LegalType.PUBLIC) else HELP[name]
        super().__init__(label=LABELS[name], help_text=help_text, required=code.required, max_length=254, **kwargs)
        self.reader = code.reader
        self.widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "data-check": name}
        if name != "pec":
            self.widget.attrs["autocapitalize"] = "characters"

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text.strip():
            return ""
        try:
            return self.reader(text)
        except InvalidIdentifier as error:
            raise ValidationError(str(error), code="identifier") from error


class IdentityFields(forms.Form):
    """Who somebody is, by the legal form they have."""

    legal_type = forms.ChoiceField(choices=LegalType.choices, widget=forms.HiddenInput)
    legal_name = forms.CharField(label=_("Ragione sociale o denominazione"), max_length=200)
    first_name = forms.CharField(label=_("Nome"), max_length=150)
    last_name = forms.CharField(label=_("Cognome"), max_length=150)
    phone = forms.CharField(label=_("Telefono"), max_length=30, required=False, help_text=_("Facoltativo."))
    is_large_company = forms.BooleanField(
        label=_("È una grande impresa"),
        required=False,
        help_text=_("Almeno 250 addetti, o più di 50 milioni di fatturato: non può essere socia, ma può produrre."),
    )

    chosen: str = LegalType.PRIVATE

    def shape(self, legal_type: str) -> list[str]:
        """Keep the fields of this legal form alone; their names in the order of the page."""
        self.chosen = legal_type
        self.initial["legal_type"] = legal_type
        for name in legal_forms.CODES[LegalType(legal_type)]:
            self.fields[name] = CodeField(name, legal_type)
        if not legal_forms.is_body(legal_type):
            del self.fields["legal_name"]
        if legal_type != LegalType.BUSINESS:
            del self.fields["is_large_company"]
        self.fields["first_name"].widget.attrs["autocomplete"] = "given-name"
        self.fields["last_name"].widget.attrs["autocomplete"] = "family-name"
        self.fields["phone"].widget.attrs |= {"autocomplete": "tel", "inputmode": "tel", "type": "tel"}
        if legal_forms.is_body(legal_type):
            self.fields["legal_name"].widget.attrs["autocomplete"] = "organization"
            self.fields["first_name"].label = _("Nome di chi la rappresenta")
            self.fields["last_name"].label = _("Cognome di chi la rappresenta")
        body = ["legal_name", "vat_number", "fiscal_code", "pec", "sdi_code", "is_large_company"]
        names = ["legal_type", "first_name", "last_name", *body, "phone"]
        return [name for name in names if name in self.fields]


class RegistrationForm(SignupForm, IdentityFields):  # type: ignore[misc]
    """A new account. The address of whoever has one already is answered alike, and told by mail."""

    privacy = forms.BooleanField(
        label=_("Ho letto l’informativa sulla privacy"),
        error_messages={"required": _("Per iscriverti serve che tu abbia letto l’informativa.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        identity = self.shape(legal_form_of(self.data.get("legal_type") or self.initial.get("legal_type")))
        self.order_fields([*identity, "email", "password1", "password2", "privacy"])
        self.fields["email"].label = _("Email")
        self.fields["email"].widget = forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"})
        self.fields["password1"].help_text = _("Almeno 12 caratteri: bastano quattro parole a caso.")
        for name, label in (("password1", _("Password")), ("password2", _("Ripeti la password"))):
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any]:
        """Allauth looks whether the password is like the address; ours is not like the name either."""
        super().clean()
        cleaned: dict[str, Any] = self.cleaned_data
        names = {name: cleaned.get(name, "") for name in ("first_name", "last_name")}
        if cleaned.get("password1") and "password1" not in self.errors:
            try:
                NotLikeTheNameValidator().validate(cleaned["password1"], CustomUser(**names))
            except ValidationError as error:
                self.add_error("password1", error)
        return cleaned

    def try_save(self, request: HttpRequest) -> Any:
        """As slow for an address that is known: hashing the password is what takes the time."""
        if self.account_already_exists:
            CustomUser().set_password(self.cleaned_data["password1"])
        return super().try_save(request)

    @transaction.atomic
    def save(self, request: HttpRequest) -> CustomUser:
        """The link of an invitation stands for a code only for the address that it was sent to."""
        if request.session.get(VERIFIED) != self.cleaned_data["email"]:
            request.session.pop(VERIFIED, None)
        user: CustomUser = super().save(request)
        return user

    def custom_signup(self, request: HttpRequest, user: CustomUser) -> None:
        legal_forms.fill(user, self.chosen, self.cleaned_data)
        user.save()
        consents.accept_privacy(user, at=timezone.now())


class ProfileForm(IdentityFields):
    """What a person may change of themselves; the legal form stays what it was declared to be."""

    address = forms.CharField(label=_("Indirizzo"), max_length=300, required=False)

    def __init__(self, *args: Any, user: CustomUser, **kwargs: Any) -> None:
        names = ("first_name", "last_name", "legal_name", "phone", "address", "is_large_company")
        known = {name: getattr(user, name) for name in (*names, *legal_forms.CODES[LegalType(user.legal_type)])}
        super().__init__(*args, **{**kwargs, "initial": known})
        self.user = user
        identity = self.shape(user.legal_type)
        del self.fields["legal_type"]
        self.fields["address"].widget.attrs["autocomplete"] = "street-address"
        self.order_fields([*identity, "address"])

    def save(self) -> list[str]:
        """The names of the fields that changed."""
        changed = list(self.changed_data)
        if changed:
            legal_forms.fill(self.user, self.user.legal_type, self.cleaned_data)
            self.user.save()
        return changed


class PasswordForm(forms.Form):
    """The password again, before something that is not undone with a click."""

    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), strip=False
    )

    def __init__(self, *args: Any, user: CustomUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise ValidationError(_("La password non corrisponde."), code="password")
        return password


def legal_form_of(text: Any) -> str:
    """A known legal form; a person where it is none."""
    return str(text) if text in LegalType.values else LegalType.PRIVATE
