"""Reports of unexpected errors to a Sentry server, where SENTRY_DSN names one: what broke and where, and nobody's data.

Variables, bodies, headers, cookies, users and queries stay here; of a text only what the log would write.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

KEPT = (
    "event_id",
    "timestamp",
    "platform",
    "level",
    "logger",
    "release",
    "environment",
    "transaction",
    "sdk",
    "modules",
)


def start(dsn: str, *, release: str) -> None:
    try:
        import sentry_sdk
    except ImportError as error:
        raise ImproperlyConfigured("SENTRY_DSN is set, but sentry-sdk is not installed.") from error
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        before_send=cast(Any, without_personal_data),  # its own type for an event is a wide TypedDict
    )


def without_personal_data(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    """What is sent is built anew from what may be: a part that a later version adds does not slip through."""
    from cercollettiva.users.log_format import masked

    sent = {name: event[name] for name in KEPT if name in event}
    if "request" in event:
        path = urlsplit(event["request"].get("url", "")).path
        sent["request"] = {"method": event["request"].get("method", ""), "url": masked(path)}
    if "logentry" in event:
        sent["logentry"] = {"message": masked(str(event["logentry"].get("message", "")))}
    if "exception" in event:
        texts = _texts(hint)
        values = event["exception"].get("values", [])
        sent["exception"] = {"values": [_exception(value, texts) for value in values]}
    return sent


def _exception(value: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames", [])
    names = ("filename", "abs_path", "function", "module", "lineno", "in_app")
    kind = str(value.get("type", ""))
    return {
        "type": kind,
        "module": value.get("module"),
        "value": texts.get(kind, ""),
        "stacktrace": {"frames": [{name: frame[name] for name in names if name in frame} for frame in frames]},
    }


def _texts(hint: dict[str, Any]) -> dict[str, str]:
    """What the log would say of each exception of the chain, by its type."""
    from cercollettiva.users.log_format import masked, told

    error = (hint.get("exc_info") or (None, None, None))[1]
    texts: dict[str, str] = {}
    while error is not None and type(error).__name__ not in texts:
        texts[type(error).__name__] = masked(told(error))
        error = error.__cause__ or error.__context__
    return texts
