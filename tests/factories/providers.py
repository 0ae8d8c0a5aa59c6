"""Provider accounts and bet slips for tests."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from providers import services
from providers.contract import BetSlip, CouponType, Inbound, OddsPolicy, Selection
from providers.models import ProviderAccount

_number = count(1)
_SECRETS = {"betcalc": {"login": "operator-login", "password": "operator-password"}}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_account(
    provider: str = "betcalc",
    *,
    code: str = "",
    base_url: str = "http://127.0.0.1:9",
    settings: dict[str, str] | None = None,
    secrets: dict[str, str] | None = None,
) -> ProviderAccount:
    """An account as an operator would have set it up."""
    return services.save_account(
        code=code or f"{provider}-{next(_number)}",
        provider=provider,
        base_url=base_url,
        settings=settings or {},
        secrets=_SECRETS.get(provider, {}) if secrets is None else secrets,
    )


LINE = Selection(event_id="586464528", selection="17|954|2.5", odds=Decimal("4.27"), is_live=False)
LIVE = Selection(event_id="586464528", selection="87|4|0", odds=Decimal("1.12"), is_live=True)


def make_slip(*selections: Selection, **changes: Any) -> BetSlip:
    """The document's own single, or an express of the given selections."""
    chosen = selections or (LINE,)
    values: dict[str, Any] = {
        "coupon_id": uuid4(),
        "player_id": UUID(int=1),
        "player_uid": "player-1",
        "type": CouponType.SINGLE if len(chosen) == 1 else CouponType.EXPRESS,
        "system_size": None,
        "stake": Decimal("2.00"),
        "currency": "USD",
        "odds_policy": OddsPolicy.NONE,
        "selections": chosen,
        "callback_url": "https://slipdesk.example/webhooks/betcalc/callback-token/key-1",
    }
    return BetSlip(**{**values, **changes})


def make_inbound(path: str, body: bytes, **changes: Any) -> Inbound:
    """A request from a provider's server."""
    values: dict[str, Any] = {
        "path": path,
        "method": "POST",
        "headers": {"content-type": "application/json"},
        "query": "",
        "body": body,
        "remote_ip": "203.0.113.7",
        "received_at": NOW,
    }
    return Inbound(**{**values, **changes})
