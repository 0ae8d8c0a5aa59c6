"""gr8: we place bets there by its S2S API; it may settle them through the wallet that we host.

Source: `documents/gr8.txt`; for the wallet the README of this folder.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeGuard, TypeVar
from uuid import UUID

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
    NotSent,
    OddsPolicy,
    OpenBet,
    Outcome,
    Parsed,
    Placement,
    PlayerProfile,
    Processing,
    Quote,
    Quoted,
    Refused,
    Rejected,
    Reply,
    Route,
    Selection,
    SlipForm,
    SlipOption,
    Unknown,
)
from providers.gr8.authorized import ACCESS_DENIED, AuthorizedCalls, NotAuthorized, Question
from providers.gr8.declared import LEAST_GRACE_S, SECRETS, SETTINGS
from providers.gr8.protocol import answers, operations, slips, wallet, wallet_replies
from providers.gr8.protocol.answers import Reading
from providers.models import CallOutcome
from providers.transport import Answer, Deadline, Transport, conclude, transport
from providers.verification import check_ip_allowed

_TEST_DEADLINE_S = 10.0
_Meaning = TypeVar("_Meaning", bound=Accepted | Done | Quote | Rejected | Unknown)
_OUTCOMES: dict[type, CallOutcome] = {
    Accepted: CallOutcome.ACCEPTED,
    Done: CallOutcome.OK,
    Quote: CallOutcome.OK,
    Rejected: CallOutcome.REJECTED,
    Unknown: CallOutcome.UNKNOWN,
}
_NOBODY = UUID(int=0)

SLIP_FORM = SlipForm(
    bet_builder=True,
    items_have_source=True,
    reference_is_ours=True,
    options=(
        SlipOption(
            name="overask",
            kind="flag",
            help="A VIP's bet above the limit, which gr8's traders decide on.",
        ),
        SlipOption(
            name="without_delay",
            kind="flag",
            help="gr8 does not delay a live bet: you have done so yourself.",
        ),
        SlipOption(
            name="market_policy",
            kind="choice",
            choices=("none", "update"),
            help="update: a total or handicap that has moved is taken as it is now.",
        ),
        SlipOption(
            name="channel",
            kind="choice",
            choices=slips.CHANNELS,
            help="Where the player bets; the account's own channel without it.",
        ),
        SlipOption(
            name="amount_limit_relative",
            kind="number",
            most=Decimal(10),
            help="The player's limit multiplier for this bet.",
        ),
    ),
)


class Gr8:
    """Implements `contract.Provider`, `Quotes`, `Returns`, `Limits`, `Registers`, `Resolves`.

    Its wallet calls are about bets that we placed, so it has no `Capability.WALLET`: what it tells
    of a bet that nobody knows is never kept for later.
    """

    name = "gr8"
    title = "GR8 Tech"
    capabilities: frozenset[Capability] = frozenset(
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
    slip_form = SLIP_FORM
    knows_players_by_our_id = True
    settings: tuple[Declared, ...] = SETTINGS
    secrets: tuple[Declared, ...] = SECRETS
    routes: tuple[Route, ...] = (
        Route(
            path=wallet.TRANSACTIONS_PATH,
            processing=Processing.ANSWER,
            answer_within_s=wallet.ANSWER_WITHIN_S,
        ),
        Route(
            path=wallet.BALANCES_PATH,
            processing=Processing.ANSWER,
            method="GET",
            answer_within_s=wallet.ANSWER_WITHIN_S,
        ),
        Route(
            path=wallet.TRANSACTION_PATH,
            processing=Processing.ANSWER,
            method="GET",
            answer_within_s=wallet.ANSWER_WITHIN_S,
        ),
    )

    def __init__(self, transport: Transport = transport) -> None:
        self._calls = AuthorizedCalls(transport)

    # --- bets -----------------------------------------------------------------------------------

    def check_slip(self, account: AccountView, slip: BetSlip) -> Rejected | None:
        return slips.check_slip(slip)

    def place(
        self, account: AccountView, slip: BetSlip, *, deadline_s: float, keep: KeepReference
    ) -> Placement:
        """Place a bet under our own id ("Bet placement"). `keep` is not asked: the id is known."""
        question = Question(
            operation="place",
            method="POST",
            path=slips.place_path(slip),
            headers=_player_headers(account, slip),
            json=slips.bet_body(slip),
        )
        placed = self._ask(
            account,
            question,
            deadline_s,
            lambda answer: answers.read_placement(
                status=answer.status, body=answer.body, slip=slip
            ),
        )
        if isinstance(placed, Unknown) and slip.options.get("overask"):
            return answers.of_overask(placed)
        return placed

    def quote(self, account: AccountView, slip: BetSlip, *, deadline_s: float) -> Quoted:
        """The highest stake ("Getting max amount of bet")."""
        question = Question(
            operation="quote",
            method="POST",
            path=slips.QUOTE_PATH,
            headers=_player_headers(account, slip),
            json=slips.quote_body(slip),
        )
        return self._ask(
            account,
            question,
            deadline_s,
            lambda answer: answers.read_quote(status=answer.status, body=answer.body, slip=slip),
        )

    def return_bet(
        self, account: AccountView, bet: OpenBet, *, reason: str, deadline_s: float
    ) -> Deed:
        """Void a bet ("Return bet")."""
        question = Question(
            operation="return",
            method="PUT",
            path=operations.return_path(bet.reference or str(bet.coupon_id)),
            headers=slips.comment_header(reason),
        )
        return self._ask(account, question, deadline_s, _read_deed)

    def wallet_moves_money(self, account: AccountView) -> bool:
        return _hosts_wallet(account)

    def resolve_after_s(self, account: AccountView) -> float:
        """gr8 itself takes up to 2 minutes to accept or reject a bet (code 33)."""
        return max(float(account.setting("resolve_grace_s")), LEAST_GRACE_S)

    def resolve(self, account: AccountView, bet: OpenBet, *, deadline_s: float) -> Placement:
        """Return the bet by its id: whatever became of it, it is void then.

        gr8 cannot be asked about a bet. What it refuses to return may be settled already, so that
        a member of staff has to look.
        """
        waited_s = (datetime.now(UTC) - bet.placed_at).total_seconds()
        if waited_s < self.resolve_after_s(account):
            return Unknown(reason=f"only {waited_s:.0f} s have passed: gr8 may still accept it")
        deed = self.return_bet(
            account, bet, reason="No clear answer to its placement", deadline_s=deadline_s
        )
        if isinstance(deed, Done):
            return Rejected(
                code="returned_at_provider", message="gr8 gave no clear answer and returned it."
            )
        if _is_denied(deed):
            return NotSent(code=deed.code, message=deed.message)
        if isinstance(deed, Rejected):
            return Unknown(reason=f"gr8 does not return it: {deed.message}", final=True)
        return deed

    # --- players --------------------------------------------------------------------------------

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
        """Set the multipliers ("Set Player Limit multiplier"), where `limits_in` wants them."""
        refused = operations.check_limits(prematch=prematch, live=live)
        if refused is not None:
            return refused
        in_body = account.setting("limits_in") == "body"
        query = "" if in_body else operations.limits_query(prematch=prematch, live=live)
        question = Question(
            operation="limits",
            method="PUT",
            path=operations.limits_path(player.player_id) + query,
            headers=slips.comment_header(reason),
            json=operations.limits_body(prematch=prematch, live=live) if in_body else None,
        )
        return self._ask(account, question, deadline_s, _read_deed)

    def register(
        self, account: AccountView, player: PlayerProfile, *, reason: str, deadline_s: float
    ) -> Deed:
        """Tell gr8 of a player ("Add Player")."""
        refused = operations.check_player(player)
        if refused is not None:
            return refused
        question = Question(
            operation="register",
            method="POST",
            path=operations.REGISTER_PATH,
            headers=slips.comment_header(reason),
            json=operations.registration_body(player),
        )
        return self._ask(
            account,
            question,
            deadline_s,
            lambda answer: answers.read_registration(status=answer.status, body=answer.body),
        )

    # --- the account ----------------------------------------------------------------------------

    def test(self, account: AccountView) -> ConnectionReport:
        """Fetch a token, and ask for the highest stake on an event that does not exist."""
        deadline = Deadline(_TEST_DEADLINE_S)
        try:
            self._calls.renew(account, deadline)
        except NotAuthorized as error:
            return ConnectionReport(ok=False, detail=f"{error.code}: {error.message}")
        quoted = self.quote(account, _nothing_to_bet_on(), deadline_s=deadline.left_s)
        if isinstance(quoted, NotSent) or _is_denied(quoted):
            return ConnectionReport(ok=False, detail=f"{quoted.code}: {quoted.message}")
        if isinstance(quoted, Unknown):
            return ConnectionReport(ok=False, detail=f"no answer to a quote: {quoted.reason}")
        took_ms = round(1000 * (_TEST_DEADLINE_S - deadline.left_s))
        return ConnectionReport(ok=True, detail=f"authorized and answered within {took_ms} ms")

    def warnings(self, account: AccountView) -> tuple[str, ...]:
        has_client = account.secret("client_id") and account.secret("client_secret")
        found = []
        if not account.secret("token") and not (has_client and account.setting("token_url")):
            found.append("there is neither a token nor client_id, client_secret and token_url")
        if account.secret("token") and has_client:
            found.append("there are a token and a client: the token is used")
        found += [
            f"{name} is empty, and GR8 Tech expects one"
            for name in ("operator_id", "brand")
            if not account.setting(name)
        ]
        return tuple(found)

    # --- inbound --------------------------------------------------------------------------------

    def verify(self, account: AccountView, request: Inbound) -> None:
        check_ip_allowed(allowed_ips=account.setting("allowed_ips"), remote_ip=request.remote_ip)

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        return wallet.parse(request, hosted=_hosts_wallet(account))

    def reply(self, request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
        return wallet_replies.reply(request, outcomes)

    def refusal(self, error: Refused) -> Reply:
        return wallet_replies.refusal(error)

    # --------------------------------------------------------------------------------------------

    def _ask(
        self,
        account: AccountView,
        question: Question,
        deadline_s: float,
        read: Callable[[Answer], Reading[_Meaning]],
    ) -> _Meaning | NotSent | Rejected | Unknown:
        """Ask, say in the log what the answer came to, and return that."""
        answer = self._calls.ask(account, question, Deadline(deadline_s))
        if not isinstance(answer, Answer):
            return answer
        reading = read(answer)
        meaning = reading.meaning
        conclude(
            call_id=answer.call_id,
            outcome=_OUTCOMES[type(meaning)],
            error=_in_words(meaning),
            unknown_fields=reading.unknown_fields,
            unknown_values=reading.unknown_values,
        )
        return meaning


def _read_deed(answer: Answer) -> Reading[Done | Rejected | Unknown]:
    return answers.read_deed(status=answer.status, body=answer.body)


def _is_denied(meaning: object) -> TypeGuard[Rejected]:
    """Whether gr8 did not even look at the question."""
    return isinstance(meaning, Rejected) and meaning.code == ACCESS_DENIED


def _in_words(meaning: Any) -> str:
    if isinstance(meaning, Rejected):
        return meaning.message
    return meaning.reason if isinstance(meaning, Unknown) else ""


def _hosts_wallet(account: AccountView) -> bool:
    return account.setting("wallet_mode") == "seamless"


def _player_headers(account: AccountView, slip: BetSlip) -> dict[str, str]:
    channel = str(slip.options.get("channel") or account.setting("channel"))
    return slips.player_headers(player_id=slip.player_id, currency=slip.currency, channel=channel)


def _nothing_to_bet_on() -> BetSlip:
    """A slip that no event fits."""
    return BetSlip(
        coupon_id=_NOBODY,
        player_id=_NOBODY,
        player_uid="",
        type=CouponType.SINGLE,
        system_size=None,
        stake=Decimal(1),
        currency="USD",
        odds_policy=OddsPolicy.RISE,
        selections=(
            Selection(
                event_id=str(_NOBODY), selection="[0,[],[0],0,0,[]]", odds=Decimal(2), is_live=False
            ),
        ),
        callback_url="",
    )
