import secrets

import pgtrigger
from django.db import models
from django.db.models import Q

from bets.models.fields import Id, Money, Odds, never_truncated
from bets.models.players import Player
from providers.contract import CouponType, OddsPolicy

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_code() -> str:
    """What a person reads out on the phone: no letter that looks like a digit."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(10))


def new_callback_key() -> str:
    return secrets.token_urlsafe(18)


class CouponStatus(models.TextChoices):
    PENDING = "pending", "pending"
    UNKNOWN = "unknown", "unknown"
    ACCEPTED = "accepted", "accepted"
    REJECTED = "rejected", "rejected"
    REFERRED = "referred", "referred"
    SETTLED = "settled", "settled"
    RETURNED = "returned", "returned"


class Result(models.TextChoices):
    NONE = "", "no result"
    WON = "won", "won"
    LOST = "lost", "lost"
    REFUNDED = "refunded", "refunded"
    PARTLY_REFUNDED = "partly_refunded", "partly refunded"


class Origin(models.TextChoices):
    PLACED = "placed", "placed by us at the provider"
    WALLET = "wallet", "taken by the provider from our wallet"


class ItemResult(models.TextChoices):
    NONE = "", "no result"
    WON = "won", "won"
    LOST = "lost", "lost"
    REFUNDED = "refunded", "refunded"
    HALF_WON = "half_won", "half won"
    HALF_LOST = "half_lost", "half lost"


# The states that follow each state; the database holds it as a trigger.
NEXT: dict[str, tuple[str, ...]] = {
    CouponStatus.PENDING: (
        CouponStatus.ACCEPTED,
        CouponStatus.REJECTED,
        CouponStatus.UNKNOWN,
        CouponStatus.REFERRED,
    ),
    CouponStatus.UNKNOWN: (CouponStatus.ACCEPTED, CouponStatus.REJECTED),
    CouponStatus.REFERRED: (CouponStatus.PENDING, CouponStatus.REJECTED),
    CouponStatus.ACCEPTED: (CouponStatus.SETTLED, CouponStatus.RETURNED),
    CouponStatus.SETTLED: (CouponStatus.ACCEPTED, CouponStatus.RETURNED),
    CouponStatus.REJECTED: (),
    CouponStatus.RETURNED: (),
}


class Coupon(models.Model):
    """A bet of one player at one provider account, on one or more items."""

    id = Id()
    code = models.CharField(max_length=10, unique=True, default=new_code, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="coupons")
    partner = models.ForeignKey("bets.Partner", on_delete=models.PROTECT, related_name="coupons")
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.PROTECT, related_name="coupons"
    )
    origin = models.CharField(max_length=6, choices=Origin.choices)
    type = models.CharField(max_length=7, choices=[(t.value, t.value) for t in CouponType])
    system_size = models.PositiveSmallIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    stake = Money()
    told_stake = Money(
        null=True,
        blank=True,
        help_text="The stake that the provider was told, where it may be told another than ours.",
    )
    odds = Odds(null=True, blank=True, help_text="Total odds: requested, then accepted.")
    odds_policy = models.CharField(
        max_length=4, choices=[(p.value, p.value) for p in OddsPolicy], default=OddsPolicy.NONE
    )
    potential_payout = Money(null=True, blank=True)
    payout_limit = Money(
        null=True, blank=True, help_text="The potential payout that the provider itself stated."
    )
    payout = Money(null=True, blank=True)
    stake_at_risk = Money(
        null=True, blank=True, help_text="What is left of the stake to bet with, after excise."
    )
    excise = Money(null=True, blank=True, help_text="The tax that is contained in the stake.")
    withholding = Money(
        null=True, blank=True, help_text="The tax that was kept back from the winnings."
    )
    options = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=8, choices=CouponStatus.choices)
    result = models.CharField(max_length=15, choices=Result.choices, blank=True, default="")
    settlement_version = models.PositiveIntegerField(default=0)
    game = models.CharField(max_length=40, blank=True, default="")
    provider_reference = models.CharField(max_length=100, null=True, blank=True)
    provider_code = models.CharField(
        max_length=100, blank=True, default="", help_text="What the provider calls it to people."
    )
    content_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    callback_key = models.CharField(
        max_length=24, unique=True, default=new_callback_key, editable=False
    )
    rejection = models.JSONField(null=True, blank=True)
    resolve_after = models.DateTimeField(null=True, blank=True)
    times_asked = models.PositiveSmallIntegerField(default=0)
    placed_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [
            ("decide_coupon", "Can say what became of an unknown coupon"),
            ("return_coupon", "Can return a coupon's stake"),
            ("settle_by_hand", "Can settle a coupon by hand"),
        ]
        constraints = [
            models.CheckConstraint(
                name="bets_coupon_status", condition=Q(status__in=CouponStatus.values)
            ),
            models.CheckConstraint(
                name="bets_coupon_result", condition=Q(result__in=Result.values)
            ),
            models.CheckConstraint(
                name="bets_coupon_result_when_settled",
                condition=Q(status="settled") & ~Q(result="") & Q(payout__isnull=False)
                | ~Q(status="settled") & Q(result=""),
            ),
            models.CheckConstraint(name="bets_coupon_stake", condition=Q(stake__gt=0)),
            models.CheckConstraint(
                name="bets_coupon_told_stake",
                condition=Q(told_stake__isnull=True) | Q(told_stake__gt=0),
            ),
            models.CheckConstraint(
                name="bets_coupon_payout", condition=Q(payout__isnull=True) | Q(payout__gte=0)
            ),
            models.CheckConstraint(
                name="bets_coupon_odds", condition=Q(odds__isnull=True) | Q(odds__gte=1)
            ),
            models.CheckConstraint(
                name="bets_coupon_system_size",
                condition=Q(type="system", system_size__gte=2)
                | ~Q(type="system") & Q(system_size__isnull=True),
            ),
            models.CheckConstraint(
                name="bets_coupon_type", condition=Q(type__in=[t.value for t in CouponType])
            ),
            models.CheckConstraint(
                name="bets_coupon_rejection",
                condition=Q(status="rejected", rejection__isnull=False)
                | ~Q(status="rejected") & Q(rejection__isnull=True),
            ),
            models.CheckConstraint(
                name="bets_coupon_taxes",
                condition=(Q(excise__isnull=True) | Q(excise__gte=0, excise__lt=models.F("stake")))
                & (Q(withholding__isnull=True) | Q(withholding__gte=0))
                & (Q(stake_at_risk__isnull=True) | Q(stake_at_risk__gt=0)),
            ),
            models.UniqueConstraint(
                name="bets_coupon_reference",
                fields=["account", "provider_reference", "game"],
                condition=Q(provider_reference__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="bets_coupon_of_partner", fields=["partner", "-id"]),
            models.Index(name="bets_coupon_of_player", fields=["player", "-id"]),
            models.Index(name="bets_coupon_by_status", fields=["status", "-id"]),
            models.Index(
                name="bets_coupon_to_resolve",
                fields=["resolve_after"],
                condition=Q(resolve_after__isnull=False),
            ),
            models.Index(
                name="bets_coupon_by_provider_code",
                fields=["provider_code"],
                condition=~Q(provider_code=""),
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="coupon_states",
                field="status",
                transitions=[(str(a), str(b)) for a, after in NEXT.items() for b in after],
            ),
            pgtrigger.Protect(
                name="coupon_terms_are_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "player",
                    "partner",
                    "account",
                    "currency",
                    "stake",
                    "told_stake",
                    "type",
                    "callback_key",
                ),
            ),
            pgtrigger.Protect(name="coupon_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.code


class BetItem(models.Model):
    """One selection of a coupon."""

    id = Id()
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    event_id = models.CharField(max_length=100, blank=True)
    selection = models.CharField(max_length=200, blank=True)
    requested_odds = Odds(null=True, blank=True)
    legs = models.JSONField(default=list, blank=True, help_text="The outcomes of a bet builder.")
    accepted_odds = Odds(null=True, blank=True)
    is_live = models.BooleanField(default=False)
    result = models.CharField(max_length=9, choices=ItemResult.choices, blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(name="bets_item_position", fields=["coupon", "position"]),
            models.CheckConstraint(
                name="bets_item_odds",
                condition=(Q(requested_odds__isnull=True) | Q(requested_odds__gte=1))
                & (Q(accepted_odds__isnull=True) | Q(accepted_odds__gte=1)),
            ),
            models.CheckConstraint(
                name="bets_item_result", condition=Q(result__in=ItemResult.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.selection}"


class TimelineKind(models.TextChoices):
    PLACED = "placed", "placed"
    ACCEPTED = "accepted", "accepted"
    REJECTED = "rejected", "rejected"
    UNKNOWN = "unknown", "no clear answer"
    SETTLED = "settled", "settled"
    RESETTLED = "resettled", "settled again"
    ROLLED_BACK = "rolled_back", "result withdrawn"
    RETURNED = "returned", "returned"
    SUPERSEDED = "superseded", "older result ignored"
    KEPT = "kept", "result kept"
    FLAGGED = "flagged", "flagged for staff"
    NOTE = "note", "note"


class TimelineEvent(models.Model):
    """Something that happened to a coupon: who or what, when, and why. Append-only."""

    id = Id()
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=11, choices=TimelineKind.choices)
    from_status = models.CharField(max_length=8, blank=True, default="")
    to_status = models.CharField(max_length=8, blank=True, default="")
    actor = models.CharField(max_length=120)
    reason = models.TextField(blank=True, default="")
    call_id = models.UUIDField(null=True, blank=True)
    delivery_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="bets_event_kind", condition=Q(kind__in=TimelineKind.values)
            ),
            models.CheckConstraint(name="bets_event_actor", condition=~Q(actor="")),
        ]
        indexes = [models.Index(name="bets_event_of_coupon", fields=["coupon", "id"])]
        triggers = [
            pgtrigger.Protect(
                name="timeline_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            never_truncated("timeline_is_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d %H:%M:%S}"
