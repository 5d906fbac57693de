from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "cercollettiva.documents"
    verbose_name = "Documenti"
    default_auto_field = "django.db.models.BigAutoField"
