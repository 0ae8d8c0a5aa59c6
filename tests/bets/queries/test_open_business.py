"""Settings that what is open was placed under, and what counts as open."""

import pytest

from bets.models import CouponStatus, OrderStatus
from bets.queries import open_business
from providers import services
from providers.services import InvalidAccount
from tests.factories.bets import a_coupon, a_player
from tests.factories.exchange import an_order
from tests.factories.providers import make_account

pytestmark = pytest.mark.django_db

FIXED = [
    ("gr8", {}, {"wallet_mode": "seamless"}),
    ("superbet", {"operator": "ours"}, {"operator": "theirs"}),
]
SECRETS = {"gr8": {"token": "Bearer abc"}, "superbet": {"signing_secret": "s" * 32}}


def an_account(provider, settings):
    return make_account(provider, settings=settings, secrets=SECRETS[provider])


@pytest.mark.parametrize(("provider", "before", "after"), FIXED)
@pytest.mark.parametrize("status", ["pending", "unknown", "referred", "accepted"])
def test_what_an_open_coupon_was_placed_under_stays(provider, before, after, status):
    account = an_account(provider, before)
    a_coupon(a_player(), account, status=status)

    with pytest.raises(InvalidAccount) as refused:
        services.save_account(code=account.code, settings=after)

    (name,) = after
    assert refused.value.field == name
    assert "open coupons or orders (1)" in refused.value.message
    account.refresh_from_db()
    assert account.settings == before


@pytest.mark.parametrize(("provider", "before", "after"), FIXED)
def test_it_may_be_changed_once_nothing_is_open(provider, before, after):
    account = an_account(provider, before)
    a_coupon(a_player(), account, status="rejected")
    a_coupon(a_player(), an_account(provider, before), status="accepted")

    assert services.save_account(code=account.code, settings=after).settings == after


def test_the_same_value_and_other_settings_may_be_saved_while_coupons_are_open():
    account = an_account("gr8", {"brand": "old"})
    a_coupon(a_player(), account)

    saved = services.save_account(
        code=account.code, settings={"wallet_mode": "none", "brand": "new"}
    )

    assert saved.setting("brand") == "new"


def test_coupons_and_orders_without_an_end_are_open(exchange_account, partner):
    for status in OrderStatus.values:
        an_order(partner, exchange_account, status=status)
    for status in set(CouponStatus.values) - {"settled"}:
        a_coupon(a_player(), exchange_account, status=status)

    assert open_business.count(exchange_account.pk) == 8
