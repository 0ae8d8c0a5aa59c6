"""Column types and guards that the models of the app share."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pgtrigger
import uuid_utils.compat
from django.db import models


def new_id() -> UUID:
    """A UUIDv7: ordered by time, so that it is also the key of keyset pages."""
    return uuid_utils.compat.uuid7()


class Id(models.UUIDField):  # type: ignore[type-arg]
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("primary_key", True)
        kwargs.setdefault("default", new_id)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)


class Money(models.DecimalField):  # type: ignore[type-arg]
    """An amount in major units of the currency beside it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 20)
        kwargs.setdefault("decimal_places", 4)
        super().__init__(**kwargs)


# What a column of odds can hold is below this.
ODDS_LIMIT = Decimal(10) ** 12


class Odds(models.DecimalField):  # type: ignore[type-arg]
    """Decimal odds."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 18)
        kwargs.setdefault("decimal_places", 6)
        super().__init__(**kwargs)


def never_truncated(name: str) -> pgtrigger.Trigger:
    """A guard against TRUNCATE, which row triggers do not see."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;",
    )
