from django.apps import AppConfig


class BetsAppConfig(AppConfig):
    name = "bets"
    default_auto_field = "django.db.models.BigAutoField"
