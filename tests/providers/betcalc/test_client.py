"""betcalc over real HTTP."""

import threading
from decimal import Decimal

import pytest
from django.db import connection, transaction

from providers import services, sessions
from providers.contract import Accepted, NotSent, Rejected, Unknown
from providers.models import CallOutcome, ProviderAccount, ProviderCall, ProviderSession
from tests.factories.providers import LINE, LIVE, make_account, make_slip
from tests.providers.scripted import Scripted, drip, reply, reset, unused_url

LOGIN = "/WebServices/BCService.asmx/LogIn/"
PLACE = "/bet/place/"
YES = {"betCode": "x9c52i8411", "errorCode": 0, "fullErrorCode": 0, "Coef": 4.27, "AmountOut": 8.54}
SESSION_LOST = {"errorCode": 1, "fullErrorCode": 99, "errorMessage": "Invalid access level"}
LOGGED_IN = reply(
    {"d": {"UserId": "36557"}},
    headers=("Set-Cookie: ASP.NET_SessionId=cookie-one; path=/; HttpOnly", "Set-Cookie: b=two"),
)


def log_in_as(cookie: str):
    return reply({"d": {"UserId": "1"}}, headers=(f"Set-Cookie: sid={cookie}; path=/",))


@pytest.fixture
def account(server: Scripted, db) -> ProviderAccount:
    server.on(LOGIN, LOGGED_IN)
    return make_account(base_url=server.url)


def place(account, *selections, **changes):
    return services.place(
        account=account, keep=bool, slip=make_slip(*selections, **changes), deadline_s=5
    )


def test_the_request_is_the_documents(server, account):
    server.on(PLACE, reply(YES))

    place(account, LINE, LIVE, stake=Decimal("2.00"))

    (login,), (sent,) = server.requests(LOGIN), server.requests(PLACE)
    assert login.json() == {"login": "operator-login", "password": "operator-password"}
    assert sent.headers["cookie"] == "ASP.NET_SessionId=cookie-one; b=two"
    assert sent.headers["content-type"] == "application/json"
    assert sent.json() == {
        "data": {
            "list_bets": ["line#586464528|17|954|2.5#4.27", "live#586464528|87|4|0#1.12"],
            "realAmount": "2",
            "currency": "USD",
            "lang": "en",
            "remote_host": "https://slipdesk.example/webhooks/betcalc/callback-token/key-1",
            "rate_mode": "reject",
        }
    }


def test_the_session_is_kept_encrypted_and_used_again(server, account):
    server.on(PLACE, reply(YES))

    place(account)
    place(account)

    assert len(server.requests(LOGIN)) == 1
    stored = ProviderSession.objects.get(account=account)
    assert b"cookie-one" not in bytes(stored.cookies)
    assert sessions.current(account_id=account.id).cookies["ASP.NET_SessionId"] == "cookie-one"


def test_a_lost_session_is_renewed_once_and_the_bet_sent_again(server, account):
    server.on(LOGIN, log_in_as("old"), log_in_as("new"))
    server.on(PLACE, reply(SESSION_LOST), reply(YES))

    assert isinstance(place(account), Accepted)

    assert [sent.headers["cookie"] for sent in server.requests(PLACE)] == ["sid=old", "sid=new"]
    outcomes = list(ProviderCall.objects.order_by("id").values_list("operation", "outcome"))
    assert outcomes == [
        ("login", CallOutcome.OK),
        ("place", CallOutcome.REJECTED),
        ("login", CallOutcome.OK),
        ("place", CallOutcome.ACCEPTED),
    ]


def test_a_session_refused_twice_is_a_rejection(server, account):
    server.on(PLACE, reply(SESSION_LOST))

    placed = place(account)

    assert isinstance(placed, Rejected)
    assert placed.code == "provider_access_denied"
    assert len(server.requests(PLACE)) == 2
    assert len(server.requests(LOGIN)) == 2


def test_a_wrong_remote_host_is_a_fault_of_the_configuration(server, account):
    answer = {"errorCode": 1, "fullErrorCode": 99, "errorMessage": "Error exist remote host!"}
    server.on(PLACE, reply(answer))

    placed = place(account)

    assert (placed.code, placed.provider_code) == ("provider_misconfigured", "1/99")
    assert len(server.requests(PLACE)) == 1


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (reply({"d": {}}), "provider_credentials_refused"),
        (reply({"d": {"UserId": None}}), "provider_credentials_refused"),
        (reply("", status=500), "provider_login_failed"),
        (reply({"d": {"UserId": "1"}}, status=500), "provider_login_failed"),
        (reply("<html>"), "provider_login_failed"),
        (reset, "provider_unreachable"),
    ],
)
def test_without_a_login_nothing_is_placed(server, account, step, code):
    server.on(LOGIN, step)

    placed = place(account)

    assert isinstance(placed, NotSent)
    assert placed.code == code
    assert server.requests(PLACE) == []
    assert not ProviderSession.objects.exists()


def test_a_login_that_drips_leaves_the_bet_unsent(server, account):
    server.on(LOGIN, drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b" " * 900))

    placed = services.place(account=account, keep=bool, slip=make_slip(), deadline_s=0.5)

    assert isinstance(placed, NotSent)


def test_the_login_may_have_a_host_of_its_own(server, account):
    services.save_account(code=account.code, settings={"login_url": server.url + "/other"})
    account.refresh_from_db()
    server.on("/other" + LOGIN, LOGGED_IN)
    server.on(PLACE, reply(YES))

    assert isinstance(place(account), Accepted)
    assert server.requests(LOGIN) == []


def test_other_credentials_end_the_session(server, account):
    server.on(PLACE, reply(YES))
    place(account)

    services.save_account(code=account.code, secrets={"password": "another-password"})
    account.refresh_from_db()
    place(account)

    assert [login.json()["password"] for login in server.requests(LOGIN)] == [
        "operator-password",
        "another-password",
    ]


def test_cookies_never_reach_another_account(server, account):
    other = make_account(base_url=server.url)
    server.on(LOGIN, log_in_as("first"), log_in_as("second"))
    server.on(PLACE, reply(YES))

    for chosen in (account, other, account):
        place(chosen)

    cookies = [sent.headers["cookie"] for sent in server.requests(PLACE)]
    assert cookies == ["sid=first", "sid=second", "sid=first"]
    assert all("cookie" not in login.headers for login in server.requests(LOGIN))


def test_a_placement_inside_a_transaction_is_an_error(server, account):
    with pytest.raises(RuntimeError), transaction.atomic():
        place(account)

    assert server.received == []


@pytest.mark.django_db(transaction=True)
def test_eight_threads_log_in_once(server):
    server.on(LOGIN, LOGGED_IN)
    server.on(PLACE, reply(YES))
    account = make_account(base_url=server.url)
    barrier, placed = threading.Barrier(8), []

    def one_placement() -> None:
        barrier.wait()
        placed.append(services.place(account=account, keep=bool, slip=make_slip(), deadline_s=10))
        connection.close()

    _run_all(one_placement, 8)

    assert [type(outcome) for outcome in placed] == [Accepted] * 8
    assert len(server.requests(LOGIN)) == 1


@pytest.mark.django_db(transaction=True)
def test_eight_threads_that_lost_the_session_log_in_once_more(server):
    server.on(LOGIN, log_in_as("old"), log_in_as("new"))
    server.on(PLACE, reply(YES))
    account = make_account(base_url=server.url)
    services.place(account=account, keep=bool, slip=make_slip(), deadline_s=10)
    server.on(PLACE, *[reply(SESSION_LOST)] * 8, reply(YES))
    barrier, placed = threading.Barrier(8), []

    def one_placement() -> None:
        barrier.wait()
        placed.append(services.place(account=account, keep=bool, slip=make_slip(), deadline_s=10))
        connection.close()

    _run_all(one_placement, 8)

    assert [type(outcome) for outcome in placed] == [Accepted] * 8
    assert len(server.requests(LOGIN)) == 2


def test_the_connection_test_logs_in_and_says_so(server, account):
    report = services.test_connection(account=account)

    assert report.ok
    assert "logged in" in report.detail
    assert server.requests(PLACE) == []


def test_the_connection_test_says_what_is_wrong(server, account):
    server.on(LOGIN, reply({"d": {}}))
    refused = services.test_connection(account=account)
    services.save_account(code=account.code, base_url=unused_url())
    account.refresh_from_db()
    away = services.test_connection(account=account)

    assert not refused.ok
    assert refused.detail.startswith("provider_credentials_refused")
    assert not away.ok
    assert away.detail.startswith("provider_unreachable")


def test_a_small_fixed_amount_is_warned_of(server, account):
    services.save_account(code=account.code, settings={"amount_mode": "fixed:999"})
    account.refresh_from_db()

    assert "fixed amount" in services.test_connection(account=account).detail


def test_a_fixed_amount_is_what_betcalc_is_told(server, account):
    services.save_account(code=account.code, settings={"amount_mode": "fixed:1000"})
    account.refresh_from_db()
    server.on(PLACE, reply({**YES, "AmountOut": 4270}))

    told = services.told_stake(account=account, stake=Decimal("3.50"))
    placed = place(account, stake=Decimal("3.50"), told_stake=told)

    assert server.requests(PLACE)[0].json()["data"]["realAmount"] == "1000"
    assert placed.potential_payout is None


def test_an_account_that_is_switched_off_sends_nothing(server, account):
    services.save_account(code=account.code, is_active=False)
    account.refresh_from_db()

    placed = place(account)

    assert isinstance(placed, NotSent)
    assert server.received == []


def test_a_call_is_found_from_its_coupon(server, account):
    server.on(PLACE, reply(YES))
    slip = make_slip()

    services.place(account=account, keep=bool, slip=slip, deadline_s=5)

    call = ProviderCall.objects.get(operation="place")
    assert (call.outcome, call.response_status) == (CallOutcome.ACCEPTED, 200)
    assert (call.subject_kind, call.subject_id) == ("coupon", slip.coupon_id)


def test_a_fault_of_ours_is_unknown(server, account, caplog):
    assert isinstance(place(account, stake=None), Unknown)
    assert "failed" in caplog.text


def test_a_lost_answer_after_the_second_login_is_unknown(server, account):
    server.on(PLACE, reply(SESSION_LOST), reset)

    assert isinstance(place(account), Unknown)
    assert len(server.requests(PLACE)) == 2


def _run_all(work, count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
