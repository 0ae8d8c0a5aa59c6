from django.db import migrations

from providers import sql


class Migration(migrations.Migration):
    dependencies = [("providers", "0005_cache_entries")]

    operations = [
        migrations.RunSQL(
            sql.read("call_log.sql"),
            "DROP FUNCTION begin_provider_call; DROP FUNCTION add_to_provider_call",
        )
    ]
