from decimal import Decimal

import pytest

from bets.models import BetItem, Coupon, IdempotencyKey, PlayerStatus, TimelineEvent
from providers.contract import ChangedOdds, NotSent, Quote, Rejected, Unknown
from tests.factories.bets import a_partner, a_player, an_account
from tests.factories.problems import errors, problem
from wallets.models import Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(slip, sports_account):
    return lambda **changes: slip(**{"provider_account": sports_account.code, **changes})


def test_the_highest_stake(api, asked, sportsbook, player) -> None:
    sportsbook.quotes.append(Quote(max_stake=Decimal("414.5"), vip=True, reason="player limit"))
    transfers = Transfer.objects.count()
    response = api.post("/coupons/quote", asked(options={"overask": True}))
    assert response.status_code == 200
    assert response.json() == {"max_stake": "414.50", "vip": True, "reason": "player limit"}
    ((kind, slip),) = sportsbook.asked
    assert (kind, slip.player_id, slip.stake) == ("quote", player.pk, Decimal("10.00"))
    assert slip.options == {"overask": True}
    for model in (Coupon, BetItem, IdempotencyKey, TimelineEvent):
        assert not model.objects.exists()
    assert Transfer.objects.count() == transfers


def test_a_key_is_not_asked_for_and_the_wallet_need_not_hold_the_stake(api, asked) -> None:
    assert api.post("/coupons/quote", asked(stake="99999")).json()["max_stake"] == "500.00"


def test_what_the_provider_would_refuse_whatever_the_stake(api, asked, sportsbook) -> None:
    changed = ChangedOdds(item=0, requested=Decimal("4.27"), current=Decimal("3.9"))
    sportsbook.quotes.append(
        Rejected(code="odds_changed", message="The odds have changed.", changed=(changed,))
    )
    body = problem(api.post("/coupons/quote", asked()), 422, "odds_changed")
    assert [error["field"] for error in body["errors"]] == ["items[0].odds"]
    assert "3.90" in body["errors"][0]["message"]


def test_a_player_who_may_not_bet_gets_no_quote(api, asked, player, sportsbook) -> None:
    player.status = PlayerStatus.BLOCKED
    player.save()
    problem(api.post("/coupons/quote", asked()), 422, "player_blocked")
    assert not sportsbook.asked


def test_an_account_that_is_switched_off(api, asked, sports_account, sportsbook) -> None:
    sports_account.is_active = False
    sports_account.save()
    problem(api.post("/coupons/quote", asked()), 422, "account_inactive")
    assert not sportsbook.asked


@pytest.mark.parametrize(
    ("answer", "code", "wait"),
    [
        (NotSent(code="rate_limited", message="slow", retry_after_s=7), "rate_limited", "7"),
        (NotSent(code="provider_unreachable", message="10.1.2.3"), "provider_unreachable", None),
        (NotSent(code="provider_suspended", message="10.1.2.3"), "provider_suspended", None),
        (Unknown(reason="10.1.2.3"), "provider_unclear", None),
        (RuntimeError("bug"), "provider_unclear", None),
    ],
)
def test_no_answer_is_a_503(api, asked, sportsbook, answer, code, wait) -> None:
    sportsbook.quotes.append(answer)
    response = api.post("/coupons/quote", asked())
    problem(response, 503, code)
    assert response.headers.get("Retry-After") == wait
    assert b"10.1.2.3" not in response.content


def test_a_provider_that_gives_none(api, slip, book) -> None:
    problem(api.post("/coupons/quote", slip()), 409, "quote_not_supported")


def test_what_is_wrong_is_named(api, asked, sportsbook) -> None:
    sent = asked(stake=10, items=[])
    assert errors(api.post("/coupons/quote", sent)) == {
        "stake": "not_a_string",
        "items": "min_length",
    }
    assert errors(api.post("/coupons/quote", asked(options={"x": 1}))) == {
        "options.x": "unknown_field"
    }
    problem(api.post("/coupons/quote", asked(currency="USD")), 400, "currency_mismatch")
    assert not sportsbook.asked


def test_another_partners_player_or_account_is_not_found(api, asked, sportsbook) -> None:
    other = a_partner()
    theirs = an_account(other, provider="fakesports")
    for change, field in (
        ({"player": str(a_player(other).pk)}, "player"),
        ({"provider_account": theirs.code}, "provider_account"),
        ({"provider_account": "nowhere"}, "provider_account"),
    ):
        body = problem(api.post("/coupons/quote", asked(**change)), 404, "not_found")
        assert [error["field"] for error in body["errors"]] == [field]
    assert not sportsbook.asked


def test_there_is_nothing_to_get(api) -> None:
    problem(api.get("/coupons/quote"), 405, "method_not_allowed")
