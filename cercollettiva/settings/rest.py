"""How the API answers: who may call, how often, how much at once, and how it describes itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "cercollettiva.api.authentication.BearerAuthentication",  # first: it makes the answer to nobody a 401
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["cercollettiva.api.permissions.MayCall"],
    "DEFAULT_THROTTLE_CLASSES": [
        "cercollettiva.api.throttles.AddressThrottle",
        "cercollettiva.api.throttles.CallerThrottle",
        "cercollettiva.api.throttles.WriteThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"address": "1200/min", "caller": "600/min", "write": "120/min", "device": "120/min"},
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cercollettiva.api.parsers.BoundedJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "cercollettiva.api.negotiation.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "cercollettiva.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "cercollettiva.api.errors.rest_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": False,
}
API_BODY_LIMIT = 1_048_576  # [bytes]
API_TOKEN_LONGEST = timedelta(days=366)
IDEMPOTENCY_KEPT = timedelta(hours=24)

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "CerCollettiva",
    "DESCRIPTION": "Impianti, misuratori ed energia delle comunità energetiche: docs/api.md ha gli esempi.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "PlantTypeEnum": "cercollettiva.core.models.plants.PlantType",
        "MeasurementQualityEnum": "cercollettiva.api.schema.MEASUREMENT_QUALITIES",
        "IntervalQualityEnum": "cercollettiva.api.schema.INTERVAL_QUALITIES",
    },
    "PREPROCESSING_HOOKS": ["cercollettiva.api.schema.one_address_each"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cercollettiva.api.schema.with_what_every_call_may_answer",
    ],
}
