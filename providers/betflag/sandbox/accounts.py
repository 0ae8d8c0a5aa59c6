"""The accounts at the exchange, and their sessions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from providers.betflag.sandbox.document import CREDENTIALS, TOKEN

OPENING_CENTS = 1_000_000
FUN_CENTS = 80_000
SESSION_S = 1200.0


@dataclass
class Account:
    """The money of one username, in cents; what open offers bind is counted, not kept."""

    username: str
    number: str
    cents: int = OPENING_CENTS


@dataclass
class Session:
    """A login; it works until `ends_at` unless it is refreshed."""

    username: str
    ends_at: float


class Accounts:
    """Everybody who may log in: any name and password but `wrong`, or the given ones alone."""

    def __init__(self, *, username: str, password: str, session_s: float) -> None:
        self._only = (username, password) if username or password else None
        self.session_s = session_s
        self._accounts: dict[str, Account] = {}
        self._sessions: dict[str, Session] = {}
        self.logins = 0

    def may_log_in(self, username: Any, password: Any) -> bool:
        """Whether these are credentials of an account."""
        if (username, password) == CREDENTIALS:
            return True
        if not isinstance(username, str) or not isinstance(password, str):
            return False
        if self._only is not None:
            return (username, password) == self._only
        return bool(username) and bool(password) and password != "wrong"  # noqa: S105

    def open_session(self, username: str, now: float) -> str:
        """A new token; those that the account had before work no more."""
        self.logins += 1
        self.end_sessions(username)
        token = TOKEN if username == CREDENTIALS[0] else _new_token()
        self._sessions[token] = Session(username, now + self.session_s)
        return token

    def user(self, token: str, now: float) -> str | None:
        """Whose session this is, if it still works."""
        session = self._sessions.get(token)
        return session.username if session and session.ends_at > now else None

    def refresh(self, token: str, now: float) -> None:
        """Let the session work for its whole time again."""
        self._sessions[token].ends_at = now + self.session_s

    def end(self, token: str) -> None:
        """Log out."""
        self._sessions.pop(token, None)

    def end_sessions(self, username: str | None = None) -> int:
        """End the sessions of one account, or all; says how many."""
        ended = [
            token
            for token, session in self._sessions.items()
            if username in (None, session.username)
        ]
        for token in ended:
            del self._sessions[token]
        return len(ended)

    def account(self, username: str) -> Account:
        """The account of a name; it is opened when it is first asked for."""
        if username not in self._accounts:
            self._accounts[username] = Account(username, str(13 + len(self._accounts)))
        return self._accounts[username]

    def all(self) -> list[Account]:
        """Every account that was ever asked for."""
        return list(self._accounts.values())

    def load(self, kept: list[dict[str, Any]]) -> None:
        """Take up the accounts of an earlier run; sessions die with the process."""
        self._accounts.update((data["username"], Account(**data)) for data in kept)


def _new_token() -> str:
    text = secrets.token_hex(16)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
