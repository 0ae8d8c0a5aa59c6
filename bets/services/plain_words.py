"""What partners hear of a provider that was not asked, or gave no clear answer.

The answer's own message is for staff: it may hold addresses of ours, or why staff suspended the
provider. It stands on the timeline and in the call log.
"""

from providers.contract import NotSent, Unknown

ACCESS_DENIED = "provider_access_denied"
"""The provider did not accept our credentials: it has not looked at what was asked of it."""
DENIED = "The provider did not accept our credentials."
_NOT_ASKED = "The provider could not be asked."
_WORDS = {
    "rate_limited": "The provider takes no more requests for the moment.",
    "provider_unreachable": "The provider could not be reached.",
    "provider_suspended": "The provider is suspended.",
    ACCESS_DENIED: DENIED,
    "provider_credentials_refused": DENIED,
    "provider_login_failed": "We could not log in at the provider.",
    "circuit_open": "The provider does not work at the moment.",
    "account_inactive": "The provider account is switched off.",
    "placement_not_supported": "The provider takes no bets in this way.",
}


def for_partners(answer: NotSent | Unknown) -> str:
    """The answer's code in words that give nothing of ours away."""
    if isinstance(answer, Unknown):
        return "The provider gave no clear answer."
    return _WORDS.get(answer.code, _NOT_ASKED)
