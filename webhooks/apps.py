from django.apps import AppConfig


class WebhooksAppConfig(AppConfig):
    name = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"
