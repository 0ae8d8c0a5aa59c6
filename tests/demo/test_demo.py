"""What a user gets from `make demo`, seen from outside."""

import stat
from decimal import Decimal

import pytest
import requests

from providers import registry
from tests.demo.running import Demo, wait_for

pytestmark = [pytest.mark.demo, pytest.mark.xdist_group("demo")]

ROLES = {"superuser", "support", "risk", "finance", "trader", "auditor"}


def test_it_is_ready_and_says_so(demo: Demo):
    reply = requests.get(f"{demo.url}/readyz", timeout=10)

    assert reply.status_code == 200
    assert set(reply.json()["checks"]) == {
        "database",
        "migrations",
        "jobs",
        "scheduler",
        "sandbox",
    }
    assert requests.get(f"{demo.url}/healthz", timeout=10).status_code == 200


def test_probes_answer_on_the_callback_server_whatever_the_host_is_called(demo: Demo):
    server = demo.callback_base("betflex").split("/webhooks/")[0]

    for path in ("/healthz", "/readyz"):
        reply = requests.get(server + path, headers={"Host": "10.0.0.7:9"}, timeout=10)
        assert reply.status_code == 200


def test_the_report_names_everything_that_one_needs(demo: Demo):
    report = demo.report

    assert set(report) == {"base_url", "sandbox_url", "staff", "partners", "providers"}
    assert report["base_url"] == demo.url
    assert report["sandbox_url"] == f"http://127.0.0.1:{demo.env['SANDBOX_PORT']}"
    assert {who["role"] for who in report["staff"]} == ROLES
    assert all(set(who) == {"role", "username", "password"} for who in report["staff"])
    assert len({who["password"] for who in report["staff"]}) == len(ROLES)
    assert all(set(partner) == {"code", "api_key"} for partner in report["partners"])
    assert set(report["providers"]) == set(registry.names())
    for name, account in report["providers"].items():
        assert account["code"] == name
        assert f"/webhooks/{name}/" in account["callback_base"]


@pytest.mark.parametrize("name", ["demo.json", "demo.env"])
def test_credentials_are_for_the_owner_only(demo: Demo, name: str):
    assert stat.S_IMODE((demo.data_dir / name).stat().st_mode) == 0o600


def test_one_line_for_each_start_and_all_credentials_at_the_end(demo: Demo):
    lines = demo.output()

    for name in ("postgres", "sandbox", "web", "callbacks", "jobs", "scheduler"):
        assert f"\n{name}" in f"\n{lines}"
    for secret in (
        *(who["password"] for who in demo.report["staff"]),
        *(partner["api_key"] for partner in demo.report["partners"]),
    ):
        assert secret in lines


@pytest.mark.parametrize("role", sorted(ROLES))
def test_staff_can_sign_in(demo: Demo, role: str):
    (who,) = (who for who in demo.report["staff"] if who["role"] == role)
    with requests.Session() as browser:
        page = f"{demo.url}/admin/login/"
        browser.get(page, timeout=10)
        form = {
            "username": who["username"],
            "password": who["password"],
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        reply = browser.post(f"{page}?next=/admin/", data=form, timeout=10)

    assert reply.status_code == 200
    assert reply.url == f"{demo.url}/admin/"


def test_a_coupon_is_placed_settled_and_paid(demo: Demo):
    player = demo.new_player("walks-betcalc")
    won = {"match": "586464528", "selection": "17|954|2.5", "result": "won"}
    demo.order("/outcomes", won)

    reply = demo.api("POST", "/coupons", a_coupon(player), Idempotency_Key="betcalc-1")
    assert reply.status_code == 201, reply.text
    coupon = reply.json()
    assert coupon["status"] == "accepted", coupon
    assert demo.available(player) == Decimal("40.00")

    demo.order("/settle_all")
    settled = wait_for(lambda: settled_coupon(demo, coupon["id"]))
    demo.order("/outcomes", {**won, "result": "random"})

    assert settled["result"] == "won"
    assert Decimal(settled["payout"]) == Decimal("42.70")
    assert demo.available(player) == Decimal("82.70")


def test_a_betflex_bet_is_debited_and_credited(demo: Demo):
    player = demo.new_player("walks-betflex")
    bet = {
        "uid": "walks-betflex",
        "amount": "10.00",
        "currency": "EUR",
        "odds": "2.50",
        "settle": False,
    }

    placed = demo.order("/betflex/bet", bet)
    assert placed["status"] == "accepted", placed
    assert demo.available(player) == Decimal("40.00")

    demo.order("/betflex/settle", {"bet_uid": placed["bet_uid"], "payout": "25.00"})
    assert demo.available(player) == Decimal("65.00")


def test_a_gr8_bet_takes_its_hold_by_the_wallet_and_is_settled_by_it(demo: Demo):
    player = demo.new_player("walks-gr8", currency="USD")
    registered = {"provider_account": "gr8"}
    path = f"/players/{player['id']}/registrations"
    assert demo.api("POST", path, registered).status_code == 202
    wait_for(lambda: demo.api("GET", path).json()["results"][0]["state"] == "confirmed")

    coupon = placed(demo, a_gr8_coupon(player), "gr8-1")
    assert coupon["status"] == "accepted", coupon
    assert demo.available(player) == Decimal("40.00")
    demo.order("/gr8/settle", {"bet_id": coupon["provider_reference"], "result": "won"})
    settled = wait_for(lambda: settled_coupon(demo, coupon["id"]))
    assert (settled["result"], settled["payout"]) == ("won", "20.00")
    assert demo.available(player) == Decimal("60.00")


def test_a_gr8_bet_is_returned(demo: Demo):
    player = demo.new_player("returns-gr8", currency="USD")
    coupon = placed(demo, a_gr8_coupon(player), "gr8-2")
    assert coupon["status"] == "accepted", coupon

    reply = demo.api("POST", f"/coupons/{coupon['id']}/return", {"reason": "by request"})

    assert reply.status_code in (200, 202), reply.text
    path = f"/coupons/{coupon['id']}"
    wait_for(lambda: demo.api("GET", path).json()["status"] == "returned")
    assert demo.available(player) == Decimal("50.00")


def test_a_superbet_ticket_is_reserved_paid_and_won(demo: Demo):
    player = demo.new_player("walks-superbet", currency="KES")
    ticket = {
        "player": player["id"],
        "provider_account": "superbet",
        "type": "express",
        "stake": "20.00",
        "currency": "KES",
        "items": [{"selection": "101"}, {"selection": "102"}],
        "options": {"event": 100001, "source": "mobile"},
    }

    coupon = placed(demo, ticket, "superbet-1")
    assert coupon["status"] == "accepted", coupon
    assert demo.available(player) == Decimal("30.00")
    assert Decimal(coupon["stake_at_risk"]) + Decimal(coupon["excise"]) == Decimal("20.00")

    demo.order("/superbet/results", {"ticket": coupon["provider_reference"], "result": "won"})
    settled = wait_for(lambda: settled_coupon(demo, coupon["id"]))
    assert settled["result"] == "won"
    assert Decimal(settled["withholding"]) > 0
    assert demo.available(player) == Decimal("30.00") + Decimal(settled["payout"])


def test_a_betflag_order_is_matched(demo: Demo):
    (event, *_) = demo.api("GET", "/exchange/betflag/events").json()["events"]
    markets = demo.api("GET", f"/exchange/betflag/events/{event['id']}/markets").json()
    market = markets["markets"][0]["id"]
    book = demo.api("GET", f"/exchange/betflag/markets/{market}/book?depth=3").json()
    chosen = next(each for each in book["selections"] if each["back"])
    offer = {"selection_id": chosen["id"], "side": "back", "odds": "1000.00", "stake": "2.00"}
    slip = {
        "market_id": market,
        "market_version": 0,
        "keep_in_play": False,
        "keep_on_suspension": False,
        "offers": [offer],
    }

    reply = demo.api("POST", "/exchange/betflag/orders", slip, Idempotency_Key="betflag-1")
    assert reply.status_code == 201, reply.text
    (order,) = reply.json()["orders"]
    assert (order["status"], order["remaining"]) == ("open", "2.00"), order

    path = f"/exchange/betflag/orders/{order['id']}"
    demo.order("/betflag/match", {"market": market, "offer": order["provider_reference"]})
    wait_for(lambda: demo.api("GET", path).json()["status"] == "matched", 60)
    assert demo.api("GET", path).json()["matched"] == "2.00"


def test_betflex_bets_for_the_demo_players_by_itself(demo: Demo):
    target = demo.order("/betflex/target", method="GET")["target"]

    assert target["callback_base"] == demo.callback_base("betflex")
    assert {user["uid"] for user in target["users"]} >= {"10001", "10002"}


def test_the_wallet_of_gr8_is_called_for_the_bets_of_its_own_account_only(demo: Demo):
    """It declines every other bet, so that further accounts could place none."""
    (target,) = demo.order("/gr8/target", method="GET")["targets"]

    assert target["callback_base"] == demo.callback_base("gr8")
    assert target["operator_id"] == "demo-operator"


def test_the_ledger_holds_seen_from_another_shell(demo: Demo):
    done = demo.manage("verify_ledger")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_sandbox_saw_no_mistake_of_ours(demo: Demo):
    assert demo.order("/client_errors", method="GET")["client_errors"] == []


def test_a_second_demo_on_the_same_data_is_refused(demo: Demo):
    done = demo.manage("demo")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"slipdesk: a demo runs on DATA_DIR {demo.data_dir} already"
    ]


def placed(demo: Demo, coupon: dict[str, object], key: str) -> dict[str, str]:
    reply = demo.api("POST", "/coupons", coupon, Idempotency_Key=key)
    assert reply.status_code == 201, reply.text
    return reply.json()


def a_gr8_coupon(player: dict[str, str]) -> dict[str, object]:
    """The document's own selection at its odds."""
    item = {
        "event_id": "SportsbookAutotesteb648b2b-ba50-475e-9af6-bf6abb4140ab",
        "selection": "[2,[],[0],1,3,[]]",
        "odds": "2.00",
        "is_live": False,
    }
    return {
        "player": player["id"],
        "provider_account": "gr8",
        "type": "single",
        "stake": "10.00",
        "currency": "USD",
        "odds_policy": "none",
        "items": [item],
    }


def a_coupon(player: dict[str, str]) -> dict[str, object]:
    """The document's own selection at its odds."""
    item = {"event_id": "586464528", "selection": "17|954|2.5", "odds": "4.27", "is_live": False}
    return {
        "player": player["id"],
        "provider_account": "betcalc",
        "type": "single",
        "stake": "10.00",
        "currency": "EUR",
        "odds_policy": "none",
        "items": [item],
    }


def settled_coupon(demo: Demo, coupon_id: str) -> dict[str, str] | None:
    coupon = demo.api("GET", f"/coupons/{coupon_id}").json()
    return coupon if coupon["status"] == "settled" else None
