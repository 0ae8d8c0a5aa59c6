"""How the values of the domain look: amounts, states, and players as the reader may know them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from bets.models import Coupon, CouponStatus, ItemResult, Player, PlayerStatus, Result
from config.staff.display import NOTHING, Tone, badge, link, number
from providers.models import ProviderAccount
from wallets.admin.values import amount_text
from wallets.errors import ExcessDecimals

_STATUS_TONES = {
    CouponStatus.PENDING: Tone.WAITING,
    CouponStatus.UNKNOWN: Tone.ALERT,
    CouponStatus.REFERRED: Tone.WAITING,
    CouponStatus.ACCEPTED: Tone.WAITING,
}
_RESULT_TONES: dict[str, Tone] = {
    Result.WON: Tone.GOOD,
    Result.PARTLY_REFUNDED: Tone.GOOD,
    ItemResult.WON: Tone.GOOD,
    ItemResult.HALF_WON: Tone.GOOD,
}
_PLAYER_TONES = {
    PlayerStatus.ACTIVE: Tone.GOOD,
    PlayerStatus.BLOCKED: Tone.ALERT,
    PlayerStatus.SELF_EXCLUDED: Tone.ALERT,
}


def plain_amount(value: Decimal | None, currency: str) -> str:
    return amount_text(value, currency)


def stated_amount(value: Decimal, currency: str) -> str:
    """An amount as a provider states it, which may have more decimals than its currency."""
    try:
        return amount_text(value, currency)
    except ExcessDecimals:
        return f"{value.normalize():,f} {currency}"


def amount(value: Decimal | None, currency: str) -> SafeString:
    return number(plain_amount(value, currency))


def signed_amount(value: Decimal, currency: str) -> SafeString:
    return number(f"{'+' if value > 0 else ''}{plain_amount(value, currency)}")


def option(value: object) -> str:
    """An option of a slip: a flag is yes or no."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def status_badge(coupon: Coupon) -> SafeString:
    tone = _STATUS_TONES.get(CouponStatus(coupon.status), Tone.PLAIN)
    return badge(coupon.get_status_display(), tone)


def result_badge(result: str, label: str) -> SafeString | str:
    return badge(label, _RESULT_TONES.get(result, Tone.PLAIN)) if result else NOTHING


def player_badge(player: Player) -> SafeString:
    tone = _PLAYER_TONES.get(PlayerStatus(player.status), Tone.PLAIN)
    return badge(player.get_status_display(), tone)


def may_see_names(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("bets.see_personal_data"))


def name_of(request: HttpRequest, player: Player) -> str:
    """The username, or the partner's id of the player for those who may not see names."""
    return player.username if may_see_names(request) else f"player {player.external_id}"


def player_column(request: HttpRequest, player_of: Callable[[Any], Player]) -> Callable[..., str]:
    """The column of a list that names the player. It belongs to one request: admin classes are
    shared by all, so what a reader may see is never kept on them."""

    def player(row: Any) -> str:
        return name_of(request, player_of(row))

    return player


def player_link(request: HttpRequest, player: Player) -> SafeString | str:
    return link(name_of(request, player), reverse("admin:bets_player_change", args=[player.pk]))


def coupon_link(coupon: Coupon) -> SafeString:
    return link(coupon.code, reverse("admin:bets_coupon_change", args=[coupon.pk]))


def in_words(coupon: Coupon) -> str:
    """Which coupon it is, for those who may not see names too."""
    stake = plain_amount(coupon.stake, coupon.currency)
    return f"Coupon {coupon.code} of player {coupon.player.external_id}, stake {stake}."


def account_link(request: HttpRequest, account: ProviderAccount) -> SafeString | str:
    """A link for those who may open provider accounts, the code for the others."""
    if not request.user.has_perm("providers.view_provideraccount"):
        return account.code
    url = reverse("admin:providers_provideraccount_change", args=[account.pk])
    return link(account.code, url)
