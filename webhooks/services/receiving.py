"""Takes a provider's request in: verified, stored, and answered or left to a job."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django_q.tasks import async_task

from bets.services.inbound.entrance import carry_out, is_incomplete, is_question
from providers import leases, registry, watch
from providers.contract import Inbound, Parsed, Processing, Refused, Reply, Route
from providers.models import ProviderAccount
from webhooks.models import DeliveryStatus
from webhooks.services import broken_off, storing
from webhooks.services.bounded import Clock, OutOfTime, transaction_within

T = TypeVar("T")
logger = logging.getLogger(__name__)

DRAIN = "webhooks.jobs.drain"
_DRAINER = "drain deliveries"
_DRAINER_LOST_AFTER_S = 30
# Of the time in which a route is answered; the rest is for reading and for sending the answer.
_SHARE_TO_ACT, _SHARE_TO_STORE = 0.65, 0.1
_BUSY = Refused(status=503, code="busy", message="It was not done in time, so nothing was done.")


def receive(*, account: ProviderAccount, route: Route, request: Inbound, secret: str = "") -> Reply:
    """Verify, store and, where the vendor waits for it, act; returns the answer to send.

    Where the vendor waits, storing and acting are one transaction, which ends within the route's
    `answer_within_s` if it has one. Whatever goes wrong is stored with its reason and answered
    with an error. `secret` is taken out of what is stored. Raises OperationalError or
    InterfaceError if the database is away: then nothing was stored.
    """
    provider, parsed = registry.get(account.provider), None
    within = _Time(route)
    try:
        provider.verify(account, request)
        parsed = provider.parse(account, request)
        if _is_left_to_a_job(route, parsed):
            reply = _store(account, request, parsed, secret)
        else:
            reply = within.act(partial(_act, account, request, parsed, secret))
    except Refused as error:
        return refuse(account=account, request=request, error=error, secret=secret)
    except OutOfTime:
        reply = _store_busy(account, request, parsed, within, secret)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("%s of %s failed", request.path, account.code)
        return _store_failed(account, request, error, secret)
    _tell_watch(account, route, parsed)
    return reply


class _Time:
    """How long a route may take: most of it to act, some of it to store that it was too long."""

    def __init__(self, route: Route) -> None:
        self._within_s = float(route.answer_within_s) if route.answer_within_s else None
        self._clock = Clock((self._within_s or 0) * _SHARE_TO_ACT)

    def act(self, work: Callable[[], Reply]) -> Reply:
        """Carry out work in a transaction. Raises OutOfTime, with nothing done."""
        return broken_off.repeated(partial(self._once, self._clock, work))

    def store(self, work: Callable[[], None]) -> None:
        """Store what became of a request that took too long. Raises OutOfTime."""
        self._once(Clock((self._within_s or 0) * _SHARE_TO_STORE), work)

    def _once(self, clock: Clock, work: Callable[[], T]) -> T:
        if self._within_s is None:
            with transaction.atomic():
                return work()
        with transaction_within(clock):
            return work()


def _is_left_to_a_job(route: Route, parsed: Parsed) -> bool:
    """Whether it is only acknowledged now; a provider that has to be asked is asked by a job."""
    how = parsed.processing or route.processing
    return how is Processing.STORE or any(is_incomplete(each) for each in parsed.commands)


def _tell_watch(account: ProviderAccount, route: Route, parsed: Parsed | None) -> None:
    if parsed and (parsed.unknown_fields or parsed.unknown_values):
        watch.note(
            account_id=account.pk,
            place=route.path,
            fields=parsed.unknown_fields,
            values=parsed.unknown_values,
        )


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
        unknown_fields=_unknown(parsed),
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


def _unknown(parsed: Parsed) -> list[str]:
    return [*parsed.unknown_fields, *parsed.unknown_values]


def _act(account: ProviderAccount, request: Inbound, parsed: Parsed, secret: str) -> Reply:
    if all(is_question(command) for command in parsed.commands):
        _do_not_wait_for_the_disk()
    now = timezone.now()
    delivery = storing.delivery(
        account,
        request,
        secret=secret,
        status=DeliveryStatus.PROCESSED,
        attempts=1,
        processed_at=now,
        unknown_fields=_unknown(parsed),
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
    storing.processed(delivery, outcomes)
    return reply


def _do_not_wait_for_the_disk() -> None:
    """Vendors ask for balances many times a second, and nothing but the record is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('synchronous_commit', 'off', true)")


def _store_busy(
    account: ProviderAccount,
    request: Inbound,
    parsed: Parsed | None,
    within: "_Time",
    secret: str,
) -> Reply:
    """Nothing was done in time. The vendor hears of it and asks again, or takes its stake back."""
    commands = parsed.commands if parsed else ()
    lost = any(not is_question(command) for command in commands)
    reply = registry.get(account.provider).refusal(_BUSY)
    delivery = storing.delivery(
        account,
        request,
        secret=secret,
        status=DeliveryStatus.PARKED if lost else DeliveryStatus.REFUSED,
        attempts=1,
        error_code=_BUSY.code,
        error=_BUSY.message,
        response_status=reply.status,
        response_body=reply.body,
    )
    logger.warning("%s of %s was not done in time", request.path, account.code)
    try:
        within.store(partial(delivery.save, force_insert=True))
    except (OutOfTime, DatabaseError):
        logger.exception("nor could it be stored that %s was not done in time", request.path)
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
