"""Works off stored deliveries: each once, each on its own, a poisonous one set aside."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from bets.services.inbound import completion
from bets.services.inbound.entrance import carry_out
from providers import registry
from providers.contract import Command, Inbound, Incomplete, Outcome, Refused
from webhooks import routing
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus
from webhooks.services import broken_off, receiving, storing

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
# A result whose amounts the provider does not tell is asked about for a day, then parked.
_ASKED_FOR = timedelta(hours=24)
_ASK_AGAIN_AFTER, _ASK_AGAIN_WITHIN = timedelta(seconds=2), timedelta(minutes=15)
_LONGEST_DRAIN_S = 40
_OPEN = (DeliveryStatus.RECEIVED, DeliveryStatus.FAILED)

# One at a time, so that a delivery which kills its process takes no other's attempts along.
_CLAIM = """
UPDATE webhooks_delivery
SET attempts = attempts + 1,
    next_attempt_at = %(now)s + make_interval(secs => 60 + 2 ^ attempts)
WHERE id = (
    SELECT id FROM webhooks_delivery
    WHERE status IN ('received', 'failed') AND next_attempt_at <= %(now)s
        AND attempts < %(most)s
    ORDER BY next_attempt_at
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING id
"""


def drain(*, now: datetime, within_s: float = _LONGEST_DRAIN_S) -> int:
    """Process what is due; returns how many. Any number of drainers may run at once.

    Past `within_s` the rest is left to another drainer, which is woken.
    """
    receiving.drainer_awake()
    _park_exhausted(now)
    done, end = 0, time.monotonic() + within_s
    while (delivery_id := _claim(now)) is not None:
        process(delivery_id=delivery_id)
        done += 1
        if time.monotonic() > end:
            receiving.wake_drainer()
            break
    return done


def process(*, delivery_id: UUID) -> None:
    """Process one open delivery. A failure is counted, told, and at last parked.

    Never call it inside a transaction: the provider may have to be asked first.
    """
    try:
        delivery = Delivery.objects.select_related("account").get(pk=delivery_id)
        commands = completed_commands_of(delivery)
        broken_off.repeated(partial(_process, delivery_id, commands))
    except Exception as error:
        if not isinstance(error, Refused | Incomplete):
            logger.exception("processing delivery %s failed", delivery_id)
        _record_failure(delivery_id, error)


def completed_commands_of(delivery: Delivery) -> tuple[Command, ...]:
    """What a stored delivery asks for, with what its results leave out asked of the provider.

    Raises Refused if it cannot be read, and Incomplete if the provider gives no clear answer.
    """
    return completion.completed(account=delivery.account, commands=_commands_of(delivery))


def _commands_of(delivery: Delivery) -> tuple[Command, ...]:
    provider = registry.get(delivery.account.provider)
    return provider.parse(delivery.account, _inbound_of(delivery)).commands


def run(delivery: Delivery, commands: Sequence[Command]) -> list[Outcome]:
    """Carry out commands of a stored delivery. Call it inside a transaction."""
    return carry_out(
        account=delivery.account,
        commands=commands,
        delivery_id=delivery.pk,
        now=timezone.now(),
        received_at=delivery.received_at,
    )


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


@dataclass(frozen=True, slots=True)
class Failure:
    code: str
    field_name: str
    message: str


def failure_of(error: Exception) -> Failure:
    """What went wrong, in the words that staff read."""
    if isinstance(error, Incomplete):
        return Failure("incomplete", "", storing.storable(str(error)))
    if isinstance(error, Refused):
        field_name = storing.storable(error.field_name)[:200]
        return Failure(error.code, field_name, storing.storable(error.message))
    return Failure("internal_error", "", storing.storable(f"{type(error).__name__}: {error}"))


def _inbound_of(delivery: Delivery) -> Inbound:
    """The request as it came, without the headers that held secrets."""
    return Inbound(
        path=delivery.route,
        method=delivery.method,
        headers=delivery.headers,
        query=delivery.query,
        body=bytes(delivery.body),
        remote_ip=delivery.remote_ip,
        coupon_key=delivery.coupon_key,
        params=routing.params_of(
            delivery.account.provider, method=delivery.method, path=delivery.route
        ),
        received_at=delivery.received_at,
    )


def _claim(now: datetime) -> UUID | None:
    """Count the attempt before the work, so that a crash counts too, and hide it meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "most": MAX_ATTEMPTS})
        row = cursor.fetchone()
    return row[0] if row else None


def _park_exhausted(now: datetime) -> None:
    """Set aside what came back after its last attempt: its process died every time."""
    Delivery.objects.filter(
        status__in=_OPEN, next_attempt_at__lte=now, attempts__gte=MAX_ATTEMPTS
    ).update(
        status=DeliveryStatus.PARKED,
        next_attempt_at=None,
        error_code="process_died",
        error="The process ended at its last attempt.",
    )


@transaction.atomic
def _process(delivery_id: UUID, commands: Sequence[Command]) -> None:
    delivery = lock(delivery_id)
    if delivery is None or delivery.status not in _OPEN:
        return
    outcomes = run(delivery, commands)
    rows = storing.effects(delivery, list(enumerate(outcomes)))
    DeliveryEffect.objects.bulk_create(rows, batch_size=1000)
    mark_processed(delivery)


@transaction.atomic
def _record_failure(delivery_id: UUID, error: Exception) -> None:
    delivery = lock(delivery_id)
    if delivery is None or delivery.status not in _OPEN:
        return
    failure = failure_of(error)
    delivery.error_code, delivery.error_field = failure.code, failure.field_name
    delivery.error = failure.message
    if _is_given_up(delivery, error):
        delivery.status, delivery.next_attempt_at = DeliveryStatus.PARKED, None
        logger.error("delivery %s is parked: %s", delivery_id, failure.message)
    else:
        delivery.status = DeliveryStatus.FAILED
        delivery.next_attempt_at = timezone.now() + _wait(delivery, error)
        # A provider that cannot be asked is not the delivery's fault: its attempts are not used up.
        delivery.attempts = min(delivery.attempts, MAX_ATTEMPTS - 1)
    delivery.save(
        update_fields=[
            "status", "attempts", "next_attempt_at", "error_code", "error_field", "error",
        ]
    )  # fmt: skip


def _is_given_up(delivery: Delivery, error: Exception) -> bool:
    if isinstance(error, Incomplete):
        return timezone.now() - delivery.received_at > _ASKED_FOR
    return delivery.attempts >= MAX_ATTEMPTS or isinstance(error, Refused)


def _wait(delivery: Delivery, error: Exception) -> timedelta:
    """Longer each time. A provider is asked again after a part of the time since the request."""
    if not isinstance(error, Incomplete):
        return timedelta(seconds=2**delivery.attempts)
    since = timezone.now() - delivery.received_at
    return min(max(since / 4, _ASK_AGAIN_AFTER), _ASK_AGAIN_WITHIN)
