"""All that is known of one coupon, on one page: the answer first, the evidence below."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from django.http import HttpRequest
from django.urls import reverse

from bets.admin import story, values
from bets.admin.calls import calls_section
from bets.models import BetItem, Coupon, Flag, TimelineEvent
from config.staff.actors import actor_in_words
from config.staff.display import (
    NOTHING,
    Tone,
    badge,
    code,
    link,
    moment,
    number,
)
from config.staff.history import done_by_staff
from config.staff.page import Column, Facts, Page, Section, Table
from providers import queries as provider_log
from wallets import queries as ledger
from wallets.admin.values import account_in_words
from wallets.queries import TransferRow

_CALLS_SHOWN = 50

# `webhooks` adds the deliveries: it may import this app, and this app may not import it.
EVIDENCE: list[Callable[[HttpRequest, Coupon], Section]] = []


def coupon_page(request: HttpRequest, coupon: Coupon) -> Page:
    who = values.name_of(request, coupon.player)
    transfers = ledger.transfers_of_coupon(coupon.pk)
    events = list(coupon.events.order_by("id"))
    summary = story.tell(
        coupon=coupon, who=who, transfers=transfers, events=events, owes=_owes(coupon, transfers)
    )
    return Page(
        title=f"Coupon {coupon.code}",
        subtitle=f"{coupon.type.capitalize()} of {who} at {coupon.account.code}",
        summary=summary,
        side_by_side=[_money(coupon, transfers), _terms(request, coupon)],
        sections=[
            *_flags(request, coupon),
            _items(coupon),
            _timeline(events),
            _ledger(who, transfers),
            _settlements(coupon),
            *_calls(request, coupon),
            *(section(request, coupon) for section in EVIDENCE),
            done_by_staff(coupon),
        ],
    )


def _owes(coupon: Coupon, transfers: Sequence[TransferRow]) -> Decimal:
    """What the player owes now in all; asked only where this coupon left a debt."""
    if not story.money_of(transfers).debt:
        return Decimal(0)
    wallet = coupon.player.wallet_id
    return -ledger.balances([wallet])[wallet].owed


def _money(coupon: Coupon, transfers: Sequence[TransferRow]) -> Facts:
    money, currency = story.money_of(transfers), coupon.currency
    rows: list[tuple[str, object]] = [
        ("Stake", values.amount(coupon.stake, currency)),
        *_told_stake(coupon),
        *_taxes(coupon),
        ("Held in the wallet", values.amount(money.held, currency)),
        ("With the house", values.amount(money.stakes, currency)),
        ("Potential payout", values.amount(coupon.potential_payout, currency)),
        ("Paid out", values.amount(money.paid, currency)),
        ("Balance for the player", values.signed_amount(money.player, currency)),
    ]
    if money.debt:
        rows.append(("Could not be taken back", values.amount(money.debt, currency)))
    if money.paid_debt:
        rows.append(("Paid off an older debt", values.amount(money.paid_debt, currency)))
    return Facts(title="Money", rows=rows)


def _told_stake(coupon: Coupon) -> list[tuple[str, object]]:
    """What the provider's own amounts refer to, where it is not the stake."""
    if coupon.told_stake in (None, coupon.stake):
        return []
    return [("Stake told to the provider", values.amount(coupon.told_stake, coupon.currency))]


def _taxes(coupon: Coupon) -> list[tuple[str, object]]:
    """What the provider named of taxes: the player pays the price, the rest of it is bet."""
    named = (
        ("At risk, of it", coupon.stake_at_risk),
        ("Excise, of it", coupon.excise),
        ("Withheld from the winnings", coupon.withholding),
    )
    return [
        (label, values.amount(amount, coupon.currency))
        for label, amount in named
        if amount is not None
    ]


def _terms(request: HttpRequest, coupon: Coupon) -> Facts:
    return Facts(
        title="Coupon",
        rows=[
            ("Status", values.status_badge(coupon)),
            ("Result", values.result_badge(coupon.result, coupon.get_result_display())),
            ("Player", values.player_link(request, coupon.player)),
            ("Partner", coupon.partner.name),
            ("Provider account", values.account_link(request, coupon.account)),
            ("Provider's reference", code(coupon.provider_reference or "")),
            *_code_at_provider(coupon),
            *_options(coupon),
            ("Odds", f"{story.odds_in_words(coupon.odds)}{_policy(coupon)}"),
            ("Placed", moment(coupon.placed_at)),
            ("Origin", coupon.get_origin_display()),
            ("Id", code(str(coupon.pk))),
        ],
    )


def _code_at_provider(coupon: Coupon) -> list[tuple[str, object]]:
    return [("Provider's code", code(coupon.provider_code))] if coupon.provider_code else []


def _options(coupon: Coupon) -> list[tuple[str, object]]:
    """The options that the partner chose."""
    return [
        (name.replace("_", " ").capitalize(), values.option(value))
        for name, value in coupon.options.items()
    ]


def _policy(coupon: Coupon) -> str:
    meaning = {"none": "no change", "rise": "higher", "any": "any change"}
    return f" (player accepts {meaning[coupon.odds_policy]})" if coupon.odds else ""


def _flags(request: HttpRequest, coupon: Coupon) -> list[Section]:
    """Only where there is something to look at: most coupons have none."""
    flags = list(coupon.flags.select_related("owner").order_by("-id"))
    if not flags:
        return []
    rows = [
        (flag_link(request, flag), flag.detail, _owner(flag), moment(flag.created_at))
        for flag in flags
    ]
    columns = [Column("Flag"), Column("Why"), Column("State"), Column("Since")]
    return [Table(title="For staff to look at", columns=columns, rows=rows, empty="")]


def flag_link(request: HttpRequest, flag: Flag) -> object:
    if not request.user.has_perm("bets.view_flag"):
        return flag.get_kind_display()
    return link(flag.get_kind_display(), reverse("admin:bets_flag_change", args=[flag.pk]))


def _owner(flag: Flag) -> object:
    if flag.resolved_at:
        return badge("resolved", Tone.GOOD)
    return f"with {flag.owner.get_username()}" if flag.owner else badge("open", Tone.ALERT)


def _items(coupon: Coupon) -> Table:
    rows = [
        (
            str(place),
            item.event_id or NOTHING,
            _selection(item),
            number(story.odds_in_words(item.requested_odds)),
            number(story.odds_in_words(item.accepted_odds)),
            "live" if item.is_live else "before the match",
            values.result_badge(item.result, item.get_result_display()),
        )
        for place, item in enumerate(coupon.items.order_by("position"), start=1)
    ]
    return Table(
        title="Items",
        columns=[
            Column("#"),
            Column("Event"),
            Column("Selection"),
            Column("Odds asked", is_number=True),
            Column("Odds accepted", is_number=True),
            Column("When"),
            Column("Result"),
        ],
        rows=rows,
        empty="The provider took this bet from the wallet and named no items.",
    )


def _selection(item: BetItem) -> str:
    """The outcome, or those of a bet builder with the odds of each."""
    if not item.legs:
        return item.selection
    legs = [f"{leg['selection']} at {story.odds_in_words(leg['odds'])}" for leg in item.legs]
    return f"Bet builder: {'; '.join(legs)}"


def _timeline(events: Sequence[TimelineEvent]) -> Table:
    rows = [
        (
            moment(event.created_at),
            event.get_kind_display(),
            _move(event),
            actor_in_words(event.actor),
            event.reason or NOTHING,
        )
        for event in events
    ]
    columns = [Column("When"), Column("What"), Column("Status"), Column("Who"), Column("Why")]
    return Table(title="Timeline", columns=columns, rows=rows, empty="Nothing has happened yet.")


def _move(event: TimelineEvent) -> str:
    if not event.to_status or event.from_status == event.to_status:
        return event.to_status or NOTHING
    return f"{event.from_status} → {event.to_status}" if event.from_status else event.to_status


def _ledger(who: str, transfers: Sequence[TransferRow]) -> Table:
    rows = [
        (
            moment(transfer.created_at),
            transfer.kind.label,
            account_in_words(transfer.source, who=who),
            account_in_words(transfer.destination, who=who),
            values.amount(transfer.amount, transfer.currency),
            actor_in_words(transfer.actor),
        )
        for transfer in transfers
    ]
    return Table(
        title="Ledger",
        columns=[
            Column("When"),
            Column("What"),
            Column("From"),
            Column("To"),
            Column("Amount", is_number=True),
            Column("Who"),
        ],
        rows=rows,
        empty="No money moved for this coupon.",
    )


def _settlements(coupon: Coupon) -> Table:
    rows = [
        (
            str(version.version),
            moment(version.created_at),
            version.get_disposition_display(),
            values.result_badge(version.result, version.get_result_display()),
            values.amount(version.payout, coupon.currency),
            version.raw_result or NOTHING,
            moment(version.dated_at),
            actor_in_words(version.actor),
        )
        for version in coupon.settlements.order_by("version")
    ]
    return Table(
        title="Results",
        columns=[
            Column("Version"),
            Column("Received"),
            Column("What became of it"),
            Column("Result"),
            Column("Pays in all", is_number=True),
            Column("In the provider's words"),
            Column("Dated by the provider"),
            Column("Who"),
        ],
        rows=rows,
        empty="No result has come yet.",
    )


def _calls(request: HttpRequest, coupon: Coupon) -> list[Section]:
    calls = provider_log.calls_for(subject_kind="coupon", subject_id=coupon.pk)[:_CALLS_SHOWN]
    empty = "The provider was not called for this coupon."
    return calls_section(request, calls, empty=empty)
