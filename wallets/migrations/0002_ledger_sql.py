from django.db import migrations

from wallets import sql


class Migration(migrations.Migration):
    dependencies = [("wallets", "0001_initial")]

    operations = [
        migrations.RunSQL(sql.read("guards.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(sql.read("wallets.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(sql.read("post_transfers.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(sql.read("balances.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(sql.read("seals.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(sql.read("verify.sql"), migrations.RunSQL.noop),
    ]
