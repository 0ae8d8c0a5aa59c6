"""Limit multipliers and registrations, in and out."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from bets.models import LimitChange, Registration
from bets.models.limits import Errand
from bets.serializers import shown
from bets.serializers.fields import InOurWords, NameField, StrictSerializer, TextField, fail
from bets.services.placing.slips import plain_number
from bets.services.players.limits import DECIMALS, HIGHEST


class MultiplierField(InOurWords, serializers.Field[Decimal, Any, Any, Any]):
    """From 0 to 10 with at most two decimals, as a string or as a number: it is no money."""

    def to_internal_value(self, data: Any) -> Decimal:
        multiplier = plain_number(data)
        if multiplier is None:
            fail(
                "malformed",
                "Send a number or a string with digits and a decimal point, as in 0.50.",
            )
        if multiplier > HIGHEST:
            fail("out_of_range", f"It is from 0 to {HIGHEST}.")
        if multiplier != round(multiplier, DECIMALS):
            fail("excess_decimals", f"It has at most {DECIMALS} decimals.")
        return multiplier


class NewLimits(StrictSerializer):
    provider_account = NameField(max_length=50)
    prematch = MultiplierField()
    live = MultiplierField()
    reason = TextField(max_length=500)


class NewRegistration(StrictSerializer):
    provider_account = NameField(max_length=50)


def limits_body(row: LimitChange) -> dict[str, Any]:
    """A change of limits and how far it has come. `error` says why it has not come further."""
    return {
        **_errand_body(row),
        "prematch": f"{Decimal(row.prematch):.2f}",
        "live": f"{Decimal(row.live):.2f}",
        "reason": row.reason,
    }


def registration_body(row: Registration) -> dict[str, Any]:
    """A registration and how far it has come."""
    return _errand_body(row)


def _errand_body(row: Errand) -> dict[str, Any]:
    return {
        "player": str(row.player_id),
        "provider_account": row.account.code,
        "state": row.state,
        "error": row.error or None,
        "requested_at": shown.moment(row.requested_at),
        "sent_at": shown.moment(row.sent_at),
        "answered_at": shown.moment(row.answered_at),
    }
