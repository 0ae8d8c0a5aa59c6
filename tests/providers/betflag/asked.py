"""What is asked of the scripted exchange, and what it answers."""

from providers import registry
from providers.contract import OfferPlacement
from tests.factories.betflag import make_offers
from tests.providers.samples import sample
from tests.providers.scripted import Step, reply

MARKET = "813016"
TOKEN = "90205160-600c-4cf8-9803-62fc14eee768"
LOGIN = "POST /security/session"
KEEP_ALIVE = "PUT /security/keepalive"
BALANCE = "GET /account/balance"
PLACE = "POST /offers"
BOOK = "GET /offers/market/813016,1"


def answer(case: str, **how) -> Step:
    return reply(sample("betflag", case, "response"), **how)


def log_in_as(token: str) -> Step:
    return reply({"Balance": 7475, "SessionToken": token, "UserId": "13"})


def place(account, slip=None) -> OfferPlacement:
    return registry.get("betflag").place_offers(account, slip or make_offers(), deadline_s=5)
