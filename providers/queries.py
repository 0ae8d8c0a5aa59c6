"""Reads of provider accounts, their callback tokens and the call log."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from providers.models import CallbackToken, ProviderAccount, ProviderCall

# A plain DISTINCT would read the whole index.
_OPERATIONS = """
WITH RECURSIVE found (operation) AS (
    (SELECT operation FROM providers_providercall ORDER BY operation LIMIT 1)
    UNION ALL
    SELECT (SELECT operation FROM providers_providercall
            WHERE operation > found.operation ORDER BY operation LIMIT 1)
    FROM found WHERE found.operation IS NOT NULL
)
SELECT operation FROM found WHERE operation IS NOT NULL
"""


def account(*, code: str) -> ProviderAccount:
    """Raises `ProviderAccount.DoesNotExist`."""
    return ProviderAccount.objects.get(code=code)


def accounts() -> QuerySet[ProviderAccount]:
    """Every account, by code."""
    return ProviderAccount.objects.order_by("code")


def calls_for(*, subject_kind: str, subject_id: UUID) -> QuerySet[ProviderCall]:
    """The calls about one subject, oldest first."""
    return ProviderCall.objects.filter(subject_kind=subject_kind, subject_id=subject_id).order_by(
        "id"
    )


def calls_for_many(*, subject_kind: str, subject_ids: Iterable[UUID]) -> QuerySet[ProviderCall]:
    """The calls about several subjects, oldest first."""
    return ProviderCall.objects.filter(
        subject_kind=subject_kind, subject_id__in=list(subject_ids)
    ).order_by("id")


def calls_of_account(
    *, account: ProviderAccount, before: UUID | None = None, limit: int = 100
) -> list[ProviderCall]:
    """One page of an account's calls, newest first; `before` is the last id of the page before."""
    calls = ProviderCall.objects.filter(account=account)
    if before is not None:
        calls = calls.filter(id__lt=before)
    return list(calls.order_by("-id")[:limit])


def operations() -> list[str]:
    """Every operation in the call log, by name; one look into its index for each of them."""
    with connection.cursor() as cursor:
        cursor.execute(_OPERATIONS)
        return [name for (name,) in cursor.fetchall()]


def callback_tokens(*, account: ProviderAccount) -> QuerySet[CallbackToken]:
    """The account's tokens, newest first, revoked ones included."""
    return CallbackToken.objects.filter(account=account).order_by("-id")
