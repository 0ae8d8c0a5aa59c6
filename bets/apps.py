from django.apps import AppConfig


class BetsAppConfig(AppConfig):
    name = "bets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say what is open at an account, so that its settings are not changed under it."""
        from bets.queries import open_business as ours  # noqa: PLC0415
        from providers import open_business  # noqa: PLC0415

        open_business.counted_by("bets", ours.count)
