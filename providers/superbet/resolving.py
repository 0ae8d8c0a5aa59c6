"""Finding out what became of a ticket whose answer was lost, by asking and never by paying."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from providers.contract import AccountView, OpenBet, Placement, Rejected, Unknown
from providers.models import ProviderCall
from providers.superbet.engine import MOST_LISTED, Engine, Errand
from providers.superbet.protocol import errors, meanings
from providers.superbet.protocol.tickets import Refusal, Ticket, marked_coupon
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
            if account.setting("placement") == "create" or _was_created(bet):
                return self._by_list(errand, bet)
        except CallFailed as error:
            return Unknown(reason=error.message)
        return self._never_paid(errand, bet)

    def _by_reference(self, errand: Errand, bet: OpenBet) -> Placement:
        answer = self._engine.ticket(errand, bet.reference)
        left_s = _left_s(errand.account, bet, answer if isinstance(answer, Ticket) else None)
        if isinstance(answer, Refusal) and answer.code in errors.NOT_THERE:
            refused = meanings.rejected(answer)
            return Unknown(reason=refused.message, decided_in_s=left_s) if left_s else refused
        if not isinstance(answer, Ticket):
            return Unknown(reason=meanings.in_words(answer))
        if answer.id != bet.reference:
            return Unknown(reason=f"The engine answered for {answer.id}, not {bet.reference}.")
        if answer.is_open:
            return meanings.accepted(answer)
        if answer.status == "cancelled":
            return Rejected(code="provider_refused", message="The engine cancelled the ticket.")
        told = f"The ticket is {answer.status or 'without a status'}."
        if not answer.is_waiting:
            return Unknown(reason=told)
        if left_s:
            return Unknown(reason=told, decided_in_s=left_s)
        return Rejected(
            code="reservation_expired", message="The reservation was never paid and expired."
        )

    def _never_paid(self, errand: Errand, bet: OpenBet) -> Rejected:
        """The list is for the record only: whatever it shows, nothing of it was paid by us."""
        with suppress(CallFailed):
            self._engine.tickets(errand, user_id=bet.player_uid)
        return Rejected(
            code="provider_no_clear_answer",
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
        alike = [each for each in alike if marked_coupon(each.atag) == bet.coupon_id] or alike
        if len(alike) == 1 and alike[0].is_open and _is_clear(alike[0]):
            return meanings.accepted(alike[0])
        return Unknown(reason=f"{len(alike)} tickets at the engine may be this one.")


def _was_created(bet: OpenBet) -> bool:
    """Whether the ticket was to be created at once, whatever the account says by now."""
    return ProviderCall.objects.filter(subject_id=bet.coupon_id, operation="create").exists()


def _is_clear(ticket: Ticket) -> bool:
    """Whether it says itself that it is this one, and is not only left over."""
    return ticket.price is not None and ticket.created is not None


def _may_be(ticket: Ticket, bet: OpenBet) -> bool:
    """What a ticket leaves out does not speak against it."""
    return (
        ticket.price in (bet.stake, None)
        and ticket.currency.upper() in (bet.currency, "")
        and ticket.type in ("superbet", "")
        and ticket.user_id in (bet.player_uid, "")
        and marked_coupon(ticket.atag) in (bet.coupon_id, None)
        and ticket.status != "cancelled"
        and (
            ticket.created is None
            or bet.placed_at - _EARLIEST <= ticket.created <= bet.placed_at + _LATEST
        )
    )


def _left_s(account: AccountView, bet: OpenBet, ticket: Ticket | None) -> float:
    """Until an unpaid reservation has expired, counted from the later of the two clocks."""
    since = bet.placed_at
    if ticket is not None and ticket.created is not None:
        since = max(since, ticket.created)
    limit = timedelta(seconds=int(account.setting("reserve_expires_s")))
    return max(0.0, (since + limit - datetime.now(UTC)).total_seconds())
