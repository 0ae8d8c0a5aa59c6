"""All that is known of one order at an exchange: the answer first, the evidence below."""

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest

from bets.admin import exchange_values as values
from bets.admin import story
from bets.admin.calls import calls_section
from bets.models import (
    LIVE,
    UNANSWERED,
    ExchangeMarket,
    ExchangeOrder,
    ExchangeOrderEvent,
    Flag,
    OrderEventKind,
    OrderStatus,
)
from bets.services.exchange import pauses
from config.staff.actors import actor_in_words
from config.staff.display import (
    NOTHING,
    Tone,
    badge,
    code,
    moment,
    moment_text,
    number,
    yes_no,
)
from config.staff.history import done_by_staff
from config.staff.page import Column, Facts, Page, Section, Summary, Table
from providers import exchange
from providers import queries as providers

_CALLS_SHOWN = 50


# No exchange that we know tells results over its API.
_NO_RESULT = (
    "Whether it won or lost does not come here: the account's history at the exchange says it."
)


def order_page(request: HttpRequest, order: ExchangeOrder) -> Page:
    market = ExchangeMarket.objects.filter(
        account_id=order.account_id, market_id=order.market_id
    ).first()
    return Page(
        title=f"{order.side.capitalize()} {order.selection_id} on market {order.market_id}",
        subtitle=f"Order of {order.partner.name} at {order.account.code}",
        summary=_summary(order, market),
        side_by_side=[_money(order), _terms(request, order, market)],
        sections=[
            *_flags(order),
            _timeline(order, _in_order(order)),
            _batch(order),
            *_calls(request, order),
            done_by_staff(order),
        ],
    )


def _summary(order: ExchangeOrder, market: ExchangeMarket | None) -> Summary:
    if order.missing_since:
        return _lost(order, order.missing_since)
    headline, tone = _HEADLINES[OrderStatus(order.status)]
    since = moment_text(order.changed_at, seconds=True)
    told = headline.format(where=order.account.code, since=since)
    return Summary(headline=told, detail=_detail(order, market), tone=tone)


def _lost(order: ExchangeOrder, since: datetime) -> Summary:
    headline = f"{order.account.code} does not list it any more since {moment_text(since)}."
    detail = (
        "What was matched of it in the end, the account's history at the exchange says. "
        "Unless it ends or comes up again by itself, look there and choose “It waits no more”."
    )
    return Summary(headline=headline, detail=detail, tone=Tone.ALERT)


_HEADLINES: dict[OrderStatus, tuple[str, Tone]] = {
    OrderStatus.PENDING: ("It is being placed at {where} since {since}.", Tone.WAITING),
    OrderStatus.UNKNOWN: ("No clear answer from {where} since {since}.", Tone.ALERT),
    OrderStatus.OPEN: ("It waits at {where} to be matched.", Tone.WAITING),
    OrderStatus.PARTLY_MATCHED: ("Matched in part at {where}; the rest waits.", Tone.WAITING),
    OrderStatus.MATCHED: ("Matched in full at {where}.", Tone.GOOD),
    OrderStatus.CANCELLED: (
        "Cancelled at {where} on {since}; what was matched stands.",
        Tone.PLAIN,
    ),
    OrderStatus.REJECTED: ("Rejected on {since}. Nothing of it is at {where}.", Tone.BAD),
}


def _detail(order: ExchangeOrder, market: ExchangeMarket | None) -> str:
    """What the account can lose by it, and where its result is to be found."""
    if order.rejection:
        return f"{order.rejection['message']} ({order.rejection['code']})"
    if order.status in UNANSWERED:
        liability = values.plain_money(order.liability, order.currency)
        return f"If it is there, the account can lose {liability} by it."
    exposure = values.plain_money(order.exposure, order.currency)
    at_stake = f"The account can lose {exposure} by it."
    if order.status in LIVE or not order.matched:
        return at_stake
    has_ended = market is not None and market.state in pauses.CLOSED
    state = values.state_in_words(market) if market else ""
    told = (state, _NO_RESULT) if has_ended else (at_stake, state, _NO_RESULT)
    return " ".join(filter(None, told))


def _money(order: ExchangeOrder) -> Facts:
    return Facts(
        title="Money",
        note="It is the operator's account at the exchange; no player's wallet is touched.",
        rows=[
            ("Stake", values.money(order.stake, order.currency)),
            ("Matched", values.money(order.matched, order.currency)),
            ("Still waits", values.money(order.remaining, order.currency)),
            ("Average odds matched", number(story.odds_in_words(order.average_matched_odds))),
            ("Liability of all of it", values.money(order.liability, order.currency)),
            ("Exposure now", values.money(order.exposure, order.currency)),
        ],
    )


def _terms(request: HttpRequest, order: ExchangeOrder, market: ExchangeMarket | None) -> Facts:
    batch = order.batch
    return Facts(
        title="Order",
        rows=[
            ("Status", values.status_badge(order)),
            ("Side", order.side),
            ("Odds", story.odds_in_words(order.odds)),
            ("Selection", code(order.selection_id)),
            ("Market", values.market_link(market) if market else code(order.market_id)),
            ("Market version", str(batch.market_version) if batch.market_version else "any"),
            ("Stays when the market goes live", yes_no(batch.keep_in_play)),
            ("Stays when it is suspended", yes_no(batch.keep_on_suspension)),
            ("Partner", order.partner.name),
            ("Account", values.account_link(request, order.account)),
            ("Exchange's reference", code(order.provider_reference or "")),
            ("Placed", moment(order.placed_at)),
            ("Id", code(str(order.pk))),
        ],
    )


def _flags(order: ExchangeOrder) -> list[Section]:
    """Only where there is something to look at: most orders have none."""
    flags = list(order.flags.select_related("owner").order_by("-id"))
    if not flags:
        return []
    rows = [
        (flag.get_kind_display(), flag.detail, _owner(flag), moment(flag.created_at))
        for flag in flags
    ]
    columns = [Column("Flag"), Column("Why"), Column("State"), Column("Since")]
    return [Table(title="For staff to look at", columns=columns, rows=rows, empty="")]


def _owner(flag: Flag) -> object:
    if flag.resolved_at:
        return badge("resolved", Tone.GOOD)
    return f"with {flag.owner.get_username()}" if flag.owner else badge("open", Tone.ALERT)


def _in_order(order: ExchangeOrder) -> list[ExchangeOrderEvent]:
    """As it happened: of what one look found, the matched parts came before the cancellation."""

    def place(event: ExchangeOrderEvent) -> tuple[datetime, bool, str]:
        return event.created_at, event.kind == OrderEventKind.CANCELLED, str(event.pk)

    return sorted(order.events.all(), key=place)


def _timeline(order: ExchangeOrder, events: Sequence[ExchangeOrderEvent]) -> Table:
    rows = [
        (
            moment(event.created_at),
            event.get_kind_display(),
            values.money(event.amount, order.currency),
            number(story.odds_in_words(event.odds)),
            _move(event),
            actor_in_words(event.actor),
            event.reason or NOTHING,
        )
        for event in events
    ]
    return Table(
        title="Timeline",
        columns=[
            Column("When"),
            Column("What"),
            Column("Amount", is_number=True),
            Column("Odds", is_number=True),
            Column("Status"),
            Column("Who"),
            Column("Why"),
        ],
        rows=rows,
        empty="Nothing has happened yet.",
    )


def _move(event: ExchangeOrderEvent) -> str:
    labels = dict(OrderStatus.choices)
    after = labels.get(event.to_status, event.to_status)
    if not event.from_status or event.from_status == event.to_status:
        return str(after)
    return f"{labels.get(event.from_status, event.from_status)} → {after}"


def _batch(order: ExchangeOrder) -> Table:
    others = order.batch.orders.exclude(pk=order.pk).order_by("position")
    return Table(
        title="Placed together with it",
        columns=[
            Column("Order"),
            Column("Odds", is_number=True),
            Column("Stake", is_number=True),
            Column("Status"),
        ],
        rows=[
            (
                values.order_link(other),
                number(story.odds_in_words(other.odds)),
                values.money(other.stake, other.currency),
                values.status_badge(other),
            )
            for other in others
        ],
        empty="It was placed alone.",
    )


def _calls(request: HttpRequest, order: ExchangeOrder) -> list[Section]:
    placing = providers.calls_for(subject_kind=exchange.BATCH, subject_id=order.batch_id)
    about_it = providers.calls_for(subject_kind=exchange.ORDER, subject_id=order.pk)
    calls = [*placing[:_CALLS_SHOWN], *about_it[:_CALLS_SHOWN]]
    empty = "The exchange was not called for this order alone. See its market for the reads."
    return calls_section(request, calls, empty=empty)
