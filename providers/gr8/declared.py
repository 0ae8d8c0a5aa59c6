"""The settings and secrets of a gr8 account. The README of this folder explains each."""

from providers.contract import Declared
from providers.gr8.protocol.slips import CHANNELS
from providers.usual_settings import ALLOWED_IPS, PUBLIC_URL, RESULT_DUE_H

LEAST_GRACE_S = 150

_HEADER_TEXT = r"[!-~]([ -~]*[!-~])?"

SETTINGS: tuple[Declared, ...] = (
    Declared(
        name="operator_id",
        label="Operator id",
        help="X-Operator-Id, as given by GR8 Tech.",
        check="pattern",
        pattern=_HEADER_TEXT,
    ),
    Declared(
        name="brand",
        label="Brand",
        help="X-Brand, as given by GR8 Tech.",
        check="pattern",
        pattern=_HEADER_TEXT,
    ),
    Declared(
        name="channel",
        label="Channel",
        help="X-Channel of bets that name none.",
        check="choice",
        choices=CHANNELS,
        default="WEB",
    ),
    Declared(
        name="token_url",
        label="Token address",
        help="Where client_id and client_secret are exchanged for a token.",
        check="outgoing_url",
    ),
    Declared(
        name="limits_in",
        label="Limits sent in",
        help="query or body: where the limit multipliers of a player stand.",
        check="choice",
        choices=("query", "body"),
        default="query",
    ),
    Declared(
        name="wallet_mode",
        label="Wallet",
        help="seamless (gr8 calls the wallet that we host for these bets) or none",
        check="choice",
        choices=("none", "seamless"),
        default="none",
        fixed_while_open=True,
    ),
    ALLOWED_IPS,
    PUBLIC_URL,
    RESULT_DUE_H,
    Declared(
        name="resolve_grace_s",
        label="Resolve after (seconds)",
        help="whole seconds, 150 or more: then a bet without a clear answer is returned",
        check="pattern",
        pattern=r"1[5-9]\d|[2-9]\d\d|[1-9]\d{3,5}",
        default=str(LEAST_GRACE_S),
    ),
)

SECRETS: tuple[Declared, ...] = (
    Declared(name="client_id", label="Client id", help="Of the OAuth2 client."),
    Declared(name="client_secret", label="Client secret", help="Of the OAuth2 client."),
    Declared(
        name="token",
        label="Fixed token",
        help="Instead of a client, with its type before it, as: Bearer abc.",
        check="pattern",
        pattern=_HEADER_TEXT,
    ),
)
