"""Which form an answer has: `?format=` first, then the Accept header, JSON where neither says anything."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class Negotiation(DefaultContentNegotiation):
    def select_renderer(
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """A format that is not there is a bad request that names the parameter, not a page that is not found."""
        wanted = request.query_params.get(self.settings.URL_FORMAT_OVERRIDE)
        if not wanted:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
            return chosen
        for renderer in renderers:
            if renderer.format == wanted:
                return renderer, renderer.media_type
        known = ", ".join(str(renderer.format) for renderer in renderers)
        raise ValidationError({"format": [_("I formati sono: %(known)s.") % {"known": known}]})
