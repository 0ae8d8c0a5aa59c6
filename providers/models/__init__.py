"""What is stored of the outside world: accounts at providers, how they stand, and every call."""

from providers.models.accounts import CallbackToken, Lease, ProviderAccount, ProviderSession
from providers.models.cache import CacheEntry
from providers.models.calls import CallFailure, CallOutcome, ProviderCall
from providers.models.health import Breaker, ProviderHealth, RateBucket
from providers.models.seen import DetailKind, SeenDetail

__all__ = [
    "Breaker",
    "CacheEntry",
    "CallFailure",
    "CallOutcome",
    "CallbackToken",
    "DetailKind",
    "Lease",
    "ProviderAccount",
    "ProviderCall",
    "ProviderHealth",
    "ProviderSession",
    "RateBucket",
    "SeenDetail",
]
