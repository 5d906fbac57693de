"""The room of the API; it has no tables of its own."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "cercollettiva.api"
    label = "api"

    def ready(self) -> None:
        from cercollettiva.api import extensions  # noqa: F401  # tells the schema about our ways to sign in
