"""superbet: what it declares, its connection test, its completion of results and its webhook."""

import json
from decimal import Decimal

import pytest
from django.utils import timezone

from providers import health, registry, services
from providers.contract import (
    Capability,
    CouponType,
    Debit,
    Incomplete,
    NotVerified,
    Processing,
    Settle,
    Verdict,
)
from providers.health import State
from providers.superbet.protocol.tickets import Ticket, Unreadable
from tests.factories.providers import make_inbound
from tests.factories.superbet import (
    TICKET,
    make_message,
    make_superbet,
    make_ticket_slip,
    sign,
)
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, reply, reset

SUPERBET = registry.get("superbet")
GET = f"/be/tickets/{TICKET}"

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(server: Scripted):
    return make_superbet(server.url)


def test_what_it_declares():
    form = SUPERBET.slip_form

    assert form.types == {CouponType.SINGLE, CouponType.EXPRESS}
    assert not form.items_have_event
    assert not form.items_have_odds
    assert form.needs_player_token
    assert [option.name for option in form.options] == ["event", "source", "atag"]
    assert Capability.WALLET not in SUPERBET.capabilities
    (route,) = SUPERBET.routes
    assert (route.path, route.processing) == ("/", Processing.ANSWER)


@pytest.mark.parametrize(
    "settings",
    [
        {"operator": "two words"},
        {"placement": "both"},
        {"field_set": "other"},
        {"source": "fax"},
        {"pam_skew_s": "0"},
        {"reserve_expires_s": "-5"},
        {"lang": "english"},
    ],
    ids=repr,
)
def test_settings_are_judged(account, settings):
    with pytest.raises(services.InvalidAccount):
        services.save_account(code=account.code, settings=settings)


# --- the connection test ------------------------------------------------------------------------


def test_the_connection_test_asks_for_one_ticket(server, account):
    server.on("/be/tickets?limit=1", reply("[]"))

    report = services.test_connection(account=account)

    assert report.ok
    (sent,) = server.received
    assert sent.headers["operator-name"] == "site"


@pytest.mark.parametrize(
    ("step", "word"),
    [
        (reply("", status=403), "provider_access_denied"),
        (reply("<html>"), "without a list"),
        (reply("", status=429), "too many requests"),
        (reset, "provider_unreachable"),
    ],
)
def test_the_connection_test_says_what_is_wrong(server, account, step, word):
    server.on("/be/tickets?limit=1", step)

    report = services.test_connection(account=account)

    assert not report.ok
    assert word in report.detail


@pytest.mark.parametrize("status", [401, 403])
def test_an_account_without_access_stands_as_refused_until_a_call_works(server, account, status):
    server.on("/be/tickets?limit=1", reply("", status=status), reply("[]"))

    services.test_connection(account=account)
    refused = health.of(account_id=account.pk, now=timezone.now())
    services.test_connection(account=account)

    assert refused.state is State.CREDENTIALS_REFUSED
    assert health.of(account_id=account.pk, now=timezone.now()).state is State.HEALTHY


# --- operations ---------------------------------------------------------------------------------


def test_a_ticket_is_shown_by_its_code(server, account):
    server.on("/be/tickets/DEC4C0", reply(sample("superbet", "paid")))

    ticket = SUPERBET.ticket(account, "DEC4C0", deadline_s=5)

    assert isinstance(ticket, Ticket)
    assert ticket.is_open


def test_tickets_are_listed(server, account):
    server.on("/be/tickets?limit=3&skip_types=jackpot", reply(sample("superbet", "tickets")))

    listed = SUPERBET.tickets(account, deadline_s=5, limit=3, skip_types=("jackpot",))

    assert [ticket.code for ticket in listed] == ["DEC4C0", "DEC4C1"]


@pytest.mark.parametrize(
    "entry", [{"code": "DEC4C0"}, {"id": ""}, None, "66902734beba20ff2df5c79f"]
)
def test_a_list_with_an_entry_that_is_no_ticket_proves_nothing(server, account, entry):
    tickets = [*json.loads(sample("superbet", "tickets")), entry]
    server.on("/be/tickets?limit=10", reply(json.dumps(tickets)))

    assert isinstance(SUPERBET.tickets(account, deadline_s=5), Unreadable)


def test_a_ticket_can_be_created_whatever_the_setting(server, account):
    server.on("/be/tickets", reply(sample("superbet", "paid")))

    placed = SUPERBET.create(account, make_ticket_slip(), deadline_s=5)

    assert placed.reference == TICKET


# --- results without amounts --------------------------------------------------------------------

WIN = Settle(reference=TICKET, verdict=Verdict.WON, incomplete=True, raw_result="ticket_win")


def test_the_payout_of_a_win_is_taken_from_its_ticket(server, account):
    server.on(GET, reply(sample("superbet", "ticket_won")))

    whole = SUPERBET.complete(account, WIN, deadline_s=5)

    assert (whole.payout, whole.withholding) == (Decimal("20.90"), Decimal("1.33"))
    assert (whole.verdict, whole.incomplete) == (Verdict.WON, False)
    assert whole.details["gross_payout"] == "22.23"


@pytest.mark.parametrize(
    "step",
    [
        reset,
        reply("<html>"),
        reply("", status=500),
        reply("", status=403),
        reply(sample("superbet", "paid")),
    ],
)
def test_without_a_clear_ticket_a_result_stays_incomplete(server, account, step):
    server.on(GET, step)

    with pytest.raises(Incomplete):
        SUPERBET.complete(account, WIN, deadline_s=5)


# --- the webhook --------------------------------------------------------------------------------


def verify(account, request):
    SUPERBET.verify(account, request)


def signed(case, **how):
    body = sample("superbet", case)
    return make_inbound("/", body, headers=sign(body, **how))


@pytest.mark.parametrize("case", ["pam_identify", "pam_ticket_create", "pam_ticket_win"])
@pytest.mark.parametrize("spaces", [True, False])
def test_signed_messages_are_verified(account, case, spaces):
    verify(account, signed(case, spaces=spaces))


def test_a_ping_needs_no_signature(account):
    verify(account, make_inbound("/", sample("superbet", "pam_ping")))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"action": "ticket_win"}', b'{"action": "pinger"}']
)
def test_everything_else_does(account, body):
    with pytest.raises(NotVerified) as refused:
        verify(account, make_inbound("/", body))

    assert refused.value.status == 401


def test_another_secret_is_refused(account):
    with pytest.raises(NotVerified):
        verify(account, signed("pam_ticket_win", secret="another"))


def test_the_account_says_how_far_clocks_may_differ(server):
    account = make_superbet(server.url, pam_skew_s="10")
    body = sample("superbet", "pam_ticket_win")
    request = make_inbound("/", body, headers=sign(body))
    timestamp = request.headers["timestamp"]
    late = {**request.headers, "timestamp": str(int(timestamp) - 11)}

    verify(account, request)
    with pytest.raises(NotVerified, match="clock"):
        verify(account, make_inbound("/", body, headers=late))


def test_addresses_that_are_not_on_the_list_are_refused(server):
    account = make_superbet(server.url, allowed_ips="192.0.2.0/24")

    with pytest.raises(NotVerified) as refused:
        verify(account, make_inbound("/", sample("superbet", "pam_ping")))

    assert refused.value.status == 403


def test_a_message_is_read_by_the_accounts_own_settings(server):
    account = make_superbet(server.url, lang="sw")

    (who,) = SUPERBET.parse(account, make_inbound("/", sample("superbet", "pam_identify"))).commands
    (debit,) = SUPERBET.parse(
        account, make_inbound("/", sample("superbet", "pam_ticket_create"))
    ).commands

    assert who.language == "sw"
    assert isinstance(debit, Debit)


def test_answers_and_refusals_are_json(account):
    yes = SUPERBET.reply(make_message("ping"), [])
    no = SUPERBET.refusal(NotVerified("no"))

    assert (yes.status, json.loads(yes.body)) == (200, {"status": "ok"})
    assert json.loads(no.body)["code"] == 401
