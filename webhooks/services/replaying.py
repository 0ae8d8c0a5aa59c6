"""What staff do with stored deliveries: process again, rehearse, match an orphan."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from bets.models import Coupon
from bets.services.following_up import resolution
from bets.services.inbound.entrance import takes_stake
from providers.contract import Command, Effect, Incomplete, Outcome, Refused
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus, Replay
from webhooks.services import broken_off, processing, storing

logger = logging.getLogger(__name__)

# What these did is done, or is decided by the coupon's state; anything else may come out
# differently now.
_OPEN_EFFECTS = (Effect.ORPHAN, Effect.FLAGGED)
_NEVER_RUN = (DeliveryStatus.RECEIVED, DeliveryStatus.FAILED, DeliveryStatus.PARKED)


class NotReplayable(Exception):
    """The delivery was refused at the door, or asks for a stake that may not be taken late."""

    def __init__(self, message: str = "A refused delivery cannot be replayed.") -> None:
        super().__init__(message)


_TAKES_STAKES = (
    "A bet that was not answered with a yes is not taken afterwards: the provider was told that "
    "nothing was done, and sends it again if the bet stands."
)


@dataclass(frozen=True, slots=True)
class Change:
    """What one command of a delivery would do to a coupon."""

    outcome: Outcome
    before: Coupon | None
    after: Coupon | None


def replay(*, delivery_ids: Sequence[UUID], actor: str) -> dict[UUID, str]:
    """Process deliveries again; gives for each what came of it.

    Of a delivery that was processed, only what found no coupon or went to staff is carried out
    again, and leaves no trace if it comes out as before. So an old result never returns. Any
    number of replays at once count as one. Raises Delivery.DoesNotExist.
    """
    return {delivery_id: _replay(delivery_id, actor) for delivery_id in delivery_ids}


def _replay(delivery_id: UUID, actor: str) -> str:
    try:
        commands = _commands(_stored(delivery_id))
        return broken_off.repeated(partial(_run_and_record, delivery_id, commands, actor))
    except (NotReplayable, Refused, Incomplete) as error:
        told = str(error)
    except Delivery.DoesNotExist:
        raise
    except Exception as error:
        logger.exception("replaying delivery %s failed", delivery_id)
        told = processing.failure_of(error).message
    Replay.objects.create(delivery_id=delivery_id, actor=actor, outcome=told)
    return told


@transaction.atomic
def _run_and_record(delivery_id: UUID, commands: Sequence[Command], actor: str) -> str:
    told = _run(_locked(delivery_id), commands)
    Replay.objects.create(delivery_id=delivery_id, actor=actor, outcome=told)
    return told


def _stored(delivery_id: UUID) -> Delivery:
    """Raises Delivery.DoesNotExist or NotReplayable."""
    delivery = Delivery.objects.select_related("account").get(pk=delivery_id)
    if delivery.status == DeliveryStatus.REFUSED:
        raise NotReplayable
    return delivery


def _locked(delivery_id: UUID) -> Delivery:
    delivery = processing.lock(delivery_id)
    if delivery is None:
        raise Delivery.DoesNotExist
    return delivery


def _commands(delivery: Delivery) -> Sequence[Command]:
    """What it asks for, after the provider was asked for what that leaves out.

    Raises Incomplete, and NotReplayable for a stake that the provider counts as not taken.
    """
    commands = processing.completed_commands_of(delivery)
    if delivery.status in _NEVER_RUN and any(takes_stake(each) for each in commands):
        raise NotReplayable(_TAKES_STAKES)
    return commands


def _run(delivery: Delivery, commands: Sequence[Command]) -> str:
    if delivery.status in _NEVER_RUN:
        outcomes = list(enumerate(processing.run(delivery, commands)))
    else:
        outcomes = _run_again(delivery, commands)
    if not outcomes:
        return "Nothing changed: all of it comes out as before."
    _store_effects(delivery, outcomes)
    processing.mark_processed(delivery)
    return ", ".join(f"{outcome.reference} {outcome.effect}" for _, outcome in outcomes)


def _run_again(delivery: Delivery, commands: Sequence[Command]) -> list[tuple[int, Outcome]]:
    """What comes out differently of the commands that were left open."""
    outcomes = []
    for effect in delivery.effects.filter(effect__in=_OPEN_EFFECTS):
        with transaction.atomic():
            (outcome,) = processing.run(delivery, [commands[effect.position]])
            if _is_as_before(effect, outcome):
                transaction.set_rollback(True)
            else:
                outcomes.append((effect.position, outcome))
    return outcomes


def _is_as_before(effect: DeliveryEffect, outcome: Outcome) -> bool:
    before = (effect.effect, effect.coupon_id, effect.code, effect.message)
    return before == (outcome.effect, outcome.coupon_id, outcome.code, outcome.message)


def _store_effects(delivery: Delivery, outcomes: Sequence[tuple[int, Outcome]]) -> None:
    DeliveryEffect.objects.bulk_create(
        storing.effects(delivery, outcomes),
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["delivery", "position"],
        update_fields=["coupon", "effect", "code", "message"],
    )


def rehearse(*, delivery_id: UUID) -> list[Change]:
    """Say what a replay would do, and do none of it.

    Raises NotReplayable, Delivery.DoesNotExist, Refused if the delivery cannot be read, or
    Incomplete if the provider does not tell what it leaves out.
    """
    commands = _commands(_stored(delivery_id))
    return broken_off.repeated(partial(_rehearse, delivery_id, commands))


@transaction.atomic
def _rehearse(delivery_id: UUID, asked: Sequence[Command]) -> list[Change]:
    delivery = _locked(delivery_id)
    commands = _left_open(delivery, asked)
    before = _coupons_named(delivery, commands)
    outcomes = processing.run(delivery, commands)
    after = Coupon.objects.in_bulk({each.coupon_id for each in outcomes if each.coupon_id})
    transaction.set_rollback(True)
    return [
        Change(outcome, before.get(outcome.coupon_id), after.get(outcome.coupon_id))
        for outcome in outcomes
    ]


def _left_open(delivery: Delivery, commands: Sequence[Command]) -> list[Command]:
    if delivery.status in _NEVER_RUN:
        return list(commands)
    effects = delivery.effects.filter(effect__in=_OPEN_EFFECTS)
    return [commands[position] for position in effects.values_list("position", flat=True)]


def _coupons_named(delivery: Delivery, commands: Sequence[Command]) -> dict[UUID | None, Coupon]:
    """The coupons as they are before, found by what the delivery names."""
    of_account = Coupon.objects.filter(account=delivery.account)
    references = [command.reference for command in commands]
    named = list(of_account.filter(provider_reference__in=references))
    if delivery.coupon_key:
        named += of_account.filter(callback_key=delivery.coupon_key)
    return {coupon.pk: coupon for coupon in named}


def match_orphan(*, effect_id: int, coupon_id: UUID, actor: str, now: datetime) -> str:
    """Staff know to which unknown coupon an orphan belongs: accept it, then apply the result.

    Raises resolution.NotPossible if the coupon is not unknown, and DeliveryEffect.DoesNotExist if
    the result is no orphan, perhaps since somebody has matched it.
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
