"""Works off stored deliveries: each once, each on its own, a poisonous one set aside."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from bets.services.inbound import carry_out
from providers import registry
from providers.contract import Command, Inbound, Outcome, Refused
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus
from webhooks.services import receiving

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
_BATCH = 50
_OPEN = (DeliveryStatus.RECEIVED, DeliveryStatus.FAILED)


def drain(*, now: datetime) -> int:
    """Process what is due; returns how many. Any number of drainers may run at once."""
    receiving.drainer_awake()
    done = 0
    while claimed := _claim(now):
        for delivery_id in claimed:
            process(delivery_id=delivery_id)
        done += len(claimed)
    return done


def process(*, delivery_id: UUID) -> None:
    """Process one open delivery. A failure is counted, told, and at last parked."""
    try:
        _process(delivery_id)
    except Exception as error:
        logger.exception("processing delivery %s failed", delivery_id)
        _record_failure(delivery_id, error)


def carry_out_again(
    delivery: Delivery, *, only: frozenset[int] | None = None
) -> list[tuple[int, Outcome]]:
    """Parse a stored delivery and carry it out; `only` names the positions to carry out.

    Raises Refused if it cannot be read. Call it inside a transaction.
    """
    provider = registry.get(delivery.account.provider)
    parsed = provider.parse(delivery.account, inbound_of(delivery))
    chosen: list[tuple[int, Command]] = [
        (position, command)
        for position, command in enumerate(parsed.commands)
        if only is None or position in only
    ]
    outcomes = carry_out(
        account=delivery.account,
        commands=[command for _, command in chosen],
        delivery_id=delivery.pk,
        now=timezone.now(),
        received_at=delivery.received_at,
    )
    return [(position, outcome) for (position, _), outcome in zip(chosen, outcomes, strict=True)]


def inbound_of(delivery: Delivery) -> Inbound:
    """The request as it came, without the headers that held secrets."""
    return Inbound(
        path=delivery.route,
        method=delivery.method,
        headers=delivery.headers,
        query=delivery.query,
        body=bytes(delivery.body),
        remote_ip=delivery.remote_ip,
        coupon_key=delivery.coupon_key,
        received_at=delivery.received_at,
    )


@transaction.atomic
def _claim(now: datetime) -> list[UUID]:
    """Count the attempt before the work, so that a crash counts too, and hide it meanwhile."""
    due = list(
        Delivery.objects.filter(status__in=_OPEN, next_attempt_at__lte=now)
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("next_attempt_at")
        .values_list("pk", "attempts")[:_BATCH]
    )
    for attempts in {attempts for _, attempts in due}:
        ids = [pk for pk, tried in due if tried == attempts]
        _count_attempt(ids, attempts, now)
    return [pk for pk, attempts in due if attempts < MAX_ATTEMPTS]


def _count_attempt(ids: list[UUID], attempts: int, now: datetime) -> None:
    deliveries = Delivery.objects.filter(pk__in=ids)
    if attempts >= MAX_ATTEMPTS:
        deliveries.filter(error="").update(error="The process ended at every attempt.")
        deliveries.update(status=DeliveryStatus.PARKED, next_attempt_at=None)
        return
    again = now + timedelta(seconds=60 + 2**attempts)
    deliveries.update(attempts=F("attempts") + 1, next_attempt_at=again)


@transaction.atomic
def _process(delivery_id: UUID) -> None:
    delivery = lock(delivery_id)
    if delivery is None or delivery.status not in _OPEN:
        return
    outcomes = carry_out_again(delivery)
    DeliveryEffect.objects.bulk_create(
        receiving.effects(delivery, [outcome for _, outcome in outcomes]), batch_size=1000
    )
    mark_processed(delivery)


def lock(delivery_id: UUID) -> Delivery | None:
    """Lock a delivery, waiting for whoever works on it."""
    return (
        Delivery.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account")
        .filter(pk=delivery_id)
        .first()
    )


def mark_processed(delivery: Delivery) -> None:
    delivery.status, delivery.processed_at = DeliveryStatus.PROCESSED, timezone.now()
    delivery.next_attempt_at, delivery.error, delivery.error_code = None, "", ""
    delivery.error_field = ""
    delivery.save(
        update_fields=[
            "status", "processed_at", "next_attempt_at", "error", "error_code", "error_field",
        ]
    )  # fmt: skip


@transaction.atomic
def _record_failure(delivery_id: UUID, error: Exception) -> None:
    delivery = lock(delivery_id)
    if delivery is None or delivery.status not in _OPEN:
        return
    failure = failure_of(error)
    delivery.error_code, delivery.error_field, delivery.error = (
        failure.code, failure.field_name, failure.message,
    )  # fmt: skip
    if delivery.attempts >= MAX_ATTEMPTS or isinstance(error, Refused):
        delivery.status, delivery.next_attempt_at = DeliveryStatus.PARKED, None
    else:
        delivery.status = DeliveryStatus.FAILED
        delivery.next_attempt_at = timezone.now() + timedelta(seconds=2**delivery.attempts)
    delivery.save(update_fields=["status", "next_attempt_at", "error_code", "error_field", "error"])


@dataclass(frozen=True, slots=True)
class Failure:
    code: str
    field_name: str
    message: str


def failure_of(error: Exception) -> Failure:
    """What went wrong, in the words that staff read."""
    if isinstance(error, Refused):
        return Failure(error.code, error.field_name[:200], error.message)
    return Failure("internal_error", "", f"{type(error).__name__}: {error}")
