"""A betting exchange in memory: books, a small matching engine, and time-outs to order."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from threading import RLock

from providers.contract import (
    AccountView,
    Book,
    BookSelection,
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
    Market,
    MarketSelection,
    Match,
    Menu,
    OfferCancellation,
    OfferPlacement,
    OfferSlip,
    OfferStatus,
    OwnOffer,
    Parsed,
    Placed,
    PlacedOffer,
    Price,
    ReadRefused,
    Rejected,
    Reply,
    Side,
    SlipForm,
    Unknown,
)
from tests.fakes.offers import OURS, RIVAL, Lying, seen

_WAITING = (OfferStatus.OPEN, OfferStatus.PARTLY_MATCHED)


class FakeExchange:
    name = "fakeexchange"
    title = "Fake exchange"
    capabilities = frozenset({Capability.EXCHANGE})
    slip_form = SlipForm()
    knows_players_by_our_id = False
    settings: tuple[Declared, ...] = ()
    secrets: tuple[Declared, ...] = ()
    routes = ()

    def __init__(self) -> None:
        self.lock = RLock()
        self.calls: Counter[str] = Counter()
        self.offers: dict[str, list[Lying]] = defaultdict(list)
        self.numbers = count(1)
        self.versions: dict[str, int] = defaultdict(lambda: 1)
        self.states: dict[str, str] = defaultdict(lambda: "open")
        self.free = Decimal("1000.00")
        self.refuses: Rejected | None = None
        # What happens to a call of this name instead of, or around, what should.
        self.faults: dict[str, deque[Callable[[Callable[[], object]], object]]]
        self.faults = defaultdict(deque)
        self.listed: tuple[Event, ...] = (EVENT,)

    # --- what a test orders and does ---

    def lose(self, operation: str, *, arrives: bool) -> None:
        """The next call of this name gets no answer; its request arrives, or does not."""

        def lost(act: Callable[[], object]) -> object:
            if arrives:
                act()
            return Unknown(reason="no whole answer in time")

        self.faults[operation].append(lost)

    def instead(self, operation: str, answer: object) -> None:
        """The next call of this name ends like this, or raises it, and does nothing."""

        def other(act: Callable[[], object]) -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        self.faults[operation].append(other)

    def first(self, operation: str, deed: Callable[[], object]) -> None:
        """Something happens just before the next call of this name is carried out."""

        def after_it(act: Callable[[], object]) -> object:
            deed()
            return act()

        self.faults[operation].append(after_it)

    def rival(self, market_id: str, selection_id: str, side: str, odds: str, stake: str) -> None:
        """Somebody else's offer comes to the market."""
        with self.lock:
            self._add(RIVAL, market_id, selection_id, Side(side), Decimal(odds), Decimal(stake))

    def by_hand(self, market_id: str, selection_id: str, side: str, odds: str, stake: str) -> str:
        """An offer of the account that was not placed by us."""
        with self.lock:
            lying = self._add(
                OURS, market_id, selection_id, Side(side), Decimal(odds), Decimal(stake)
            )
        return lying.reference

    def end(self, market_id: str) -> None:
        """What waits in a market is gone."""
        for lying in self.offers[market_id]:
            lying.is_cancelled = True

    def forget(self, market_id: str) -> None:
        """Everything that was offered in a market; the market itself goes on."""
        self.offers.pop(market_id)

    def finish(self, market_id: str) -> None:
        """The market has a result, and is not known any more."""
        self.forget(market_id)
        self.states[market_id] = "gone"

    def own(self, market_id: str = "7") -> list[Lying]:
        return [lying for lying in self.offers[market_id] if lying.owner == OURS]

    # --- reads ---

    def events(self, account: AccountView, menu: Menu, *, deadline_s: float) -> tuple[Event, ...]:
        return self._do("events", lambda: self.listed if menu is Menu.ALL else self.listed[:1])

    def event_markets(self, account: AccountView, event_id: str, *, deadline_s: float) -> Event:
        def find() -> Event:
            if event_id != EVENT.id:
                raise ReadRefused("not_found", "no such event")
            return EVENT

        return self._do("event_markets", find)

    def book(self, account: AccountView, market_id: str, *, depth: int, deadline_s: float) -> Book:
        return self._do("book", lambda: self._book(market_id, depth))

    def exposure(self, account: AccountView, market_id: str, *, deadline_s: float) -> Exposure:
        def read() -> Exposure:
            worst = sum((lying.stake for lying in self.own(market_id)), Decimal(0))
            return Exposure(market_id=market_id, worst=worst, results=(("1", -worst),))

        return self._do("exposure", read)

    def own_offers(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> tuple[OwnOffer, ...]:
        return self._do("own_offers", lambda: self._listed(market_id))

    def open_offers(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> tuple[OwnOffer, ...]:
        return self._do(
            "open_offers",
            lambda: tuple(each for each in self._listed(market_id) if each.status in _WAITING),
        )

    def matches(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> tuple[Match, ...]:
        def read() -> tuple[Match, ...]:
            return tuple(
                Match(
                    reference=lying.reference,
                    selection_id=lying.selection_id,
                    side=lying.side,
                    odds=odds,
                    amount=amount,
                )
                for lying in self.own(market_id)
                for odds, amount in lying.parts
            )

        return self._do("matches", read)

    def funds(self, account: AccountView, *, deadline_s: float) -> Funds:
        def read() -> Funds:
            return Funds(
                currency="EUR",
                balance=self.free,
                free=self.free,
                locked=Decimal(0),
                fun=Decimal(0),
            )

        return self._do("funds", read)

    def commission_percent(self, account: AccountView, *, deadline_s: float) -> Decimal:
        return self._do("commission_percent", lambda: Decimal("2.51"))

    def holder(self, account: AccountView, *, deadline_s: float) -> Holder:
        return self._do("holder", lambda: Holder(facts=(("Surname", "Rossi"),)))

    # --- offers ---

    def check_offers(self, account: AccountView, slip: OfferSlip) -> Rejected | None:
        return self.refuses

    def place_offers(
        self, account: AccountView, slip: OfferSlip, *, deadline_s: float
    ) -> OfferPlacement:
        def place() -> OfferPlacement:
            if slip.market_version not in (0, self.versions[slip.market_id]):
                return Rejected(code="market_version_stale", message="another version")
            placed = [
                self._add(OURS, slip.market_id, each.selection_id, each.side, each.odds, each.stake)
                for each in slip.offers
            ]
            return Placed(
                offers=tuple(
                    PlacedOffer(reference=each.reference, matched=each.matched) for each in placed
                )
            )

        return self._do("place_offers", place)

    def cancel_offers(
        self,
        account: AccountView,
        market_id: str,
        references: Sequence[str],
        *,
        deadline_s: float,
    ) -> OfferCancellation:
        def cancel() -> OfferCancellation:
            return self._cancel(x for x in self.own(market_id) if x.reference in references)

        return self._do("cancel_offers", cancel)

    def cancel_unmatched(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> OfferCancellation:
        return self._do("cancel_unmatched", lambda: self._cancel(self.own(market_id)))

    def keep_alive(self, account: AccountView, *, deadline_s: float) -> Deed:
        return Done()

    def log_out(self, account: AccountView, *, deadline_s: float) -> Deed:
        return self._do("log_out", lambda: Done(note="it is"))

    # --- what every provider has ---

    def test(self, account: AccountView) -> ConnectionReport:
        return ConnectionReport(ok=True, detail="fine")

    def warnings(self, account: AccountView) -> tuple[str, ...]:
        return ()

    def verify(self, account: AccountView, request: Inbound) -> None:
        return None

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        return Parsed(commands=())

    def reply(self, request: Inbound, outcomes: object) -> Reply:
        return Reply(status=200, body=b"{}")

    refusal = reply

    # --- inside ---

    def _listed(self, market_id: str) -> tuple[OwnOffer, ...]:
        if self.states[market_id] == "gone":
            raise ReadRefused("market_not_found", "no such market")
        return tuple(map(seen, self.own(market_id)))

    def _do(self, operation: str, act: Callable[[], object]):
        self.calls[operation] += 1
        faults = self.faults[operation]
        fault = faults.popleft() if faults else None

        def carried_out() -> object:
            with self.lock:
                return act()

        return fault(carried_out) if fault else carried_out()

    def _add(
        self,
        owner: str,
        market_id: str,
        selection_id: str,
        side: Side,
        odds: Decimal,
        stake: Decimal,
    ) -> Lying:
        lying = Lying(
            owner=owner,
            reference=f"BC{next(self.numbers):04}",
            selection_id=selection_id,
            side=side,
            odds=odds,
            stake=stake,
        )
        for other in self._against(market_id, lying):
            amount = min(other.left, lying.left)
            if amount:
                other.parts.append((other.odds, amount))
                lying.parts.append((other.odds, amount))
        self.offers[market_id].append(lying)
        return lying

    def _against(self, market_id: str, new: Lying) -> list[Lying]:
        """Other people's offers of the other side at these odds or better, the best first."""
        is_back = new.side is Side.BACK
        found = [
            other
            for other in self.offers[market_id]
            if other.owner != new.owner
            and other.selection_id == new.selection_id
            and other.side is not new.side
            and (other.odds >= new.odds if is_back else other.odds <= new.odds)
        ]
        return sorted(found, key=lambda other: -other.odds if is_back else other.odds)

    def _cancel(self, offers) -> OfferCancellation:
        gone = [lying for lying in offers if lying.left]
        for lying in gone:
            lying.is_cancelled = True
        return Cancelled(references=tuple(lying.reference for lying in gone))

    def _book(self, market_id: str, depth: int) -> Book:
        if market_id != "7" or self.states[market_id] == "gone":
            raise ReadRefused("market_not_found", "no such market at 10.1.2.3")
        return Book(
            market_id=market_id,
            version=self.versions[market_id],
            status=self.states[market_id],
            selections=tuple(
                BookSelection(
                    id=each.id,
                    label=each.label,
                    back=self._prices(market_id, each.id, Side.LAY)[:depth],
                    lay=self._prices(market_id, each.id, Side.BACK)[:depth],
                )
                for each in MARKET.selections
            ),
        )

    def _prices(self, market_id: str, selection_id: str, side: Side) -> tuple[Price, ...]:
        amounts: dict[Decimal, Decimal] = defaultdict(Decimal)
        for lying in self.offers[market_id]:
            if lying.selection_id == selection_id and lying.side is side and lying.left:
                amounts[lying.odds] += lying.left
        best_first = sorted(amounts, reverse=side is Side.LAY)
        return tuple(Price(odds=odds, amount=amounts[odds]) for odds in best_first)


MARKET = Market(
    id="7",
    name="Match odds",
    event_id="70",
    version=1,
    selections=(MarketSelection(id="1", label="1"), MarketSelection(id="2", label="X")),
)


EVENT = Event(
    id="70",
    name="Lazio - Verona",
    sport="Football",
    competition="Serie A",
    starts_at=datetime(2026, 12, 12, 19, 45, tzinfo=UTC),
    markets=(MARKET,),
)
