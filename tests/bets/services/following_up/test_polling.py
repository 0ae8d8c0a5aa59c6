"""Coupons without a result, whose provider is asked for it: betcalc, over real HTTP."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from bets.models import Coupon, Flag, Player
from bets.services.following_up import polling, resolution
from bets.services.placing import answers
from providers.contract import Accepted
from providers.models import Lease, ProviderAccount
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon, a_partner, a_player, state
from tests.factories.providers import make_account
from tests.providers.scripted import Scripted, hang_up, reply, scripted_server
from wallets.verification import verify

pytestmark = pytest.mark.django_db(transaction=True)

POLL = "/loadbars/"
LOGIN = "/WebServices/BCService.asmx/LogIn/"


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted_server() as running:
        running.on(LOGIN, reply({"d": {"UserId": "1"}}, headers=("Set-Cookie: a=b",)))
        yield running
    assert verify() == []


@pytest.fixture
def account(server: Scripted, transactional_db: None) -> ProviderAccount:
    return make_account(base_url=server.url, settings={"poll_email": "ann@example.com"})


@pytest.fixture
def player(transactional_db: None) -> Player:
    return a_player(a_partner(), balance="1000.00")


@pytest.fixture
def overdue(player: Player, account: ProviderAccount) -> Callable[..., Coupon]:
    """An accepted coupon of 10.00 for which staff are told that its result is overdue."""

    def make(reference: str, *, of: ProviderAccount = account) -> Coupon:
        coupon = a_held_coupon(player, of)
        with transaction.atomic():
            answer = Accepted(reference=reference)
            answers.book_answer(coupon_id=coupon.pk, answer=answer, actor="test")
        resolution.sweep(now=timezone.now() + timedelta(days=4))
        return coupon

    return make


def results(*heads: tuple[str, int, str]):
    listed = [
        {"KeyHead": {"Id": "1", "BarCode": code}, "Status": status, "ExtStatus": 0,
         "AmountOut": amount, "DateReceive": "1597075782"}
        for code, status, amount in heads
    ]  # fmt: skip
    return reply(json.dumps([{"remote_host": "https://mysite.com", "Heads": listed}]))


def poll() -> int:
    """Ask, however short ago that was."""
    Lease.objects.filter(name__startswith="poll:").delete()
    return polling.poll_due(now=timezone.now())


def test_an_overdue_result_is_asked_for_and_settled(overdue, server, player):
    won, lost, waiting = (overdue(code) for code in ("w", "l", "p"))
    server.on(POLL, results(("w", 2, "25.00"), ("l", 4, "0"), ("p", 1, "0")))

    assert poll() == 2

    assert [state(each)[:2] for each in (won, lost, waiting)] == [
        ("settled", "won"), ("settled", "lost"), ("accepted", ""),
    ]  # fmt: skip
    assert money(player) == ("995.00", "0.00", "0.00")
    assert Flag.objects.get(resolved_at=None).coupon_id == waiting.pk
    assert won.events.last().actor == "poll"
    (asked,) = server.requests(POLL)
    assert sorted(asked.json()["links"]) == ["l", "p", "w"]
    assert poll() == 0
    assert server.requests(POLL)[-1].json()["links"] == ["p"]


def test_many_are_asked_about_together(overdue, server):
    for number in range(51):
        overdue(f"b{number}")
    server.on(POLL, results())

    poll()

    assert [len(each.json()["links"]) for each in server.requests(POLL)] == [50, 1]


def test_an_account_is_asked_every_quarter_of_an_hour(overdue, server):
    overdue("b1")
    server.on(POLL, results())

    for _ in range(3):
        polling.poll_due(now=timezone.now())

    assert len(server.requests(POLL)) == 1


def test_an_account_that_was_not_reached_in_time_need_not_wait(overdue, server):
    overdue("b1")
    server.on(POLL, results(("b1", 2, "25.00")))

    assert polling.poll_due(now=timezone.now(), budget_s=0) == 0
    assert server.received == []
    assert polling.poll_due(now=timezone.now()) == 1


def test_a_provider_that_does_not_answer_settles_nothing(overdue, server, player):
    coupon = overdue("b1")
    server.on(POLL, hang_up)

    assert poll() == 0

    assert (state(coupon)[:2], money(player)[0]) == (("accepted", ""), "990.00")
    assert Flag.objects.filter(resolved_at=None).count() == 1


def test_nobody_is_asked_without_need_or_leave(overdue, server, account):
    assert poll() == 0
    overdue("b1", of=make_account(base_url=server.url))

    assert poll() == 0
    assert server.received == []


def test_a_result_that_comes_meanwhile_is_not_paid_twice(overdue, server, player):
    coupon = overdue("b1")
    server.on(POLL, results(("b1", 2, "25.00"), ("b1", 2, "25.00")))

    poll()

    assert (state(coupon)[:2], money(player)[0]) == (("settled", "won"), "1015.00")
