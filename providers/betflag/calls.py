"""One question to the exchange: sent with the session it needs, read, and concluded in the log.

A session that is lost is renewed once; the question is then sent once more, which is safe because
the first was refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from providers import health, sessions
from providers.betflag import refused_logins
from providers.betflag.protocol import account as account_wire
from providers.betflag.protocol import answers, refusals
from providers.betflag.protocol.account import LoggedIn
from providers.betflag.protocol.operations import LOGIN, Operation, filled
from providers.betflag.protocol.reading import Notes, Object
from providers.contract import AccountView, NotSent, ReadRefused, Rejected, Unknown, WrongShape
from providers.leases import LeaseBusy
from providers.models import CallOutcome
from providers.sessions import Opened, Session
from providers.transport import Answer, Call, CallLost, CallNotSent, Deadline, Transport, conclude

_Value = TypeVar("_Value")
_TOKEN = "token"  # noqa: S105
_CREDENTIALS = "provider_credentials_refused"
_REFUSED_LATELY = "the exchange has just refused the login; it is tried again in half a minute"


class Ending(StrEnum):
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class Failed(Exception):
    """There is no yes. `code` is neutral, `message` for people."""

    def __init__(self, ending: Ending, code: str, message: str, *, provider_code: str = "") -> None:
        super().__init__(message)
        self.ending = ending
        self.code = code
        self.message = message
        self.provider_code = provider_code

    def as_answer(self) -> Rejected | NotSent | Unknown:
        """For what changes something at the exchange."""
        if self.ending is Ending.NOT_SENT:
            return NotSent(code=self.code, message=self.message)
        if self.ending is Ending.UNKNOWN:
            return Unknown(reason=self.message)
        return Rejected(code=self.code, message=self.message, provider_code=self.provider_code)


class LostSession(Failed):
    """The session has ended, so nothing was done. After a new login it is a refusal."""

    def __init__(self, message: str) -> None:
        super().__init__(Ending.REJECTED, "provider_access_denied", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. `values` fill the path; `accepted` is how a yes stands in the log."""

    operation: Operation
    values: Mapping[str, str] = field(default_factory=dict)
    json: Any = field(default=None, repr=False)
    accepted: CallOutcome = CallOutcome.OK


Reader = Callable[[Object, Notes], _Value]


class Calls:
    """Asks questions for accounts, and keeps one session for each."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def ask(
        self, account: AccountView, question: Question, read: Reader[_Value], deadline: Deadline
    ) -> _Value:
        """Raises `Failed`."""
        return self.ask_raw(account, question, read, deadline)[0]

    def read(
        self, account: AccountView, question: Question, read: Reader[_Value], deadline: Deadline
    ) -> _Value:
        """The same for a question that changes nothing. Raises `ReadRefused`."""
        try:
            return self.ask(account, question, read, deadline)
        except Failed as error:
            raise ReadRefused(error.code, error.message) from None

    def ask_raw(
        self, account: AccountView, question: Question, read: Reader[_Value], deadline: Deadline
    ) -> tuple[_Value, bytes]:
        """The value and the body it was read from. Raises `Failed`."""
        if not question.operation.signed:
            return self._ask_once(account, question, read, None, deadline)
        session = self.session(account, deadline)
        try:
            return self._ask_once(account, question, read, session, deadline)
        except LostSession:
            session = self.renew(account, session, deadline)
            return self._ask_once(account, question, read, session, deadline)

    def ask_with(
        self,
        account: AccountView,
        question: Question,
        read: Reader[_Value],
        session: Session,
        deadline: Deadline,
    ) -> _Value:
        """In this session and no other. Raises `Failed`."""
        return self._ask_once(account, question, read, session, deadline)[0]

    def session(self, account: AccountView, deadline: Deadline) -> Session:
        """The account's session, opened if there is none. Raises `Failed`."""
        found = sessions.current(account_id=account.id)
        return found or self.renew(account, None, deadline)

    def renew(
        self,
        account: AccountView,
        stale: Session | None,
        deadline: Deadline,
        *,
        at_once: bool = False,
    ) -> Session:
        """A session newer than `stale`, opened by one process for all. Raises `Failed`.

        Credentials that were just refused are tried again only `at_once`.
        """

        def log_in() -> LoggedIn:
            if not at_once and refused_logins.are_recent(account):
                raise Failed(Ending.NOT_SENT, _CREDENTIALS, _REFUSED_LATELY)
            return self._log_in(account, deadline)

        return self._renewed(account, stale, log_in, deadline)

    def replace(
        self, account: AccountView, stale: Session, given: LoggedIn, deadline: Deadline
    ) -> None:
        """Go on with the token that a keep-alive brought. Raises `Failed`."""
        if given.token != stale.cookies[_TOKEN]:
            self._renewed(account, stale, lambda: given, deadline)

    def _renewed(
        self,
        account: AccountView,
        stale: Session | None,
        open_one: Callable[[], LoggedIn],
        deadline: Deadline,
    ) -> Session:
        try:
            return sessions.renew(
                account_id=account.id,
                stale=stale,
                log_in=lambda: Opened({_TOKEN: open_one().token}),
                wait_s=max(deadline.left_s, 0),
            )
        except LeaseBusy:
            raise Failed(
                Ending.NOT_SENT,
                "provider_unreachable",
                "another login of this account did not end in time",
            ) from None

    def _log_in(self, account: AccountView, deadline: Deadline) -> LoggedIn:
        """Raises `Failed`: whatever went wrong, what was to be asked has not been sent."""
        body = account_wire.login_body(
            username=account.secret("username"), password=account.secret("password")
        )
        question = Question(operation=LOGIN, json=body)
        try:
            found = self._ask_once(account, question, account_wire.read_login, None, deadline)[0]
        except Failed as error:
            if error.ending is Ending.REJECTED:
                refused_logins.note(account)
                health.credentials_refused(account_id=account.id, message=error.message)
            raise Failed(Ending.NOT_SENT, _login_code(error), error.message) from None
        health.credentials_worked(account_id=account.id)
        return found

    def _ask_once(
        self,
        account: AccountView,
        question: Question,
        read: Reader[_Value],
        session: Session | None,
        deadline: Deadline,
    ) -> tuple[_Value, bytes]:
        answer = self._send(account, question, session, deadline)
        notes = Notes()
        try:
            value = _read(question.operation, answer, read, notes)
        except Failed as error:
            outcome = _OUTCOMES[error.ending]
            if error.ending is Ending.UNKNOWN and question.accepted is CallOutcome.OK:
                outcome = CallOutcome.ERROR
            _conclude(answer, outcome, notes, error=error.message)
            raise
        _conclude(answer, question.accepted, notes)
        return value, answer.body

    def _send(
        self,
        account: AccountView,
        question: Question,
        session: Session | None,
        deadline: Deadline,
    ) -> Answer:
        operation = question.operation
        token = session.cookies[_TOKEN] if session else ""
        headers = {account_wire.KEY_HEADER: account.secret("api_key")}
        if token:
            headers[account_wire.TOKEN_HEADER] = token
        path = account.setting(operation.setting) or operation.path
        call = Call(
            account=account,
            operation=operation.name,
            method=operation.method,
            url=account.base_url + filled(path, question.values),
            json=question.json,
            headers=headers,
            secrets=(token,) if token else (),
            personal=operation.is_personal,
            asks=operation.method == "GET" or operation is LOGIN,
            deadline_s=deadline.left_s,
        )
        try:
            return self._transport.call(call)
        except CallNotSent as error:
            raise Failed(Ending.NOT_SENT, error.code, error.message) from None
        except CallLost as error:
            raise Failed(Ending.UNKNOWN, error.code, error.message) from None


_OUTCOMES = {
    Ending.NOT_SENT: CallOutcome.ERROR,
    Ending.REJECTED: CallOutcome.REJECTED,
    Ending.UNKNOWN: CallOutcome.UNKNOWN,
}


def _read(operation: Operation, answer: Answer, read: Reader[_Value], notes: Notes) -> _Value:
    """Raises `Failed`."""
    try:
        found = answers.judged(operation, status=answer.status, body=answer.body, notes=notes)
        return read(found, notes)
    except answers.SessionLost as error:
        raise LostSession(str(error)) from None
    except answers.Declined as error:
        code, message = refusals.meaning_of(error.message)
        raise Failed(Ending.REJECTED, code, message, provider_code=error.code) from None
    except answers.Unreadable as error:
        raise Failed(Ending.UNKNOWN, "provider_answer_unreadable", str(error)) from None
    except WrongShape as error:
        raise Failed(Ending.UNKNOWN, "provider_answer_unreadable", error.message) from None


def read_again(operation: Operation, body: bytes, read: Reader[_Value]) -> _Value:
    """The value of a success that was read before, by another process."""
    notes = Notes()
    return read(answers.judged(operation, status=200, body=body, notes=notes), notes)


def _login_code(error: Failed) -> str:
    """A login that was refused, in whatever way, has wrong credentials."""
    if error.ending is Ending.REJECTED:
        return _CREDENTIALS
    if error.code == "provider_answer_unreadable":
        return "provider_login_failed"
    return error.code


def _conclude(answer: Answer, outcome: CallOutcome, notes: Notes, *, error: str = "") -> None:
    conclude(
        call_id=answer.call_id,
        outcome=outcome,
        error=error,
        unknown_fields=sorted(notes.fields),
        unknown_values=sorted(notes.values),
    )
