"""betflag against what every provider has to survive."""

from providers import registry, sessions
from providers.contract import Done, Menu
from providers.models import ProviderAccount
from providers.sessions import Opened
from tests.factories.betflag import make_exchange, make_offers
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, reply
from tests.providers.suite.operations import Ending, Operation, Refusal, Surprise, forget_session
from tests.providers.suite.outgoing import OutgoingSuite

MARKET = "813016"
READ = {"lost": Ending.REFUSED, "unsent": Ending.REFUSED}
SESSION = Refusal(case="session_lost", code="provider_access_denied")
NO = Refusal(case="refused", code="market_suspended")
READ_SESSION = Refusal(case="session_lost", ending=Ending.REFUSED, code="provider_access_denied")
READ_NO = Refusal(case="refused", ending=Ending.REFUSED, code="market_suspended")
NEW_ESITO = Surprise(
    path="esito", value=1050, noted="esito=1050", endings=frozenset({Ending.UNKNOWN})
)
READ_NEW_ESITO = Surprise(
    path="esito", value=1050, noted="esito=1050", endings=frozenset({Ending.REFUSED})
)


def exchange():
    return registry.get("betflag")


def read(method: str, *arguments, **named):
    def ask(account: ProviderAccount, deadline_s: float):
        return getattr(exchange(), method)(account, *arguments, deadline_s=deadline_s, **named)

    return ask


def store_session(account: ProviderAccount) -> None:
    """As a login would have left it, without asking for one."""
    forget_session(account)
    sessions.renew(
        account_id=account.id,
        stale=None,
        log_in=lambda: Opened({"token": "90205160-600c-4cf8-9803-62fc14eee768"}),
        wait_s=1,
    )


LOGIN = Operation(
    name="login",
    route="POST /security/session",
    ask=lambda account, deadline_s: exchange().place_offers(
        account, make_offers(), deadline_s=deadline_s
    ),
    yes="login",
    lost=Ending.NOT_SENT,
    before=forget_session,
    refusals=(
        Refusal(case="login_refused", ending=Ending.NOT_SENT, code="provider_credentials_refused"),
    ),
)
LOGOUT = Operation(
    name="logout",
    route="DELETE /security/session",
    ask=read("log_out"),
    yes="logout",
    open_body=True,
    before=store_session,
    refusals=(NO,),
)
KEEP_ALIVE = Operation(
    name="keep_alive",
    route="PUT /security/keepalive",
    ask=read("keep_alive"),
    yes="keep_alive",
    open_body=True,
    before=store_session,
    refusals=(NO,),
)
MENUS = tuple(
    Operation(
        name=menu.value,
        route=f"GET {path}",
        ask=read("events", menu),
        yes=case,
        refusals=(READ_NO,),
        **READ,
    )
    for menu, path, case in (
        (Menu.ALL, "/navigation/menu-ex", "menu"),
        (Menu.LIVE, "/navigation/menu-live", "menu_live"),
        (Menu.UPCOMING_LIVE, "/navigation/menu-nearlive", "menu_upcoming_live"),
    )
)
EVENT_MARKETS = Operation(
    name="event_markets",
    route="GET /navigation/menu/dettaglio/411222",
    ask=read("event_markets", "411222"),
    yes="event_markets",
    refusals=(READ_NO,),
    **READ,
)
BOOK = Operation(
    name="book",
    route="GET /offers/market/813016,3",
    ask=read("book", MARKET, depth=3),
    yes="book",
    refusals=(READ_NO,),
    surprises=(
        READ_NEW_ESITO,
        Surprise(
            path="offerte.stato_betflag",
            value=9,
            noted="stato_betflag=9",
            endings=frozenset({Ending.YES}),
        ),
    ),
    **READ,
)
EXPOSURE = Operation(
    name="exposure",
    route="GET /offers/exp/813016",
    ask=read("exposure", MARKET),
    yes="exposure",
    refusals=(READ_NO, READ_SESSION),
    surprises=(READ_NEW_ESITO,),
    **READ,
)
OWN_OFFERS = Operation(
    name="own_offers",
    route="GET /offers/all/813016",
    ask=read("own_offers", MARKET),
    yes="own_offers",
    refusals=(READ_NO, READ_SESSION),
    surprises=(
        READ_NEW_ESITO,
        Surprise(path="offerte.o.0.st", value=9, noted="st=9", endings=frozenset({Ending.YES})),
        Surprise(
            path="offerte.o.0.tipo", value=7, noted="tipo=7", endings=frozenset({Ending.REFUSED})
        ),
    ),
    **READ,
)
MATCHES = Operation(
    name="matches",
    route="GET /offers/matches/813016",
    ask=read("matches", MARKET),
    yes="matches",
    refusals=(READ_NO, READ_SESSION),
    surprises=(READ_NEW_ESITO,),
    **READ,
)
OPEN_OFFERS = Operation(
    name="open_offers",
    route="GET /offers/open/813016",
    ask=read("open_offers", MARKET),
    yes="open_offers",
    refusals=(READ_NO, READ_SESSION),
    surprises=(READ_NEW_ESITO,),
    **READ,
)
PLACE = Operation(
    name="place",
    route="POST /offers",
    ask=read("place_offers", make_offers()),
    yes="place",
    refusals=(
        NO,
        SESSION,
        Refusal(case="place_partial", ending=Ending.UNKNOWN),
        Refusal(case="esito_unknown", ending=Ending.UNKNOWN),
    ),
    surprises=(NEW_ESITO,),
)
CANCEL = Operation(
    name="cancel",
    route="DELETE /offers",
    ask=read("cancel_offers", MARKET, ["BC0001"]),
    yes="cancel",
    refusals=(NO, SESSION),
    surprises=(NEW_ESITO,),
)
CANCEL_UNMATCHED = Operation(
    name="cancel_unmatched",
    route="DELETE /offers/unmatched",
    ask=read("cancel_unmatched", MARKET),
    yes="cancel_unmatched",
    refusals=(NO, SESSION),
    surprises=(NEW_ESITO,),
)
ACCOUNT_INFO = Operation(
    name="account_info",
    route="GET /account/info",
    ask=read("holder"),
    yes="account_info_person",
    refusals=(READ_NO, READ_SESSION),
    **READ,
)
BALANCE = Operation(
    name="balance",
    route="GET /account/balance",
    ask=read("funds"),
    yes="balance",
    refusals=(READ_NO, READ_SESSION),
    **READ,
)
COMMISSION = Operation(
    name="commission",
    route="GET /account/commission",
    ask=read("commission_percent"),
    yes="commission",
    refusals=(READ_NO, READ_SESSION),
    surprises=(READ_NEW_ESITO,),
    **READ,
)


class TestOutgoing(OutgoingSuite):
    provider = "betflag"
    operations = (
        LOGIN,
        LOGOUT,
        KEEP_ALIVE,
        *MENUS,
        EVENT_MARKETS,
        BOOK,
        EXPOSURE,
        OWN_OFFERS,
        MATCHES,
        OPEN_OFFERS,
        PLACE,
        CANCEL,
        CANCEL_UNMATCHED,
        ACCOUNT_INFO,
        BALANCE,
        COMMISSION,
    )

    def prepare(self, server: Scripted) -> None:
        server.on("POST /security/session", reply(sample("betflag", "login", "response")))

    def make_account(self, server: Scripted) -> ProviderAccount:
        return make_exchange(server.url)

    def test_a_yes_with_a_callers_error_is_no_yes(self, server, account, operation):
        if operation is not KEEP_ALIVE:
            super().test_a_yes_with_a_callers_error_is_no_yes(server, account, operation)
            return
        for status in (400, 404, 409, 422, 429):
            server.on(operation.route, self.yes(operation, status=status))
            assert self.ask(account, operation).kind is Ending.UNKNOWN, status
        for status in (401, 403):
            server.on(operation.route, self.yes(operation, status=status))
            assert self.ask(account, operation).value == Done(note="logged in again")
