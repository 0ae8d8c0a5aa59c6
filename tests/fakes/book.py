"""A bookmaker in memory that answers as a test tells it to."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from providers.contract import (
    Accepted,
    AccountView,
    BetSlip,
    Capability,
    ConnectionReport,
    CouponType,
    Declared,
    Deed,
    Done,
    Inbound,
    KeepReference,
    OddsPolicy,
    OpenBet,
    Parsed,
    Placement,
    PlayerProfile,
    Quote,
    Quoted,
    Rejected,
    Reply,
    SlipForm,
    SlipOption,
    Unknown,
)


class FakeBook:
    name = "fakebook"
    title = "Fake book"
    capabilities = frozenset({Capability.PLACE, Capability.RESULTS})
    slip_form = SlipForm()
    knows_players_by_our_id = False
    settings = (Declared(name="result_due_h", label="", help="", check="hours", default="72"),)
    secrets = ()
    routes = ()

    def __init__(self) -> None:
        self.slips: list[BetSlip] = []
        self.answers: deque[Placement | Exception | Callable[[BetSlip], Placement]] = deque()
        self.refuses: Rejected | None = None

    def check_slip(self, account: AccountView, slip: BetSlip) -> Rejected | None:
        return self.refuses

    def place(
        self, account: AccountView, slip: BetSlip, *, deadline_s: float, keep: KeepReference
    ) -> Placement:
        self.slips.append(slip)
        return _next(self.answers, slip, Accepted(reference=slip.coupon_id.hex))

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


class FakeWallet(FakeBook):
    """A vendor that takes stakes from the wallet that we host."""

    name = "fakewallet"
    title = "Fake wallet vendor"
    capabilities = frozenset({Capability.WALLET})


class FakeSportsbook(FakeBook):
    """A bookmaker that can do everything but take from our wallet, and uses our coupon's id."""

    name = "fakesports"
    title = "Fake sportsbook"
    capabilities = frozenset(
        {
            Capability.PLACE,
            Capability.RESULTS,
            Capability.QUOTE,
            Capability.RETURN,
            Capability.LIMITS,
            Capability.REGISTER,
            Capability.RESOLVE,
        }
    )
    slip_form = SlipForm(
        items_have_source=True,
        bet_builder=True,
        reference_is_ours=True,
        options=(
            SlipOption(name="overask", kind="flag", help="Above the limit."),
            SlipOption(name="policy", kind="choice", choices=("none", "update"), help="Markets."),
            SlipOption(name="channel", kind="text", longest=10, help="Where the player is."),
            SlipOption(name="share", kind="number", most=Decimal(10), help="A multiplier."),
            SlipOption(name="event", kind="whole", least=Decimal(1), help="An event."),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.quotes: deque[Any] = deque()
        self.returns: deque[Any] = deque()
        self.limits: deque[Any] = deque()
        self.registrations: deque[Any] = deque()
        self.fates: deque[Any] = deque()
        self.asked: list[tuple[str, Any]] = []
        self.wallet_moves = False
        self.first_asked_after_s = 0.0

    def place(
        self, account: AccountView, slip: BetSlip, *, deadline_s: float, keep: KeepReference
    ) -> Placement:
        self.slips.append(slip)
        return _next(self.answers, slip, Accepted(reference=str(slip.coupon_id)))

    def quote(self, account: AccountView, slip: BetSlip, *, deadline_s: float) -> Quoted:
        self.asked.append(("quote", slip))
        return _next(self.quotes, slip, Quote(max_stake=Decimal(500), vip=False))

    def return_bet(
        self, account: AccountView, bet: OpenBet, *, reason: str, deadline_s: float
    ) -> Deed:
        self.asked.append(("return", (bet, reason)))
        return _next(self.returns, bet, Done())

    def wallet_moves_money(self, account: AccountView) -> bool:
        return self.wallet_moves

    def set_limits(
        self,
        account: AccountView,
        player: PlayerProfile,
        *,
        prematch: Decimal,
        live: Decimal,
        reason: str,
        deadline_s: float,
    ) -> Deed:
        self.asked.append(("limits", (player, prematch, live, reason)))
        return _next(self.limits, player, Done())

    def register(
        self, account: AccountView, player: PlayerProfile, *, reason: str, deadline_s: float
    ) -> Deed:
        self.asked.append(("register", (player, reason)))
        return _next(self.registrations, player, Done())

    def resolve_after_s(self, account: AccountView) -> float:
        return self.first_asked_after_s

    def resolve(self, account: AccountView, bet: OpenBet, *, deadline_s: float) -> Placement:
        self.asked.append(("resolve", bet))
        return _next(self.fates, bet, Unknown(reason="still nothing"))


class FakeTickets(FakeSportsbook):
    """A ticket engine: its items have neither event nor odds, and it knows players by tokens."""

    name = "faketickets"
    title = "Fake ticket engine"
    capabilities = frozenset({Capability.PLACE, Capability.RESULTS, Capability.RESOLVE})
    slip_form = SlipForm(
        items_have_event=False,
        items_have_odds=False,
        odds_policies=frozenset({OddsPolicy.NONE}),
        types=frozenset({CouponType.SINGLE, CouponType.EXPRESS}),
        options=(
            SlipOption(name="event", kind="whole", least=Decimal(1), help="", required=True),
            SlipOption(name="source", kind="choice", choices=("desktop", "mobile"), help=""),
        ),
        needs_player_token=True,
    )


def _next(answers: deque[Any], asked: Any, otherwise: Any) -> Any:
    """The answer that the test ordered: a value, an error, or a function of what is asked."""
    answer = answers.popleft() if answers else otherwise
    if isinstance(answer, BaseException):
        raise answer
    return answer(asked) if callable(answer) else answer
