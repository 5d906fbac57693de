"""What the schema says of every call, and which of several addresses of one thing it names."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema_serializer, inline_serializer
from rest_framework import serializers

from cercollettiva.energy.models import IntervalQuality, Quality

# The energy router stands at several addresses and the core JSON API at two: the schema names one of each.
LEFT_OUT: Final = ("/api/energy/api/", "/api/schema/", "/api/docs/")

ABOUT: Final = {**dict.fromkeys(("mqtt", "total-power", "cer-power"), "power"), "cer": "fees"}
MEASUREMENT_QUALITIES: Final = [(name, name) for name in Quality.names]
INTERVAL_QUALITIES: Final = [(name, name) for name in IntervalQuality.names]
# Of the calls that a program may repeat: `idempotency.py`.
REPEATABLE: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,100}$"},
    OpenApiParameter.HEADER,
    description="La stessa chiamata con la stessa chiave ha un effetto solo, e per un giorno la stessa risposta.",
)


class ApiSchema(AutoSchema):
    """A shape that stands beside its view is named after both."""

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        kind = serializer if isinstance(serializer, type) else type(serializer)
        path = kind.__qualname__
        return kind.__name__ if "<locals>" in path else path.replace(".", "")

    def get_tags(self) -> list[str]:
        """By what it is about, not by where it stands."""
        words = [word for word in self.path.split("/") if word and word not in ("api", "core") and "{" not in word]
        about = [word for word in words if word != "energy"] or words
        return [ABOUT.get(about[0], about[0])]


class CoreError(serializers.Serializer[Any]):
    """An error of the core JSON API."""

    error = serializers.CharField()
    detail = serializers.JSONField()


class RestError(serializers.Serializer[Any]):
    """An error of the energy API: a text under `detail`, or lists of texts under the names of fields."""

    detail = serializers.CharField(required=False)


CORE_ERRORS: Final = dict.fromkeys((400, 401, 403, 404, 406, 429, 503), CoreError)


def one_address_each(endpoints: list[Any], **_: Any) -> list[Any]:
    return [endpoint for endpoint in endpoints if _is_named(endpoint[0])]


def _is_named(path: str) -> bool:
    if path.startswith(LEFT_OUT):
        return False
    if path.startswith("/energy/api/"):
        return path.endswith(("/total-power/", "/mqtt-data/"))
    return path.startswith("/api/")


def with_what_every_call_may_answer(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Who is nobody, sees nothing of it, or calls too often gets the same everywhere."""
    rest = {
        "type": ["object", "array"],
        "description": "Un testo sotto detail, o elenchi di testi sotto i nomi dei campi: di ogni riga, per un elenco.",
    }
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = rest
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            statuses = ["400", "401", "403", "404", "406", "429", "503"]
            if method in ("post", "put", "patch"):
                statuses += ["409", "413", "415"]
            for status in statuses:
                operation["responses"].setdefault(status, {"description": "Errore", "content": content})
    return result


def one(name: str, fields: dict[str, Any]) -> Any:
    """A shape that is not a list, though a list's action answers it."""
    shape = inline_serializer(name, fields)
    extend_schema_serializer(many=False)(type(shape))
    return shape


def paged(row: type[serializers.Serializer[Any]], name: str) -> Any:
    """A page of rows, as DRF writes it."""
    links = {link: serializers.URLField(allow_null=True) for link in ("next", "previous")}
    return one(name, {"count": serializers.IntegerField(), **links, "results": row(many=True)})
