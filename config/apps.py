from django.apps import AppConfig


class ConfigAppConfig(AppConfig):
    name = "config"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the checks and the job cluster's sign of life."""
        from django_q.signals import post_spawn  # noqa: PLC0415

        from config import checks, heartbeat  # noqa: F401, PLC0415

        post_spawn.connect(heartbeat.start_for_worker, dispatch_uid="heartbeat")
