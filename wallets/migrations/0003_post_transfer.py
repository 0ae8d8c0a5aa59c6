from django.db import migrations

from wallets import sql


class Migration(migrations.Migration):
    """A function for one ordinary transfer, and cheaper triggers for the rules that they keep."""

    dependencies = [("wallets", "0002_ledger_sql")]

    operations = [
        migrations.RunSQL(sql.read("guards.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(sql.read("post_transfers.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(sql.read("post_transfer.sql"), "DROP FUNCTION post_transfer"),
    ]
