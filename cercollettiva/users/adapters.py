"""How allauth speaks, counts and keeps secrets here."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context as current
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from cercollettiva.users import outbox, second_factor
from cercollettiva.users.addresses import client_ip
from cercollettiva.users.encryption import ring
from cercollettiva.users.models import CustomUser
from cercollettiva.users.sessions import STARTED

logger = logging.getLogger(__name__)

AUTHENTICATOR_CONTEXT: Final = "mfa.Authenticator.data"
FRESH: Final = 300  # [s] a sign-in counts as a confirmation

# What somebody waits for; whoever has an account and whoever has none is answered in the same time.
AWAITED: Final = frozenset(
    {
        *("email_confirmation", "email_confirmation_signup", "account_already_exists"),
        *("password_reset_key", "unknown_account"),
    }
)
CODES_LAST: Final = timedelta(minutes=15)

# What is worth saying of what allauth says; the rest is silence.
NOTICES: Final = {
    "account/messages/password_changed.txt": _(
        "Password cambiata. Gli altri dispositivi sono stati scollegati e i token revocati."
    ),
    "account/messages/password_set.txt": _("Password impostata."),
    "account/messages/email_confirmation_sent.txt": _("Ti abbiamo mandato un codice per posta."),
    "account/messages/email_confirmed.txt": _("Indirizzo confermato."),
    "mfa/messages/totp_activated.txt": _("Le app dei codici sono attive: le chiederemo a ogni accesso."),
    "mfa/messages/totp_deactivated.txt": _("L’app dei codici è disattivata."),
    "mfa/messages/recovery_codes_generated.txt": _("Ecco i nuovi codici di recupero: i vecchi non valgono più."),
    "mfa/messages/webauthn_added.txt": _("Passkey aggiunta."),
    "mfa/messages/webauthn_removed.txt": _("Passkey tolta."),
}


def display_name(user: CustomUser) -> str:
    return str(user)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth's bases are dynamic
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("Email o password non corrispondono. Dopo 5 tentativi aspetterai 15 minuti."),
        "too_many_login_attempts": _("Troppi tentativi su questo indirizzo. Riprova tra un’ora."),
        "rate_limited": _("Troppe richieste in poco tempo. Riprova tra qualche minuto."),
        "incorrect_code": _("Il codice non corrisponde: controlla le cifre, o fattene mandare un altro."),
        "incorrect_password": _("La password non corrisponde."),
        "enter_current_password": _("La password attuale non corrisponde."),
        "email_taken": _("Questo indirizzo non si può usare: scrivine un altro."),
        "duplicate_email": _("È già il tuo indirizzo: scrivine un altro."),
        "same_as_current": _("È già il tuo indirizzo: scrivine un altro."),
        "invalid_password_reset": _("Il collegamento non vale più: chiedine un altro."),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def save_user(self, request: HttpRequest, user: CustomUser, form: Any, commit: bool = True) -> CustomUser:
        user.email = form.cleaned_data["email"]
        if password := form.cleaned_data.get("password1"):
            user.set_password(password)
        else:
            user.set_unusable_password()
        if commit:
            user.save()
        return user

    def post_login(self, request: HttpRequest, user: CustomUser, **kwargs: Any) -> HttpResponse:
        """Whoever must set up a second factor is taken there first; the way they were going waits on that page."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        standing = second_factor.standing_of(user, request.session, timezone.now())
        if standing in (second_factor.Standing.GRACE, second_factor.Standing.SET_UP):
            response["Location"] = f"{reverse('mfa_index')}?{urlencode({'next': response['Location']})}"
        return response

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Not within minutes of coming in: whoever has just proven who they are is not asked again."""
        request = current.request
        proofs = [record["at"] for record in get_authentication_records(request, request.user)]
        newest = max([request.session.get(STARTED, 0), *proofs])
        if time.time() - newest < FRESH:
            return False
        return bool(super().is_reauthentication_required(app=app))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("users:profile")

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        text = NOTICES.get(message_template or "") or message
        if text:
            messages.add_message(request, level, str(text), extra_tags=extra_tags)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """One plain text for each mail, in users/mail/, named as allauth names it; its first line is the subject.

        What somebody waits for with the page open goes at once: a code is for now, and needs no `work` that runs. It
        waits for the mail server at most EMAIL_TIMEOUT; where that does not take it, and for all the rest, there is the
        outbox.
        """
        name, now = template_prefix.rpartition("/")[2], timezone.now()
        template = f"users/mail/{name}.txt"
        given = {"request": current.request, "email": email, "site": settings.SITE_URL, **context}
        text = render_to_string(template, given, current.request).strip()
        if name not in AWAITED:
            outbox.put(email, text, template=template, at=now)
            return
        try:
            outbox.message_of(email, text).send()
        except OSError as error:
            logger.warning("A mail that somebody waits for goes by the outbox: %s", type(error).__name__)
            outbox.put(email, text, template=template, at=now, useless_after=now + CODES_LAST)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _(
            "Il tuo ruolo chiede la verifica in due passaggi: aggiungi prima un altro modo."
        ),
        "incorrect_code": _("Il codice non corrisponde. Se viene da un’app, controlla l’ora del telefono."),
        "unverified_email": _("Prima conferma il tuo indirizzo email."),
    }

    def encrypt(self, text: str) -> str:
        """allauth keeps the seeds of codes as they are given to it; ours are as secret as a fiscal code."""
        return ring().encrypt(text, context=AUTHENTICATOR_CONTEXT)

    def decrypt(self, encrypted_text: str) -> str:
        return ring().decrypt(encrypted_text, context=AUTHENTICATOR_CONTEXT)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one of somebody who must have one."""
        others = Authenticator.objects.filter(user=authenticator.user_id, type__in=second_factor.SECOND)
        if others.exclude(pk=authenticator.pk).exists():
            return True
        return not second_factor.is_required_of(authenticator.user, timezone.now())

    def generate_authenticator_name(self, user: CustomUser, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}"
