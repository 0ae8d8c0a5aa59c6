"""Settings that more than one provider has, declared once. A provider lists those that it has."""

from providers.contract import Declared

ALLOWED_IPS = Declared(
    name="allowed_ips",
    label="Allowed addresses",
    help="Addresses or networks, separated by commas; empty allows all.",
    check="ip_list",
)
PUBLIC_URL = Declared(
    name="public_url",
    label="Public address",
    help="Where the provider reaches us, if not at CALLBACK_URL.",
    check="url",
)
RESULT_DUE_H = Declared(
    name="result_due_h",
    label="Result due (hours)",
    help="A coupon without a result for so long goes to the staff queue.",
    check="hours",
    default="72",
)
