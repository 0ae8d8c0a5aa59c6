"""The settings and secrets of a betflag account. The README of this folder explains each."""

from providers.betflag.protocol import ticks
from providers.betflag.protocol.operations import OPERATIONS, Operation, placeholders
from providers.contract import Declared

_SECONDS = r"\d{1,3}(\.\d{1,2})?"
_STATES = r"\d{1,4}=[a-z_]{1,20}(, ?\d{1,4}=[a-z_]{1,20})*"
_OFFER_STATES = r"\d{1,4}=(open|cancelled)(, ?\d{1,4}=(open|cancelled))*"
_PATH = r"/[\w.,{}~/?&=-]{0,200}"


def _path(operation: Operation) -> Declared:
    names = ", ".join(f"{{{name}}}" for name in placeholders(operation.path))
    return Declared(
        name=operation.setting,
        label=f"Path of {operation.name}",
        help=f"A path with {names}." if names else "A path, beginning with a slash.",
        check="pattern",
        pattern=_PATH,
        default=operation.path,
    )


SETTINGS: tuple[Declared, ...] = (
    Declared(
        name="currency",
        label="Currency",
        help="Three letters: the currency of the account.",
        check="pattern",
        pattern="[A-Z]{3}",
        default="EUR",
    ),
    Declared(
        name="ticks",
        label="Ticks",
        help="bands of odds with their step, as 1.01-2:0.01,2-3:0.02; empty for two decimals",
        check="pattern",
        pattern=ticks.LADDER_PATTERN,
    ),
    Declared(
        name="min_stake",
        label="Least stake",
        help="an amount, as 2 or 2.00; empty for none",
        check="pattern",
        pattern=r"\d{1,9}(\.\d{1,2})?",
    ),
    Declared(
        name="menu_cache_s",
        label="Menus kept (seconds)",
        help="seconds, as 5 or 0.5; 0 asks the exchange each time",
        check="pattern",
        pattern=_SECONDS,
        default="5",
    ),
    Declared(
        name="book_cache_s",
        label="Books kept (seconds)",
        help="seconds, as 1 or 0.5; 0 asks the exchange each time",
        check="pattern",
        pattern=_SECONDS,
        default="1",
    ),
    Declared(
        name="back_takes",
        label="A back takes",
        help="The side of the book that a back order consumes.",
        check="choice",
        choices=("banca", "punta"),
        default="banca",
    ),
    Declared(
        name="lay_amount",
        label="A lay counts",
        help="With what a lay counts in the order's total, puntata.",
        check="choice",
        choices=("stake", "liability"),
        default="stake",
    ),
    Declared(
        name="exposure_rounding",
        label="Liability rounded",
        help="How a liability that is no whole number of cents is sent.",
        check="choice",
        choices=("up", "down", "half_up"),
        default="up",
    ),
    Declared(
        name="market_statuses",
        label="Market states",
        help="codes of stato_betflag and stato_sogei, as 2=open,3=suspended",
        check="pattern",
        pattern=_STATES,
        default="2=open",
    ),
    Declared(
        name="offer_statuses",
        label="Offer states",
        help="codes of st that mean open or cancelled, as 1=open,2=open,3=cancelled",
        check="pattern",
        pattern=_OFFER_STATES,
        default="1=open,2=open",
    ),
    Declared(
        name="exposure_fields",
        label="Fields of an exposure",
        help="worst case, list of results, selection and amount, as tot,esi,c,e",
        check="pattern",
        pattern=r"\w{1,30}(, ?\w{1,30}){3}",
        default="tot,esi,c,e",
    ),
    Declared(
        name="commission_unit",
        label="One of tax, in percent",
        help="With 0.01 a tax of 251 is 2.51 %.",
        check="choice",
        choices=("0.01", "0.1", "1"),
        default="0.01",
    ),
    *(_path(operation) for operation in OPERATIONS),
)

SECRETS: tuple[Declared, ...] = (
    Declared(
        name="api_key", label="API key", help="Sent as X-BFkey with every call.", required=True
    ),
    Declared(name="username", label="Username", help="Of the betflag account.", required=True),
    Declared(name="password", label="Password", help="Of the betflag account.", required=True),
)
