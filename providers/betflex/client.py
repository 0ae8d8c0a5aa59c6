"""BetFlex: the vendor calls our wallet, we never call the vendor.

Source: `documents/betflex.txt`.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from providers.betflex import protocol
from providers.contract import (
    AccountView,
    BetSlip,
    Capability,
    ConnectionReport,
    Declared,
    Inbound,
    KeepReference,
    NotSent,
    Outcome,
    Parsed,
    Placement,
    Processing,
    Refused,
    Rejected,
    Reply,
    Route,
    SlipForm,
)
from providers.usual_settings import ALLOWED_IPS, PUBLIC_URL, RESULT_DUE_H
from providers.verification import JWT_ALGORITHMS, check_ip_allowed, check_jwt

_SHORTEST_SAFE_KEY = 32


class Betflex:
    """Implements `contract.Provider`."""

    name = "betflex"
    title = "BetFlex"
    capabilities: frozenset[Capability] = frozenset({Capability.WALLET, Capability.RESULTS})
    slip_form = SlipForm()
    knows_players_by_our_id = False
    settings: tuple[Declared, ...] = (
        Declared(
            name="jwt_algorithm",
            label="JWT algorithm",
            help="How the bearer token is signed, if there is a jwt_key.",
            check="choice",
            choices=JWT_ALGORITHMS,
            default="HS256",
        ),
        Declared(
            name="jwt_issuer",
            label="JWT issuer",
            help="Who must have issued the bearer token; empty accepts any.",
        ),
        ALLOWED_IPS,
        PUBLIC_URL,
        RESULT_DUE_H,
    )
    secrets: tuple[Declared, ...] = (
        Declared(
            name="jwt_key",
            label="JWT key",
            help="The shared secret or the public key (PEM); without it no token is asked for.",
        ),
    )
    routes: tuple[Route, ...] = (
        Route(path=protocol.BETS_PATH, processing=Processing.ANSWER),
        Route(path=protocol.WINNERS_PATH, processing=Processing.ANSWER),
        Route(path=protocol.CANCEL_PATH, processing=Processing.ANSWER),
    )
    _parsers: ClassVar[dict[str, Callable[[Inbound], Parsed]]] = {
        protocol.BETS_PATH: protocol.parse_bets,
        protocol.WINNERS_PATH: protocol.parse_winners,
        protocol.CANCEL_PATH: protocol.parse_cancel,
    }

    def check_slip(self, account: AccountView, slip: BetSlip) -> Rejected | None:
        return Rejected(code="placement_not_supported", message="BetFlex takes bets by itself")

    def place(
        self, account: AccountView, slip: BetSlip, *, deadline_s: float, keep: KeepReference
    ) -> Placement:
        return NotSent(code="placement_not_supported", message="BetFlex takes bets by itself")

    def test(self, account: AccountView) -> ConnectionReport:
        """There is nothing to call: says how inbound requests are verified."""
        checks = ["the secret path token"]
        if account.secret("jwt_key"):
            checks.append(f"a JWT ({account.setting('jwt_algorithm')})")
        if account.setting("allowed_ips"):
            checks.append(f"the address list {account.setting('allowed_ips')}")
        detail = f"BetFlex calls us; its requests are verified by {', '.join(checks)}"
        return ConnectionReport(ok=True, detail=detail)

    def warnings(self, account: AccountView) -> tuple[str, ...]:
        key = account.secret("jwt_key")
        if key and len(key.encode()) < _SHORTEST_SAFE_KEY:
            return (f"jwt_key is shorter than {_SHORTEST_SAFE_KEY} bytes and can be guessed",)
        return ()

    def verify(self, account: AccountView, request: Inbound) -> None:
        check_ip_allowed(allowed_ips=account.setting("allowed_ips"), remote_ip=request.remote_ip)
        key = account.secret("jwt_key")
        if key:
            check_jwt(
                authorization=request.headers.get("authorization", ""),
                key=key,
                algorithm=account.setting("jwt_algorithm"),
                issuer=account.setting("jwt_issuer"),
            )

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        return self._parsers[request.path](request)

    def reply(self, request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
        return protocol.reply(outcomes)

    def refusal(self, error: Refused) -> Reply:
        return protocol.refusal(error)
