from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bets.models.coupons import Coupon
from bets.models.exchange import ExchangeOrder
from bets.models.fields import Id


class FlagKind(models.TextChoices):
    UNKNOWN_OVERDUE = "unknown_overdue", "no clear answer, past its deadline"
    RESULT_OVERDUE = "result_overdue", "no result, past its deadline"
    LATE_ACCEPTANCE = "late_acceptance", "provider accepted a closed coupon"
    RESULT_FOR_CLOSED = "result_for_closed", "result for a rejected or returned coupon"
    RESULT_UNCLEAR = "result_unclear", "result that says neither won nor lost"
    PAYOUT_TOO_HIGH = "payout_too_high", "payout above the potential payout"
    CURRENCY_MISMATCH = "currency_mismatch", "result in another currency"
    CONFLICT = "conflict", "same reference, other content"
    ORPHAN = "orphan", "result for an unknown coupon"
    REGRADE_DIFFERS = "regrade_differs", "our own grading differs"
    PLAYER_OWES = "player_owes", "clawback left a debt"
    AMBIGUOUS_PLAYER = "ambiguous_player", "two players go by this id"
    UNFAMILIAR = "unfamiliar", "message that we do not know"
    WALLET_CALL = "wallet_call", "wallet call that does not fit"
    CONTRADICTION = "contradiction", "the provider contradicts itself"
    RETURN_UNCLEAR = "return_unclear", "no clear answer to a return"
    ORDER_DIFFERS = "order_differs", "exchange order is not as we have it"
    POSTING_REFUSED = "posting_refused", "the ledger refused the posting"


class Flag(models.Model):
    """Something that a member of staff must look at. The queue is what is not resolved.

    `caused_by` is the member whose own deed it asks to look at: somebody else resolves it.
    """

    id = Id()
    kind = models.CharField(max_length=17, choices=FlagKind.choices)
    coupon = models.ForeignKey(
        Coupon, on_delete=models.PROTECT, related_name="flags", null=True, blank=True
    )
    order = models.ForeignKey(
        ExchangeOrder, on_delete=models.PROTECT, related_name="flags", null=True, blank=True
    )
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.PROTECT, related_name="flags"
    )
    reference = models.CharField(max_length=100, blank=True, default="")
    detail = models.TextField()
    delivery_id = models.UUIDField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="flags",
        null=True,
        blank=True,
    )
    caused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    created_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    resolution = models.TextField(blank=True, default="")

    class Meta:
        permissions = [("resolve_flag", "Can take and resolve flags")]
        constraints = [
            models.CheckConstraint(name="bets_flag_kind", condition=Q(kind__in=FlagKind.values)),
            models.CheckConstraint(
                name="bets_flag_four_eyes",
                condition=Q(caused_by__isnull=True)
                | Q(resolved_by__isnull=True)
                | ~Q(resolved_by=models.F("caused_by")),
            ),
            models.UniqueConstraint(
                name="bets_flag_open_once",
                fields=["kind", "coupon"],
                condition=Q(resolved_at__isnull=True, coupon__isnull=False),
            ),
            models.UniqueConstraint(
                name="bets_flag_reference_open_once",
                fields=["kind", "account", "reference"],
                condition=Q(resolved_at__isnull=True, coupon__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="bets_flag_open", fields=["-id"], condition=Q(resolved_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
