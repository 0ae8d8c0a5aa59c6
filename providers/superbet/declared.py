"""The settings and secrets of a superbet account. The README of this folder explains each."""

from decimal import Decimal

from providers.contract import CouponType, Declared, OddsPolicy, SlipForm, SlipOption
from providers.superbet.protocol.tickets import FIELD_SETS, SOURCES
from providers.usual_settings import ALLOWED_IPS, PUBLIC_URL, RESULT_DUE_H

PLACEMENTS = ("reserve", "create")
_SECONDS = r"[1-9]\d{0,6}"

SLIP_FORM = SlipForm(
    items_have_event=False,
    items_have_odds=False,
    types=frozenset({CouponType.SINGLE, CouponType.EXPRESS}),
    odds_policies=frozenset({OddsPolicy.NONE}),
    options=(
        SlipOption(
            name="event",
            kind="whole",
            help="The event that all bets of the ticket are on.",
            required=True,
            most=Decimal(2**53 - 1),
        ),
        SlipOption(
            name="source",
            kind="choice",
            help="Where the player bets; the account's usual source if it is not given.",
            choices=SOURCES,
        ),
        SlipOption(name="atag", kind="text", help="The affiliate's tag.", longest=100),
    ),
    needs_player_token=True,
)

SETTINGS: tuple[Declared, ...] = (
    Declared(
        name="operator",
        label="Operator",
        help="Our name as the engine has registered it, without blanks.",
        check="pattern",
        pattern=r"[\x21-\x7e]{1,100}",
        required=True,
        fixed_while_open=True,
    ),
    Declared(
        name="placement",
        label="Placement",
        help="reserve (then paid) or create (at once; the engine debits through our webhook)",
        check="choice",
        choices=PLACEMENTS,
        default="reserve",
    ),
    Declared(
        name="field_set",
        label="Field set",
        help="document, or psp_rtag for the newer order with psp and rtag",
        check="choice",
        choices=FIELD_SETS,
        default="document",
    ),
    Declared(
        name="source",
        label="Source",
        help="Where players bet, if the coupon does not say.",
        check="choice",
        choices=SOURCES,
        default="desktop",
    ),
    Declared(
        name="mark_tickets",
        label="Mark tickets",
        help="atag (a ticket without an affiliate's tag carries our coupon's id there) or no",
        check="choice",
        choices=("no", "atag"),
        default="no",
    ),
    Declared(
        name="reserve_expires_s",
        label="Reservation expires (s)",
        help="seconds after which an unpaid reservation is no bet any more",
        check="pattern",
        pattern=_SECONDS,
        default="1800",
    ),
    Declared(
        name="pam_skew_s",
        label="Clock difference (s)",
        help="seconds that the timestamp of a message to our webhook may be away from our clock",
        check="pattern",
        pattern=_SECONDS,
        default="300",
    ),
    Declared(
        name="lang",
        label="Language",
        help="Two letters: what the engine is told of a player who has chosen none.",
        check="pattern",
        pattern="[a-z]{2}",
        default="en",
    ),
    PUBLIC_URL,
    ALLOWED_IPS,
    RESULT_DUE_H,
)

SECRETS: tuple[Declared, ...] = (
    Declared(
        name="signing_secret",
        label="Signing secret",
        help="Signs our requests, and verifies the engine's messages to our webhook.",
        required=True,
    ),
)
