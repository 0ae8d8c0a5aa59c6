"""betcalc against what every provider has to survive."""

from decimal import Decimal
from uuid import UUID

from providers import completion, services
from providers.contract import Settle
from providers.models import ProviderAccount
from tests.factories.providers import make_account, make_slip
from tests.providers.scripted import Scripted
from tests.providers.suite.inbound import Callback, InboundSuite, Strange
from tests.providers.suite.operations import Ending, Operation, Refusal, Surprise, forget_session
from tests.providers.suite.outgoing import OutgoingSuite

JSON = "Content-Type: application/json"


def place(account, deadline_s):
    slip = make_slip(coupon_id=UUID(int=7), stake=Decimal("2.00"))
    return services.place(account=account, keep=bool, slip=slip, deadline_s=deadline_s)


def poll(account, deadline_s):
    return completion.poll(account=account, references=["x9c52i8411"], deadline_s=deadline_s)


LOGIN = Operation(
    name="login",
    route="POST /WebServices/BCService.asmx/LogIn/",
    ask=place,
    yes="login_accepted",
    headers=(JSON, "Set-Cookie: ASP.NET_SessionId=cookie-one; path=/; HttpOnly"),
    lost=Ending.NOT_SENT,
    before=forget_session,
    refusals=(
        Refusal(case="login_refused", ending=Ending.NOT_SENT, code="provider_credentials_refused"),
    ),
)
PLACE = Operation(
    name="place",
    route="POST /bet/place/",
    ask=place,
    yes="placement_accepted",
    refusals=(
        Refusal(case="placement_wrong_data", code="wrong_bet_data"),
        Refusal(case="placement_refused", code="bet_blocked"),
        Refusal(case="placement_repeated", code="repeated_selection"),
        Refusal(case="placement_odds_changed", code="odds_changed"),
        Refusal(case="placement_gone", code="selection_not_found"),
        Refusal(case="placement_session_lost", code="provider_access_denied"),
        Refusal(case="placement_remote_host", code="provider_misconfigured"),
    ),
    surprises=(
        Surprise(
            path="fullErrorCode",
            value=55,
            case="placement_refused",
            noted="fullErrorCode=55",
            endings=frozenset({Ending.REJECTED}),
        ),
        Surprise(
            path="errorCode",
            value=7,
            case="placement_accepted",
            noted="errorCode=7",
            endings=frozenset({Ending.UNKNOWN}),
        ),
    ),
)


POLL = Operation(
    name="poll",
    route="POST /loadbars/",
    ask=poll,
    yes="poll",
    lost=Ending.REFUSED,
    unsent=Ending.REFUSED,
    refusals=(Refusal(case="placement_session_lost", ending=Ending.REFUSED),),
    surprises=(
        Surprise(
            path="0.Heads.0.Status",
            value=7,
            noted="Status/ExtStatus=7/0",
            endings=frozenset({Ending.YES}),
        ),
    ),
)


class TestOutgoing(OutgoingSuite):
    provider = "betcalc"
    operations = (LOGIN, PLACE)


class TestPolling(OutgoingSuite):
    provider = "betcalc"
    operations = (POLL,)

    def prepare(self, server: Scripted) -> None:
        server.on(LOGIN.route, self.yes(LOGIN))

    def make_account(self, server: Scripted) -> ProviderAccount:
        return make_account(base_url=server.url, settings={"poll_email": "ann@example.com"})


class TestInbound(InboundSuite):
    provider = "betcalc"
    callbacks = (
        Callback(
            name="result",
            path="/api/bet/result",
            case="result_won",
            commands=(Settle,),
            stranges=(
                Strange(path="Heads.0.Status", value=7, noted="Status/ExtStatus=7/0"),
                Strange(path="Heads.0.ExtStatus", value=9, noted="Status/ExtStatus=2/9"),
            ),
        ),
        Callback(
            name="results",
            path="/api/bet/result",
            case="result_many_heads",
            commands=(Settle, Settle),
        ),
        Callback(
            name="result in lower case",
            path="/api/bet/result",
            case="result_lower_case",
            commands=(Settle,),
        ),
        Callback(
            name="result of a coupon's key",
            path="/api/bet/result",
            key="key-of-a-coupon",
            case="result_changed_coefficient",
            commands=(Settle,),
        ),
    )
