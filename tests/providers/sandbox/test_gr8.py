"""The gr8 wire, by documents/gr8.txt: bets, quotes, returns and tokens."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from providers.sandbox import wire
from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.factories.gr8 import EVENT, HEADERS, KEY, PLAYER, bet, place, taken
from tests.providers.samples import sample


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as sandbox:
        yield sandbox


def exact(answer) -> Any:
    return wire.loads(answer.content)


# --- bets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/sport/v1/bet", "/v1/sport/mts/v1/bet"])
def test_the_documents_request_gets_the_documents_answer(sandbox, http, path):
    request = sample("gr8", "place_single", "request")

    answer = http.post(f"{sandbox.url}/gr8{path}", data=request, headers=HEADERS)

    assert exact(answer) == wire.loads(sample("gr8", "place_single", "response"))


def test_the_documents_errors_can_be_ordered(sandbox, http):
    sandbox.order_fault("gr8", "reject", code="37")
    sandbox.order_fault("gr8", "reject", code="42")

    common, specific = (place(sandbox, http) for _ in range(2))

    assert (common.status_code, specific.status_code) == (400, 400)
    document = wire.loads(sample("gr8", "refused_common", "response"))
    document["errors"]["common"]["currency"] = "USD"
    assert exact(common) == document
    assert exact(specific) == wire.loads(sample("gr8", "refused_specific", "response"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "10"}, "amount"),
        ({"amount": 0}, "amount"),
        ({"betType": "Single"}, "betType"),
        ({"betType": "Express"}, "betType"),
        ({"oddsChangePolicy": None}, "oddsChangePolicy"),
        ({"systemSize": 2}, "systemSize"),
        ({"transactionId": "7"}, "transactionId"),
        ({"transactionId": None}, "transactionId"),
        ({"items": []}, "items"),
        ({"items": [{"eventId": EVENT, "odds": 1}]}, "items[0].sourceOutcomes"),
        ({"isOverask": "yes"}, "isOverask"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(sandbox, http, changes, field):
    answer = place(sandbox, http, **changes)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert sandbox.client_errors() != []


@pytest.mark.parametrize("missing", ["X-Operator-Id", "X-Brand", "X-Player-Id", "X-Channel"])
def test_a_missing_header_is_refused_by_its_name(sandbox, http, missing):
    headers = {name: value for name, value in HEADERS.items() if name != missing}

    answer = http.post(sandbox.url + "/gr8/v1/sport/v1/bet", json=bet(), headers=headers)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [missing])


def test_a_repeat_is_refused_as_processed(sandbox, http):
    transaction = str(uuid4())
    taken(sandbox, http, transactionId=transaction)

    again = place(sandbox, http, transactionId=transaction)

    assert again.json()["errors"]["common"]["code"] == 93


def test_a_bet_may_have_an_id_of_gr8s_own(sandbox, http):
    transaction = str(uuid4())

    assert taken(sandbox, http, transactionId=transaction, useExternalBetId=False) != transaction


def test_the_highest_stake_follows_the_players_multiplier(sandbox, http):
    url = f"{sandbox.url}/gr8/v1/sport/v1/"
    query = "?prematchAmountLimitRelative=2&liveAmountLimitRelative=1.5"
    asked = {name: value for name, value in bet().items() if "ransactionId" not in name}
    del asked["useExternalBetId"]

    before = http.post(url + "bet/max-amount", json=asked, headers=HEADERS).json()
    http.put(f"{url}players/{PLAYER}/limits{query}", headers=HEADERS)
    after = http.post(url + "bet/max-amount", json=asked, headers=HEADERS).json()

    assert before == {"maxBet": 5000, "isVipEnabled": False, "reason": ""}
    assert (after["maxBet"], after["isVipEnabled"]) == (10000, True)


def test_a_quote_knows_no_policy_none_and_no_unknown_event(sandbox, http):
    url = f"{sandbox.url}/gr8/v1/sport/v1/bet/max-amount"
    policy = http.post(url, json=bet(oddsChangePolicy="None"), headers=HEADERS)
    outcome = {"selection": KEY, "odds": 2}
    items = [{"eventId": "nothing", "odds": 2, "sourceOutcomes": [outcome]}]
    event = http.post(url, json=bet(items=items), headers=HEADERS)

    assert (policy.status_code, list(policy.json()["errors"])) == (400, ["oddsChangePolicy"])
    assert event.status_code == 422
    assert event.json()["errors"]["specific"] == [{"code": 1000, "itemIndex": 0}]


def test_what_is_not_a_guid_cannot_be_returned(sandbox, http):
    url = f"{sandbox.url}/gr8/v1/sport/v1/bet/return/"

    wrong = http.put(url + "abc", headers=HEADERS)
    unknown = http.put(url + str(uuid4()), headers=HEADERS)

    assert wrong.json() == {"errors": {"betId": ["The betId field is UUID."]}}
    assert (wrong.status_code, unknown.status_code) == (400, 400)


# --- tokens -------------------------------------------------------------------------------------


def get_token(sandbox, http, **changes):
    form = {
        "grant_type": "client_credentials",
        "client_id": "me",
        "client_secret": "it",
        **changes,
    }
    return http.post(sandbox.url + "/gr8/oauth/token", data=form)


def test_a_token_works_until_it_ends(sandbox, http, eventually):
    sandbox.order("gr8", "settings", token_life_s=1)
    answer = get_token(sandbox, http).json()
    headers = {**HEADERS, "Authorization": f"{answer['token_type']} {answer['access_token']}"}
    url = sandbox.url + "/gr8/v1/sport/v1/bet"

    assert answer["expires_in"] == 1
    assert http.post(url, json=bet(), headers=headers).status_code == 200
    eventually(lambda: http.post(url, json=bet(), headers=headers).status_code == 401)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_token_is_refused_as_oauth_says(sandbox, http, changes, status, error):
    answer = get_token(sandbox, http, **changes)

    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_without_a_token_nothing_is_done(sandbox, http):
    headers = {**HEADERS, "Authorization": "Bearer another"}

    answer = http.post(sandbox.url + "/gr8/v1/sport/v1/bet", json=bet(), headers=headers)

    assert answer.status_code == 401
    assert sandbox.bets("gr8") == []


def test_the_credentials_may_be_settings(http):
    settings = {"gr8": {"client_id": "right", "client_secret": "right too"}}
    with running_sandbox(provider_settings=settings) as sandbox:
        right = get_token(sandbox, http, client_id="right", client_secret="right too")
        other = get_token(sandbox, http)

    assert (right.status_code, other.status_code) == (200, 401)
