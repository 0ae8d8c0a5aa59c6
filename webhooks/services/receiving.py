"""Takes a provider's request in: verified, stored, and answered or left to a job."""

import logging

from django.db import OperationalError, transaction
from django.utils import timezone
from django_q.tasks import async_task

from bets.services.inbound import carry_out
from providers import leases, registry
from providers.contract import Inbound, Outcome, Parsed, Processing, Refused, Reply, Route
from providers.models import ProviderAccount
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus

logger = logging.getLogger(__name__)

DRAIN = "webhooks.jobs.drain"
_DRAINER = "drain deliveries"
_DRAINER_LOST_AFTER_S = 30
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "x-bfkey", "signature"}
)
_ATTEMPTS = 3
_RETRIED = ("40P01", "40001")


def receive(*, account: ProviderAccount, route: Route, request: Inbound) -> Reply:
    """Verify, store and, where the vendor waits for it, act; returns the answer to send.

    Storing and acting are one transaction: if it fails, nothing is stored and nothing moved.
    """
    provider = registry.get(account.provider)
    try:
        provider.verify(account, request)
        parsed = provider.parse(account, request)
    except Refused as error:
        return refuse(account=account, request=request, error=error)
    if route.processing is Processing.STORE:
        return _store(account, request, parsed)
    return _answer(account, request, parsed)


def refuse(*, account: ProviderAccount, request: Inbound, error: Refused) -> Reply:
    """Store a request that is not acted on, with the reason, and answer it."""
    reply = registry.get(account.provider).refusal(error)
    _delivery(
        account,
        request,
        status=DeliveryStatus.REFUSED,
        error_code=error.code,
        error_field=error.field_name[:200],
        error=error.message,
        response_status=reply.status,
        response_body=reply.body,
    ).save(force_insert=True)
    return reply


def effects(delivery: Delivery, outcomes: list[Outcome]) -> list[DeliveryEffect]:
    """The outcomes as rows of the delivery."""
    return [
        DeliveryEffect(
            delivery=delivery,
            position=position,
            coupon_id=outcome.coupon_id,
            reference=outcome.reference[:100],
            effect=outcome.effect,
            code=outcome.code,
            message=outcome.message,
        )
        for position, outcome in enumerate(outcomes)
    ]


def _store(account: ProviderAccount, request: Inbound, parsed: Parsed) -> Reply:
    """Keep the request for the drainer and acknowledge it; both are committed together."""
    reply = registry.get(account.provider).reply(request, [])
    with transaction.atomic():
        _delivery(
            account,
            request,
            status=DeliveryStatus.RECEIVED,
            next_attempt_at=request.received_at,
            unknown_fields=list(parsed.unknown_fields),
            response_status=reply.status,
            response_body=reply.body,
        ).save(force_insert=True)
        wake_drainer()
    return reply


def wake_drainer() -> None:
    """Have a job look for work, unless one is on its way. Call it inside a transaction."""
    if leases.wake(name=_DRAINER, seconds=_DRAINER_LOST_AFTER_S):
        async_task(DRAIN)


def drainer_awake() -> None:
    """The job runs: whatever is committed from now on wakes another."""
    leases.unwake(name=_DRAINER)


def _answer(account: ProviderAccount, request: Inbound, parsed: Parsed) -> Reply:
    """Act and store in one transaction. A deadlock is nobody's fault and is tried again."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _act(account, request, parsed)
        except OperationalError as error:
            if attempt == _ATTEMPTS or _sqlstate(error) not in _RETRIED:
                raise
        except Exception as error:
            logger.exception("acting on %s of %s failed", request.path, account.code)
            return _store_failed(account, request, error)
    raise AssertionError("unreachable")


def _sqlstate(error: OperationalError) -> str:
    return str(getattr(error.__cause__, "sqlstate", ""))


@transaction.atomic
def _act(account: ProviderAccount, request: Inbound, parsed: Parsed) -> Reply:
    now = timezone.now()
    delivery = _delivery(
        account,
        request,
        status=DeliveryStatus.PROCESSED,
        attempts=1,
        processed_at=now,
        unknown_fields=list(parsed.unknown_fields),
    )
    outcomes = carry_out(
        account=account,
        commands=parsed.commands,
        delivery_id=delivery.pk,
        now=now,
        received_at=request.received_at,
    )
    reply = registry.get(account.provider).reply(request, outcomes)
    delivery.response_status, delivery.response_body = reply.status, reply.body
    delivery.save(force_insert=True)
    DeliveryEffect.objects.bulk_create(effects(delivery, outcomes), batch_size=1000)
    return reply


def _store_failed(account: ProviderAccount, request: Inbound, error: Exception) -> Reply:
    """Nothing was done. The vendor hears of it and sends it again; staff see why."""
    refused = Refused(status=500, code="internal_error", message="Nothing was done. Try again.")
    reply = registry.get(account.provider).refusal(refused)
    _delivery(
        account,
        request,
        status=DeliveryStatus.PARKED,
        attempts=1,
        error_code="internal_error",
        error=f"{type(error).__name__}: {error}",
        response_status=reply.status,
        response_body=reply.body,
    ).save(force_insert=True)
    return reply


def _delivery(account: ProviderAccount, request: Inbound, **facts: object) -> Delivery:
    return Delivery(
        account=account,
        route=request.path[:200],
        method=request.method[:16],
        coupon_key=request.coupon_key[:64],
        query=_storable(request.query),
        headers=_without_secrets(request),
        body=request.body,
        remote_ip=request.remote_ip[:45],
        received_at=request.received_at,
        **facts,
    )


def _without_secrets(request: Inbound) -> dict[str, str]:
    return {
        name: "[removed]" if name in _SECRET_HEADERS else _storable(value)
        for name, value in request.headers.items()
    }


def _storable(text: str) -> str:
    """The database refuses NUL characters in text; the body keeps them."""
    return text.replace("\x00", "\ufffd")
