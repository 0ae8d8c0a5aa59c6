"""Which calls may go: not those of a suspended account, of one whose provider is down, or too many.

Suspension, the open circuit, the provider's own word and the rate limit, in this order. A
suspension ends new business; what only asks about open business goes on, unless it says otherwise:
an answer is how a held stake is decided about. A call waits for a token or the end of a pause if
its deadline allows; otherwise it is withheld, which is certain to have had no effect. A withheld
call about a subject (a coupon, a player) is always logged, the others once a second per process
and account: a loop must not fill the log.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from providers import breaker, rates
from providers.call_log import Standing
from providers.models import Breaker, ProviderHealth
from providers.outgoing import Call, Deadline

logger = logging.getLogger(__name__)

# For so long a process believes that an account is still suspended or its circuit open.
BELIEVED_S = 1.0
_LOG_EVERY_S = 1.0
_TRIAL_MARGIN_S = 5.0


class Withheld(Exception):
    """The call does not go. `code` is neutral."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class _Remembered:
    code: str
    message: str
    until: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A call may go. The outcome of a trial decides about the circuit."""

    is_trial: bool = False


_SUSPENDED = "provider_suspended"
_testing: ContextVar[bool] = ContextVar("testing", default=False)
_following_up: ContextVar[bool] = ContextVar("following up", default=False)
_remembered: dict[UUID, _Remembered] = {}
_refused_credentials: set[UUID] = set()
_logged_at: dict[UUID, float] = {}
_lock = threading.Lock()


@contextmanager
def testing() -> Iterator[None]:
    """A member of staff tries the connection: suspension and the circuit do not hold it back."""
    token = _testing.set(True)
    try:
        yield
    finally:
        _testing.reset(token)


@contextmanager
def following_up() -> Iterator[None]:
    """It is about business that is open: a suspension lets the calls go that only ask (`asks`)."""
    token = _following_up.set(True)
    try:
        yield
    finally:
        _following_up.reset(token)


def check_remembered(account_id: UUID) -> None:
    """Raises `Withheld` for what is known without asking. Costs nothing while all is well."""
    known = _remembered.get(account_id)
    if known is None or _testing.get():
        return
    if known.code == _SUSPENDED and _following_up.get():
        # Whether it may go in spite of that depends on the call; `admit` knows it.
        return
    if time.monotonic() >= known.until:
        _remembered.pop(account_id, None)
        return
    raise Withheld(known.code, known.message)


def admit(call: Call, standing: Standing | None, deadline: Deadline) -> Passage:
    """Let a call go, once it is its turn. Raises `Withheld`."""
    account_id = call.account.id
    _note_credentials(account_id, refused=bool(standing and standing.credentials_refused))
    if standing is not None:
        _check_suspended(call, standing)
        _check_circuit(account_id, standing)
        _wait(standing.throttled_s, deadline, "the provider asked us to wait")
    rate = rates.of(call.account)
    if rate is not None:
        _wait_for_token(account_id, rate, deadline)
    if deadline.left_s <= 0:
        raise Withheld("provider_unreachable", "no time was left for the call")
    if standing is None or standing.breaker == Breaker.CLOSED:
        return Passage()
    if not _testing.get():
        _take_trial(account_id, deadline)
    return Passage(is_trial=True)


def succeeded(account_id: UUID, passage: Passage) -> None:
    """The provider was there, whatever it said."""
    if passage.is_trial:
        breaker.close(account_id=account_id)
        forget(account_id)


def failed(account_id: UUID, passage: Passage) -> None:
    """The provider was not there."""
    if passage.is_trial:
        breaker.reopen(account_id=account_id)
    else:
        breaker.count_failure(account_id=account_id)


def forget(account_id: UUID) -> None:
    """What this process remembers of the account may be out of date."""
    _remembered.pop(account_id, None)


def credentials_were_refused(account_id: UUID) -> bool:
    """Whether the account's latest call in this process began with refused credentials."""
    return account_id in _refused_credentials


def is_to_be_logged(call: Call) -> bool:
    """Whether a withheld call gets a row of its own."""
    if call.subject_id is not None:
        return True
    now = time.monotonic()
    with _lock:
        due = now - _logged_at.get(call.account.id, -_LOG_EVERY_S) >= _LOG_EVERY_S
        if due:
            _logged_at[call.account.id] = now
    return due


def _check_suspended(call: Call, standing: Standing) -> None:
    if standing.suspended is None or _testing.get() or _may_ask(call, standing):
        return
    message = f"the account is suspended: {standing.suspended}"
    _withhold(call.account.id, _SUSPENDED, message, BELIEVED_S)


def _may_ask(call: Call, standing: Standing) -> bool:
    """Whether it only asks about open business, and the suspension leaves that alone.

    With refused credentials a question would only be one more refused login.
    """
    if standing.credentials_refused or not (call.asks and _following_up.get()):
        return False
    health = ProviderHealth.objects.filter(account_id=call.account.id)
    return not health.filter(suspended_wholly=True).exists()


def _check_circuit(account_id: UUID, standing: Standing) -> None:
    left_s = standing.retry_in_s
    if standing.breaker != Breaker.CLOSED and left_s > 0 and not _testing.get():
        _withhold(account_id, "circuit_open", _CIRCUIT_OPEN, min(BELIEVED_S, left_s))


def _take_trial(account_id: UUID, deadline: Deadline) -> None:
    if not breaker.take_trial(account_id=account_id, seconds=deadline.left_s + _TRIAL_MARGIN_S):
        # Another process tries at this moment; what comes of it is worth asking for soon.
        _withhold(account_id, "circuit_open", _CIRCUIT_OPEN, BELIEVED_S / 4)


def _withhold(account_id: UUID, code: str, message: str, for_s: float) -> None:
    _remembered[account_id] = _Remembered(code, message, time.monotonic() + for_s)
    raise Withheld(code, message)


def _wait_for_token(account_id: UUID, rate: rates.Rate, deadline: Deadline) -> None:
    wait_s = rates.take(account_id=account_id, rate=rate, patience_s=deadline.left_s)
    if wait_s is None:
        raise Withheld("rate_limited", f"no turn in time: {rate.per_s} calls a second are allowed")
    _wait(wait_s, deadline, "no turn in time")


def _wait(seconds: float, deadline: Deadline, why: str) -> None:
    if seconds <= 0:
        return
    if seconds >= deadline.left_s:
        raise Withheld("rate_limited", f"{why}, for {seconds:.1f} s")
    time.sleep(seconds)


def _note_credentials(account_id: UUID, *, refused: bool) -> None:
    if refused:
        _refused_credentials.add(account_id)
    elif account_id in _refused_credentials:
        _refused_credentials.discard(account_id)


_CIRCUIT_OPEN = "the provider has just failed many times; it is tried again in a few seconds"
