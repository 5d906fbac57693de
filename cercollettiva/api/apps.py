"""The room of the API; it has no tables of its own."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "cercollettiva.api"
    label = "api"
