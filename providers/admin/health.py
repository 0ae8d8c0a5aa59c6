"""How an account stands with its provider, on its page: the state in words, suspend and resume."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse
from unfold.widgets import UnfoldBooleanSwitchWidget

from config.staff.actions import Action, By, Done, NoQuestions, Refused, WithReason
from config.staff.display import NOTHING, Tone, badge, link, moment, moment_text
from config.staff.page import Facts, Summary
from providers import breaker, failures, health, rates
from providers.health import Health, State
from providers.models import Breaker, ProviderAccount

_SUSPEND = "providers.suspend_provideraccount"
_TONES = {
    State.HEALTHY: Tone.GOOD,
    State.DEGRADED: Tone.WAITING,
    State.CREDENTIALS_REFUSED: Tone.ALERT,
    State.SUSPENDED: Tone.ALERT,
}
_BREAKER = {
    Breaker.CLOSED: "closed: calls go through",
    Breaker.OPEN: "open: calls are held back",
    Breaker.HALF_OPEN: "half open: one trial call is under way",
}


class _SuspendForm(WithReason):
    wholly = forms.BooleanField(
        label="Ask nothing about open bets either",
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="Bets and orders without a clear answer then wait until you resume it.",
    )


def _suspend(account: ProviderAccount, data: Mapping[str, Any], by: By) -> Done:
    try:
        health.suspend(
            account_id=account.pk,
            by=by.actor,
            reason=data["reason"],
            now=by.now,
            wholly=data["wholly"],
        )
    except health.AlreadySuspended as error:
        raise Refused("somebody suspended it in the meantime.") from error
    left = "Nothing is" if data["wholly"] else "Only questions about open bets are"
    return Done(message=f"{account.code} is suspended. {left} sent until you resume it.")


def _resume(account: ProviderAccount, _: Mapping[str, Any], by: By) -> Done:
    if not health.resume(account_id=account.pk):
        raise Refused("somebody resumed it in the meantime.")
    return Done(message=f"{account.code} is called again.")


def _is_suspended(account: ProviderAccount) -> bool:
    stored = getattr(account, "health", None)
    return stored is not None and stored.suspended_at is not None


SUSPEND = Action(
    name="suspend",
    label="Suspend",
    permission=_SUSPEND,
    form=_SuspendForm,
    explain=lambda account: (
        "New coupons and orders, quotes, returns, cancellations, limits and registrations are held "
        "back by every process within a second; new coupons are refused. Where the provider can "
        "be asked without changing anything there, questions about what became of open bets and "
        "orders go on, unless you hold them back as well. Results and other callbacks still come "
        "in, and you can test the connection."
    ),
    run=_suspend,
    offered=lambda account: not _is_suspended(account),
    tone=Tone.ALERT,
)
RESUME = Action(
    name="resume",
    label="Resume",
    permission=_SUSPEND,
    form=NoQuestions,
    explain=lambda account: "Calls go to the provider again.",
    run=_resume,
    offered=_is_suspended,
)


def state_badge(state: State) -> Any:
    return badge(state.value, _TONES[state])


def trouble(found: Health) -> Summary | None:
    """The sentence at the top of the page, unless calls go through."""
    if found.state == State.HEALTHY:
        return None
    since = f" since {moment_text(found.since)}" if found.since else ""
    headline = f"{found.state.value.capitalize()}{since}."
    return Summary(headline=headline, detail=found.why, tone=_TONES[found.state])


def facts(account: ProviderAccount, found: Health, *, now: datetime) -> Facts:
    """The state with since when and why, and what it is made of."""
    rows: list[tuple[str, object]] = [
        ("State", state_badge(found.state)),
        ("Why", found.why),
        ("Since", moment(found.since)),
        *_questions(found),
        ("Past 15 minutes", _recent(found)),
        ("Circuit", _circuit(found)),
        ("The provider asked us to wait", _throttled(found, now)),
        ("Rate limit", _rate(account)),
        ("Last failure", _last_failure(account)),
    ]
    return Facts(title="Health", rows=rows)


def _questions(found: Health) -> list[tuple[str, object]]:
    """What a suspension leaves alone."""
    if found.state != State.SUSPENDED or found.facts is None:
        return []
    says = "held back as well" if found.facts.suspended_wholly else "go on"
    return [("Questions about open bets", says)]


def _recent(found: Health) -> str:
    if not found.calls:
        return "No call ended."
    return f"{found.failed} of {found.calls} calls failed."


def _circuit(found: Health) -> object:
    kind = Breaker(found.facts.breaker) if found.facts else Breaker.CLOSED
    text = _BREAKER[kind]
    if kind == Breaker.OPEN and found.facts:
        return f"{text}, every {breaker.PAUSE_S} s one is let through"
    return text


def _throttled(found: Health, now: datetime) -> object:
    until = found.facts.throttled_until if found.facts else None
    return moment(until) if until and until > now else "no"


def _rate(account: ProviderAccount) -> str:
    rate = rates.of(account)
    return "none" if rate is None else f"{rate.per_s} calls a second, {rate.burst} at once"


def _last_failure(account: ProviderAccount) -> object:
    call = health.last_failure(account_id=account.pk)
    if call is None:
        return NOTHING
    why = failures.words_of(call.error)
    status = f"HTTP {call.response_status}" if call.response_status else why
    text = f"{moment_text(call.created_at, seconds=True)}, {call.operation}: {status}"
    return link(text, reverse("admin:providers_providercall_change", args=[call.pk]))
