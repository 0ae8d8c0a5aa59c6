"""Settings, orders and the state of superbet's sandbox."""

import pytest
import requests

from providers.sandbox.server import running_sandbox
from tests.providers.sandbox.superbet.conftest import PLAYER, SECRET, YES, Engine, actions


@pytest.mark.parametrize(
    ("path", "order", "field"),
    [
        ("/superbet/results", {"ticket": "none", "result": "won"}, "ticket"),
        ("/superbet/rollback", {"ticket": "none"}, "ticket"),
        ("/superbet/target", {"callback_base": "ftp://x"}, "callback_base"),
        ("/superbet/target", {"callback": "http://x"}, "callback"),
        ("/superbet/settings", {"ext": "-1"}, "ext"),
    ],
)
def test_a_wrong_order_is_refused_by_its_field(sandbox, path, order, field) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        sandbox.post(path, order)

    assert refused.value.response.json()["field"] == field


def test_a_reservation_has_no_result(sandbox, engine, pam) -> None:
    ticket = engine.reserved()

    with pytest.raises(requests.HTTPError):
        sandbox.post("/superbet/results", {"ticket": ticket["id"], "result": "won"})


def test_taxes_are_set_for_the_tickets_that_follow(sandbox, engine, pam) -> None:
    sandbox.post("/superbet/settings", {"ext": "20", "wht": "0"})

    ticket = engine.reserved()

    assert (ticket["stake"], ticket["ext_amount"], ticket["wht"]) == (833, 167, 0)


def test_the_target_is_shown_without_its_secret(sandbox, pam) -> None:
    assert sandbox.get("/superbet/target")["target"] == {
        "operator": "site",
        "signing_secret": True,
        "callback_base": pam.url + "/pam",
    }
    dropped = sandbox.call("DELETE", "/superbet/target")["target"]
    assert dropped["callback_base"] == ""


def test_tickets_outlive_a_restart(tmp_path, recorder, http) -> None:
    state = {"match_seconds": 20, "seed": 5, "state_path": tmp_path / "s", "auto_settle": False}
    with running_sandbox(**state) as sandbox:
        target = {"callback_base": recorder.url, "signing_secret": SECRET}
        sandbox.call("PUT", "/superbet/target", target)
        recorder.answers += [PLAYER, YES]
        ticket = Engine(sandbox, http).sold()

    with running_sandbox(**state) as sandbox:
        shown = Engine(sandbox, http).call("GET", f"/tickets/{ticket['id']}")[1]
        sandbox.settle_all()
        recorder.wait_for(3)

    assert shown == ticket
    assert actions(recorder)[-1] in ("ticket_win", "ticket_lost", "ticket_void")
