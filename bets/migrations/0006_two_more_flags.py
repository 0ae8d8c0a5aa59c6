from django.db import migrations, models

_KINDS = [
    ("unknown_overdue", "no clear answer, past its deadline"),
    ("result_overdue", "no result, past its deadline"),
    ("late_acceptance", "provider accepted a closed coupon"),
    ("result_for_closed", "result for a rejected or returned coupon"),
    ("result_unclear", "result that says neither won nor lost"),
    ("payout_too_high", "payout above the potential payout"),
    ("currency_mismatch", "result in another currency"),
    ("conflict", "same reference, other content"),
    ("orphan", "result for an unknown coupon"),
    ("regrade_differs", "our own grading differs"),
    ("player_owes", "clawback left a debt"),
    ("ambiguous_player", "two players go by this id"),
    ("unfamiliar", "message that we do not know"),
    ("wallet_call", "wallet call that does not fit"),
    ("contradiction", "the provider contradicts itself"),
    ("return_unclear", "no clear answer to a return"),
    ("posting_refused", "the ledger refused the posting"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('bets', '0005_wallet_transactions'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='flag', name='bets_flag_kind'),
        migrations.AlterField(
            model_name='flag',
            name='kind',
            field=models.CharField(choices=_KINDS, max_length=17),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=models.CheckConstraint(
                condition=models.Q(('kind__in', [kind for kind, _ in _KINDS])),
                name='bets_flag_kind',
            ),
        ),
    ]
