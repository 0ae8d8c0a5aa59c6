from django.db import migrations

ROLES = ("support", "risk", "finance", "trader", "auditor")


def create_roles(apps, schema_editor):
    """The groups themselves. What they may do is written after each `migrate`, once the
    permissions of all apps exist: see `config/roles.py`."""
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
