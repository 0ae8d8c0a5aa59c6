"""gr8 against what every provider has to survive."""

from datetime import UTC, datetime
from decimal import Decimal

from providers import services
from providers.contract import Balance, Lookup, OpenBet, PlayerProfile, WalletMove
from providers.models import ProviderAccount
from tests.factories.providers import make_account
from tests.providers.gr8.asked import BET, PLAYER, slip
from tests.providers.scripted import Scripted
from tests.providers.suite.inbound import AddressedCallbacks, Callback, Strange
from tests.providers.suite.operations import Ending, Operation, Refusal, Surprise, forget_session
from tests.providers.suite.outgoing import OutgoingSuite

SECRETS = {"client_id": "operator-client", "client_secret": "operator-secret"}
PROFILE = PlayerProfile(
    player_id=PLAYER,
    player_uid=str(PLAYER),
    external_id="56435344",
    username="TestUser778",
    currency="USD",
)


def place(account, deadline_s, **options):
    return services.place(
        account=account, keep=bool, slip=slip(options=options), deadline_s=deadline_s
    )


def place_without_delay(account, deadline_s):
    return place(account, deadline_s, without_delay=True)


def quote(account, deadline_s):
    return services.quote(account=account, slip=slip(), deadline_s=deadline_s)


def return_bet(account, deadline_s):
    return services.return_bet(
        account=account, bet=open_bet(), reason="by request", deadline_s=deadline_s
    )


def resolve(account, deadline_s):
    return services.resolve(account=account, bet=open_bet(), deadline_s=deadline_s)


def set_limits(account, deadline_s):
    return services.set_limits(
        account=account,
        player=PROFILE,
        prematch=Decimal("2.1"),
        live=Decimal("1.8"),
        reason="by request",
        deadline_s=deadline_s,
    )


def register(account, deadline_s):
    return services.register(
        account=account, player=PROFILE, reason="a new player", deadline_s=deadline_s
    )


def open_bet():
    return OpenBet(
        coupon_id=BET,
        reference=str(BET),
        player_id=PLAYER,
        player_uid=str(PLAYER),
        stake=Decimal(100),
        currency="USD",
        placed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


REFUSALS = (
    Refusal(case="refused_common", status=400, code="stake_too_high"),
    Refusal(case="refused_specific", status=400, code="market_changed"),
    Refusal(case="refused_specific_map", status=400, code="market_changed"),
    Refusal(case="refused_fields", status=400, code="wrong_bet_data"),
    Refusal(case="quote_refused_specific", status=422, code="selection_not_found"),
    Refusal(case="quote_refused_common", status=422, ending=Ending.UNKNOWN),
)
SURPRISES = (
    Surprise(
        path="errors.common.code",
        value=777,
        case="refused_common",
        status=400,
        noted="errors.common.code=777",
        endings=frozenset({Ending.UNKNOWN}),
    ),
    Surprise(
        path="errors.specificV2.0.code",
        value=778,
        case="refused_specific",
        status=400,
        noted="errors.specificV2[].code=778",
        endings=frozenset({Ending.UNKNOWN}),
    ),
    Surprise(
        path="offerType",
        value="Surprise",
        case="place_overask",
        noted="offerType=Surprise",
        endings=frozenset({Ending.YES}),
    ),
    Surprise(
        path="specialBetTypes.0",
        value="Surprise",
        case="place_overask",
        noted="specialBetTypes=Surprise",
        endings=frozenset({Ending.YES}),
    ),
)
OPERATIONS = (
    Operation(
        name="token",
        route="POST /oauth/token",
        ask=place,
        yes="token",
        lost=Ending.NOT_SENT,
        before=forget_session,
        refusals=(
            Refusal(
                case="token_refused",
                status=401,
                ending=Ending.NOT_SENT,
                code="provider_credentials_refused",
            ),
        ),
    ),
    Operation(
        name="place",
        route="POST /v1/sport/v1/bet",
        ask=place,
        yes="place_single",
        refusals=REFUSALS,
        surprises=SURPRISES,
    ),
    Operation(
        name="place without delay",
        route="POST /v1/sport/mts/v1/bet",
        ask=place_without_delay,
        yes="place_overask",
        refusals=REFUSALS,
        surprises=SURPRISES,
    ),
    Operation(
        name="quote",
        route="POST /v1/sport/v1/bet/max-amount",
        ask=quote,
        yes="quote",
        refusals=(
            Refusal(case="refused_fields", status=400, code="wrong_bet_data"),
            Refusal(case="quote_refused_common", status=422, code="provider_refused"),
            Refusal(case="quote_refused_specific", status=422, code="selection_not_found"),
        ),
    ),
    Operation(
        name="return",
        route=f"PUT /v1/sport/v1/bet/return/{BET}",
        ask=return_bet,
        yes="done",
        open_body=True,
        refusals=(Refusal(case="return_refused", status=400, code="wrong_bet_data"),),
    ),
    Operation(
        name="limits",
        route=f"PUT /v1/sport/v1/players/{PLAYER}/limits",
        ask=set_limits,
        yes="done",
        open_body=True,
        refusals=(Refusal(case="refused_fields", status=400, code="wrong_bet_data"),),
    ),
    Operation(
        name="register",
        route="POST /v1/pam/v1/registration/iframe",
        ask=register,
        yes="done",
        open_body=True,
        refusals=(Refusal(case="refused_fields", status=400, code="wrong_bet_data"),),
    ),
)


class TestOutgoing(OutgoingSuite):
    provider = "gr8"
    operations = OPERATIONS

    def make_account(self, server: Scripted) -> ProviderAccount:
        return make_account(
            "gr8",
            base_url=server.url,
            settings={"token_url": f"{server.url}/oauth/token"},
            secrets=SECRETS,
        )

    def away(self, account: ProviderAccount, url: str) -> None:
        settings = {**account.settings, "token_url": f"{url}/oauth/token"}
        ProviderAccount.objects.filter(pk=account.pk).update(base_url=url, settings=settings)


PATH = f"/api/v2/wallet/{PLAYER}"


class TestInbound(AddressedCallbacks):
    provider = "gr8"
    callbacks = (
        Callback(
            name="bet",
            path=f"{PATH}/transactions",
            case="wallet_bet",
            commands=(WalletMove,),
            status=400,
            stranges=(
                Strange(path="type", value="award", noted="type=award"),
                Strange(path="context.reason", value="freebet", noted="context.reason=freebet"),
                Strange(path="platform", value="casino", noted="platform=casino"),
                Strange(path="context.product", value="slots", noted="context.product=slots"),
            ),
        ),
        Callback(
            name="settle",
            path=f"{PATH}/transactions",
            case="wallet_settle",
            commands=(WalletMove,),
            status=400,
        ),
        Callback(
            name="settle with more of the bet",
            path=f"{PATH}/transactions",
            case="wallet_settle_extended",
            commands=(WalletMove,),
            status=400,
            # What is told of a bet and of a tax beside the move is kept with the message only.
            closed=frozenset({"bet", "tax"}),
        ),
        Callback(
            name="cancel settle",
            path=f"{PATH}/transactions",
            case="wallet_cancel_settle",
            commands=(WalletMove,),
            status=400,
        ),
        Callback(
            name="rollback",
            path=f"{PATH}/transactions",
            case="wallet_rollback",
            commands=(WalletMove,),
            status=400,
            stranges=(
                Strange(path="context.reason", value="regret", noted="context.reason=regret"),
            ),
        ),
        Callback(
            name="balances",
            path=f"{PATH}/balances",
            method="GET",
            query="currencies=USD",
            commands=(Balance,),
            status=400,
        ),
        Callback(
            name="transaction",
            path=f"{PATH}/transactions/5f338453-6172-491f-b8f0-27e382ea05eb",
            method="GET",
            commands=(Lookup,),
            status=400,
        ),
    )

    def make_account(self) -> ProviderAccount:
        return make_account("gr8", settings={"wallet_mode": "seamless"}, secrets=SECRETS)
