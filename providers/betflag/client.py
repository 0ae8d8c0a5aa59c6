"""betflag: an exchange, where the operator's own account offers and takes bets.

Source: `documents/betflag.txt`.
"""

from collections.abc import Sequence
from decimal import Decimal

from providers import sessions
from providers.betflag.calls import Calls, Failed, LostSession, Question
from providers.betflag.declared import SECRETS, SETTINGS
from providers.betflag.markets import NO_MARKET, Markets
from providers.betflag.own import Own
from providers.betflag.protocol import account as account_wire
from providers.betflag.protocol import operations, orders, ticks
from providers.betflag.settings import rules
from providers.cache import Cache, cache
from providers.contract import (
    AccountView,
    BetSlip,
    Book,
    Cancelled,
    Capability,
    ConnectionReport,
    Declared,
    Deed,
    Done,
    Event,
    Exposure,
    Funds,
    Holder,
    Inbound,
    KeepReference,
    Match,
    Menu,
    NotSent,
    NotVerified,
    OfferCancellation,
    OfferPlacement,
    OfferSlip,
    Outcome,
    OwnOffer,
    Parsed,
    Placed,
    Placement,
    ReadRefused,
    Refused,
    Rejected,
    Reply,
    Route,
    SlipForm,
)
from providers.models import CallOutcome
from providers.transport import Deadline, Transport, transport

_TEST_DEADLINE_S = 10.0
_TAKES_NO_BETS = "betflag is an exchange: it takes offers for markets, no players' bets"


class Betflag:
    """Implements `contract.Provider` and `contract.Exchange`."""

    name = "betflag"
    title = "Betflag"
    capabilities: frozenset[Capability] = frozenset({Capability.EXCHANGE})
    slip_form = SlipForm()
    knows_players_by_our_id = False
    settings: tuple[Declared, ...] = SETTINGS
    secrets: tuple[Declared, ...] = SECRETS
    routes: tuple[Route, ...] = ()

    def __init__(self, transport: Transport = transport, cache: Cache = cache) -> None:
        self._calls = Calls(transport)
        self._markets = Markets(self._calls, cache)
        self._own = Own(self._calls)

    # --- what an exchange does not do -----------------------------------------------------------

    def check_slip(self, account: AccountView, slip: BetSlip) -> Rejected | None:
        return Rejected(code="placement_not_supported", message=_TAKES_NO_BETS)

    def place(
        self, account: AccountView, slip: BetSlip, *, deadline_s: float, keep: KeepReference
    ) -> Placement:
        return NotSent(code="placement_not_supported", message=_TAKES_NO_BETS)

    def verify(self, account: AccountView, request: Inbound) -> None:
        raise NotVerified("betflag calls nobody back")

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        return Parsed(commands=())

    def reply(self, request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
        return Reply(status=404, body=b"{}")

    def refusal(self, error: Refused) -> Reply:
        return Reply(status=error.status, body=b"{}")

    # --- the account ----------------------------------------------------------------------------

    def test(self, account: AccountView) -> ConnectionReport:
        """Log in anew, so that the credentials are tried, and read the balance."""
        deadline = Deadline(_TEST_DEADLINE_S)
        try:
            stale = sessions.current(account_id=account.id)
            self._calls.renew(account, stale, deadline, at_once=True)
            funds = self.funds(account, deadline_s=deadline.left_s)
        except (Failed, ReadRefused) as error:
            return ConnectionReport(ok=False, detail=f"{error.code}: {error.message}")
        detail = f"logged in; {funds.free} of {funds.balance} {funds.currency} are free"
        return ConnectionReport(ok=True, detail=detail)

    def warnings(self, account: AccountView) -> tuple[str, ...]:
        paths = [
            f"{operation.setting}: names no {{{name}}}"
            for operation in operations.OPERATIONS
            for name in operations.placeholders(operation.path)
            if f"{{{name}}}" not in account.setting(operation.setting)
        ]
        return (*ticks.read(account.setting("ticks")).faults(), *paths)

    def funds(self, account: AccountView, *, deadline_s: float) -> Funds:
        currency = account.setting("currency")
        return self._calls.read(
            account,
            Question(operation=operations.BALANCE),
            lambda found, notes: account_wire.read_funds(found, notes, currency=currency),
            Deadline(deadline_s),
        )

    def commission_percent(self, account: AccountView, *, deadline_s: float) -> Decimal:
        unit = Decimal(account.setting("commission_unit"))
        return self._calls.read(
            account,
            Question(operation=operations.COMMISSION),
            lambda found, notes: account_wire.read_commission(found, notes, unit=unit),
            Deadline(deadline_s),
        )

    def holder(self, account: AccountView, *, deadline_s: float) -> Holder:
        """Personal data: the answer is not in the call log."""
        question = Question(operation=operations.ACCOUNT_INFO)
        return self._calls.read(account, question, account_wire.read_holder, Deadline(deadline_s))

    def keep_alive(self, account: AccountView, *, deadline_s: float) -> Deed:
        """Refresh the session; open one if there is none or it has ended."""
        deadline = Deadline(deadline_s)
        session = sessions.current(account_id=account.id)
        question = Question(operation=operations.KEEP_ALIVE)
        try:
            if session is None:
                self._calls.session(account, deadline)
                return Done(note="logged in")
            given = self._calls.ask_with(
                account, question, account_wire.read_kept_alive, session, deadline
            )
            if given is not None:
                self._calls.replace(account, session, given, deadline)
        except LostSession:
            return self._log_in_again(account, deadline)
        except Failed as error:
            return error.as_answer()
        current = sessions.current(account_id=account.id) or session
        sessions.note_kept_alive(account_id=account.id, version=current.version)
        return Done()

    def _log_in_again(self, account: AccountView, deadline: Deadline) -> Deed:
        try:
            self._calls.renew(account, sessions.current(account_id=account.id), deadline)
        except Failed as error:
            return error.as_answer()
        return Done(note="logged in again")

    def log_out(self, account: AccountView, *, deadline_s: float) -> Deed:
        """End the session. One that the exchange has ended already is forgotten all the same."""
        session = sessions.current(account_id=account.id)
        if session is None:
            return Done(note="there was no session")
        question = Question(operation=operations.LOGOUT)
        try:
            self._calls.ask_with(
                account, question, account_wire.read_logged_out, session, Deadline(deadline_s)
            )
        except Failed as error:
            if isinstance(error, LostSession):
                sessions.drop(account_id=account.id, version=session.version)
            return error.as_answer()
        sessions.drop(account_id=account.id, version=session.version)
        return Done()

    # --- markets --------------------------------------------------------------------------------

    def events(self, account: AccountView, menu: Menu, *, deadline_s: float) -> tuple[Event, ...]:
        return self._markets.events(account, menu, Deadline(deadline_s))

    def event_markets(self, account: AccountView, event_id: str, *, deadline_s: float) -> Event:
        return self._markets.event_markets(account, event_id, Deadline(deadline_s))

    def book(self, account: AccountView, market_id: str, *, depth: int, deadline_s: float) -> Book:
        return self._markets.book(account, market_id, depth, Deadline(deadline_s))

    # --- own offers -----------------------------------------------------------------------------

    def exposure(self, account: AccountView, market_id: str, *, deadline_s: float) -> Exposure:
        return self._own.exposure(account, market_id, Deadline(deadline_s))

    def own_offers(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> tuple[OwnOffer, ...]:
        return self._own.offers(account, market_id, Deadline(deadline_s))

    def open_offers(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> tuple[OwnOffer, ...]:
        return self._own.open_offers(account, market_id, Deadline(deadline_s))

    def matches(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> tuple[Match, ...]:
        return self._own.matches(account, market_id, Deadline(deadline_s))

    # --- orders ---------------------------------------------------------------------------------

    def check_offers(self, account: AccountView, slip: OfferSlip) -> Rejected | None:
        return orders.check(slip, rules(account))

    def place_offers(
        self, account: AccountView, slip: OfferSlip, *, deadline_s: float
    ) -> OfferPlacement:
        """Place all offers of a slip with one call, which is never repeated once it was taken.

        A version of the market other than 0 is compared with that of the book just before.
        """
        deadline = Deadline(deadline_s)
        refused = self.check_offers(account, slip) or self._changed(account, slip, deadline)
        if refused is not None:
            return refused
        question = Question(
            operation=operations.PLACE,
            json=orders.place_body(slip, rules(account)),
            accepted=CallOutcome.ACCEPTED,
        )
        try:
            placed = self._calls.ask(
                account,
                question,
                lambda found, notes: orders.read_placed(found, notes, slip=slip),
                deadline,
            )
        except Failed as error:
            return error.as_answer()
        return Placed(offers=placed)

    def _changed(
        self, account: AccountView, slip: OfferSlip, deadline: Deadline
    ) -> Rejected | NotSent | None:
        if not slip.market_version:
            return None
        try:
            book = self._markets.fresh_book(account, slip.market_id, 1, deadline)
        except ReadRefused as error:
            return NotSent(code=error.code, message=error.message)
        if book.version == slip.market_version:
            return None
        return Rejected(
            code="market_version_stale",
            message=f"the market is at version {book.version}, not at {slip.market_version}",
        )

    def cancel_offers(
        self,
        account: AccountView,
        market_id: str,
        references: Sequence[str],
        *,
        deadline_s: float,
    ) -> OfferCancellation:
        if not orders.is_number(market_id):
            return Rejected(code="market_not_found", message=NO_MARKET)
        if not references:
            return Cancelled(references=())
        body = orders.cancel_body(market_id, references)
        return self._cancel(account, Question(operation=operations.CANCEL, json=body), deadline_s)

    def cancel_unmatched(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> OfferCancellation:
        if not orders.is_number(market_id):
            return Rejected(code="market_not_found", message=NO_MARKET)
        body = orders.cancel_unmatched_body(market_id)
        question = Question(operation=operations.CANCEL_UNMATCHED, json=body)
        return self._cancel(account, question, deadline_s)

    def _cancel(
        self, account: AccountView, question: Question, deadline_s: float
    ) -> OfferCancellation:
        try:
            gone = self._calls.ask(account, question, orders.read_cancelled, Deadline(deadline_s))
        except Failed as error:
            return error.as_answer()
        return Cancelled(references=gone)
