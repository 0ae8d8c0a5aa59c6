"""superbet against what every provider has to survive."""

from datetime import UTC, datetime
from uuid import UUID

from providers import registry, services
from providers.contract import (
    Cancel,
    Debit,
    Identify,
    ReadRefused,
    Reserve,
    Rollback,
    Settle,
    Verdict,
)
from providers.models import ProviderAccount
from providers.transport import CallFailed
from tests.factories.superbet import (
    TICKET,
    TOKEN,
    make_open_ticket,
    make_superbet,
    make_ticket_slip,
    sign,
)
from tests.providers.scripted import Scripted
from tests.providers.suite.inbound import Callback, SignedCallbacks, Strange
from tests.providers.suite.operations import Ending, Operation, Refusal, Surprise
from tests.providers.suite.outgoing import OutgoingSuite

SUPERBET = registry.get("superbet")
ENGINE_CODES = (103, 105, 106, 107, 111, 112, 114, 115, 116)


def place(account, deadline_s):
    slip = make_ticket_slip(coupon_id=UUID(int=5))
    return services.place(account=account, keep=bool, slip=slip, deadline_s=deadline_s)


def create(account, deadline_s):
    return SUPERBET.create(account, make_ticket_slip(coupon_id=UUID(int=5)), deadline_s=deadline_s)


def complete(account, deadline_s):
    win = Settle(reference=TICKET, verdict=Verdict.WON, incomplete=True, raw_result="ticket_win")
    return SUPERBET.complete(account, win, deadline_s=deadline_s)


def resolve(account, deadline_s):
    return services.resolve(account=account, bet=make_open_ticket(), deadline_s=deadline_s)


def listed(account, deadline_s):
    """The list as the rest of the product would get it: tickets, or a refusal to read."""
    try:
        answer = SUPERBET.tickets(account, limit=3, deadline_s=deadline_s)
    except CallFailed as error:
        raise ReadRefused(error.code, error.message) from None
    if not isinstance(answer, tuple):
        raise ReadRefused("unclear", str(answer))
    return [(ticket.id, ticket.status, ticket.price) for ticket in answer]


def refusals(*codes: int) -> tuple[Refusal, ...]:
    return tuple(Refusal(case=f"error_{code}", status=400) for code in codes)


NEW_CODE = Surprise(
    path="code",
    value=199,
    case="error_103",
    status=400,
    noted="code=199",
    endings=frozenset({Ending.REJECTED, Ending.UNKNOWN}),
)
RESERVE = Operation(
    name="reserve",
    route="POST /be/tickets/reserve",
    ask=place,
    yes="reserve",
    # What is not paid is no bet, so that a lost reservation is a clear no.
    lost=Ending.REJECTED,
    refusals=(
        *refusals(*ENGINE_CODES),
        Refusal(case="forbidden", status=403, code="provider_access_denied"),
        Refusal(case="validation_error", status=422, code="wrong_bet_data"),
        Refusal(case="not_approved", code="provider_refused"),
    ),
    surprises=(
        NEW_CODE,
        Surprise(
            path="status",
            value="frozen",
            noted="status=frozen",
            endings=frozenset({Ending.REJECTED, Ending.UNKNOWN}),
        ),
        Surprise(
            path="ext_type",
            value="exclusive",
            noted="ext_type=exclusive",
            endings=frozenset({Ending.YES}),
        ),
    ),
)
PAID = Operation(
    name="paid",
    route=f"POST /be/tickets/{TICKET}/paid",
    ask=place,
    yes="paid",
    lost_before=Ending.REJECTED,
    refusals=(
        *refusals(100, 102),
        # It may be open already. Then the ticket is asked for, which nobody answers here.
        Refusal(case="error_117", status=400, ending=Ending.UNKNOWN),
    ),
    surprises=(
        Surprise(
            path="status",
            value="frozen",
            noted="status=frozen",
            endings=frozenset({Ending.UNKNOWN}),
        ),
        Surprise(
            path="result",
            value="half_won",
            noted="result=half_won",
            endings=frozenset({Ending.YES}),
        ),
    ),
)
CREATE = Operation(
    name="create",
    route="POST /be/tickets",
    ask=create,
    yes="paid",
    refusals=(*refusals(*ENGINE_CODES), Refusal(case="not_approved", code="provider_refused")),
    surprises=(
        Surprise(
            path="status",
            value="frozen",
            noted="status=frozen",
            endings=frozenset({Ending.UNKNOWN}),
        ),
    ),
)
RESOLVE = Operation(
    name="resolve",
    route=f"GET /be/tickets/{TICKET}",
    ask=resolve,
    yes="paid",
    unsent=Ending.UNKNOWN,
    refusals=(Refusal(case="error_100", status=404, ending=Ending.UNKNOWN),),
    surprises=(
        Surprise(
            path="status",
            value="frozen",
            noted="status=frozen",
            endings=frozenset({Ending.UNKNOWN}),
        ),
    ),
)
COMPLETE = Operation(
    name="complete",
    route=f"GET /be/tickets/{TICKET}",
    ask=complete,
    yes="ticket_won",
    lost=Ending.REFUSED,
    unsent=Ending.REFUSED,
    refusals=(Refusal(case="error_100", status=404, ending=Ending.REFUSED),),
    surprises=(
        Surprise(
            path="result",
            value="half_won",
            noted="result=half_won",
            endings=frozenset({Ending.REFUSED}),
        ),
    ),
)
LIST = Operation(
    name="list",
    route="GET /be/tickets",
    ask=listed,
    yes="tickets",
    lost=Ending.REFUSED,
    unsent=Ending.REFUSED,
    legitimate=frozenset({"an empty list"}),
    refusals=(Refusal(case="forbidden", status=403, ending=Ending.REFUSED),),
)


class TestOutgoing(OutgoingSuite):
    provider = "superbet"
    operations = (RESERVE, PAID, CREATE, LIST)

    def make_account(self, server: Scripted) -> ProviderAccount:
        return make_superbet(server.url)


class TestResolving(TestOutgoing):
    operations = (RESOLVE,)


class TestCompleting(TestOutgoing):
    operations = (COMPLETE,)


def signed(account: ProviderAccount, body: bytes) -> dict[str, str]:
    return sign(body, at=datetime.now(UTC))


def message(action: str, *commands: type, **details) -> Callback:
    return Callback(
        name=action,
        path="/",
        case=f"pam_{action}",
        commands=commands,
        **{"sign": signed, **details},
    )


class TestInbound(SignedCallbacks):
    provider = "superbet"
    callbacks = (
        Callback(name="ping", path="/", case="pam_ping", commands=()),
        message("identify", Identify, status=400, token=TOKEN),
        message("ticket_reserve", Reserve, status=400),
        message("ticket_create", Debit, status=400),
        message("ticket_discard", Cancel),
        message(
            "ticket_win", Settle,
            stranges=(Strange(path="action", value="ticket_update", noted="action=ticket_update"),),
        ),
        message("ticket_lost", Settle),
        message("ticket_void", Settle),
        message("ticket_refund", Settle),
        message("ticket_rollback", Rollback),
        message("ticket_closed"),
    )  # fmt: skip

    def make_account(self) -> ProviderAccount:
        return make_superbet()
