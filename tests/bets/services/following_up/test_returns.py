from decimal import Decimal

import pytest
from django.utils import timezone

from bets.models import Flag
from bets.services.coupon.batch import Cause
from bets.services.coupon.results import apply
from bets.services.following_up import resolution, returns
from providers.contract import Done, Rejected, Settle, Verdict
from tests.bets.conftest import money

pytestmark = pytest.mark.django_db


@pytest.fixture
def place_sports(place, sports_account):
    return lambda **changes: place(provider_account=sports_account.code, **changes)


def give_back(coupon):
    return returns.return_at_provider(
        coupon_id=coupon.pk, actor="staff:tess", reason="Error", now=timezone.now()
    )


def test_a_settled_coupon_gives_its_winnings_back(place_sports, player, sports_account) -> None:
    coupon = place_sports(stake="10.00")
    won = Settle(reference=coupon.provider_reference, verdict=Verdict.WON, payout=Decimal("25.00"))
    apply(account=sports_account, reports=[won], cause=Cause(actor="test", now=timezone.now()))
    assert money(player) == ("115.00", "0.00", "0.00")
    assert give_back(coupon).status == "returned"
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_process_that_dies_during_the_call_leaves_it_in_the_queue(
    place_sports, sportsbook, player
) -> None:
    coupon = place_sports()

    def killed(_):
        raise SystemExit

    sportsbook.returns.append(killed)
    with pytest.raises(SystemExit):
        give_back(coupon)
    flag = Flag.objects.get()
    assert (flag.kind, flag.resolved_at, flag.coupon) == ("return_unclear", None, coupon)
    assert give_back(coupon).status == "returned"
    flag.refresh_from_db()
    assert flag.resolved_at is not None


@pytest.mark.parametrize("answer", [Done(), Rejected(code="gone", message="It is void already.")])
def test_the_wallet_call_may_come_first(place_sports, sportsbook, player, answer) -> None:
    coupon = place_sports()
    sportsbook.wallet_moves = True

    def rolled_back_meanwhile(bet):
        resolution.return_coupon(
            coupon_id=bet.coupon_id, actor="provider", reason="rollback", now=timezone.now()
        )
        return answer

    sportsbook.returns.append(rolled_back_meanwhile)
    assert give_back(coupon).status == "returned"
    assert money(player) == ("100.00", "0.00", "0.00")
    assert not Flag.objects.filter(resolved_at__isnull=True).exists()


def test_the_wallet_call_that_comes_later_takes_it_out_of_the_queue(
    place_sports, sportsbook
) -> None:
    coupon = place_sports()
    sportsbook.wallet_moves = True
    assert give_back(coupon).status == "accepted"
    resolution.sweep(now=timezone.now())
    assert Flag.objects.get().resolved_at is None
    resolution.return_coupon(
        coupon_id=coupon.pk, actor="provider", reason="rollback", now=timezone.now()
    )
    resolution.sweep(now=timezone.now())
    assert Flag.objects.get().resolved_at is not None
