"""All that is known of one player: balances first, then the statement and the coupons."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from bets.admin import player_errands, story, values
from bets.admin.calls import calls_section
from bets.models import Player, PlayerStatus
from config.staff.actors import actor_in_words
from config.staff.display import NOTHING, Tone, code, moment, number
from config.staff.history import done_by_staff
from config.staff.names import Named, names
from config.staff.page import Column, Facts, Page, Section, Summary, Table
from providers import queries as provider_log
from wallets import queries as ledger
from wallets.admin.values import account_in_words
from wallets.queries import Balances, StatementRow

_ROWS = 25
_BEFORE = "before"


def player_page(request: HttpRequest, player: Player) -> Page:
    who = values.name_of(request, player)
    balances = ledger.balances([player.wallet_id])[player.wallet_id]
    return Page(
        title=who,
        subtitle=f"Player of {player.partner.name}",
        summary=_summary(player, who, balances),
        side_by_side=[_wallet(balances), _identity(request, player)],
        sections=[
            _coupons(player),
            *player_errands.limits_table(player),
            *player_errands.registrations_table(player),
            _cash(player),
            _statement(request, player, who),
            *_calls(request, player),
            done_by_staff(player),
        ],
    )


def _summary(player: Player, who: str, balances: Balances) -> Summary:
    active = player.status == PlayerStatus.ACTIVE
    headline = (
        f"{who} is {player.get_status_display()} and has "
        f"{values.plain_amount(balances.available, balances.currency)} to bet with."
    )
    told = []
    if balances.held:
        held = values.plain_amount(balances.held, balances.currency)
        told.append(f"{held} more are held for coupons without an answer.")
    if balances.owed:
        told.append(
            f"{who} owes {values.plain_amount(-balances.owed, balances.currency)}; it is taken "
            "from the next deposit or payout."
        )
    alert = not active or bool(balances.owed)
    return Summary(
        headline=headline, detail=" ".join(told), tone=Tone.ALERT if alert else Tone.GOOD
    )


def _wallet(balances: Balances) -> Facts:
    return Facts(
        title="Wallet",
        rows=[
            ("Available", values.amount(balances.available, balances.currency)),
            ("Held", values.amount(balances.held, balances.currency)),
            ("Debt", values.amount(-balances.owed, balances.currency)),
        ],
    )


def _identity(request: HttpRequest, player: Player) -> Facts:
    named = [
        (f"Name at {identity.account.code}", code(identity.uid))
        for identity in player.identities.select_related("account").order_by("account__code")
    ]
    return Facts(
        title="Player",
        rows=[
            ("Status", values.player_badge(player)),
            ("Partner's id", code(player.external_id)),
            *(named if values.may_see_names(request) else []),
            ("Since", moment(player.created_at)),
            ("Id", code(str(player.pk))),
        ],
    )


def _coupons(player: Player) -> Table:
    coupons = player.coupons.select_related("account").order_by("-id")[:_ROWS]
    everything = reverse("admin:bets_coupon_changelist")
    rows = [
        (
            values.coupon_link(coupon),
            moment(coupon.placed_at),
            coupon.account.code,
            coupon.type,
            values.amount(coupon.stake, coupon.currency),
            number(story.odds_in_words(coupon.odds)),
            values.status_badge(coupon),
            values.result_badge(coupon.result, coupon.get_result_display()),
            values.amount(coupon.payout, coupon.currency),
        )
        for coupon in coupons
    ]
    return Table(
        title="Newest coupons",
        columns=[
            Column("Code"),
            Column("Placed"),
            Column("At"),
            Column("Type"),
            Column("Stake", is_number=True),
            Column("Odds", is_number=True),
            Column("Status"),
            Column("Result"),
            Column("Payout", is_number=True),
        ],
        rows=rows,
        empty="The player has not bet yet.",
        more=f"{everything}?{urlencode({'player__id__exact': player.pk})}"
        if len(rows) == _ROWS
        else "",
    )


def _cash(player: Player) -> Table:
    """The partner's own reference is the part between the player's id and the direction."""
    rows = [
        (
            moment(row.created_at),
            row.kind.label,
            values.signed_amount(row.amount, row.currency),
            code(row.reference.split("/", 2)[-1].rpartition("/")[0]),
            actor_in_words(row.actor),
        )
        for row in ledger.cash_movements(wallet_id=player.wallet_id, limit=_ROWS)
    ]
    return Table(
        title="Deposits and withdrawals",
        columns=[
            Column("When"),
            Column("What"),
            Column("Amount", is_number=True),
            Column("Partner's reference"),
            Column("Who"),
        ],
        rows=rows,
        empty="None yet. The partner deposits over the API.",
    )


def _statement(request: HttpRequest, player: Player, who: str) -> Table:
    """Deposits, withdrawals, holds, payouts: every entry of the three accounts, newest first."""
    asked = request.GET.get(_BEFORE, "")
    before = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else None
    page = ledger.statement(wallet_id=player.wallet_id, before=before, limit=_ROWS)
    codes = names(request, "coupon", [row.coupon_id for row in page.rows])
    return Table(
        title="Statement",
        columns=[
            Column("When"),
            Column("What"),
            Column("Account"),
            Column("Other side"),
            Column("Amount", is_number=True),
            Column("Balance after", is_number=True),
            Column("Coupon"),
            Column("Who and why"),
        ],
        rows=[_entry(row, who, codes) for row in page.rows],
        empty="No money has moved yet. The partner deposits over the API.",
        more=f"?{urlencode({_BEFORE: page.before})}" if page.before else "",
    )


def _entry(row: StatementRow, who: str, codes: Mapping[UUID, Named]) -> tuple[object, ...]:
    who_did = actor_in_words(row.actor)
    why = f"{who_did}. {row.reason}" if row.reason else who_did
    coupon = codes.get(row.coupon_id) if row.coupon_id else None
    return (
        moment(row.created_at),
        row.kind.label,
        row.account.label,
        account_in_words(row.counterpart, who=who),
        values.signed_amount(row.amount, row.currency),
        values.amount(row.balance_after, row.currency),
        coupon.link if coupon else NOTHING,
        why,
    )


def _calls(request: HttpRequest, player: Player) -> list[Section]:
    calls = provider_log.calls_for(subject_kind="player", subject_id=player.pk)[:_ROWS]
    return calls_section(request, calls, empty="No provider was called about this player.")
