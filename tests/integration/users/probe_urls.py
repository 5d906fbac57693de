"""Views that do what a test needs done in the middle of a request."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from cercollettiva.users.audit import Action, record


def change(request: HttpRequest) -> HttpResponse:
    record(Action.KEYS_ROTATED)
    return HttpResponse()


urlpatterns = [path("change/", change)]
