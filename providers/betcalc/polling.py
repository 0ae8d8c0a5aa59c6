"""Asking betcalc for results that did not come: a call that no document names. No I/O.

Source: public integrators' clients. Its answer has the shape of a result callback.
"""

from collections.abc import Sequence
from typing import Any

from providers import wire
from providers.betcalc import protocol
from providers.betcalc.documented import read_list, read_object
from providers.betcalc.protocol import AmountMode, SessionLost
from providers.contract import Parsed, WrongShape

PATH = "/loadbars/"
_NO_ACCESS = 99


def body(*, email: str, references: Sequence[str]) -> dict[str, Any]:
    return {"mails": [email], "links": list(references), "mode": "mixed"}


def read(
    *, status: int, body: bytes, mode: AmountMode, returns: frozenset[str]
) -> Parsed | SessionLost | None:
    """What is known of the coupons, or `None` for an answer that does not say it.

    No result is known while there is no head.
    """
    refusal = read_object(body) or {}
    if wire.as_whole(refusal.get("fullErrorCode")) == _NO_ACCESS:
        return SessionLost(message=str(refusal.get("errorMessage"))[:500])
    entries = read_list(body) if 200 <= status < 300 else None
    if not entries:
        return None
    try:
        message = wire.Fields(entries[0], any_case=True)
        return protocol.read_results(message, key="", mode=mode, returns=returns)
    except WrongShape:
        return None
