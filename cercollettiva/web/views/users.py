"""Signing in."""

from __future__ import annotations

from django.contrib.auth.views import LoginView


class SignIn(LoginView):
    """GET and POST users/login/: by e-mail and password; whoever is in already goes to the dashboard."""

    template_name = "users/login.html"
    redirect_authenticated_user = True
