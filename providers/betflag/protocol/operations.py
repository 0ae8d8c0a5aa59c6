"""The operations of the exchange: how each is called, and where it lies on the wire.

Source: `documents/betflag.txt`. The document shows no paths. Those marked [pub] are what public
clients of version 2.0.7 call; the others follow their form. An account may override every one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`signed` operations carry the session's token.

    `is_enveloped` answers say `esito` and `errore`, `is_open` ones have no documented body, and
    `is_personal` ones are never logged.
    """

    name: str
    method: str
    path: str
    signed: bool = True
    is_enveloped: bool = True
    is_open: bool = False
    is_personal: bool = False

    @property
    def setting(self) -> str:
        """The account setting that overrides the path."""
        return f"path.{self.name}"


# "SECURITY"
LOGIN = Operation(
    name="login", method="POST", path="/security/session", signed=False, is_enveloped=False
)  # [pub]
LOGOUT = Operation(name="logout", method="DELETE", path="/security/session", is_open=True)
KEEP_ALIVE = Operation(
    name="keep_alive", method="PUT", path="/security/keepalive", is_open=True
)  # [pub]

# "NAVIGATION"
MENU = Operation(
    name="menu", method="GET", path="/navigation/menu-ex", signed=False, is_enveloped=False
)  # [pub]
MENU_LIVE = Operation(
    name="menu_live", method="GET", path="/navigation/menu-live", signed=False, is_enveloped=False
)
MENU_UPCOMING_LIVE = Operation(
    name="menu_upcoming_live",
    method="GET",
    path="/navigation/menu-nearlive",
    signed=False,
    is_enveloped=False,
)
EVENT_MARKETS = Operation(
    name="event_markets",
    method="GET",
    path="/navigation/menu/dettaglio/{id_avvenimento}",
    signed=False,
    is_enveloped=False,
)  # [pub]

# "OFFERS"
BOOK = Operation(
    name="book", method="GET", path="/offers/market/{id_mercato},{livello}", signed=False
)  # [pub]
EXPOSURE = Operation(name="exposure", method="GET", path="/offers/exp/{id_mercato}")  # [pub]
OWN_OFFERS = Operation(name="own_offers", method="GET", path="/offers/all/{id_mercato}")  # [pub]
MATCHES = Operation(name="matches", method="GET", path="/offers/matches/{id_mercato}")  # [pub]
OPEN_OFFERS = Operation(name="open_offers", method="GET", path="/offers/open/{id_mercato}")
PLACE = Operation(name="place", method="POST", path="/offers")  # [pub]
CANCEL = Operation(name="cancel", method="DELETE", path="/offers")  # [pub]
CANCEL_UNMATCHED = Operation(
    name="cancel_unmatched", method="DELETE", path="/offers/unmatched"
)  # [pub]

# "ACCOUNT"
ACCOUNT_INFO = Operation(
    name="account_info",
    method="GET",
    path="/account/info",
    is_enveloped=False,
    is_personal=True,
)
BALANCE = Operation(
    name="balance", method="GET", path="/account/balance", is_enveloped=False
)  # [pub]
COMMISSION = Operation(name="commission", method="GET", path="/account/commission")

OPERATIONS = (
    LOGIN,
    LOGOUT,
    KEEP_ALIVE,
    MENU,
    MENU_LIVE,
    MENU_UPCOMING_LIVE,
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


def placeholders(path: str) -> tuple[str, ...]:
    """The names in braces, as `id_mercato`."""
    return tuple(part.partition("}")[0] for part in path.split("{")[1:])


def filled(path: str, values: Mapping[str, str]) -> str:
    """The path with each name in braces replaced by its value."""
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path
