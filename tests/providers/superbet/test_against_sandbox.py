"""The client and the webhook against an engine that was written from the document alone.

The webhook is served for real; what the bets side would decide is told by the test.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from providers import registry, services
from providers.contract import (
    Accepted,
    Cancel,
    Command,
    Debit,
    Effect,
    Identify,
    Inbound,
    Outcome,
    PlayerFacts,
    Refused,
    Rejected,
    Reply,
    Reserve,
    Rollback,
    Settle,
    Unfamiliar,
    Unknown,
    Verdict,
)
from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.factories.superbet import SECRET, make_open_ticket, make_superbet, make_ticket_slip

pytestmark = pytest.mark.django_db
SUPERBET = registry.get("superbet")
PLAYER = PlayerFacts(player_uid="token_i", currency="USD", available=Decimal("50.00"))


@dataclass
class Pam:
    """Our webhook as the engine meets it: verified, read, and answered."""

    account: object = None
    url: str = ""
    commands: list[Command] = field(default_factory=list)
    unknown_values: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    refusals: dict[type, str] = field(default_factory=dict)

    def answer(self, request: Inbound) -> Reply:
        try:
            SUPERBET.verify(self.account, request)
            parsed = SUPERBET.parse(self.account, request)
        except Refused as error:
            self.refused.append(error)
            return SUPERBET.refusal(error)
        self.commands += parsed.commands
        self.unknown_values += parsed.unknown_values
        return SUPERBET.reply(request, [self._outcome(each) for each in parsed.commands])

    def of(self, kind: type) -> list:
        return [command for command in self.commands if isinstance(command, kind)]

    def _outcome(self, command: Command) -> Outcome:
        code = self.refusals.get(type(command))
        if code:
            return Outcome(effect=Effect.REFUSED, reference="", code=code, message="no")
        player = PLAYER if isinstance(command, Identify) else None
        return Outcome(effect=Effect.ANSWERED, reference="", player=player)


def _handler(pam: Pam) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = Inbound(
                path="/",
                method="POST",
                headers={name.lower(): value for name, value in self.headers.items()},
                query="",
                body=self.rfile.read(int(self.headers["Content-Length"])),
                remote_ip="127.0.0.1",
                received_at=datetime.now(UTC),
            )
            reply = pam.answer(request)
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as running:
        yield running


@pytest.fixture
def account(sandbox):
    return make_superbet(f"{sandbox.url}/superbet")


@pytest.fixture
def pam(sandbox, account) -> Iterator[Pam]:
    pam = Pam(account=account)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pam))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    pam.url = f"http://127.0.0.1:{server.server_port}/"
    target = {"callback_base": pam.url, "signing_secret": SECRET}
    sandbox.call("PUT", "/superbet/target", target)
    yield pam
    server.shutdown()
    server.server_close()
    thread.join()


def place(account, *bets, **changes):
    kept: list[str] = []
    deadline_s = changes.pop("deadline_s", 5.0)
    slip = make_ticket_slip(*bets, **changes)
    placed = services.place(
        account=account,
        keep=lambda reference: not kept.append(reference),
        slip=slip,
        deadline_s=deadline_s,
    )
    return placed, (kept or [""])[0]


def eventually(found: Callable[[], object]) -> None:
    ends = time.monotonic() + 10
    while not found():
        assert time.monotonic() < ends, "what was waited for did not happen"
        time.sleep(0.02)


def tickets(sandbox) -> list[dict]:
    return sandbox.bets("superbet")


def test_the_documents_ticket_is_reserved_and_paid(sandbox, account, pam):
    placed, kept = place(
        account,
        *("101", "102", "103", "104", "105", "106"),
        options={"event": 100001, "source": "mobile", "atag": "affiliate one"},
    )

    assert isinstance(placed, Accepted)
    assert (placed.stake_at_risk, placed.excise) == (Decimal("8.89"), Decimal("1.11"))
    assert placed.reference == kept
    (ticket,) = tickets(sandbox)
    assert (ticket["id"], ticket["status"], ticket["user_id"]) == (kept, "open", "token_i")
    assert (ticket["atag"], ticket["source"]) == ("affiliate one", "mobile")
    assert [type(each) for each in pam.commands] == [Identify, Reserve]
    assert pam.of(Reserve)[0].amount == Decimal("10.00")
    assert sandbox.client_errors() == []


def test_the_newer_order_of_fields_is_signed_as_well(sandbox, account, pam):
    services.save_account(code=account.code, settings={"field_set": "psp_rtag"})
    account.refresh_from_db()

    assert isinstance(place(account)[0], Accepted)
    assert sandbox.client_errors() == []


def test_a_created_ticket_takes_its_price_through_the_webhook(sandbox, account, pam):
    services.save_account(code=account.code, settings={"placement": "create"})
    account.refresh_from_db()

    placed, kept = place(account)

    (debit,) = pam.of(Debit)
    assert (debit.reference, debit.amount, debit.binds_hold) == (
        placed.reference,
        Decimal("10.00"),
        True,
    )
    assert (debit.stake_at_risk, debit.excise) == (placed.stake_at_risk, placed.excise)
    assert kept == "", "its id is not known before it is a bet"


def test_a_ticket_that_the_wallet_refuses_is_rejected(sandbox, account, pam):
    services.save_account(code=account.code, settings={"placement": "create"})
    account.refresh_from_db()
    pam.refusals[Debit] = "insufficient_funds"

    placed, _ = place(account)

    assert isinstance(placed, Rejected)
    assert tickets(sandbox)[0]["status"] == "cancelled"


def test_a_token_that_nobody_has_is_rejected(account, pam):
    pam.refusals[Identify] = "unknown_user"

    placed, _ = place(account)

    assert (placed.code, placed.provider_code) == ("provider_refused", "101")


@pytest.mark.parametrize(
    ("code", "neutral"),
    [("103", "selection_not_found"), ("107", "bet_blocked"), ("112", "provider_misconfigured")],
)
def test_documented_refusals_are_read(sandbox, account, pam, code, neutral):
    sandbox.order_fault("superbet", "reject", code=code)

    assert place(account)[0].code == neutral


def test_what_is_not_on_offer_is_refused(account, pam):
    assert place(account, "999")[0].provider_code == "106"
    assert place(account, options={"event": 5})[0].provider_code == "103"


def test_another_secret_is_no_access(sandbox, account, pam):
    services.save_account(code=account.code, secrets={"signing_secret": "another"})
    account.refresh_from_db()

    assert place(account)[0].code == "provider_access_denied"
    assert not services.test_connection(account=account).ok


def test_the_connection_test(account, pam):
    assert services.test_connection(account=account).ok


def test_what_is_not_approved_is_rejected(sandbox, account, pam):
    sandbox.order_fault("superbet", "reserve_not_approved")

    placed, kept = place(account)

    assert (placed.provider_code, kept) == ("not_approved", "")


@pytest.mark.parametrize(
    "fault", ["accept_then_timeout", "timeout", "error_500", "junk_body", "connection_reset"]
)
def test_a_lost_reservation_is_no_bet(sandbox, account, pam, fault):
    sandbox.order_fault("superbet", fault)

    placed, kept = place(account, deadline_s=1.5)

    assert (placed.code, kept) == ("provider_no_clear_answer", "")
    assert all(ticket["status"] == "reserved" for ticket in tickets(sandbox))


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        ("paid_lost", True),
        ("accept_then_timeout", True),
        ("timeout", False),
        ("error_500", False),
        ("junk_body", True),
    ],
)
def test_a_lost_payment_is_found_out(sandbox, account, pam, fault, taken):
    sandbox.order_fault("superbet", fault, call="paid")
    placed, kept = place(account, deadline_s=1.5)
    assert isinstance(placed, Unknown)

    found = SUPERBET.resolve(account, make_open_ticket(kept), deadline_s=5)

    assert isinstance(found, Accepted if taken else Unknown)


def test_a_payment_that_never_arrived_ends_with_the_reservation(sandbox, account, pam):
    sandbox.post("/superbet/settings", {"reserve_expires_s": "0.5"})
    sandbox.order_fault("superbet", "timeout", call="paid")
    placed, kept = place(account, deadline_s=1.5)
    assert isinstance(placed, Unknown)
    eventually(lambda: tickets(sandbox)[0]["status"] == "cancelled")

    assert isinstance(SUPERBET.resolve(account, make_open_ticket(kept), deadline_s=5), Rejected)


def test_a_lost_creation_is_found_in_the_list(sandbox, account, pam):
    services.save_account(code=account.code, settings={"placement": "create"})
    account.refresh_from_db()
    sandbox.order_fault("superbet", "accept_then_timeout", call="create")
    placed, _ = place(account, deadline_s=1.0)
    assert isinstance(placed, Unknown)

    found = SUPERBET.resolve(account, make_open_ticket(""), deadline_s=5)

    assert isinstance(found, Accepted)
    assert found.reference == tickets(sandbox)[0]["id"]


@pytest.mark.parametrize(
    ("result", "verdict", "payout", "withholding"),
    [
        ("won", Verdict.WON, "12.09", "0.36"),
        ("lost", Verdict.LOST, "0", None),
        ("void", Verdict.REFUNDED, "10.00", None),
    ],
)
def test_results_are_told_and_completed(
    sandbox, account, pam, result, verdict, payout, withholding
):
    placed, _ = place(account)
    sandbox.post("/superbet/results", {"ticket": placed.reference, "result": result})
    (told,) = pam.of(Settle)

    whole = SUPERBET.complete(account, told, deadline_s=5)

    assert told.reference == placed.reference
    assert told.incomplete == (result == "won")
    assert (whole.verdict, whole.payout) == (verdict, Decimal(payout))
    assert whole.withholding == (Decimal(withholding) if withholding else None)


def test_a_result_is_withdrawn_and_another_follows(sandbox, account, pam):
    placed, _ = place(account)
    sandbox.post("/superbet/results", {"ticket": placed.reference, "result": "won"})
    sandbox.post("/superbet/rollback", {"ticket": placed.reference})
    sandbox.post("/superbet/results", {"ticket": placed.reference, "result": "lost"})

    kinds = [type(each) for each in pam.commands[2:]]
    assert kinds == [Settle, Rollback, Settle]
    assert pam.of(Rollback)[0].reason == "wrong result entered"
    assert pam.refused == []


def test_a_discarded_ticket_is_cancelled(sandbox, account, pam):
    sandbox.order_fault("superbet", "discard")

    placed, _ = place(account)

    assert isinstance(placed, Rejected)
    eventually(lambda: pam.of(Cancel))


def test_an_unknown_action_is_kept(sandbox, account, pam):
    placed, _ = place(account)
    sandbox.post("/superbet/message", {"ticket": placed.reference, "action": "ticket_update"})

    assert pam.of(Unfamiliar)[0].reference == placed.reference
    assert pam.unknown_values == ["action=ticket_update"]


def test_a_wrong_signature_is_refused_and_the_right_one_taken(sandbox, account, pam):
    place(account)
    sandbox.order_fault("superbet", "bad_signature")
    sandbox.settle_all()

    eventually(lambda: pam.refused and pam.of(Settle))
    assert [error.code for error in pam.refused] == ["not_verified"]
