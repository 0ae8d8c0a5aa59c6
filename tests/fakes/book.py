"""A bookmaker in memory that answers as a test tells it to."""

from collections import deque
from collections.abc import Callable

from providers.contract import (
    Accepted,
    AccountView,
    BetSlip,
    Capability,
    ConnectionReport,
    Declared,
    Inbound,
    KeepReference,
    Parsed,
    Placement,
    Rejected,
    Reply,
    SlipForm,
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
        answer = self.answers.popleft() if self.answers else Accepted(reference=slip.coupon_id.hex)
        if isinstance(answer, BaseException):
            raise answer
        return answer(slip) if callable(answer) else answer

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
