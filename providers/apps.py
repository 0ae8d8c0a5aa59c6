from django.apps import AppConfig


class ProvidersAppConfig(AppConfig):
    name = "providers"
    default_auto_field = "django.db.models.BigAutoField"
