"""What every call of every provider has to survive. A provider's `test_suite.py` inherits it.

The server is real and on loopback. Whatever it answers ends as one of the `Ending`s: never in a
crash, never in a guess, and never in a second request that nobody asked for.
"""

import gzip
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from providers.models import CallOutcome, DetailKind, ProviderAccount, ProviderCall
from tests.factories.providers import make_account
from tests.providers.samples import sample
from tests.providers.scripted import (
    Scripted,
    Step,
    drip,
    hang_up,
    raw,
    reply,
    reset,
    slamming_url,
    truncated,
    unused_url,
)
from tests.providers.suite import damage
from tests.providers.suite.operations import End, Ending, Operation, Refusal, Surprise, end_of

DEADLINE_S = 5.0
SHORT_DEADLINE_S = 1.0
_NO_ANSWERS = {**damage.UNREADABLE, **damage.SHAPELESS}
_SERVER_ERRORS = (500, 502, 503, 504)
_CALLERS_ERRORS = (400, 401, 403, 404, 409, 422, 429)
_REDIRECTS = (301, 302, 303, 307, 308)
# Every way to write the parameters of the tests below, by the name of their argument.
_OWN = {"refusal": "refusals", "surprise": "surprises"}


@pytest.mark.django_db
class OutgoingSuite:
    """A subclass names its provider and its operations, and how an account of it is set up."""

    provider: ClassVar[str]
    operations: ClassVar[tuple[Operation, ...]]

    def prepare(self, server: Scripted) -> None:
        """Answer what the operations need before they can be tried, such as a login."""

    def make_account(self, server: Scripted) -> ProviderAccount:
        return make_account(self.provider, base_url=server.url)

    def away(self, account: ProviderAccount, url: str) -> None:
        """Move everything that the account calls to another address."""
        ProviderAccount.objects.filter(pk=account.pk).update(base_url=url)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for name, listed in _OWN.items():
            if name in metafunc.fixturenames:
                pairs = [(op, each) for op in self.operations for each in getattr(op, listed)]
                ids = [f"{op.name}: {_called(each)}" for op, each in pairs]
                metafunc.parametrize(("operation", name), pairs, ids=ids)
                return
        if "operation" in metafunc.fixturenames:
            metafunc.parametrize("operation", self.operations, ids=lambda each: each.name)

    # --- how the tests ask ---

    @pytest.fixture
    def account(self, server: Scripted) -> ProviderAccount:
        for operation in self.operations:
            server.on(operation.route, self.yes(operation))
        self.prepare(server)
        return self.make_account(server)

    def body(self, operation: Operation) -> bytes:
        return sample(self.provider, operation.yes, "response")

    def yes(self, operation: Operation, body: bytes | None = None, **changes: Any) -> Step:
        given = self.body(operation) if body is None else body
        how = {"status": operation.status, "headers": operation.headers, **changes}
        return reply(given, **how)

    def ask(
        self, account: ProviderAccount, operation: Operation, *, deadline_s: float = DEADLINE_S
    ) -> End:
        account.refresh_from_db()
        operation.before(account)
        return end_of(lambda: operation.ask(account, deadline_s))

    @pytest.fixture(autouse=True)
    def _no_crash(self, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        """What fails inside is caught at the edge and logged: here that is a failure."""
        yield
        crashes = [record.getMessage() for record in caplog.records if record.exc_info]
        assert crashes == []

    def noted(self, account: ProviderAccount, kind: DetailKind) -> set[str]:
        """What staff are told is new in the messages of the account."""
        return set(account.seen_details.filter(kind=kind).values_list("name", flat=True))

    def is_good(self, operation: Operation) -> bool:
        """Whether the call log says of the operation's last call that it went well."""
        path = operation.route.partition(" ")[2]
        call = ProviderCall.objects.filter(url__contains=path).latest("id")
        return call.outcome in (CallOutcome.OK, CallOutcome.ACCEPTED)

    # --- the answers of the document ---

    def test_a_yes_is_understood(self, server, account, operation):
        end = self.ask(account, operation)

        assert end.kind is Ending.YES, end.value
        assert self.is_good(operation)
        assert len(server.requests(operation.route)) == 1
        call = ProviderCall.objects.filter(response_status=operation.status).latest("id")
        assert call.outcome in (CallOutcome.OK, CallOutcome.ACCEPTED)

    def test_a_documented_no_says_what_is_wrong(self, server, account, operation, refusal):
        body = refusal.body or sample(self.provider, refusal.case, "response")
        server.on(operation.route, reply(body, status=refusal.status))

        end = self.ask(account, operation)

        assert end.kind is refusal.ending, end.value
        assert not refusal.code or end.code == refusal.code

    # --- answers that differ from the document ---

    def test_new_fields_change_nothing_and_are_noted(self, server, account, operation):
        usual = self.ask(account, operation)
        grown = damage.with_new_fields(
            damage.loads(self.body(operation)), but_not_in=operation.closed
        )
        server.on(operation.route, self.yes(operation, damage.dumps(grown)))

        assert self.ask(account, operation) == usual
        assert damage.NEW_FIELD in self.noted(account, DetailKind.FIELD)

    @pytest.mark.parametrize("change", [damage.numbers_as_text, damage.text_as_numbers])
    def test_numbers_may_be_text_and_text_numbers(self, server, account, operation, change):
        usual = self.ask(account, operation)
        drifted = damage.dumps(change(damage.loads(self.body(operation))))
        server.on(operation.route, self.yes(operation, drifted))

        assert self.ask(account, operation) == usual

    def test_a_new_value_is_no_crash_and_noted(self, server, account, operation, surprise):
        message = damage.loads(sample(self.provider, surprise.case or operation.yes, "response"))
        other = damage.dumps(damage.changed(message, surprise.path, surprise.value))
        server.on(operation.route, reply(other, status=surprise.status))

        assert self.ask(account, operation).kind in surprise.endings
        assert surprise.noted in self.noted(account, DetailKind.VALUE)

    def test_any_field_may_be_anything(self, server, account, operation):
        self.ask(account, operation)
        message = damage.loads(self.body(operation))
        bodies = [
            *(damage.without(message, path) for path in damage.leaves(message)),
            *(
                damage.changed(message, path, value)
                for path in damage.leaves(message)
                for value in damage.ODD_VALUES
            ),
        ]
        server.on(operation.route, *(self.yes(operation, damage.dumps(body)) for body in bodies))

        for _ in bodies:
            assert self.ask(account, operation).kind in Ending

    # --- answers that are none ---

    def test_what_cannot_be_read_is_no_answer(self, server, account, operation):
        for name, body in _NO_ANSWERS.items():
            server.on(operation.route, reply(body, status=operation.status))

            end = self.ask(account, operation)

            assert end.kind in operation.ends_of(name), (name, end.value)

    def test_what_cannot_be_read_is_no_refusal(self, server, account, operation):
        for name, body in _NO_ANSWERS.items():
            server.on(operation.route, reply(body, status=400))

            end = self.ask(account, operation)

            assert end.kind is operation.lost, (name, end.value)

    def test_an_answer_cut_in_its_json_is_none(self, server, account, operation):
        server.on(operation.route, self.yes(operation, damage.cut_short(self.body(operation))))

        assert self.ask(account, operation).kind in operation.ends_of("cut short")
        assert operation.open_body or not self.is_good(operation), "the log says otherwise"

    def test_half_an_answer_is_none(self, server, account, operation):
        server.on(operation.route, truncated(self.body(operation).ljust(4)))

        assert self.ask(account, operation).kind is operation.lost

    def test_a_yes_with_a_server_error_is_none(self, server, account, operation):
        page = damage.UNREADABLE["html"]
        for status in _SERVER_ERRORS:
            for body in (None, page):
                server.on(operation.route, self.yes(operation, body, status=status))

                assert self.ask(account, operation).kind is operation.lost, (status, body)
                assert not self.is_good(operation), (status, body)

    def test_a_yes_with_a_callers_error_is_no_yes(self, server, account, operation):
        for status in _CALLERS_ERRORS:
            server.on(operation.route, self.yes(operation, status=status))

            assert self.ask(account, operation).kind is not Ending.YES, status

    def test_a_redirect_is_not_followed(self, server, account, operation):
        server.on("/elsewhere", self.yes(operation))
        elsewhere = (*operation.headers, f"Location: {server.url}/elsewhere")
        for status in _REDIRECTS:
            server.on(operation.route, self.yes(operation, status=status, headers=elsewhere))

            assert self.ask(account, operation).kind is operation.lost, status
        assert server.requests("/elsewhere") == []

    def test_a_body_without_an_end_is_none(self, server, account, operation):
        server.on(operation.route, raw(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (3 * 1024 * 1024)))

        assert self.ask(account, operation).kind is operation.lost

    def test_an_exploding_archive_is_none(self, server, account, operation):
        bomb = gzip.compress(b" " * (20 * 1024 * 1024))
        headers = (*operation.headers, "Content-Encoding: gzip")
        server.on(operation.route, self.yes(operation, bomb, headers=headers))

        assert self.ask(account, operation).kind is operation.lost

    # --- what does not count ---

    def test_the_content_type_is_not_what_counts(self, server, account, operation):
        others = tuple(line for line in operation.headers if not line.startswith("Content-Type"))
        for content_type in ("text/plain", "text/html", "application/x-odd", ""):
            headers = (*others, f"Content-Type: {content_type}")
            server.on(operation.route, self.yes(operation, headers=headers))

            assert self.ask(account, operation).kind is Ending.YES, content_type

    def test_an_answer_compressed_unasked_is_read(self, server, account, operation):
        packed = gzip.compress(self.body(operation))
        headers = (*operation.headers, "Content-Encoding: gzip")
        server.on(operation.route, self.yes(operation, packed, headers=headers))

        assert self.ask(account, operation).kind is Ending.YES

    # --- connections ---

    @pytest.mark.parametrize("step", [reset, hang_up], ids=["reset", "hang up"])
    def test_no_answer_after_sending_is_not_repeated(self, server, account, operation, step):
        server.on(operation.route, step)

        assert self.ask(account, operation).kind is operation.lost
        assert 1 <= len(server.requests(operation.route)) <= operation.sends

    def test_a_reused_connection_that_is_reset_is_lost(self, server, account, operation):
        server.on(operation.route, self.yes(operation), reset)
        self.ask(account, operation)

        assert self.ask(account, operation).kind is operation.lost
        assert len(server.requests(operation.route)) <= 1 + operation.sends

    def test_a_slow_drip_cannot_outlast_the_deadline(self, server, account, operation):
        self.ask(account, operation)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"
        server.on(operation.route, drip(head + b" " * 4000, every_s=0.02))
        started = time.monotonic()

        end = self.ask(account, operation, deadline_s=SHORT_DEADLINE_S)

        assert end.kind is operation.lost
        assert time.monotonic() - started < SHORT_DEADLINE_S + 10

    def test_nobody_listening_is_not_sent(self, server, account, operation):
        self.ask(account, operation)
        self.away(account, unused_url())

        assert self.ask(account, operation).kind is operation.unsent

    def test_a_name_that_does_not_exist_is_not_sent(self, server, account, operation):
        self.ask(account, operation)
        self.away(account, "http://nobody.invalid")

        assert self.ask(account, operation).kind is operation.unsent

    def test_a_failed_handshake_is_not_sent(self, server, account, operation):
        self.ask(account, operation)
        self.away(account, server.url.replace("http://", "https://"))

        end = self.ask(account, operation, deadline_s=SHORT_DEADLINE_S)

        assert end.kind is operation.unsent

    def test_a_connection_reset_at_once_is_no_answer(self, server, account, operation):
        """Whether a byte left us before the reset arrived is a race."""
        self.ask(account, operation)
        with slamming_url() as url:
            self.away(account, url)

            end = self.ask(account, operation)

        assert end.kind in (operation.lost, operation.unsent, operation.lost_before)

    # --- the log ---

    def test_no_secret_is_in_the_call_log(self, server, account, operation):
        echo = {"echo": list(account.secret_values())}
        message = damage.loads(self.body(operation))
        if isinstance(message, dict):
            server.on(operation.route, self.yes(operation, damage.dumps({**message, **echo})))
        self.ask(account, operation)

        kept = "".join(
            f"{call.url} {call.request} {call.response} {call.error}"
            for call in ProviderCall.objects.all()
        )

        assert kept
        for secret in (*account.secret_values(), "callback-token"):
            assert secret not in kept


def _called(each: Refusal | Surprise) -> str:
    return each.case if isinstance(each, Refusal) else f"{each.path}={each.value}"
