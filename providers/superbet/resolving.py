"""Finding out what became of a ticket whose answer was lost, by asking and never by paying."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from providers.contract import AccountView, OpenBet, Placement, Rejected, Unknown
from providers.superbet.engine import MOST_LISTED, Engine, Errand
from providers.superbet.protocol import errors, meanings
from providers.superbet.protocol.tickets import Refusal, Ticket
from providers.transport import CallFailed

# How far the engine's time of a ticket may lie from ours, for it to be the one that was created.
_EARLIEST = timedelta(seconds=30)
_LATEST = timedelta(seconds=90)


class Resolving:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def resolve(self, account: AccountView, bet: OpenBet, *, deadline_s: float) -> Placement:
        """By the ticket's id, which is kept before anything is paid.

        Without an id nothing was paid, unless tickets are created at once.
        """
        errand = Errand(account=account, deadline_s=deadline_s)
        try:
            if bet.reference:
                return self._by_reference(errand, bet)
            if account.setting("placement") == "create":
                return self._by_list(errand, bet)
        except CallFailed as error:
            return Unknown(reason=error.message)
        return self._never_paid(errand, bet)

    def _by_reference(self, errand: Errand, bet: OpenBet) -> Placement:
        answer = self._engine.ticket(errand, bet.reference)
        expired = _expired(errand.account, bet, answer if isinstance(answer, Ticket) else None)
        if isinstance(answer, Refusal) and answer.code in errors.NOT_THERE and expired:
            return meanings.rejected(answer)
        if not isinstance(answer, Ticket):
            return Unknown(reason=meanings.in_words(answer))
        if answer.id != bet.reference:
            return Unknown(reason=f"The engine answered for {answer.id}, not {bet.reference}.")
        if answer.is_open:
            return meanings.accepted(answer)
        if answer.status == "cancelled":
            return Rejected(code="provider_refused", message="The engine cancelled the ticket.")
        if answer.is_waiting and expired:
            return Rejected(
                code="reservation_expired", message="The reservation was never paid and expired."
            )
        return Unknown(reason=f"The ticket is {answer.status or 'without a status'}.")

    def _never_paid(self, errand: Errand, bet: OpenBet) -> Rejected:
        """The list is for the record only: whatever it shows, nothing of it was paid by us."""
        with suppress(CallFailed):
            self._engine.tickets(errand, user_id=bet.player_uid)
        return Rejected(
            code="provider_timeout",
            message="No reservation was confirmed to us, so nothing was paid.",
        )

    def _by_list(self, errand: Errand, bet: OpenBet) -> Placement:
        """Accept the one ticket of this player, price and time. Two, or none, prove nothing."""
        listed = self._engine.tickets(errand, limit=MOST_LISTED, user_id=bet.player_uid)
        if not isinstance(listed, tuple):
            return Unknown(reason=meanings.in_words(listed))
        if len(listed) >= MOST_LISTED:
            return Unknown(reason="The player has more tickets than the engine lists at once.")
        alike = [ticket for ticket in listed if _may_be(ticket, bet)]
        if len(alike) == 1 and alike[0].is_open:
            return meanings.accepted(alike[0])
        return Unknown(reason=f"{len(alike)} tickets at the engine may be this one.")


def _may_be(ticket: Ticket, bet: OpenBet) -> bool:
    """What a ticket leaves out does not speak against it."""
    return (
        ticket.price in (bet.stake, None)
        and ticket.currency.upper() in (bet.currency, "")
        and ticket.type in ("superbet", "")
        and ticket.user_id in (bet.player_uid, "")
        and ticket.status != "cancelled"
        and (
            ticket.created is None
            or bet.placed_at - _EARLIEST <= ticket.created <= bet.placed_at + _LATEST
        )
    )


def _expired(account: AccountView, bet: OpenBet, ticket: Ticket | None) -> bool:
    """Counted from the later of the two clocks."""
    since = bet.placed_at
    if ticket is not None and ticket.created is not None:
        since = max(since, ticket.created)
    limit = timedelta(seconds=int(account.setting("reserve_expires_s")))
    return datetime.now(UTC) > since + limit
