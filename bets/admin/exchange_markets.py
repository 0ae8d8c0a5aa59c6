"""The markets on which there are orders, and the accounts at exchanges."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from bets.admin import exchange_values as values
from bets.admin import story
from bets.admin.calls import calls_section
from bets.admin.exchange_orders import read_now
from bets.models import ExchangeMarket, ExchangeOrder
from bets.services.exchange import cancelling, resolving, watching
from bets.services.exchange.accounts import named_currency
from bets.services.exchange.watching import Awaited
from config.staff.actions import Action, By, Done, NoQuestions, Refused, WithReason
from config.staff.admin import StaffAdmin
from config.staff.display import (
    NOTHING,
    Tone,
    code,
    moment,
    moment_text,
    number,
)
from config.staff.filters import Recent
from config.staff.history import done_by_staff
from config.staff.page import Column, Facts, Page, Section, Summary, Table
from providers import exchange, subjects
from providers import queries as providers
from providers.contract import BookSelection, Price, ReadRefused

_SHOWN = 50
_DEPTH = 3
_DEADLINE_S = 10.0


def _read(market: ExchangeMarket, _: Mapping[str, Any], by: By) -> Done:
    return read_now(market, by)


def _cancel(market: ExchangeMarket, data: Mapping[str, Any], by: By) -> Done:
    try:
        result = cancelling.cancel_everything(
            market=market, actor=by.actor, reason=data["reason"], now=by.now
        )
    except (cancelling.CancelRefused, cancelling.ExchangeAway) as error:
        raise Refused(f"The exchange did not cancel: {error}") from error
    if result.is_certain:
        return Done(message="All that was unmatched is cancelled.")
    return Done(message="Asked for; the exchange has not confirmed all of it yet.")


def _book(market: ExchangeMarket, _: Mapping[str, Any], by: By) -> Done:
    """The prices as they are now, and what the account could lose there."""
    try:
        with subjects.about(exchange.MARKET, market.pk):
            book = exchange.book(
                account=market.account,
                market_id=market.market_id,
                depth=_DEPTH,
                deadline_s=_DEADLINE_S,
            )
            exposure = exchange.exposure(
                account=market.account, market_id=market.market_id, deadline_s=_DEADLINE_S
            )
    except ReadRefused as error:
        raise Refused(f"The exchange gave no answer: {error.message}") from error
    currency = named_currency(market.account)
    return Done(
        message="As the exchange says now. The exposure is that of the whole account.",
        fact="Looked at the book.",
        details=(
            ("State", book.status),
            ("Version", str(book.version)),
            ("The account can lose at most", values.money(exposure.worst, currency)),
            *(
                (f"If {selection} wins", values.money(result, currency))
                for selection, result in exposure.results
            ),
            *(row for selection in book.selections for row in _prices(selection)),
        ),
    )


def _prices(selection: BookSelection) -> list[tuple[str, str]]:
    name = f"{selection.id} {selection.label}".strip()
    return [
        (f"{name}: to {side}", ", ".join(map(_price, prices)) or NOTHING)
        for side, prices in (("back", selection.back), ("lay", selection.lay))
    ]


def _price(price: Price) -> str:
    return f"{values.plain_money(price.amount, '')} at {story.odds_in_words(price.odds)}"


@admin.register(ExchangeMarket)
class ExchangeMarketAdmin(StaffAdmin):
    list_display = ("market_id", "account", "looked", "next_look", "trouble")
    list_filter = ("account", Recent)
    list_select_related = ("account",)
    search_fields = ("market_id",)
    search_help_text = "The market's id at the exchange"
    empty_state = "No market here. A market is listed once a partner has placed an order on it."
    staff_actions = (
        Action(
            name="read",
            label="Read it again now",
            permission="bets.refresh_order",
            form=NoQuestions,
            explain=lambda market: (
                f"Our offers on it are read from {market.account.code}. It places and cancels "
                "nothing."
            ),
            run=_read,
        ),
        Action(
            name="book",
            label="Show its book",
            permission="bets.refresh_order",
            form=NoQuestions,
            explain=lambda market: (
                f"Prices and exposure on it are asked of {market.account.code} now."
            ),
            run=_book,
            shows=True,
        ),
        Action(
            name="cancel-all",
            label="Cancel everything unmatched",
            permission="bets.cancel_order",
            form=WithReason,
            explain=lambda market: (
                f"Every unmatched offer of {market.account.code} on this market is taken back: "
                "those of all partners, and those placed at the exchange itself. What is matched "
                "stands. It cannot be undone."
            ),
            run=_cancel,
            tone=Tone.ALERT,
        ),
    )

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        accounts = list(providers.accounts().values_list("pk", flat=True))
        return ExchangeMarket.objects.filter(account__in=accounts, market_id=term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("account")

    def page(self, request: HttpRequest, target: ExchangeMarket) -> Page:
        orders = list(
            ExchangeOrder.objects.filter(account=target.account, market_id=target.market_id)
            .select_related("partner")
            .order_by("-id")[:_SHOWN]
        )
        awaited = watching.awaited(market=target, now=timezone.now())
        return Page(
            title=f"Market {target.market_id}",
            subtitle=f"At {target.account.code}",
            summary=_summary(target, awaited),
            side_by_side=[_facts(request, target, awaited)],
            sections=[_orders(orders), *_calls(request, target), done_by_staff(target)],
        )

    @display(description="Read last")
    def looked(self, market: ExchangeMarket) -> Any:
        return moment(market.looked_at)

    @display(description="Read next")
    def next_look(self, market: ExchangeMarket) -> Any:
        return moment(market.look_after)

    @display(description="Trouble")
    def trouble(self, market: ExchangeMarket) -> str:
        return market.failure or NOTHING


def _summary(market: ExchangeMarket, awaited: Awaited) -> Summary:
    state = values.state_in_words(market)
    if market.failing_since and awaited.orders:
        headline = f"It cannot be read since {moment_text(market.failing_since)}."
        return Summary(headline=headline, detail=market.failure, tone=Tone.ALERT)
    if market.look_after is None:
        headline = "Nothing waits there, so it is not read any more."
        return Summary(headline=headline, detail=state)
    if awaited.missing and awaited.missing == awaited.orders:
        headline = "The exchange does not list the orders any more that wait there."
        return Summary(headline=headline, detail=state, tone=Tone.ALERT)
    if awaited.orders:
        headline = "Orders wait there; it is read again and again."
        return Summary(headline=headline, tone=Tone.WAITING)
    detail = f"It was not answered last: {market.failure}" if market.failing_since else state
    return Summary(headline=_WHY_READ_ON[_what_else(awaited)], detail=detail)


_WATCHED_MINUTES = round(resolving.WATCHED_AFTER.total_seconds() / 60)
_WHY_READ_ON = {
    "parts": "No order waits there; it is read until the odds of all matched parts are known.",
    "given_up": (
        "No order waits there. An order that was given up might come up "
        f"after all, so it is read for {_WATCHED_MINUTES} minutes after that."
    ),
    "": "No order waits there; it is asked now and then whether it has closed.",
}


def _what_else(awaited: Awaited) -> str:
    if awaited.parts:
        return "parts"
    return "given_up" if awaited.given_up else ""


def _facts(request: HttpRequest, market: ExchangeMarket, awaited: Awaited) -> Facts:
    return Facts(
        title="Market",
        rows=[
            ("Id at the exchange", code(market.market_id)),
            ("Account", values.account_link(request, market.account)),
            ("Orders that wait", str(awaited.orders)),
            ("State", values.state_in_words(market) or NOTHING),
            ("Read last", moment(market.looked_at)),
            ("Read next", moment(market.look_after)),
        ],
    )


def _orders(orders: list[ExchangeOrder]) -> Table:
    return Table(
        title="Orders",
        note=f"The newest {_SHOWN}." if len(orders) == _SHOWN else "",
        columns=[
            Column("Order"),
            Column("Partner"),
            Column("Odds", is_number=True),
            Column("Stake", is_number=True),
            Column("Matched", is_number=True),
            Column("Exposure", is_number=True),
            Column("Status"),
        ],
        rows=[
            (
                values.order_link(order),
                order.partner.name,
                number(story.odds_in_words(order.odds)),
                values.money(order.stake, order.currency),
                values.money(order.matched, order.currency),
                values.money(order.exposure, order.currency),
                values.status_badge(order),
            )
            for order in orders
        ],
        empty="No order was placed on it.",
    )


def _calls(request: HttpRequest, market: ExchangeMarket) -> list[Section]:
    calls = providers.calls_for(subject_kind=exchange.MARKET, subject_id=market.pk)
    newest = calls.order_by("-id")[:_SHOWN]
    return calls_section(request, newest, empty="The exchange was not read for this market yet.")
