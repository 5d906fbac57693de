"""Template filters for what came over MQTT: `{{ topic|visible }}`, `{% with raw=bytes|shown %}`."""

from __future__ import annotations

from django import template

from cercollettiva.web import raw

register = template.Library()


@register.filter
def visible(text: str) -> str:
    return raw.visible(text)


@register.filter
def shown(data: bytes | memoryview) -> raw.Bytes:
    return raw.shown(bytes(data))
