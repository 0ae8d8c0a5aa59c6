"""Orders at a betting exchange, placed with the operator's own account there.

They are no coupons: no player stands behind them and no wallet, so nothing is posted for them.
Amounts are in major units of `currency`, the account's own. An account may serve several
partners; each order belongs to one.
"""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from bets.models.fields import Id, Money, Odds, never_truncated
from bets.models.partners import Partner
from providers.contract import Side
from providers.models import ProviderAccount


class OrderStatus(models.TextChoices):
    PENDING = "pending", "pending"
    UNKNOWN = "unknown", "unknown"
    OPEN = "open", "open"
    PARTLY_MATCHED = "partly_matched", "partly matched"
    MATCHED = "matched", "matched"
    CANCELLED = "cancelled", "cancelled"
    REJECTED = "rejected", "rejected"


UNANSWERED = (OrderStatus.PENDING, OrderStatus.UNKNOWN)
LIVE = (OrderStatus.OPEN, OrderStatus.PARTLY_MATCHED)
_AT_EXCHANGE = (*LIVE, OrderStatus.MATCHED, OrderStatus.CANCELLED)

# The states that follow each state; the database holds it as a trigger. A cancelled order may have
# been matched in part: what was matched stands.
NEXT_OF_ORDER: dict[str, tuple[str, ...]] = {
    OrderStatus.PENDING: (*_AT_EXCHANGE, OrderStatus.REJECTED, OrderStatus.UNKNOWN),
    OrderStatus.UNKNOWN: (*_AT_EXCHANGE, OrderStatus.REJECTED),
    OrderStatus.OPEN: (OrderStatus.PARTLY_MATCHED, OrderStatus.MATCHED, OrderStatus.CANCELLED),
    OrderStatus.PARTLY_MATCHED: (OrderStatus.MATCHED, OrderStatus.CANCELLED),
    OrderStatus.MATCHED: (),
    OrderStatus.CANCELLED: (),
    OrderStatus.REJECTED: (),
}


class Liability(models.DecimalField):  # type: ignore[type-arg]
    """A stake times odds, with every decimal that this can have."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"max_digits": 32, "decimal_places": 10, **kwargs})  # type: ignore[arg-type]


class ExchangeBatch(models.Model):
    """Offers that a partner placed together: its key, its request, and the reply that it got.

    `judged_at` is when its liability was set aside from the account's free balance.
    `offers_before` are the references of the account's own offers on the market just before the
    call, and `sent_at` when that call began. Without it, nothing was ever sent.
    """

    id = Id()
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    request_digest = models.CharField(max_length=64)
    market_id = models.CharField(max_length=100)
    market_version = models.PositiveBigIntegerField(default=0)
    keep_in_play = models.BooleanField()
    keep_on_suspension = models.BooleanField()
    judged_at = models.DateTimeField(null=True)
    offers_before = models.JSONField(null=True)
    sent_at = models.DateTimeField(null=True)
    reply_status = models.PositiveSmallIntegerField(null=True)
    reply_body = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="bets_batch_key", fields=["partner", "key"]),
            models.CheckConstraint(
                name="bets_batch_compared",
                condition=Q(sent_at__isnull=True) | Q(offers_before__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="batch_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="batch_terms_are_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "partner", "account", "key", "request_digest", "market_id", "market_version"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class ExchangeOrder(models.Model):
    """One offer to back or to lay a selection.

    `matched` met somebody else's offer and `remaining` still waits for one; what is missing to
    `stake` was cancelled. `liability` is what all of it can lose, `exposure` what it can lose as
    it stands. `told` is the part of `matched` whose odds are on the timeline. `resolve_after`
    ends a pending order's call, and is when staff are told of an unknown one. `missing_since` is
    when the exchange was first seen not to list an order any more that waits there.
    """

    id = Id()
    batch = models.ForeignKey(ExchangeBatch, on_delete=models.PROTECT, related_name="orders")
    position = models.PositiveSmallIntegerField()
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="orders")
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, related_name="orders")
    market_id = models.CharField(max_length=100)
    selection_id = models.CharField(max_length=100)
    side = models.CharField(max_length=4, choices=[(each.value, each.value) for each in Side])
    odds = Odds()
    stake = Money()
    liability = Liability()
    currency = models.CharField(max_length=3, blank=True, default="")
    status = models.CharField(max_length=14, choices=OrderStatus.choices)
    matched = Money(default=0)
    remaining = Money()
    told = Money(default=0)
    average_matched_odds = Odds(null=True, blank=True)
    exposure = Liability()
    provider_reference = models.CharField(max_length=100, null=True, blank=True)
    rejection = models.JSONField(null=True, blank=True)
    resolve_after = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)
    placed_at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="When the status or an amount last changed.")

    class Meta:
        permissions = [
            ("cancel_order", "Can cancel orders at an exchange"),
            ("refresh_order", "Can read orders at an exchange again"),
            ("decide_order", "Can say what became of an unknown order"),
        ]
        constraints = [
            models.CheckConstraint(
                name="bets_order_status", condition=Q(status__in=OrderStatus.values)
            ),
            models.CheckConstraint(
                name="bets_order_side", condition=Q(side__in=[each.value for each in Side])
            ),
            models.CheckConstraint(name="bets_order_terms", condition=Q(stake__gt=0, odds__gt=1)),
            models.CheckConstraint(
                name="bets_order_liability",
                condition=Q(side="back", liability=F("stake"))
                | Q(side="lay", liability=F("stake") * (F("odds") - 1)),
            ),
            models.CheckConstraint(
                name="bets_order_parts",
                condition=Q(
                    matched__gte=0,
                    remaining__gte=0,
                    exposure__gte=0,
                    told__gte=0,
                    told__lte=F("matched"),
                    matched__lte=F("stake") - F("remaining"),
                ),
            ),
            models.CheckConstraint(
                name="bets_order_parts_of_status",
                condition=Q(status__in=UNANSWERED, matched=0, remaining=F("stake"))
                | Q(status="open", matched=0, remaining__gt=0)
                | Q(status="partly_matched", matched__gt=0, remaining__gt=0)
                | Q(status="matched", matched=F("stake"))
                | Q(status="cancelled", remaining=0, matched__lt=F("stake"))
                | Q(status="rejected", matched=0, remaining=0),
            ),
            models.CheckConstraint(
                name="bets_order_average",
                condition=Q(average_matched_odds__isnull=True)
                | Q(average_matched_odds__gt=1, matched__gt=0),
            ),
            models.CheckConstraint(
                name="bets_order_rejection",
                condition=Q(status="rejected", rejection__isnull=False)
                | ~Q(status="rejected") & Q(rejection__isnull=True),
            ),
            models.CheckConstraint(
                name="bets_order_referred_to",
                condition=Q(status__in=_AT_EXCHANGE, provider_reference__isnull=False)
                | ~Q(status__in=_AT_EXCHANGE) & Q(provider_reference__isnull=True),
            ),
            models.CheckConstraint(
                name="bets_order_missing",
                condition=Q(missing_since__isnull=True) | Q(status__in=LIVE),
            ),
            models.UniqueConstraint(name="bets_order_position", fields=["batch", "position"]),
            models.UniqueConstraint(
                name="bets_order_reference",
                fields=["account", "provider_reference"],
                condition=Q(provider_reference__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="bets_order_of_partner", fields=["partner", "account", "-id"]),
            models.Index(name="bets_order_by_status", fields=["status", "-id"]),
            models.Index(name="bets_order_of_market", fields=["account", "market_id", "-id"]),
        ]
        triggers = [
            pgtrigger.FSM(
                name="order_states",
                field="status",
                transitions=[(str(a), str(b)) for a, after in NEXT_OF_ORDER.items() for b in after],
            ),
            pgtrigger.Protect(
                name="order_terms_are_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "batch",
                    "position",
                    "partner",
                    "account",
                    "market_id",
                    "selection_id",
                    "side",
                    "odds",
                    "stake",
                    "liability",
                ),
            ),
            pgtrigger.Protect(name="order_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.selection_id} on {self.market_id}"


class OrderEventKind(models.TextChoices):
    PLACED = "placed", "placed"
    REJECTED = "rejected", "rejected"
    UNKNOWN = "unknown", "no clear answer"
    ACCEPTED = "accepted", "taken by the exchange"
    RESOLVED = "resolved", "found at the exchange"
    MATCHED = "matched", "matched"
    CANCEL_ASKED = "cancel_asked", "cancellation asked for"
    CANCEL_REFUSED = "cancel_refused", "cancellation refused"
    CANCELLED = "cancelled", "cancelled"
    FLAGGED = "flagged", "flagged for staff"


class ExchangeOrderEvent(models.Model):
    """Something that happened to an order: who or what, when, and why. Append-only.

    A matched part has its `amount` and its `odds`, unless the exchange does not say at which
    odds; a cancellation has the amount that it took back.
    """

    id = Id()
    order = models.ForeignKey(ExchangeOrder, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=14, choices=OrderEventKind.choices)
    from_status = models.CharField(max_length=14, blank=True, default="")
    to_status = models.CharField(max_length=14)
    amount = Money(null=True, blank=True)
    odds = Odds(null=True, blank=True)
    actor = models.CharField(max_length=120)
    reason = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="bets_orderevent_kind", condition=Q(kind__in=OrderEventKind.values)
            ),
            models.CheckConstraint(name="bets_orderevent_actor", condition=~Q(actor="")),
            models.CheckConstraint(
                name="bets_orderevent_amount",
                condition=Q(kind="matched", amount__isnull=False, amount__gt=0)
                | Q(kind="cancelled", amount__isnull=False, amount__gte=0, odds__isnull=True)
                | ~Q(kind__in=["matched", "cancelled"]) & Q(amount__isnull=True, odds__isnull=True),
            ),
        ]
        indexes = [models.Index(name="bets_orderevent_of_order", fields=["order", "id"])]
        triggers = [
            pgtrigger.Protect(
                name="order_timeline_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            never_truncated("order_timeline_is_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d %H:%M:%S}"


class ExchangeMarket(models.Model):
    """A market on which an account has orders, and when they are next read from the exchange.

    Whoever changes orders locks their market's row first. `quiet` counts the looks in a row that
    changed nothing; `failing_since` is set while the exchange does not answer. `state` is what its
    book said last: `open`, `suspended`, `closed`, the exchange's own code, or `GONE` where the
    exchange does not know the market any more; `state_since` is when it was first seen so.
    """

    GONE = "gone"

    id = Id()
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, related_name="+")
    market_id = models.CharField(max_length=100)
    look_after = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    quiet = models.PositiveSmallIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(max_length=40, blank=True, default="", db_default="")
    state_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="bets_market_once", fields=["account", "market_id"]),
            models.CheckConstraint(
                name="bets_market_state",
                condition=Q(state="", state_since__isnull=True)
                | ~Q(state="") & Q(state_since__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="bets_market_to_look_at",
                fields=["look_after"],
                condition=Q(look_after__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.market_id


class ExchangeAccount(ProviderAccount):
    """An account at an exchange, as those see it who look at its balance and its holder."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        permissions = [("view_account_holder", "Can see in whose name an exchange account is")]
