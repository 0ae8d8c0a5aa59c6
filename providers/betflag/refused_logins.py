"""Logins that the exchange refused are not tried again and again.

Everything that is asked needs a session, so that wrong credentials would be sent by every process
for every question, until the exchange locks the account. After a refusal nobody tries the same
credentials for a while; others are tried at once.
"""

from uuid import uuid4

from providers import encryption, leases
from providers.contract import AccountView

PAUSE_S = 30.0


def note(account: AccountView) -> None:
    """The exchange has just refused these credentials."""
    leases.take(name=_name(account), owner=uuid4().hex, seconds=PAUSE_S)


def are_recent(account: AccountView) -> bool:
    """Whether these credentials were refused a moment ago, by whichever process."""
    # A lease for no time at all is only given where nobody holds one.
    return not leases.take(name=_name(account), owner=uuid4().hex, seconds=0)


def _name(account: AccountView) -> str:
    """New credentials have another name, and none of them can be read in it."""
    given = "\n".join(account.secret(name) for name in ("api_key", "username", "password"))
    return f"refused-login:{account.id}:{encryption.keyed_hash(given).hex()[:16]}"
