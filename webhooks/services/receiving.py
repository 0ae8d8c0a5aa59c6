"""Takes a provider's request in: verified, stored, and answered or left to a job."""

import logging
from functools import partial

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from django_q.tasks import async_task

from bets.services.inbound import carry_out
from providers import leases, registry
from providers.contract import Inbound, Parsed, Processing, Refused, Reply, Route
from providers.models import ProviderAccount
from webhooks.models import DeliveryEffect, DeliveryStatus
from webhooks.services import broken_off, storing

logger = logging.getLogger(__name__)

DRAIN = "webhooks.jobs.drain"
_DRAINER = "drain deliveries"
_DRAINER_LOST_AFTER_S = 30


def receive(*, account: ProviderAccount, route: Route, request: Inbound, secret: str = "") -> Reply:
    """Verify, store and, where the vendor waits for it, act; returns the answer to send.

    Where the vendor waits, storing and acting are one transaction. Whatever goes wrong is stored
    with its reason and answered with an error. `secret` is taken out of what is stored. Raises
    OperationalError or InterfaceError if the database is away: then nothing was stored.
    """
    provider = registry.get(account.provider)
    try:
        provider.verify(account, request)
        parsed = provider.parse(account, request)
        if route.processing is Processing.STORE:
            return _store(account, request, parsed, secret)
        return broken_off.repeated(partial(_act, account, request, parsed, secret))
    except Refused as error:
        return refuse(account=account, request=request, error=error, secret=secret)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("%s of %s failed", request.path, account.code)
        return _store_failed(account, request, error, secret)


def refuse(
    *, account: ProviderAccount, request: Inbound, error: Refused, secret: str = ""
) -> Reply:
    """Store a request that is not acted on, with the reason, and answer it."""
    reply = registry.get(account.provider).refusal(error)
    storing.delivery(
        account,
        request,
        secret=secret,
        status=DeliveryStatus.REFUSED,
        error_code=error.code,
        error_field=storing.storable(error.field_name)[:200],
        error=storing.storable(error.message),
        response_status=reply.status,
        response_body=reply.body,
    ).save(force_insert=True)
    return reply


def _store(account: ProviderAccount, request: Inbound, parsed: Parsed, secret: str) -> Reply:
    """Keep the request for the drainer and acknowledge it."""
    reply = registry.get(account.provider).reply(request, [])
    storing.delivery(
        account,
        request,
        secret=secret,
        status=DeliveryStatus.RECEIVED,
        next_attempt_at=request.received_at,
        unknown_fields=list(parsed.unknown_fields),
        response_status=reply.status,
        response_body=reply.body,
    ).save(force_insert=True)
    try:
        wake_drainer()
    except DatabaseError:
        # It is stored, and the schedule will find it: the vendor need not send it again.
        logger.exception("a delivery of %s was stored and woke no drainer", account.code)
    return reply


def wake_drainer() -> None:
    """Have a job look for work, unless one is on its way.

    To be called after the delivery is committed: a drainer that runs meanwhile either sees the
    delivery or has cleared the way for this call.
    """
    if leases.wake(name=_DRAINER, seconds=_DRAINER_LOST_AFTER_S):
        async_task(DRAIN, save=False)


def drainer_awake() -> None:
    """The job runs: whatever is committed from now on wakes another."""
    leases.unwake(name=_DRAINER)


@transaction.atomic
def _act(account: ProviderAccount, request: Inbound, parsed: Parsed, secret: str) -> Reply:
    now = timezone.now()
    delivery = storing.delivery(
        account,
        request,
        secret=secret,
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
    rows = storing.effects(delivery, list(enumerate(outcomes)))
    DeliveryEffect.objects.bulk_create(rows, batch_size=1000)
    return reply


def _store_failed(
    account: ProviderAccount, request: Inbound, error: Exception, secret: str
) -> Reply:
    """Nothing was done. The vendor hears of it and sends it again; staff see why."""
    refused = Refused(status=500, code="internal_error", message="Nothing was done. Try again.")
    reply = registry.get(account.provider).refusal(refused)
    storing.delivery(
        account,
        request,
        secret=secret,
        status=DeliveryStatus.PARKED,
        attempts=1,
        error_code=refused.code,
        error=storing.storable(f"{type(error).__name__}: {error}"),
        response_status=reply.status,
        response_body=reply.body,
    ).save(force_insert=True)
    return reply
