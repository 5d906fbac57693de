"""All the places one can go to: a phone's bar has room for four."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@login_required
@require_safe
def more(request: HttpRequest) -> HttpResponse:
    """GET altro/."""
    return render(request, "web/more.html")
