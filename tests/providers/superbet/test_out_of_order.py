"""Messages about a ticket that come while our own call for it is still open, or after its end."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from socket import socket
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from bets.models import Coupon, Flag, FlagKind, Partner, Player
from bets.services.following_up import resolution, resolver
from bets.services.placing import placement
from bets.services.placing.placement import PlacementRequest
from config import embedded
from providers import services as providers
from providers.contract import CouponType, OddsPolicy, Selection
from providers.models import ProviderAccount
from tests.bets.conftest import money
from tests.providers.scripted import Step, reply, reset
from tests.providers.superbet.asked import CREATE, GET, OPEN, PAID, RESERVE, RESERVED
from tests.providers.superbet.told import WON, houses, in_thread, state

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_balance")]

ROOT = Path(__file__).resolve().parents[3]
NOTHING = ("100.00", "0.00", "0.00")
TAKEN = ("90.00", "0.00", "0.00")
HELD = ("90.00", "10.00", "0.00")


def place(partner: Partner, player: Player, account: ProviderAccount) -> Coupon:
    """A ticket of 10.00 USD, as a partner asks for it."""
    request = PlacementRequest(
        player_id=player.pk,
        provider_account=account.code,
        type=CouponType.SINGLE,
        system_size=None,
        stake=Decimal("10.00"),
        currency="USD",
        odds_policy=OddsPolicy.NONE,
        items=(Selection(event_id="", selection="101", odds=None, is_live=False),),
        options={"event": 100001},
    )
    placement.place(
        partner=partner,
        key=uuid4().hex,
        request=request,
        request_digest="x",
        now=timezone.now(),
        render=lambda coupon: b"{}",
    )
    return Coupon.objects.latest("id")


def meanwhile(work: Callable[[], Any], then: Step) -> Step:
    """Let something happen before the engine answers."""

    def step(connection: socket) -> bool:
        thread = Thread(target=in_thread, args=(work,))
        thread.start()
        thread.join()
        return then(connection)

    return step


@pytest.fixture
def of_player(player: Player) -> Callable[..., dict[str, Any]]:
    """A ticket of the document's sample, as the engine has it for this player."""

    def ticket(sample: dict[str, Any], **changes: Any) -> dict[str, Any]:
        created = datetime.now(UTC).isoformat()
        return {**sample, "user_id": str(player.pk), "created": created, **changes}

    return ticket


@pytest.fixture
def engine(server, of_player) -> None:
    server.on(RESERVE, reply(of_player(RESERVED)))
    server.on(PAID, reply(of_player(OPEN)))


# --- discarded, before we know its id -----------------------------------------------------------


def test_a_ticket_that_is_discarded_before_its_reservation_is_answered_is_not_paid(
    tell, server, of_player, partner, player, account
):
    discard = meanwhile(lambda: tell("ticket_discard"), reply(of_player(RESERVED)))
    server.on(RESERVE, discard)

    coupon = place(partner, player, account)

    assert server.requests(PAID) == []
    assert (state(coupon), money(player)) == (("rejected", ""), NOTHING)
    assert coupon.rejection["code"] == "coupon_closed"


@pytest.mark.parametrize(("placement", "path"), [("create", CREATE), ("reserve", RESERVE)])
def test_a_yes_to_a_ticket_that_is_discarded_is_for_staff(
    tell, server, of_player, partner, player, account, placement, path
):
    providers.save_account(code=account.code, settings={"placement": placement})
    server.on(path, meanwhile(lambda: tell("ticket_discard"), reply(of_player(OPEN))))

    coupon = place(partner, player, account)

    assert (state(coupon), money(player)) == (("unknown", ""), HELD)
    assert Flag.objects.get().kind == FlagKind.LATE_ACCEPTANCE


def test_a_ticket_that_is_discarded_while_it_is_paid_is_told_to_staff(
    tell, server, engine, of_player, partner, player, account
):
    server.on(PAID, meanwhile(lambda: tell("ticket_discard"), reply(of_player(OPEN))))

    coupon = place(partner, player, account)

    assert (state(coupon), money(player)) == (("rejected", ""), NOTHING)
    assert Flag.objects.get().kind == FlagKind.LATE_ACCEPTANCE


# --- results, before our answer is here ---------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "end", "paid"),
    [
        (["ticket_win"], ("settled", "won"), "110.90"),
        (["ticket_win", "ticket_win"], ("settled", "won"), "110.90"),
        (["ticket_lost"], ("settled", "lost"), "90.00"),
        (["ticket_refund"], ("settled", "refunded"), "100.00"),
        (["ticket_win", "ticket_rollback"], ("accepted", ""), "90.00"),
        (["ticket_win", "ticket_rollback", "ticket_lost"], ("settled", "lost"), "90.00"),
        (["ticket_closed", "ticket_update"], ("accepted", ""), "90.00"),
    ],
)
def test_results_that_overtake_our_answer_wait_for_it(
    tell, server, engine, of_player, partner, player, account, actions, end, paid
):
    def all_of_them() -> None:
        for action in actions:
            assert tell(action).status_code == 200

    server.on(GET, reply(of_player(WON)))
    server.on(PAID, meanwhile(all_of_them, reply(of_player(OPEN))))

    coupon = place(partner, player, account)

    assert (state(coupon), money(player)[:2]) == (end, (paid, "0.00"))


def test_a_created_ticket_is_sold_and_lost_before_our_answer_gets_lost(
    tell, server, of_player, partner, player, account
):
    def sell_and_lose() -> None:
        taxes = {"stake": 889, "ext_amount": 111}
        of_ticket = {"player_id": str(player.pk), "price": 1000, "currency": "USD", **taxes}
        assert tell("ticket_create", **of_ticket).status_code == 200
        assert tell("ticket_lost").status_code == 200

    providers.save_account(code=account.code, settings={"placement": "create"})
    server.on(CREATE, meanwhile(sell_and_lose, reset))

    coupon = place(partner, player, account)

    assert (state(coupon), money(player)) == (("settled", "lost"), TAKEN)
    assert houses(account) == ("8.89", "1.11", "0.00", "0.00")


def test_results_of_a_ticket_that_was_never_paid_move_nothing(
    tell, server, engine, of_player, partner, player, account
):
    server.on(RESERVE, reply(of_player(RESERVED, approved=False)))
    coupon = place(partner, player, account)
    server.on(GET, reply(of_player(WON)))

    for action in ("ticket_win", "ticket_void", "ticket_refund", "ticket_rollback"):
        assert tell(action, price=1000, currency="USD").status_code == 200

    assert (state(coupon), money(player)) == (("rejected", ""), NOTHING)


# --- a process that dies on the way -------------------------------------------------------------

_PLACE = """
import sys, django
django.setup()
from bets.models import Partner, Player
from providers.models import ProviderAccount
from tests.providers.superbet.test_out_of_order import place
kinds = (Partner, Player, ProviderAccount)
place(*(kind.objects.get(pk=pk) for kind, pk in zip(kinds, sys.argv[1:], strict=True)))
"""


def place_and_die(server, path: str, *ids: object) -> None:
    """Another process places the ticket, and is killed once the engine has this request of it."""
    asked, release = Event(), Event()

    def hold(_: socket) -> bool:
        asked.set()
        return not release.wait(60)

    server.on(path, hold)
    name = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DATABASE_URL": embedded.database_url(settings.DATA_DIR, name),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "-c", _PLACE, *map(str, ids)]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        assert asked.wait(60)
        process.kill()
    release.set()


def found_out(coupon: Coupon) -> tuple[str, str]:
    """What the sweep and the resolver make of it."""
    Coupon.objects.filter(pk=coupon.pk).update(resolve_after=timezone.now())
    resolution.sweep(now=timezone.now())
    if state(coupon)[0] == "unknown":
        resolver.ask_now(coupon_id=coupon.pk, actor="test", now=timezone.now())
    return state(coupon)


@pytest.mark.parametrize(
    ("dies_at", "ticket", "end", "left"),
    [
        (RESERVE, {}, ("rejected", ""), NOTHING),
        (PAID, {"status": "open"}, ("accepted", ""), TAKEN),
        (PAID, {"status": "cancelled"}, ("rejected", ""), NOTHING),
        (PAID, {"status": "reserved"}, ("unknown", ""), HELD),
        (PAID, {"status": "reserved", "created": "2024-07-11T18:40:52"}, ("rejected", ""), NOTHING),
    ],
)
def test_a_process_that_dies_leaves_a_ticket_that_is_found_out(
    server, engine, of_player, partner, player, account, dies_at, ticket, end, left
):
    place_and_die(server, dies_at, partner.pk, player.pk, account.pk)
    coupon = Coupon.objects.get()
    assert (coupon.status, money(player)) == ("pending", HELD)
    if "created" in ticket:
        providers.save_account(code=account.code, settings={"reserve_expires_s": "1"})
        expire(coupon)
    server.on(GET, reply(of_player(OPEN, **ticket)))

    assert (found_out(coupon), money(player)) == (end, left)
    assert len(server.requests(PAID)) == (dies_at == PAID), "it is never paid again"


def expire(coupon: Coupon) -> None:
    ends = coupon.placed_at + timedelta(seconds=1.2)
    Event().wait(max(0, (ends - timezone.now()).total_seconds()))
