"""The tokens by which one's own programs read or write in one's name."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cercollettiva.users.audit import Action, record
from cercollettiva.users.models import ApiToken, CustomUser, Scope
from cercollettiva.users.tokens import MOST_OPEN, TooManyTokens
from cercollettiva.web.views.access import proven_anew_to_post

LASTS = ((30, gettext_lazy("30 giorni")), (90, gettext_lazy("90 giorni")), (365, gettext_lazy("un anno")))


class TokenForm(forms.Form):
    """What a new token is for."""

    name = forms.CharField(
        label=gettext_lazy("Nome"),
        max_length=60,
        help_text=gettext_lazy("Per riconoscerlo: per esempio Home Assistant."),
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Cosa può fare"), choices=Scope.choices, widget=forms.RadioSelect, initial=Scope.FEED
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Quanto dura"), choices=LASTS, coerce=int, widget=forms.RadioSelect, initial=90
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@proven_anew_to_post
def own_tokens(request: HttpRequest) -> HttpResponse:
    """GET and POST users/tokens/: one's tokens; a new one is shown in the answer to its form, and never again."""
    user, now = _person(request), timezone.now()
    form = TokenForm(request.POST or None)
    text = ""
    if request.method == "POST" and form.is_valid():
        text = _made(form, user) or ""
        if text:
            form = TokenForm()
    tokens = ApiToken.objects.visible_to(user).open_at(now).filter(user=user)
    return render(request, "users/tokens.html", {"form": form, "tokens": tokens, "text": text})


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """POST users/tokens/<pk>/revoke/: whatever holds it is refused from the next call on."""
    user, now = _person(request), timezone.now()
    token = get_object_or_404(ApiToken, pk=pk, user=user)
    if token.revoked_at is None:
        with transaction.atomic():
            token.revoke(at=now)
            record(Action.TOKEN_REVOKED, subject=user, details={"scope": token.scope})
    messages.success(request, _("Token revocato: da adesso non apre più nulla."))
    return redirect("users:tokens")


def _made(form: TokenForm, user: CustomUser) -> str | None:
    given = form.cleaned_data
    scope = Scope(given["scope"])
    try:
        with transaction.atomic():
            _token, text = ApiToken.make(
                user, name=given["name"], scope=scope, lasts=timedelta(days=given["days"]), at=timezone.now()
            )
            record(Action.TOKEN_CREATED, subject=user, details={"scope": scope.value})
    except TooManyTokens:
        form.add_error(None, _("Hai già %d token: revocane uno che non usi più.") % MOST_OPEN)
        return None
    return text


def _person(request: HttpRequest) -> CustomUser:
    user = request.user
    assert isinstance(user, CustomUser)  # noqa: S101  # login_required
    return user
