"""Lists whose every page costs the same: they go by the key and count nothing."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

BEFORE = "before"
AFTER = "after"


class KeysetPaginator:
    """What the list's footer is made from."""

    template_name = "staff/pagination.html"

    def __init__(self, *, older: str, newer: str) -> None:
        self.older = older
        self.newer = newer


class KeysetChangeList(ChangeList):
    """Newest first; `before` and `after` name the key at which a page starts."""

    result_list: list[Any]
    request: HttpRequest
    model_admin: Any

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        return {key: value for key, value in found.items() if key not in (BEFORE, AFTER)}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return ["-pk"]

    def get_results(self, request: HttpRequest) -> None:
        size = self.list_per_page
        before, after = self._key(BEFORE), self._key(AFTER)
        if after is not None:
            rows = list(self.queryset.filter(pk__gt=after).order_by("pk")[: size + 1])
            more_newer, more_older = len(rows) > size, True
            rows = rows[:size][::-1]
        else:
            found = self.queryset if before is None else self.queryset.filter(pk__lt=before)
            rows = list(found[: size + 1])
            more_newer, more_older = before is not None, len(rows) > size
            rows = rows[:size]
        self.request = request
        self._show(rows, more_newer=more_newer, more_older=more_older)

    def _show(self, rows: list[Any], *, more_newer: bool, more_older: bool) -> None:
        self.model_admin.prepare(self.request, rows)
        self.result_list = rows
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = bool(rows)
        self.can_show_all = self.multi_page = False
        self.paginator = KeysetPaginator(
            older=self._page(BEFORE, rows[-1].pk) if rows and more_older else "",
            newer=self._page(AFTER, rows[0].pk) if rows and more_newer else "",
        )

    def _page(self, name: str, key: object) -> str:
        return str(self.get_query_string({name: str(key)}, remove=[BEFORE, AFTER]))

    def _key(self, name: str) -> Any:
        """The key in the address, or None for one that no row can have."""
        value = self.params.get(name)
        if value is None:
            return None
        try:
            return self.lookup_opts.pk.to_python(value)
        except ValidationError:
            return None


def at_most(queryset: QuerySet[Any], limit: int) -> int:
    """Count up to a limit: the cost does not grow with the table."""
    return len(queryset.order_by().values_list("pk", flat=True)[:limit])
