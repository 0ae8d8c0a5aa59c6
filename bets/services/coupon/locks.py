"""The order in which everything locks: provider references, then coupons by id, then wallets.

A reference is locked before its coupon exists, so that a bet and its cancellation that arrive
at the same moment see one another. The lock lasts until the transaction ends and needs no
session, so it works behind a connection pooler.
"""

from collections.abc import Collection, Iterable
from decimal import Decimal
from uuid import UUID
from zlib import crc32

from django.db import connection
from django.db.models import Q, QuerySet

from bets.models import Coupon, CouponStatus

Key = tuple[str, str]
_LOCK_SPACE = 0x51D5
_LOCKS = 2048


def lock_references(*, account_id: UUID, keys: Iterable[Key]) -> None:
    """Wait for every transaction that works on one of these (reference, game) of an account.

    References share a bounded number of locks, so that a request with thousands of them does
    not use up the server's lock table.
    """
    names = [f"{account_id}/{game}/{reference}" for reference, game in keys]
    buckets = sorted({crc32(name.encode()) % _LOCKS for name in names})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, bucket) FROM unnest(%s) AS bucket",
            [_LOCK_SPACE, buckets],
        )


def lock_by_reference(*, account_id: UUID, keys: Collection[Key]) -> dict[Key, Coupon]:
    """Lock the coupons behind these references, in id order, in one query."""
    found = _locked().filter(
        account_id=account_id,
        provider_reference__in=[reference for reference, _ in keys],
        game__in={game for _, game in keys},
    )
    return {(str(coupon.provider_reference), coupon.game): coupon for coupon in found}


def lock_by_key(*, account_id: UUID, callback_key: str) -> Coupon | None:
    return _locked().filter(account_id=account_id, callback_key=callback_key).first()


def lock_bet(*, account_id: UUID, reference: str, game: str) -> Coupon | None:
    """Lock the coupon of a bet, whose reference may be our own id without being stored as one."""
    key = (reference, game)
    found = lock_by_reference(account_id=account_id, keys={key}).get(key)
    return found or _lock_own(account_id, reference)


def _lock_own(account_id: UUID, reference: str) -> Coupon | None:
    try:
        coupon_id = UUID(reference)
    except ValueError:
        return None
    ours = Q(provider_reference=None) | Q(provider_reference=str(coupon_id))
    return _locked().filter(ours, pk=coupon_id, account_id=account_id).first()


def lock_open(
    *, account_id: UUID, player_id: UUID, stake: Decimal, currency: str, reference: str
) -> list[Coupon]:
    """Lock a player's coupons of this stake that wait for an answer and may be this bet."""
    found = _locked().filter(
        Q(provider_reference=None) | Q(provider_reference=reference),
        account_id=account_id,
        player_id=player_id,
        status__in=[CouponStatus.PENDING, CouponStatus.UNKNOWN],
        stake=stake,
        currency=currency,
    )
    return list(found)


def lock_coupon(coupon_id: UUID) -> Coupon:
    """Lock one coupon. Raises `Coupon.DoesNotExist`."""
    return _locked().get(pk=coupon_id)


def _locked() -> QuerySet[Coupon]:
    return (
        Coupon.objects.select_for_update(of=("self",), no_key=True)
        .select_related("player", "account")
        .order_by("id")
    )
