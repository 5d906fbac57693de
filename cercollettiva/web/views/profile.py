"""What a person sees and changes of themselves: data, consents, sessions, the request to be deleted."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cercollettiva.core import registry
from cercollettiva.core.models import CERMembership
from cercollettiva.users import outbox, second_factor, sessions, signals
from cercollettiva.users.consents import PRIVACY_VERSION
from cercollettiva.users.models import AccountDeletionRequest, CustomUser
from cercollettiva.users.rights.erasure import obstacles_of, preview
from cercollettiva.web.account_forms import PasswordForm, ProfileForm
from cercollettiva.web.browsers import browser_of

PAGE = ("GET", "HEAD", "POST")


@never_cache
@login_required
@sensitive_post_parameters()
@require_http_methods(PAGE)
def profile(request: HttpRequest) -> HttpResponse:
    """GET and POST users/profile/: one's own data, and the way to everything else that concerns one's account."""
    user = _person(request)
    form = ProfileForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        changed = form.save()
        if changed:
            signals.profile_changed.send(CustomUser, user=user, by=user, at=timezone.now(), fields=changed)
            registry.change_of(user, on=timezone.now(), by=user)
        messages.success(request, _("Dati salvati."))
        return redirect("users:profile")
    memberships = CERMembership.objects.filter(user=user).select_related("community").order_by("-active_from", "pk")
    context = {
        "form": form,
        "memberships": memberships,
        "consents": user.consents.all(),
        "has_second_factor": second_factor.has_one(user),
        "deletion": user.deletion_requests.open().first(),
    }
    return render(request, "users/profile.html", context)


@never_cache
@login_required
@require_safe
def own_sessions(request: HttpRequest) -> HttpResponse:
    """GET users/sessions/: where one is signed in."""
    user = _person(request)
    devices = [
        {
            "pk": device.pk,
            "browser": browser_of(device.user_agent),
            "ip": device.ip,
            "last_seen": device.last_seen_at,
            "since": device.created_at,
            "is_current": device.session_key == request.session.session_key,
        }
        for device in sessions.devices_of(user, now=timezone.now())
    ]
    return render(request, "users/sessions.html", {"devices": devices})


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """POST users/sessions/<pk>/end/: sign out one device; its live pages stop within seconds."""
    user = _person(request)
    device = get_object_or_404(UserSession, pk=pk, user=user)
    is_current = device.session_key == request.session.session_key
    sessions.end_session(device, by=user, at=timezone.now())
    if is_current:
        logout(request)
        return redirect("users:login")
    messages.success(request, _("Il dispositivo è stato scollegato."))
    return redirect("users:sessions")


@login_required
@require_POST
def end_all_sessions(request: HttpRequest) -> HttpResponse:
    """POST users/sessions/end/: sign out everywhere, here too, and revoke the tokens."""
    user = _person(request)
    sessions.end_sessions(user, by=user, at=timezone.now())
    logout(request)
    messages.success(request, _("Tutti i dispositivi sono stati scollegati, anche questo, e i token revocati."))
    return redirect("users:login")


@never_cache
@login_required
@sensitive_post_parameters("password")
@require_http_methods(PAGE)
def delete_account(request: HttpRequest) -> HttpResponse:
    """GET and POST users/delete_account/: ask for the account to be deleted, or take the request back."""
    user, now = _person(request), timezone.now()
    open_request = user.deletion_requests.open().first()
    if request.method == "POST" and "cancel" in request.POST:
        if open_request is not None:
            _cancel_deletion(open_request)
            messages.success(request, _("Richiesta annullata: il tuo account resta com’è."))
        return redirect("users:profile")
    form = PasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        if open_request is None:
            _request_deletion(user)
        messages.success(request, _("Richiesta ricevuta: puoi annullarla finché non viene eseguita."))
        return redirect("users:profile")
    context = {
        "form": form,
        "deletion": open_request,
        "days": settings.ERASURE_COOLING_OFF.days,
        "lines": preview(user, at=now),
        "obstacles": obstacles_of(user, at=now),
    }
    return render(request, "users/delete_account.html", context)


@require_safe
def privacy_policy(request: HttpRequest) -> HttpResponse:
    """GET users/privacy_policy/: what is done with whose data, for how long."""
    return render(request, "users/privacy_policy.html", {"version": PRIVACY_VERSION})


@transaction.atomic
def _request_deletion(user: CustomUser) -> None:
    now = timezone.now()
    open_ones = AccountDeletionRequest.objects.open()
    deletion, is_new = open_ones.get_or_create(user=user, defaults={"requested_at": now})
    if not is_new:  # another click was a moment faster
        return
    signals.deletion_requested.send(CustomUser, user=user, by=user, at=now)
    context = {"site": settings.SITE_URL, "due": deletion.due_at}
    outbox.post(user.email, "users/mail/deletion_requested.txt", context, at=now)


@transaction.atomic
def _cancel_deletion(deletion: AccountDeletionRequest) -> None:
    now = timezone.now()
    deletion.cancel(at=now)
    signals.deletion_cancelled.send(CustomUser, user=deletion.user, by=deletion.user, at=now)


def _person(request: HttpRequest) -> CustomUser:
    user = request.user
    assert isinstance(user, CustomUser)  # noqa: S101  # login_required
    return user
