"""What the admin's sidebar lists, and the badge that tells the demo from production."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from config import workload
from config.sandbox.page import may_order

Item = dict[str, Any]

_GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Betting",
        (
            ("Coupons", "confirmation_number", "bets.coupon"),
            ("Exchange orders", "swap_vert", "bets.exchangeorder"),
            ("Players", "person", "bets.player"),
            ("Staff queue", "flag", "bets.flag"),
        ),
    ),
    (
        "Providers",
        (
            ("Deliveries", "move_to_inbox", "webhooks.delivery"),
            ("Orphans", "question_mark", "webhooks.deliveryeffect"),
            ("Calls", "call_made", "providers.providercall"),
            ("Accounts", "hub", "providers.provideraccount"),
            ("Exchange accounts", "account_balance", "bets.exchangeaccount"),
            ("Exchange markets", "candlestick_chart", "bets.exchangemarket"),
            ("New in messages", "new_releases", "providers.seendetail"),
        ),
    ),
    (
        "Ledger",
        (
            ("Accounts", "account_balance_wallet", "wallets.account"),
            ("Transfers", "swap_horiz", "wallets.transfer"),
            ("Entries", "receipt", "wallets.entry"),
            ("Seals", "verified", "wallets.seal"),
        ),
    ),
    (
        "Jobs",
        (
            ("Failed", "error", "django_q.failure"),
            ("Queued", "pending", "django_q.ormq"),
            ("Done", "task_alt", "django_q.success"),
        ),
    ),
    (
        "House",
        (
            ("Partners", "storefront", "bets.partner"),
            ("API keys", "key", "bets.apikey"),
            ("Staff", "badge", "auth.user"),
            ("Roles", "shield_person", "auth.group"),
        ),
    ),
)
_BADGES: dict[str, Callable[[], int]] = {
    "bets.flag": workload.open_flags,
    "django_q.failure": workload.failed_jobs,
    "providers.seendetail": workload.new_details,
}


def environment(request: HttpRequest) -> list[str] | None:
    return ["Demo", "warning"] if settings.DEMO else None


def sidebar(request: HttpRequest) -> list[Item]:
    """Only what the reader may see; a group without anything is left out."""
    start = [{"title": "Start", "icon": "home", "link": reverse("admin:index")}]
    if may_order(request):
        start.append({"title": "Sandbox", "icon": "science", "link": reverse("sandbox")})
    groups = [
        {"title": title, "items": items}
        for title, entries in _GROUPS
        if (items := _items(request, entries))
    ]
    return [{"title": "", "items": start}, *groups]


def _items(request: HttpRequest, entries: tuple[tuple[str, str, str], ...]) -> list[Item]:
    return [_item(title, icon, model) for title, icon, model in entries if may_view(request, model)]


def _item(title: str, icon: str, model: str) -> Item:
    item: Item = {"title": title, "icon": icon, "link": list_of(model)}
    count = _BADGES[model]() if model in _BADGES else 0
    if count:
        item |= {"badge": workload.shown(count), "badge_variant": "danger"}
    return item


def may_view(request: HttpRequest, model: str) -> bool:
    label, name = model.split(".")
    return bool(request.user.has_perm(f"{label}.view_{name}"))


def list_of(model: str) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_changelist")


def place(parts: list[Item]) -> list[Item]:
    """The parts of a page's heading, where the app and the list are called as in the sidebar.

    The framework names them after the code, which calls the staff queue “Bets > Flags”.
    """
    names = {list_of(model): (group, title) for group, rows in _GROUPS for title, _, model in rows}
    link = str(parts[1].get("link", "")) if len(parts) > 1 else ""
    if link not in names:
        return parts
    group, title = names[link]
    return [{"title": group}, {"title": title, "link": link}, *parts[2:]]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the first page counts, for those who may see it."""
    tiles = (
        ("Open flags", "bets.flag", "", workload.open_flags, "alert"),
        ("Coupons without a clear answer", "bets.coupon", "?status__exact=unknown",
         workload.unknown_coupons, "waiting"),
        ("Exchange orders without a clear answer", "bets.exchangeorder",
         "?status__exact=unknown", workload.unknown_orders, "waiting"),
        ("Coupons past their result", "bets.flag", "?kind__exact=result_overdue",
         workload.overdue_results, "alert"),
        ("Parked deliveries", "webhooks.delivery", "?status__exact=parked",
         workload.parked_deliveries, "alert"),
        ("Orphans", "webhooks.deliveryeffect", "", workload.orphans, "waiting"),
        ("Failed jobs", "django_q.failure", "", workload.failed_jobs, "alert"),
    )  # fmt: skip
    context["tiles"] = [
        _tile(label, list_of(model) + query, count(), tone)
        for label, model, query, count, tone in tiles
        if may_view(request, model)
    ]
    context["title"] = "Start"
    context["find_url"] = list_of("bets.coupon") if may_view(request, "bets.coupon") else ""
    return context


def _tile(label: str, url: str, count: int, tone: str) -> dict[str, str]:
    return {
        "label": label,
        "url": url,
        "count": workload.shown(count),
        "tone": tone if count else "plain",
    }
