"""Calls to providers for tests: to be sent, and ended ones in the log."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from providers import admission, breaker
from providers.models import Breaker, CallFailure, CallOutcome, ProviderCall, ProviderHealth
from providers.transport import Answer, Call, Transport, conclude


def a_call(account, url: str, **changes) -> Call:
    values = {"operation": "ask", "method": "POST", "json": {"a": 1}, "deadline_s": 3.0}
    return Call(account=account, url=url, **{**values, **changes})


def ask(transport: Transport, call: Call) -> Answer:
    """Send it and say in the log that it was answered, as every client does."""
    answer = transport.call(call)
    conclude(call_id=answer.call_id, outcome=CallOutcome.OK)
    return answer


def about_a_coupon() -> dict[str, object]:
    return {"subject_kind": "coupon", "subject_id": uuid4()}


def logged(account, *, failure: str = "", ago_s: float = 0, count: int = 1, ms: int = 10) -> None:
    """Ended calls in the log."""
    for _ in range(count):
        call = ProviderCall.objects.create(
            account=account, operation="ask", method="GET", url="http://x/", failure=failure,
            duration_ms=ms, outcome=CallOutcome.ERROR if failure else CallOutcome.OK,
        )  # fmt: skip
        if ago_s:
            began = datetime.now(UTC) - timedelta(seconds=ago_s)
            ProviderCall.objects.filter(pk=call.pk).update(created_at=began)


def state_of(account) -> str:
    found = ProviderHealth.objects.filter(account=account).first()
    return found.breaker if found else Breaker.CLOSED


def open_the_circuit(account, *, due: bool) -> None:
    logged(account, failure=CallFailure.LOST, count=breaker.FAILURES)
    assert breaker.count_failure(account_id=account.id)
    if due:
        make_due(account)


def make_due(account) -> None:
    ProviderHealth.objects.filter(account=account).update(
        retry_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    admission.forget(account.id)
