"""The account's own offers on a market, what they met, and what they could lose."""

from providers.betflag.calls import Calls, Question
from providers.betflag.markets import NO_MARKET
from providers.betflag.protocol import offers, operations, orders
from providers.betflag.protocol.offers import ExposureNames, Row
from providers.betflag.protocol.operations import Operation
from providers.betflag.settings import states
from providers.contract import (
    AccountView,
    Exposure,
    Match,
    OfferStatus,
    OwnOffer,
    ReadRefused,
)
from providers.transport import Deadline


class Own:
    """Every method raises `ReadRefused`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def exposure(self, account: AccountView, market_id: str, deadline: Deadline) -> Exposure:
        names = ExposureNames.read(account.setting("exposure_fields"))
        return self._calls.read(
            account,
            _of_market(operations.EXPOSURE, market_id),
            lambda found, notes: offers.read_exposure(
                found, notes, market_id=market_id, names=names
            ),
            deadline,
        )

    def offers(
        self, account: AccountView, market_id: str, deadline: Deadline
    ) -> tuple[OwnOffer, ...]:
        """All of them. Their average odds follow from `matches`, which costs a call of its own.

        An offer in a state that nobody explained is cancelled only if it certainly is: it was no
        longer among the open ones, and afterwards still not wholly matched.
        """
        rows = self._rows(account, market_id, deadline)
        if any(_is_doubtful(row) for row in rows):
            rows = self._resolved(account, market_id, rows, deadline)
        return tuple(row.offer for row in rows)

    def open_offers(
        self, account: AccountView, market_id: str, deadline: Deadline
    ) -> tuple[OwnOffer, ...]:
        """Those that can still be matched, with the average odds of what is."""
        found = tuple(row.offer for row in self._open_rows(account, market_id, deadline))
        return self._with_average_odds(account, market_id, found, deadline)

    def matches(
        self, account: AccountView, market_id: str, deadline: Deadline
    ) -> tuple[Match, ...]:
        question = _of_market(operations.MATCHES, market_id)
        return self._calls.read(account, question, offers.read_matches, deadline)

    def _rows(self, account: AccountView, market_id: str, deadline: Deadline) -> list[Row]:
        named = states(account, "offer_statuses")
        return self._calls.read(
            account,
            _of_market(operations.OWN_OFFERS, market_id),
            lambda found, notes: offers.read_own_offers(found, notes, statuses=named),
            deadline,
        )

    def _open_rows(self, account: AccountView, market_id: str, deadline: Deadline) -> list[Row]:
        named = states(account, "offer_statuses")
        return self._calls.read(
            account,
            _of_market(operations.OPEN_OFFERS, market_id),
            lambda found, notes: offers.read_open_offers(found, notes, statuses=named),
            deadline,
        )

    def _resolved(
        self, account: AccountView, market_id: str, rows: list[Row], deadline: Deadline
    ) -> list[Row]:
        """What is open is asked first, so that an offer matched in between is not taken as gone."""
        try:
            still_open = {
                row.offer.reference for row in self._open_rows(account, market_id, deadline)
            }
            later = self._rows(account, market_id, deadline)
        except ReadRefused:
            return rows
        known = {row.offer.reference for row in rows}
        return [
            row.cancelled()
            if _is_doubtful(row)
            and row.offer.reference in known
            and row.offer.reference not in still_open
            else row
            for row in later
        ]

    def _with_average_odds(
        self,
        account: AccountView,
        market_id: str,
        found: tuple[OwnOffer, ...],
        deadline: Deadline,
    ) -> tuple[OwnOffer, ...]:
        """Without an answer the averages stay open: the rest is known all the same."""
        if not any(offer.matched for offer in found):
            return found
        try:
            matched = self.matches(account, market_id, deadline)
        except ReadRefused:
            return found
        return offers.with_average_odds(found, matched)


def _of_market(operation: Operation, market_id: str) -> Question:
    """Raises `ReadRefused` for what is no market's number."""
    if not orders.is_number(market_id):
        raise ReadRefused("market_not_found", NO_MARKET)
    return Question(operation=operation, values={"id_mercato": market_id})


def _is_doubtful(row: Row) -> bool:
    return row.state is None and row.offer.status is not OfferStatus.MATCHED
