"""The settings and secrets of a betcalc account. The README of this folder explains each."""

from providers.contract import Declared
from providers.usual_settings import ALLOWED_IPS, PUBLIC_URL, RESULT_DUE_H

SETTINGS: tuple[Declared, ...] = (
    Declared(
        name="lang",
        label="Language",
        help="Two letters, in which betcalc stores the coupon.",
        check="pattern",
        pattern="[a-z]{2}",
        default="en",
    ),
    Declared(
        name="login_url",
        label="Login address",
        help="The host of the login, if it is not the base address.",
        check="outgoing_url",
    ),
    Declared(
        name="amount_mode",
        label="Amount sent",
        help="real (the stake) or fixed:<amount> (always that amount, so that stakes stay ours)",
        check="pattern",
        pattern=r"real|fixed:(?!0+(\.0+)?$)\d{1,12}(\.\d{1,2})?",
        default="real",
    ),
    Declared(
        name="poll_email",
        label="Address for polls",
        help="An e-mail address with which results that did not come are asked for; empty: never.",
        check="pattern",
        pattern=r"[\x21-\x7e]{1,64}@[\x21-\x7e]{1,190}",
    ),
    PUBLIC_URL,
    ALLOWED_IPS,
    RESULT_DUE_H,
    Declared(
        name="return_statuses",
        label="Statuses that mean a return",
        help="statuses or status/ext pairs, separated by commas, as 3,4/1; else staff decide",
        check="pattern",
        pattern=r"\d{1,3}(/\d{1,3})?(, ?\d{1,3}(/\d{1,3})?)*",
    ),
)

SECRETS: tuple[Declared, ...] = (
    Declared(name="login", label="Login", help="As given by betcalc's manager.", required=True),
    Declared(
        name="password", label="Password", help="As given by betcalc's manager.", required=True
    ),
)
