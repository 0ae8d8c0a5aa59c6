"""What a provider is told of a player: limit multipliers, and that the player exists."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bets.models.fields import Id, never_truncated
from bets.models.players import Player


class ErrandState(models.TextChoices):
    """`sent` stands while there is no clear answer; a newer change makes an older `superseded`."""

    QUEUED = "queued", "queued"
    SENT = "sent", "sent"
    CONFIRMED = "confirmed", "confirmed"
    FAILED = "failed", "failed"
    SUPERSEDED = "superseded", "superseded"


_TO_DO = Q(state__in=[ErrandState.QUEUED, ErrandState.SENT])


class Errand(models.Model):
    """Something that a job tells a provider, again and again until there is an answer.

    `next_attempt_at` is empty once there is nothing more to do.
    """

    id = Id()
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=ErrandState.choices, default=ErrandState.QUEUED)
    error = models.TextField(blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    requested_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class LimitChange(Errand):
    """New limit multipliers of a player at a provider account. The newest is what holds."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="limit_changes")
    prematch = models.DecimalField(max_digits=4, decimal_places=2)
    live = models.DecimalField(max_digits=4, decimal_places=2)

    class Meta:
        permissions = [("set_limits", "Can set players' limit multipliers")]
        constraints = [
            models.CheckConstraint(
                name="bets_limit_range",
                condition=Q(prematch__gte=0, prematch__lte=10, live__gte=0, live__lte=10),
            ),
            models.CheckConstraint(
                name="bets_limit_state", condition=Q(state__in=ErrandState.values)
            ),
            models.CheckConstraint(
                name="bets_limit_waits",
                condition=_TO_DO & Q(next_attempt_at__isnull=False)
                | ~_TO_DO & Q(next_attempt_at__isnull=True),
            ),
            models.CheckConstraint(name="bets_limit_why", condition=~Q(reason="") & ~Q(actor="")),
        ]
        indexes = [
            models.Index(name="bets_limit_newest", fields=["player", "account", "-id"]),
            models.Index(
                name="bets_limit_to_send",
                fields=["next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="limit_terms_are_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "player", "account", "prematch", "live", "reason", "actor", "requested_at"
                ),
            ),
            pgtrigger.FSM(
                name="limit_states",
                field="state",
                transitions=[
                    ("queued", "sent"),
                    ("queued", "superseded"),
                    ("queued", "failed"),
                    ("sent", "queued"),
                    ("sent", "confirmed"),
                    ("sent", "failed"),
                    ("sent", "superseded"),
                ],
            ),
            pgtrigger.Protect(name="limit_is_kept", operation=pgtrigger.Delete),
            never_truncated("limits_are_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.prematch} / {self.live}"


class Registration(Errand):
    """A player who is made known to a provider account, once."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="registrations")

    class Meta:
        permissions = [("register_player", "Can make players known to a provider")]
        constraints = [
            models.UniqueConstraint(name="bets_registration_once", fields=["player", "account"]),
            models.CheckConstraint(
                name="bets_registration_state",
                condition=Q(state__in=ErrandState.values) & ~Q(state="superseded"),
            ),
            models.CheckConstraint(
                name="bets_registration_waits",
                condition=_TO_DO & Q(next_attempt_at__isnull=False)
                | ~_TO_DO & Q(next_attempt_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="bets_registration_to_send",
                fields=["next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="registration_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.player_id} at {self.account_id}"
