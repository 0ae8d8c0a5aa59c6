import pgtrigger
from django.db import models
from django.db.models import Q

from bets.models.coupons import Coupon
from bets.models.fields import Id, Money, never_truncated
from bets.models.players import Player
from providers.contract import Effect, MoveKind


class WalletTransaction(models.Model):
    """What a vendor asked of the wallet that we host, and what it was told. Append-only.

    The same id with the same content gets this row's answer again. `amount` is empty where the
    ledger could not keep what was asked for.
    """

    id = Id()
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.PROTECT, related_name="wallet_transactions"
    )
    transaction_id = models.CharField(max_length=100)
    parent_id = models.CharField(max_length=100, blank=True, default="")
    kind = models.CharField(max_length=8, choices=[(k.value, k.value) for k in MoveKind])
    reference = models.CharField(max_length=100)
    game = models.CharField(max_length=40, blank=True, default="")
    player_uid = models.CharField(max_length=64)
    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    coupon = models.ForeignKey(
        Coupon,
        on_delete=models.PROTECT,
        related_name="wallet_transactions",
        null=True,
        blank=True,
    )
    amount = Money(null=True, blank=True)
    currency = models.CharField(max_length=3)
    digest = models.CharField(max_length=64, editable=False)
    effect = models.CharField(max_length=10, choices=[(e.value, e.value) for e in Effect])
    code = models.CharField(max_length=60, blank=True, default="")
    message = models.TextField(blank=True, default="")
    available = Money(null=True, blank=True)
    delivery_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                name="bets_wallet_transaction_once", fields=["account", "transaction_id"]
            ),
            models.UniqueConstraint(
                name="bets_wallet_one_stake",
                fields=["coupon"],
                condition=Q(kind="stake", effect="applied"),
            ),
            models.CheckConstraint(
                name="bets_wallet_kind", condition=Q(kind__in=[k.value for k in MoveKind])
            ),
            models.CheckConstraint(
                name="bets_wallet_effect",
                condition=Q(effect__in=["applied", "flagged", "refused"]),
            ),
            models.CheckConstraint(
                name="bets_wallet_applied_to",
                condition=~Q(effect="applied")
                | Q(coupon__isnull=False, player__isnull=False, amount__gte=0),
            ),
        ]
        indexes = [
            models.Index(
                name="bets_wallet_by_parent",
                fields=["account", "parent_id"],
                condition=~Q(parent_id=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="wallet_transaction_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            never_truncated("wallet_transactions_are_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.transaction_id}: {self.effect}"
