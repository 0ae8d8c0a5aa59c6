"""gr8's tokens and the pace it allows, over real HTTP."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from providers import health, services
from providers.contract import Accepted, NotSent, Rejected, Unknown
from providers.models import (
    CallOutcome,
    ProviderAccount,
    ProviderCall,
    ProviderSession,
)
from tests.providers.gr8.asked import (
    PLACE,
    TOKEN,
    UNAUTHORIZED,
    YES,
    account_at,
    change,
    place,
    run_all,
    token,
)
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, reply, reset


@pytest.fixture
def account(server: Scripted, db) -> ProviderAccount:
    return account_at(server)


# --- tokens -------------------------------------------------------------------------------------


def test_a_token_is_asked_for_by_form_kept_encrypted_and_used_again(server, account):
    place(account)
    place(account)

    (asked,) = server.requests(TOKEN)
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.body == (
        b"grant_type=client_credentials&client_id=operator-client&client_secret=operator-secret"
    )
    assert b"Bearer one" not in bytes(ProviderSession.objects.get(account=account).cookies)


def test_a_token_that_is_about_to_end_is_renewed_before_it_does(server, account):
    server.on(TOKEN, token("old"), token("new"))
    place(account)
    ending = ProviderSession.objects.get(account=account)
    ending.obtained_at -= timedelta(seconds=3600 - 10)
    ending.expires_at -= timedelta(seconds=3600 - 10)
    ending.save()

    place(account)

    used = [sent.headers["authorization"] for sent in server.requests(PLACE)]
    assert used == ["Bearer old", "Bearer new"]


def test_a_refused_token_is_renewed_once_and_the_bet_sent_again(server, account):
    server.on(TOKEN, token("old"), token("new"))
    server.on(PLACE, UNAUTHORIZED, YES)

    assert isinstance(place(account), Accepted)

    outcomes = list(ProviderCall.objects.order_by("id").values_list("operation", "outcome"))
    assert outcomes == [
        ("token", CallOutcome.OK),
        ("place", CallOutcome.REJECTED),
        ("token", CallOutcome.OK),
        ("place", CallOutcome.ACCEPTED),
    ]


@pytest.mark.parametrize("seconds", [10, 40])
def test_a_token_of_a_short_life_is_used_more_than_once(server, account, seconds):
    server.on(TOKEN, token(expires_in=seconds))

    assert [type(place(account)) for _ in range(2)] == [Accepted, Accepted]

    assert len(server.requests(TOKEN)) == 1


def test_a_token_refused_twice_is_a_rejection_and_known_to_staff(server, account):
    server.on(PLACE, UNAUTHORIZED)

    placed = place(account)

    assert isinstance(placed, Rejected)
    assert placed.code == "provider_access_denied"
    assert (len(server.requests(PLACE)), len(server.requests(TOKEN))) == (2, 2)
    assert _state(account) is health.State.CREDENTIALS_REFUSED


def test_only_an_answer_of_gr8_itself_says_that_the_token_works_again(server, account):
    server.on(PLACE, UNAUTHORIZED)
    place(account)

    server.on(PLACE, reply("", status=502))
    place(account)
    assert _state(account) is health.State.CREDENTIALS_REFUSED

    server.on(PLACE, YES)
    place(account)
    assert _state(account) is health.State.HEALTHY


def _state(account) -> health.State:
    return health.of(account_id=account.id, now=timezone.now()).state


def test_a_lost_answer_after_the_second_token_is_unknown(server, account):
    server.on(PLACE, UNAUTHORIZED, reset)

    assert isinstance(place(account), Unknown)
    assert len(server.requests(PLACE)) == 2


@pytest.mark.parametrize(
    ("given", "sent"),
    [("abc.def", "Bearer abc.def"), ("Token abc.def", "Token abc.def")],
)
def test_a_fixed_token_does_without_a_client(server, db, given, sent):
    account = account_at(server, secrets={"token": given})

    assert isinstance(place(account), Accepted)

    assert server.requests(TOKEN) == []
    assert server.requests(PLACE)[0].headers["authorization"] == sent


def test_a_refused_fixed_token_is_not_tried_again(server, db):
    account = account_at(server, secrets={"token": "abc.def"})
    server.on(PLACE, UNAUTHORIZED)

    assert place(account).code == "provider_access_denied"
    assert len(server.requests(PLACE)) == 1


@pytest.mark.parametrize(
    "missing",
    [
        {"secrets": {}},
        {"secrets": {"client_id": "operator-client"}},
        {"settings": {}},
    ],
)
def test_without_credentials_nothing_is_sent(server, db, missing):
    account = account_at(server, **missing)

    placed = place(account)

    assert isinstance(placed, NotSent)
    assert placed.code == "provider_login_failed"
    assert server.received == []
    assert "neither a token" in " ".join(services.warnings(account=account))


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (reply(sample("gr8", "token_refused", "response"), status=400), "credentials_refused"),
        (reply("", status=401), "credentials_refused"),
        (reply("", status=500), "login_failed"),
        (reply("<html>"), "login_failed"),
        (token(access_token="two words"), "login_failed"),
        (token(access_token="line\nX-Evil: 1"), "login_failed"),
        (token(access_token=None), "login_failed"),
        (reset, "unreachable"),
    ],
)
def test_without_a_token_nothing_is_placed(server, account, step, code):
    server.on(TOKEN, step)

    placed = place(account)

    assert isinstance(placed, NotSent)
    assert placed.code == f"provider_{code}"
    assert server.requests(PLACE) == []
    assert not ProviderSession.objects.exists()


def test_another_token_address_ends_the_former_token(server, account):
    place(account)
    server.on("/other", token("other"))

    change(account, settings={"token_url": f"{server.url}/other"})
    place(account)

    assert server.requests(PLACE)[1].headers["authorization"] == "Bearer other"


def test_a_token_that_a_former_client_fetched_late_is_not_used(server, account):
    late = ProviderAccount.objects.get(pk=account.pk)
    server.on(TOKEN, token("former"), token("new"))

    change(account, secrets={"client_id": "another-client"})
    place(late)
    place(account)

    used = [sent.headers["authorization"] for sent in server.requests(PLACE)]
    assert used == ["Bearer former", "Bearer new"]


def test_tokens_never_reach_another_account(server, account):
    other = account_at(server)
    server.on(TOKEN, token("first"), token("second"))

    for chosen in (account, other, account):
        place(chosen)

    used = [sent.headers["authorization"] for sent in server.requests(PLACE)]
    assert used == ["Bearer first", "Bearer second", "Bearer first"]


def test_a_token_that_comes_back_is_not_in_the_log(server, account):
    server.on(TOKEN, token("a-very-secret-token"))
    server.on(PLACE, reply({"echo": "Bearer a-very-secret-token"}, status=400))

    place(account)

    for call in ProviderCall.objects.all():
        assert "a-very-secret-token" not in f"{call.url}{call.request}{call.response}{call.error}"


@pytest.mark.django_db(transaction=True)
def test_twenty_threads_fetch_one_token(server):
    account = account_at(server)
    barrier, placed = threading.Barrier(20), []

    def one_placement() -> None:
        barrier.wait()
        placed.append(place(account, deadline_s=20))
        connection.close()

    run_all(one_placement, 20)

    assert [type(outcome) for outcome in placed] == [Accepted] * 20
    assert len(server.requests(TOKEN)) == 1


# --- too many requests --------------------------------------------------------------------------


def too_many(header: str = ""):
    return reply("", status=429, headers=(f"Retry-After: {header}",) if header else ())


def test_after_429_the_bet_is_sent_again_when_gr8_says_so(server, account):
    server.on(PLACE, too_many("1"), YES)

    assert isinstance(place(account), Accepted)
    assert len(server.requests(PLACE)) == 2


@pytest.mark.parametrize(("header", "wait_s"), [("", None), ("60", 60), ("soon", None)])
def test_after_429_without_time_for_another_nothing_was_placed(server, account, header, wait_s):
    server.on(PLACE, too_many(header))

    placed = place(account)

    assert isinstance(placed, NotSent)
    assert (placed.code, placed.retry_after_s) == ("rate_limited", wait_s)
    assert len(server.requests(PLACE)) == 1


def test_429_without_an_end_is_given_up(server, account):
    server.on(PLACE, too_many("0"))

    assert place(account).code == "rate_limited"
    assert len(server.requests(PLACE)) == 3
