from django.db import migrations


class Migration(migrations.Migration):
    """The job clusters look for a task by cluster and lock twice a second, without an index."""

    dependencies = [
        ("config", "0001_roles"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX slipdesk_queue_next ON django_q_ormq (key, lock)",
            "DROP INDEX slipdesk_queue_next",
        )
    ]
