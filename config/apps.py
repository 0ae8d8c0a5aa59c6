from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ConfigAppConfig(AppConfig):
    name = "config"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the checks, the job cluster's sign of life, and what the roles may do."""
        from django_q.signals import post_spawn  # noqa: PLC0415

        from config import checks, heartbeat, roles  # noqa: F401, PLC0415

        post_spawn.connect(heartbeat.start_for_worker, dispatch_uid="heartbeat")
        post_migrate.connect(roles.write_groups_at_the_end, dispatch_uid="roles")
