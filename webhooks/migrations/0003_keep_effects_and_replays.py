
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('webhooks', '0002_staff_permissions'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='delivery',
            name='delivery_is_kept_as_it_came',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='delivery',
            trigger=pgtrigger.compiler.Trigger(name='delivery_is_kept_as_it_came', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."body" IS DISTINCT FROM (NEW."body") OR OLD."coupon_key" IS DISTINCT FROM (NEW."coupon_key") OR OLD."headers" IS DISTINCT FROM (NEW."headers") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."method" IS DISTINCT FROM (NEW."method") OR OLD."query" IS DISTINCT FROM (NEW."query") OR OLD."received_at" IS DISTINCT FROM (NEW."received_at") OR OLD."remote_ip" IS DISTINCT FROM (NEW."remote_ip") OR OLD."route" IS DISTINCT FROM (NEW."route"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='b5fdecded497be136e594bd77b32dbde51bf2e80', operation='UPDATE', pgid='pgtrigger_delivery_is_kept_as_it_came_81f63', table='webhooks_delivery', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='delivery',
            trigger=pgtrigger.compiler.Trigger(name='deliveries_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;", hash='88277f9e79d5314f51b76c1cf19e5053de04923d', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_deliveries_are_kept_65c53', table='webhooks_delivery', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='deliveryeffect',
            trigger=pgtrigger.compiler.Trigger(name='effect_is_of_its_command', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."delivery_id" IS DISTINCT FROM (NEW."delivery_id") OR OLD."position" IS DISTINCT FROM (NEW."position") OR OLD."reference" IS DISTINCT FROM (NEW."reference"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='e3c4cd020b30b74629a2d1f7cda7f8c157f9ebe2', operation='UPDATE', pgid='pgtrigger_effect_is_of_its_command_bea4c', table='webhooks_deliveryeffect', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='deliveryeffect',
            trigger=pgtrigger.compiler.Trigger(name='effect_is_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='8594dedd91f14896c108f864861d99938b1d0597', operation='DELETE', pgid='pgtrigger_effect_is_kept_b33a3', table='webhooks_deliveryeffect', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='deliveryeffect',
            trigger=pgtrigger.compiler.Trigger(name='effects_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;", hash='8327b1d5414627f5ba32d65247bc31eefdc068de', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_effects_are_kept_58275', table='webhooks_deliveryeffect', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='replay',
            trigger=pgtrigger.compiler.Trigger(name='replays_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;", hash='db6f9914c3361d10439a560d03d80eda004e2e89', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_replays_are_kept_bff60', table='webhooks_replay', when='BEFORE')),
        ),
    ]
