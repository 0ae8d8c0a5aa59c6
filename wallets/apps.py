from django.apps import AppConfig


class WalletsAppConfig(AppConfig):
    name = "wallets"
    default_auto_field = "django.db.models.BigAutoField"
