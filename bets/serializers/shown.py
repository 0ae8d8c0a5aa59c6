"""How values are written into the API's replies."""

from datetime import UTC, datetime
from decimal import Decimal

from wallets.currencies import format_stated


def amount(value: Decimal | None, currency: str) -> str | None:
    """Money in plain digits with the currency's decimals.

    What a provider states with more decimals is shown as it is: reading never fails.
    """
    return None if value is None else format_stated(value, currency)


def odds(value: Decimal | None) -> str | None:
    """Odds in plain digits with at least two decimals: `2.50`, `1.015`."""
    if value is None:
        return None
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
