"""What the tests of gr8 ask for: the document's own bet, and an account that asks for it."""

import threading
from decimal import Decimal
from uuid import UUID

from providers import services
from providers.contract import OddsPolicy, Selection
from providers.models import ProviderAccount
from tests.factories.providers import make_account, make_slip
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, reply
from tests.providers.suite import damage

# The id that the document's own answer has.
BET = UUID("f894f99e-3d67-4c6b-a84c-a9e9a3c4a884")
DOCUMENT_EVENT = "SportsbookAutotesteb648b2b-ba50-475e-9af6-bf6abb4140ab"
DOCUMENT_SELECTION = Selection(
    event_id=DOCUMENT_EVENT,
    selection="[2,[],[0],1,3,[]]",
    odds=Decimal("2.0"),
    is_live=False,
    data_version=0,
)
PLACE = "/v1/sport/v1/bet"
MTS_PLACE = "/v1/sport/mts/v1/bet"
TOKEN = "/oauth/token"
PLAYER = UUID("33dd1450-e250-4fb4-896c-0d987d4fde9f")
YES = reply(sample("gr8", "place_single", "response"))
DONE = reply("{}")
UNAUTHORIZED = reply("", status=401)


def token(name: str = "one", **more):
    answer = {"access_token": name, "token_type": "Bearer", "expires_in": 3600, **more}
    return reply(damage.dumps(answer))


def account_at(server: Scripted, **changes) -> ProviderAccount:
    server.on(TOKEN, token())
    server.on(PLACE, YES)
    values = {
        "base_url": server.url,
        "settings": {
            "token_url": server.url + TOKEN,
            "operator_id": "operator-7",
            "brand": "brand-7",
        },
        "secrets": {"client_id": "operator-client", "client_secret": "operator-secret"},
        **changes,
    }
    return make_account("gr8", **values)


def slip(*selections, **changes):
    values = {
        "coupon_id": BET,
        "player_id": PLAYER,
        "stake": Decimal("100.0"),
        "odds_policy": OddsPolicy.ANY,
        **changes,
    }
    return make_slip(*(selections or (DOCUMENT_SELECTION,)), **values)


def place(account, *selections, deadline_s=5.0, **changes):
    return services.place(
        account=account, keep=bool, slip=slip(*selections, **changes), deadline_s=deadline_s
    )


def change(account, **changes):
    services.save_account(code=account.code, **changes)
    account.refresh_from_db()


def run_all(work, count: int) -> None:
    """Do the work in so many threads at once."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
