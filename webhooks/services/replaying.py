"""What staff do with stored deliveries: process again, rehearse, match an orphan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from bets.models import Coupon
from bets.services import resolution
from providers import registry
from providers.contract import Effect, Outcome
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus, Replay
from webhooks.services import processing

# What these did is done, or is decided by the coupon's state; anything else may come out
# differently now.
_OPEN_EFFECTS = (Effect.ORPHAN, Effect.FLAGGED)
_NEVER_RUN = (DeliveryStatus.RECEIVED, DeliveryStatus.FAILED, DeliveryStatus.PARKED)


class NotReplayable(Exception):
    """The delivery was refused at the door: who sent it, or what it says, was not accepted."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one command of a delivery would do to a coupon."""

    outcome: Outcome
    before: Coupon | None
    after: Coupon | None


def replay(*, delivery_ids: Sequence[UUID], actor: str) -> dict[UUID, str]:
    """Process deliveries again; gives for each what came of it.

    Of a delivery that was processed, only what found no coupon or went to staff is carried out
    again, so that an old result never returns. Any number of replays at once count as one.
    """
    return {delivery_id: _replay(delivery_id, actor) for delivery_id in delivery_ids}


def _replay(delivery_id: UUID, actor: str) -> str:
    try:
        with transaction.atomic():
            told = _run(delivery_id)
    except Exception as error:
        told = processing.failure_of(error).message
    Replay.objects.create(delivery_id=delivery_id, actor=actor, outcome=told)
    return told


def _run(delivery_id: UUID) -> str:
    delivery = processing.lock(delivery_id)
    if delivery is None or delivery.status == DeliveryStatus.REFUSED:
        raise NotReplayable("A refused delivery cannot be replayed.")
    positions = _positions(delivery)
    if positions is not None and not positions:
        return "Everything in it was done before; nothing changed."
    outcomes = processing.carry_out_again(delivery, only=positions)
    _store_effects(delivery, outcomes)
    processing.mark_processed(delivery)
    return ", ".join(f"{outcome.reference} {outcome.effect}" for _, outcome in outcomes)


def _positions(delivery: Delivery) -> frozenset[int] | None:
    """Which commands to carry out; None for all, of a delivery that never was."""
    if delivery.status in _NEVER_RUN:
        return None
    effects = delivery.effects.filter(effect__in=_OPEN_EFFECTS)
    return frozenset(effects.values_list("position", flat=True))


def _store_effects(delivery: Delivery, outcomes: Sequence[tuple[int, Outcome]]) -> None:
    DeliveryEffect.objects.bulk_create(
        [
            DeliveryEffect(
                delivery=delivery,
                position=position,
                coupon_id=outcome.coupon_id,
                reference=outcome.reference[:100],
                effect=outcome.effect,
                code=outcome.code,
                message=outcome.message,
            )
            for position, outcome in outcomes
        ],
        update_conflicts=True,
        unique_fields=["delivery", "position"],
        update_fields=["coupon", "effect", "code", "message"],
    )


def rehearse(*, delivery_id: UUID) -> list[Change]:
    """Say what a replay would do, and do none of it.

    Raises NotReplayable, or Refused if the delivery cannot be read.
    """
    with transaction.atomic():
        delivery = processing.lock(delivery_id)
        if delivery is None or delivery.status == DeliveryStatus.REFUSED:
            raise NotReplayable("A refused delivery cannot be replayed.")
        before = _coupons_named(delivery)
        outcomes = processing.carry_out_again(delivery, only=_positions(delivery))
        ids = [outcome.coupon_id for _, outcome in outcomes if outcome.coupon_id]
        after = Coupon.objects.in_bulk(ids)
        transaction.set_rollback(True)
    return [
        Change(outcome, before.get(outcome.coupon_id), after.get(outcome.coupon_id))
        for _, outcome in outcomes
    ]


def _coupons_named(delivery: Delivery) -> dict[UUID | None, Coupon]:
    """The coupons as they are before, found by what the delivery names."""
    provider = registry.get(delivery.account.provider)
    parsed = provider.parse(delivery.account, processing.inbound_of(delivery))
    references = [command.reference for command in parsed.commands]
    found = Coupon.objects.filter(account=delivery.account, provider_reference__in=references)
    named = {coupon.pk: coupon for coupon in found}
    if delivery.coupon_key:
        by_key = Coupon.objects.filter(account=delivery.account, callback_key=delivery.coupon_key)
        named |= {coupon.pk: coupon for coupon in by_key}
    return dict(named)


def match_orphan(*, effect_id: int, coupon_id: UUID, actor: str, now: datetime) -> str:
    """Staff know to which unknown coupon an orphan belongs: accept it, then apply the result.

    Raises resolution.NotPossible if the coupon is not unknown.
    """
    effect = DeliveryEffect.objects.select_related("delivery").get(
        pk=effect_id, effect=Effect.ORPHAN
    )
    same_account = Coupon.objects.filter(pk=coupon_id, account=effect.delivery.account_id)
    if not same_account.exists():
        raise resolution.NotPossible("The coupon is of another provider account.")
    resolution.confirm_accepted(
        coupon_id=coupon_id,
        reference=effect.reference,
        actor=actor,
        reason=f"Matched with a result of {effect.delivery.received_at:%Y-%m-%d %H:%M:%S} UTC.",
        now=now,
    )
    return replay(delivery_ids=[effect.delivery_id], actor=actor)[effect.delivery_id]
