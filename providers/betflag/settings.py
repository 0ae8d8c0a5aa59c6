"""An account's settings as the protocol wants them."""

from collections.abc import Mapping
from decimal import Decimal

from providers.betflag.protocol import ticks
from providers.betflag.protocol.orders import Rules
from providers.contract import AccountView


def rules(account: AccountView) -> Rules:
    """What is allowed in an offer, and how it is written."""
    return Rules(
        ticks=ticks.read(account.setting("ticks")),
        min_stake=Decimal(account.setting("min_stake") or 0),
        lays_are_liability=account.setting("lay_amount") == "liability",
        rounding=account.setting("exposure_rounding"),
    )


def states(account: AccountView, name: str) -> Mapping[str, str]:
    """The names of codes, from the form `1=open,3=cancelled`."""
    pairs = (pair.strip().partition("=") for pair in account.setting(name).split(","))
    return {code.lstrip("0") or "0": meaning for code, _, meaning in pairs}
