"""Asking betcalc for results that did not come, over real HTTP."""

import json
from decimal import Decimal

import pytest
from django.utils import timezone

from providers import completion, health, services
from providers.contract import Incomplete, Verdict
from providers.models import CallOutcome, ProviderAccount, ProviderCall
from providers.services import InvalidAccount
from tests.factories.providers import make_account
from tests.providers.betcalc.test_client import LOGGED_IN, LOGIN, SESSION_LOST, log_in_as
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, hang_up, reply

POLL = "/loadbars/"
TOLD = json.loads(sample("betcalc", "poll"))
CODE = "x9c52i8411"


@pytest.fixture
def account(server: Scripted, db) -> ProviderAccount:
    server.on(LOGIN, LOGGED_IN)
    return make_account(base_url=server.url, settings={"poll_email": "ann@example.com"})


def poll(account, *codes):
    return completion.poll(account=account, references=codes or (CODE,), deadline_s=5)


def answer(*heads):
    return reply(json.dumps([{"remote_host": "https://mysite.com", "Heads": list(heads)}]))


def head(**changes):
    return {**TOLD[0]["Heads"][0], **changes}


def test_a_result_is_read_as_if_it_had_been_sent(server, account):
    server.on(POLL, answer(head()))

    (found,) = poll(account, CODE, "another")

    assert (found.reference, found.verdict, found.sent_payout) == (
        CODE,
        Verdict.WON,
        Decimal(11130),
    )
    assert found.dated_at.timestamp() == 1597075782
    (asked,) = server.requests(POLL)
    assert asked.json() == {
        "mails": ["ann@example.com"], "links": [CODE, "another"], "mode": "mixed"
    }  # fmt: skip
    assert asked.headers["cookie"] == "ASP.NET_SessionId=cookie-one; b=two"


@pytest.mark.parametrize(
    "step",
    [
        answer(),
        answer(head(Status=1)),
        answer(head(Status=3)),
        answer(head(KeyHead={"Id": "1", "BarCode": "nobody-asked"})),
        reply("<!-- node 7 -->" + json.dumps([{"Heads": []}])),
    ],
)
def test_what_is_not_known_yet_is_no_result(server, account, step):
    server.on(POLL, step)

    assert poll(account) == ()


@pytest.mark.parametrize(
    "step",
    [
        hang_up,
        reply("<html>"),
        reply("[]"),
        reply("[1]"),
        reply("{}"),
        reply(json.dumps(TOLD), status=500),
        reply(json.dumps(TOLD), status=404),
        answer(head(AmountOut="much")),
    ],
)
def test_an_answer_that_says_nothing_settles_nothing(server, account, step):
    server.on(POLL, step)

    with pytest.raises(Incomplete):
        poll(account)
    assert len(server.requests(POLL)) == 1


def test_a_lost_session_is_renewed_once(server, account):
    server.on(LOGIN, log_in_as("old"), log_in_as("new"))
    server.on(POLL, reply(SESSION_LOST), answer(head()))
    assert len(poll(account)) == 1
    assert [each.headers["cookie"] for each in server.requests(POLL)] == ["sid=old", "sid=new"]

    server.on(POLL, reply(SESSION_LOST))
    with pytest.raises(Incomplete):
        poll(account)
    assert len(server.requests(POLL)) == 4
    assert ProviderCall.objects.latest("id").outcome == CallOutcome.REJECTED


@pytest.mark.parametrize("wholly", [False, True])
def test_a_suspended_account_is_asked_unless_it_is_so_wholly(server, account, wholly):
    server.on(POLL, answer(head()))
    health.suspend(
        account_id=account.pk, by="staff:ada", reason="Audit.", now=timezone.now(), wholly=wholly
    )

    if wholly:
        with pytest.raises(Incomplete, match="suspended"):
            poll(account)
    else:
        assert len(poll(account)) == 1
    assert bool(server.received) is not wholly


def test_only_who_says_so_is_asked(db):
    account = make_account()
    assert not completion.polls(account=account)

    account = services.save_account(code=account.code, settings={"poll_email": "a@example.com"})
    assert completion.polls(account=account)
    with pytest.raises(InvalidAccount):
        services.save_account(code=account.code, settings={"poll_email": "nobody"})
