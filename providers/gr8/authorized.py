"""Authorized calls to gr8: with a token that is fetched, kept and renewed, and within limits.

Two answers are acted on here, because after them nothing was placed: 401 (the token is renewed
and the call sent once more) and 429 (the call is sent again when gr8 says so, if there is time).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers import health, sessions
from providers.contract import AccountView, NotSent, Rejected, Unknown
from providers.gr8.protocol import slips, token
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
)

ACCESS_DENIED = "provider_access_denied"
CREDENTIALS_REFUSED = "provider_credentials_refused"

_MOST_TRIES = 3
# What is left for the call itself after a pause that gr8 asked for.
_LEAST_LEFT_S = 0.5


class NotAuthorized(Exception):
    """There is no token, so nothing can be asked. `code` is neutral."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call of the document; `headers` are those beside the account's own."""

    operation: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Authorization:
    header: str = field(repr=False)
    session: Session | None = None


class AuthorizedCalls:
    """Asks in the name of an account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def ask(
        self, account: AccountView, question: Question, deadline: Deadline
    ) -> Answer | NotSent | Rejected | Unknown:
        """The answer, or what it comes to that there is none that can be read."""
        try:
            return self._ask(account, question, deadline)
        except NotAuthorized as error:
            return NotSent(code=error.code, message=error.message)
        except CallNotSent as error:
            return NotSent(code=error.code, message=error.message)
        except CallFailed as error:
            return Unknown(reason=error.message)

    def renew(self, account: AccountView, deadline: Deadline) -> None:
        """Try the credentials. Raises `NotAuthorized`."""
        self._authorization(account, deadline, stale=sessions.current(account_id=account.id))

    def _ask(
        self, account: AccountView, question: Question, deadline: Deadline
    ) -> Answer | NotSent | Rejected:
        authorization = self._authorization(account, deadline)
        answer = self._send(account, question, authorization, deadline)
        if answer.status == 401 and authorization.session is not None:
            _conclude_refused(answer, "the token was refused, another is fetched")
            authorization = self._authorization(account, deadline, stale=authorization.session)
            answer = self._send(account, question, authorization, deadline)
        if answer.status == 401:
            message = "gr8 refused the token (HTTP 401)."
            _conclude_refused(answer, message)
            health.credentials_refused(account_id=account.id, message=message)
            return Rejected(code=ACCESS_DENIED, message=message, provider_code="401")
        if answer.status == 429:
            message = "gr8 takes no more requests for the moment (HTTP 429)."
            _conclude_refused(answer, message)
            pause_s = answer.retry_after_s
            return NotSent(
                code="rate_limited",
                message=message,
                retry_after_s=None if pause_s is None else math.ceil(pause_s),
            )
        if answer.status < 500:
            # A server error may come from what stands before gr8, which knows no tokens.
            health.credentials_worked(account_id=account.id)
        return answer

    def _send(
        self,
        account: AccountView,
        question: Question,
        authorization: _Authorization,
        deadline: Deadline,
    ) -> Answer:
        """Send it, and again after each 429 that says when, while the time allows it.

        The transport lets nothing pass before the pause is over.
        """
        for left in reversed(range(_MOST_TRIES)):
            answer = self._transport.call(_call(account, question, authorization, deadline))
            pause_s = answer.retry_after_s if answer.status == 429 else None
            if not left or pause_s is None or pause_s + _LEAST_LEFT_S > deadline.left_s:
                break
            _conclude_refused(answer, f"too many requests: sent again after {pause_s:.1f} s")
        return answer

    def _authorization(
        self, account: AccountView, deadline: Deadline, *, stale: Session | None = None
    ) -> _Authorization:
        """The account's fixed token, the one that is stored, or a new one if that is `stale`.

        Raises `NotAuthorized`.
        """
        if account.secret("token"):
            return _Authorization(token.fixed_authorization(account.secret("token")))
        url = account.setting("token_url")
        if not (url and account.secret("client_id") and account.secret("client_secret")):
            message = "the account has neither a token nor client_id, client_secret and token_url"
            raise NotAuthorized("provider_login_failed", message)
        session = None if stale else sessions.current(account_id=account.id)
        if session is None or not _is_of(session, account):
            session = self._renewed(account, stale or session, deadline)
        return _Authorization(session.cookies["authorization"], session)

    def _renewed(self, account: AccountView, stale: Session | None, deadline: Deadline) -> Session:
        try:
            return sessions.renew(
                account_id=account.id,
                stale=stale,
                log_in=lambda: self._fetch(account, deadline),
                wait_s=max(deadline.left_s, 0),
            )
        except LeaseBusy:
            raise NotAuthorized(
                "provider_unreachable", "another token of this account did not come in time"
            ) from None

    def _fetch(self, account: AccountView, deadline: Deadline) -> Opened:
        """A new token. Raises `NotAuthorized`."""
        url = account.setting("token_url")
        try:
            answer = self._transport.call(
                Call(
                    account=account,
                    operation="token",
                    method="POST",
                    url=url,
                    form=token.token_form(
                        client_id=account.secret("client_id"),
                        client_secret=account.secret("client_secret"),
                    ),
                    deadline_s=deadline.left_s,
                )
            )
        except CallFailed as error:
            raise NotAuthorized(error.code, error.message) from None
        try:
            found = _read_token(answer)
        except NotAuthorized as error:
            if error.code == CREDENTIALS_REFUSED:
                health.credentials_refused(account_id=account.id, message=error.message)
            raise
        cookies = {"authorization": found.authorization, **_client_of(account)}
        return Opened(cookies, lifetime_s=found.lifetime_s)


def _client_of(account: AccountView) -> dict[str, str]:
    return {"token_url": account.setting("token_url"), "client_id": account.secret("client_id")}


def _is_of(session: Session, account: AccountView) -> bool:
    """Whether its token is this client's: another's may be stored late, after a change."""
    return _client_of(account).items() <= session.cookies.items()


def _call(
    account: AccountView, question: Question, authorization: _Authorization, deadline: Deadline
) -> Call:
    headers = slips.account_headers(
        authorization=authorization.header,
        operator_id=account.setting("operator_id"),
        brand=account.setting("brand"),
    )
    return Call(
        account=account,
        operation=question.operation,
        method=question.method,
        url=account.base_url + question.path,
        json=question.json,
        headers={**headers, **question.headers},
        secrets=(authorization.header, authorization.header.rpartition(" ")[2]),
        deadline_s=deadline.left_s,
    )


def _read_token(answer: Answer) -> token.Token:
    """Raises `NotAuthorized` unless there is one."""
    try:
        found = token.read_token(status=answer.status, body=answer.body)
    except token.TokenRefused as error:
        conclude(call_id=answer.call_id, outcome=CallOutcome.REJECTED, error=str(error))
        raise NotAuthorized(CREDENTIALS_REFUSED, str(error)) from None
    except token.TokenUnreadable as error:
        conclude(call_id=answer.call_id, outcome=CallOutcome.ERROR, error=str(error))
        raise NotAuthorized("provider_login_failed", str(error)) from None
    conclude(call_id=answer.call_id, outcome=CallOutcome.OK, unknown_fields=found.unknown_fields)
    return found


def _conclude_refused(answer: Answer, message: str) -> None:
    conclude(call_id=answer.call_id, outcome=CallOutcome.REJECTED, error=message)
