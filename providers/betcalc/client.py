"""betcalc: we place coupons there, it calls back with their results.

Source: `documents/betcalc.txt`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from providers import health, sessions
from providers.betcalc import documented, polling, protocol
from providers.betcalc.declared import SECRETS, SETTINGS
from providers.betcalc.protocol import AmountMode, SessionLost
from providers.contract import (
    Accepted,
    AccountView,
    BetSlip,
    Capability,
    ConnectionReport,
    Declared,
    Inbound,
    Incomplete,
    KeepReference,
    NotSent,
    Outcome,
    Parsed,
    Placement,
    Processing,
    Refused,
    Rejected,
    Reply,
    Route,
    Settle,
    SlipForm,
    Unknown,
    Verdict,
)
from providers.leases import LeaseBusy
from providers.models import CallOutcome
from providers.sessions import Opened, Session
from providers.transport import (
    Answer,
    Call,
    CallFailed,
    CallNotSent,
    Deadline,
    Transport,
    conclude,
    transport,
)
from providers.verification import check_ip_allowed

logger = logging.getLogger(__name__)

_TEST_DEADLINE_S = 10.0
_T = TypeVar("_T")


class LoginFailed(Exception):
    """There is no session, so nothing can be placed. `code` is neutral."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Betcalc:
    """Implements `contract.Provider`, `TellsStake` and `Polls`."""

    name = "betcalc"
    title = "betcalc"
    capabilities: frozenset[Capability] = frozenset(
        {Capability.PLACE, Capability.RESULTS, Capability.TELLS_STAKE, Capability.POLL}
    )
    slip_form = SlipForm()
    knows_players_by_our_id = False
    settings: tuple[Declared, ...] = SETTINGS
    secrets: tuple[Declared, ...] = SECRETS
    routes: tuple[Route, ...] = (
        Route(path=protocol.RESULT_PATH, processing=Processing.STORE, key_allowed=True),
    )

    def __init__(self, transport: Transport = transport) -> None:
        self._transport = transport

    # --- outgoing -------------------------------------------------------------------------------

    def check_slip(self, account: AccountView, slip: BetSlip) -> Rejected | None:
        return protocol.check_slip(slip)

    def told_stake(self, account: AccountView, stake: Decimal) -> Decimal:
        return _mode(account).told(stake)

    def place(
        self, account: AccountView, slip: BetSlip, *, deadline_s: float, keep: KeepReference
    ) -> Placement:
        """Place a coupon; on a lost session log in again and send it once more.

        That is the only repeat: betcalc has refused the first one, so no bet exists.
        """
        deadline = Deadline(deadline_s)

        def send(session: Session) -> Placement | SessionLost:
            return self._send(account, slip, session, deadline)

        try:
            placed: Placement | SessionLost = self._with_session(account, deadline, send)
        except LoginFailed as error:
            return NotSent(code=error.code, message=error.message)
        if isinstance(placed, SessionLost):
            return Rejected(
                code="provider_access_denied", message=placed.message, provider_code="1/99"
            )
        return placed

    def polls(self, account: AccountView) -> bool:
        return bool(account.setting("poll_email"))

    def poll(
        self, account: AccountView, references: Sequence[str], *, deadline_s: float
    ) -> tuple[Settle, ...]:
        """Ask for results. What betcalc is not sure of itself tells nothing new."""
        deadline = Deadline(deadline_s)
        try:
            told = self._with_session(
                account, deadline, lambda session: self._ask(account, references, session, deadline)
            )
        except (LoginFailed, CallFailed) as error:
            raise Incomplete(error.message) from None
        if not isinstance(told, Parsed):
            raise Incomplete("betcalc's answer says nothing of the coupons")
        return tuple(
            each
            for each in told.commands
            if isinstance(each, Settle) and each.verdict is not Verdict.UNCLEAR
        )

    def test(self, account: AccountView) -> ConnectionReport:
        deadline = Deadline(_TEST_DEADLINE_S)
        try:
            self._renew(account, sessions.current(account_id=account.id), deadline)
        except LoginFailed as error:
            return ConnectionReport(ok=False, detail=f"{error.code}: {error.message}")
        took_s = _TEST_DEADLINE_S - deadline.left_s
        return ConnectionReport(ok=True, detail=f"logged in within {took_s:.1f} s")

    def warnings(self, account: AccountView) -> tuple[str, ...]:
        fixed = _mode(account).fixed
        if fixed is not None and fixed < protocol.LEAST_FIXED_AMOUNT:
            return (
                f"amount_mode: a fixed amount below {protocol.LEAST_FIXED_AMOUNT} magnifies "
                "betcalc's rounding to the cent",
            )
        return ()

    def _with_session(
        self,
        account: AccountView,
        deadline: Deadline,
        send: Callable[[Session], _T | SessionLost],
    ) -> _T | SessionLost:
        """Send within a session; if betcalc refuses that, once more in a new one.

        Raises `LoginFailed`.
        """
        session = sessions.current(account_id=account.id) or self._renew(account, None, deadline)
        answer = send(session)
        if isinstance(answer, SessionLost):
            answer = send(self._renew(account, session, deadline))
        return answer

    def _ask(
        self,
        account: AccountView,
        references: Sequence[str],
        session: Session,
        deadline: Deadline,
    ) -> Parsed | SessionLost | None:
        """Raises `CallFailed`."""
        answer = self._transport.call(
            Call(
                account=account,
                operation="poll",
                method="POST",
                url=account.base_url + polling.PATH,
                json=polling.body(email=account.setting("poll_email"), references=references),
                cookies=session.cookies,
                asks=True,
                deadline_s=deadline.left_s,
            )
        )
        told = polling.read(
            status=answer.status, body=answer.body, mode=_mode(account), returns=_returns(account)
        )
        _conclude_poll(answer, told)
        return told

    def _send(
        self, account: AccountView, slip: BetSlip, session: Session, deadline: Deadline
    ) -> Placement | SessionLost:
        try:
            answer = self._transport.call(
                Call(
                    account=account,
                    operation="place",
                    method="POST",
                    url=account.base_url + protocol.PLACE_PATH,
                    json=protocol.place_body(slip, lang=account.setting("lang")),
                    cookies=session.cookies,
                    subject_kind="coupon",
                    subject_id=slip.coupon_id,
                    deadline_s=deadline.left_s,
                )
            )
        except CallNotSent as error:
            return NotSent(code=error.code, message=error.message)
        except CallFailed as error:
            return Unknown(reason=error.message)
        placed = protocol.read_placement(status=answer.status, body=answer.body, slip=slip)
        _conclude_placement(answer, placed)
        return placed

    def _renew(self, account: AccountView, stale: Session | None, deadline: Deadline) -> Session:
        """Raises `LoginFailed`."""
        try:
            return sessions.renew(
                account_id=account.id,
                stale=stale,
                log_in=lambda: Opened(self._log_in(account, deadline)),
                wait_s=max(deadline.left_s, 0),
            )
        except LeaseBusy:
            raise LoginFailed(
                "provider_unreachable", "another login of this account did not end in time"
            ) from None

    def _log_in(self, account: AccountView, deadline: Deadline) -> Mapping[str, str]:
        """The cookies of a new session. Raises `LoginFailed`."""
        host = account.setting("login_url") or account.base_url
        body = protocol.login_body(
            login=account.secret("login"), password=account.secret("password")
        )
        try:
            answer = self._transport.call(
                Call(
                    account=account,
                    operation="login",
                    method="POST",
                    url=host.rstrip("/") + protocol.LOGIN_PATH,
                    json=body,
                    asks=True,
                    deadline_s=deadline.left_s,
                )
            )
        except CallFailed as error:
            raise LoginFailed(error.code, error.message) from None
        try:
            cookies = _session_cookies(answer)
        except LoginFailed as error:
            if error.code == "provider_credentials_refused":
                health.credentials_refused(account_id=account.id, message=error.message)
            raise
        health.credentials_worked(account_id=account.id)
        return cookies

    # --- inbound --------------------------------------------------------------------------------

    def verify(self, account: AccountView, request: Inbound) -> None:
        check_ip_allowed(allowed_ips=account.setting("allowed_ips"), remote_ip=request.remote_ip)

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        return protocol.parse_results(
            request, mode=_mode(account), return_statuses=_returns(account)
        )

    def reply(self, request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
        return protocol.reply(outcomes)

    def refusal(self, error: Refused) -> Reply:
        return protocol.refusal(error)


def _mode(account: AccountView) -> AmountMode:
    return AmountMode.read(account.setting("amount_mode"))


def _returns(account: AccountView) -> frozenset[str]:
    return protocol.read_return_statuses(account.setting("return_statuses"))


def _session_cookies(answer: Answer) -> Mapping[str, str]:
    """Raises `LoginFailed` unless the login said yes."""
    yes = protocol.logged_in(answer.body) if 200 <= answer.status < 300 else None
    if yes:
        new = documented.new_in_login(answer.body)
        conclude(call_id=answer.call_id, outcome=CallOutcome.OK, unknown_fields=new)
        return answer.cookies
    if yes is None:
        message = f"the login was answered with HTTP {answer.status} and nothing that can be read"
        conclude(call_id=answer.call_id, outcome=CallOutcome.ERROR, error=message)
        raise LoginFailed("provider_login_failed", message)
    message = "betcalc refused the login or the password"
    conclude(call_id=answer.call_id, outcome=CallOutcome.REJECTED, error=message)
    raise LoginFailed("provider_credentials_refused", message)


def _conclude_placement(
    answer: Answer, placed: Accepted | Rejected | Unknown | SessionLost
) -> None:
    fields, values = documented.new_in_placement(answer.body)
    outcome, error = CallOutcome.REJECTED, ""
    if isinstance(placed, Accepted):
        outcome = CallOutcome.ACCEPTED
    elif isinstance(placed, Unknown):
        outcome, error = CallOutcome.UNKNOWN, placed.reason
    else:
        error = placed.message
    conclude(
        call_id=answer.call_id,
        outcome=outcome,
        error=error,
        unknown_fields=fields,
        unknown_values=values,
    )


def _conclude_poll(answer: Answer, told: Parsed | SessionLost | None) -> None:
    if isinstance(told, Parsed):
        conclude(
            call_id=answer.call_id,
            outcome=CallOutcome.OK,
            unknown_fields=told.unknown_fields,
            unknown_values=told.unknown_values,
        )
        return
    lost = isinstance(told, SessionLost)
    conclude(
        call_id=answer.call_id,
        outcome=CallOutcome.REJECTED if lost else CallOutcome.ERROR,
        error=told.message if isinstance(told, SessionLost) else "an answer that says nothing",
    )
