"""superbet: tickets are reserved, then paid; the engine asks and tells our PAM webhook.

Source: `documents/superbet.txt` and the page beside it.
"""

from collections.abc import Sequence

from providers.contract import (
    AccountView,
    BetSlip,
    Capability,
    ConnectionReport,
    Declared,
    Inbound,
    Incomplete,
    KeepReference,
    OpenBet,
    Outcome,
    Parsed,
    Placement,
    Processing,
    Refused,
    Rejected,
    Reply,
    Route,
    Settle,
)
from providers.superbet.declared import SECRETS, SETTINGS, SLIP_FORM
from providers.superbet.engine import Engine, Errand
from providers.superbet.placing import Placing
from providers.superbet.protocol import meanings, replies, signing, tickets, webhook
from providers.superbet.protocol.tickets import ListAnswer, Ticket, TicketAnswer
from providers.superbet.resolving import Resolving
from providers.transport import CallFailed, Transport, transport
from providers.verification import check_ip_allowed

_TEST_DEADLINE_S = 10.0
# A lost answer is looked into once the call itself can no longer arrive.
_RESOLVE_AFTER_S = 15.0


class Superbet:
    """Implements `contract.Provider`, `Resolves` and `Completes`.

    It has no `Capability.WALLET`, although `ticket_create` takes money from a player's wallet:
    there is no seamless wallet behind it. Results are acknowledged and never repeated by the
    engine, so one whose bet is not known yet has to be kept, which wallets leave to the vendor.
    """

    name = "superbet"
    title = "superbet"
    capabilities: frozenset[Capability] = frozenset(
        {Capability.PLACE, Capability.RESULTS, Capability.RESOLVE, Capability.COMPLETE}
    )
    slip_form = SLIP_FORM
    knows_players_by_our_id = True
    settings: tuple[Declared, ...] = SETTINGS
    secrets: tuple[Declared, ...] = SECRETS
    routes: tuple[Route, ...] = (Route(path=webhook.WEBHOOK_PATH, processing=Processing.ANSWER),)

    def __init__(self, transport: Transport = transport) -> None:
        self._engine = Engine(transport)
        self._placing = Placing(self._engine)
        self._resolving = Resolving(self._engine)

    # --- outgoing -------------------------------------------------------------------------------

    def check_slip(self, account: AccountView, slip: BetSlip) -> Rejected | None:
        return tickets.check_slip(slip)

    def place(
        self, account: AccountView, slip: BetSlip, *, deadline_s: float, keep: KeepReference
    ) -> Placement:
        return self._placing.place(account, slip, deadline_s=deadline_s, keep=keep)

    def resolve_after_s(self, account: AccountView) -> float:
        return _RESOLVE_AFTER_S

    def resolve(self, account: AccountView, bet: OpenBet, *, deadline_s: float) -> Placement:
        return self._resolving.resolve(account, bet, deadline_s=deadline_s)

    def complete(self, account: AccountView, command: Settle, *, deadline_s: float) -> Settle:
        try:
            answer = self.ticket(account, command.reference, deadline_s=deadline_s)
        except CallFailed as error:
            raise Incomplete(error.message) from None
        if not isinstance(answer, Ticket):
            raise Incomplete(meanings.in_words(answer))
        return meanings.completed(command, answer)

    def ticket(self, account: AccountView, reference: str, *, deadline_s: float) -> TicketAnswer:
        """A ticket as the engine has it, by id or code. Raises `CallFailed`."""
        return self._engine.ticket(Errand(account=account, deadline_s=deadline_s), reference)

    def tickets(
        self,
        account: AccountView,
        *,
        deadline_s: float,
        limit: int = 10,
        user_id: str = "",
        skip_types: tuple[str, ...] = (),
    ) -> ListAnswer:
        """The newest tickets, of one player if `user_id` is given. Raises `CallFailed`."""
        errand = Errand(account=account, deadline_s=deadline_s)
        return self._engine.tickets(errand, limit=limit, user_id=user_id, skip_types=skip_types)

    def create(self, account: AccountView, slip: BetSlip, *, deadline_s: float) -> Placement:
        """Place a ticket at once, whatever the account's `placement` says."""
        return self._placing.create(account, slip, deadline_s=deadline_s)

    def test(self, account: AccountView) -> ConnectionReport:
        """Ask for one ticket: the address, the operator and the secret have to be right for it."""
        try:
            answer = self.tickets(account, deadline_s=_TEST_DEADLINE_S, limit=1)
        except CallFailed as error:
            return ConnectionReport(ok=False, detail=f"{error.code}: {error.message}")
        if isinstance(answer, tuple):
            return ConnectionReport(ok=True, detail="the engine answered a signed request")
        return ConnectionReport(ok=False, detail=meanings.in_words(answer))

    def warnings(self, account: AccountView) -> tuple[str, ...]:
        if not account.secret("signing_secret"):
            return ("signing_secret is not set: every message but ping is refused",)
        return ()

    # --- inbound --------------------------------------------------------------------------------

    def verify(self, account: AccountView, request: Inbound) -> None:
        """A ping carries no signature; everything else does."""
        check_ip_allowed(allowed_ips=account.setting("allowed_ips"), remote_ip=request.remote_ip)
        if webhook.action_of(request.body) == webhook.PING:
            return
        signing.check(
            request,
            secret=account.secret("signing_secret"),
            max_skew_s=int(account.setting("pam_skew_s")),
        )

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        return webhook.parse(
            request, operator=account.setting("operator"), language=account.setting("lang")
        )

    def reply(self, request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
        return replies.reply(request, outcomes)

    def refusal(self, error: Refused) -> Reply:
        return replies.refusal(error)
