"""Coming in: sign-in, registration, the password one forgot. What allauth does is left to it; its pages are ours."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView, PasswordChangeView, PasswordResetFromKeyView, SignupView
from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from cercollettiva.domain.identifiers import InvalidIdentifier
from cercollettiva.users import legal_forms
from cercollettiva.users.addresses import client_ip
from cercollettiva.users.backends import username_tried
from cercollettiva.users.models import LegalType
from cercollettiva.web.account_forms import legal_form_of

LOCKED = 429
NOT_FOUND = 404


class SignIn(LoginView):  # type: ignore[misc]  # allauth's views are dynamic
    """GET and POST users/login/: by e-mail and password, or with a passkey; whoever is in goes to the dashboard."""

    template_name = "users/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = {"next": self.get_next_url(), "password_reset_url": reverse("account_reset_password")}
        return {**super().get_context_data(**kwargs), **asked}


class Register(SignupView):  # type: ignore[misc]
    """GET and POST users/register/: first which legal form, then the fields that it needs."""

    template_name = "users/register.html"

    def get_initial(self) -> dict[str, Any]:
        invited = {"email": self.request.session.get("account_verified_email") or ""}
        return {**super().get_initial(), **invited, "legal_type": legal_form_of(self.request.GET.get("form"))}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        form = context["form"]
        is_chosen = form.is_bound or self.request.GET.get("form") in LegalType.values
        return {
            **context,
            "chosen": {"value": form.chosen, "label": LegalType(form.chosen).label} if is_chosen else None,
            "legal_forms": [{"value": value, "label": label} for value, label in LegalType.choices],
            "next": self.get_next_url(),
        }


class ChooseAnotherPassword(PasswordResetFromKeyView):  # type: ignore[misc]
    """GET and POST users/password_reset/<key>/: a link that is no good is a page that is not there."""

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponseBase:
        if context.get("token_fail"):
            return link_gone(self.request)
        response: HttpResponseBase = super().render_to_response(context, **kwargs)
        return response


class ChangePassword(PasswordChangeView):  # type: ignore[misc]
    """GET and POST users/password_change/: the other devices are signed out by it."""


def link_gone(request: HttpRequest) -> HttpResponse:
    """A link that was used, is too old, or never was."""
    return render(request, "users/link_gone.html", status=NOT_FOUND)


@require_POST
@sensitive_post_parameters("value")
def check(request: HttpRequest) -> JsonResponse:
    """POST users/check/: one code of a registration, as its field is left. It looks at nothing that is stored."""
    legal_type, field = request.POST.get("legal_type", ""), request.POST.get("field", "")
    value = request.POST.get("value", "")[:300]
    try:
        return JsonResponse({"value": legal_forms.read(legal_type, field, value), "message": ""})
    except InvalidIdentifier as error:
        return JsonResponse({"value": value, "message": str(error)})
    except (KeyError, ValueError):  # a form or a code that we do not know
        return JsonResponse({"error": "unknown_field", "detail": ""}, status=400)


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """The page of somebody who got the password wrong too often: when to come back. Known or not, it is the same."""
    tried = AccessAttempt.objects.filter(username=username_tried(request, _credentials(request)))
    last = tried.filter(ip_address=client_ip(request)).order_by("-attempt_time").first()
    since = last.attempt_time if last is not None else timezone.now()
    context = {"until": since + settings.AXES_COOLOFF_TIME, "password_reset_url": reverse("account_reset_password")}
    return render(request, "users/locked.html", context, status=LOCKED)


def _credentials(request: HttpRequest) -> dict[str, Any]:
    credentials: dict[str, Any] = getattr(request, "axes_credentials", None) or {}
    return credentials
