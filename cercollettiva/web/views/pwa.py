"""The site as an application on a phone: its manifest, its service worker, the page for when there is no network."""

from __future__ import annotations

import hashlib
import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

# What the offline page is made of; nothing else of the site is ever kept by the worker. A round keeps its own parts.
SHELL = (
    "web/tokens.css",
    "web/site.css",
    "web/theme.js",
    "web/offline.js",
    "web/mark.svg",
    "web/vendor/titillium-web/titillium-web-400.woff2",
    "web/vendor/titillium-web/titillium-web-600.woff2",
)


@cache_control(public=True, max_age=3600)
@vary_on_headers("Cookie", "Accept-Language")
@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """GET manifest.webmanifest."""
    icons = [
        {"src": static(f"web/icons/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any"}
        for size in (192, 512)
    ]
    maskable = static("web/icons/maskable-512.png")
    icons.append({"src": maskable, "sizes": "512x512", "type": "image/png", "purpose": "maskable"})
    content = {
        "name": "CerCollettiva",
        "short_name": "CerCollettiva",
        "description": _("L’energia della tua comunità, adesso."),
        "id": "/",
        "start_url": reverse("web:dashboard"),
        "scope": "/",
        "display": "standalone",
        "lang": get_language(),
        "background_color": "#ffffff",
        "theme_color": "#10222b",
        "icons": icons,
    }
    return JsonResponse(content, content_type="application/manifest+json")


@cache_control(no_cache=True)
@vary_on_headers("Cookie", "Accept-Language")
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """GET sw.js: the same for everybody who reads the same language; it changes when the offline page does."""
    shell = [reverse("web:offline"), *(static(name) for name in SHELL)]
    version = hashlib.sha256(json.dumps([shell, _offline_page()]).encode()).hexdigest()[:16]
    own = {"icon": static("web/icons/icon-192.png"), "language": get_language(), "static": settings.STATIC_URL}
    code = render_to_string("web/sw.js", {"shell": json.dumps(shell), "version": version, **own})
    return HttpResponse(code, content_type="text/javascript; charset=utf-8")


@cache_control(no_cache=True)
@vary_on_headers("Cookie", "Accept-Language")
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """GET offline/: nothing of anybody is in it; the script fills in what this browser kept."""
    return HttpResponse(_offline_page())


def _offline_page() -> str:
    return render_to_string("web/offline.html")
