"""What betflag's sandbox does wrong on order."""

import pytest
import requests

from tests.providers.sandbox.betflag.conftest import Client, lay, names, order, version


@pytest.mark.parametrize(("fault", "taken"), [("accept_then_timeout", True), ("timeout", False)])
def test_an_order_can_be_lost_before_or_after_it_was_taken(sandbox, ann, fault, taken) -> None:
    sandbox.order_fault("betflag", fault, seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        ann.raw("POST", "/offers", order(lay(150, 100)), timeout=5)
    assert len(ann.own()) == int(taken)


def test_a_refusal_can_be_ordered(sandbox, ann) -> None:
    sandbox.order_fault("betflag", "reject", code="insufficient_funds")
    assert ann.place(lay(150, 100)) == {"errore": "Saldo insufficiente", "esito": 1020}
    assert ann.place(lay(150, 100))["esito"] == 1024


def test_a_market_can_be_suspended_or_changed_just_before_an_order(sandbox, ann) -> None:
    sandbox.order_fault("betflag", "stale_version")
    assert ann.place(lay(150, 100), versione_mercato=version(ann))["esito"] == 1013
    sandbox.order_fault("betflag", "suspend")
    assert ann.place(lay(150, 100))["esito"] == 1011


def test_an_answer_can_lack_an_offer_that_was_taken(sandbox, ann) -> None:
    sandbox.order_fault("betflag", "partial_answer")
    placed = ann.place(lay(150, 100), lay(149, 100))
    assert len(placed["ordine"]) == 1
    assert len(ann.own()) == 2


def test_a_session_can_be_lost_at_any_call(sandbox, ann) -> None:
    for call, method, path in (
        ("read", "GET", "/account/balance"),
        ("place", "POST", "/offers"),
        ("cancel", "DELETE", "/offers"),
        ("keep_alive", "PUT", "/security/keepalive"),
    ):
        fresh = Client(ann.http, sandbox, f"eve-{next(names)}")
        sandbox.order_fault("betflag", "session_lost", call=call)
        assert fresh.raw(method, path, {}).status_code == 401
