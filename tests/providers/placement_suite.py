"""What every provider that takes bets has to survive. Each provider's tests inherit from this.

The server is real and on loopback; a subclass says how its provider is logged in, where it
places, and how its yes and its no look.
"""

import gzip
import json
import time

import pytest

from providers import services
from providers.contract import Accepted, NotSent, Rejected, Unknown
from providers.models import CallOutcome, ProviderAccount, ProviderCall
from tests.factories.providers import make_account, make_slip
from tests.providers.scripted import (
    Scripted,
    drip,
    hang_up,
    raw,
    reply,
    reset,
    truncated,
    unused_url,
)

DEADLINE_S = 5.0


@pytest.mark.django_db
class PlacementSuite:
    provider: str
    place_path: str

    def prepare(self, server: Scripted) -> None:
        """Answer what the provider needs before a placement, as a login."""

    def yes(self) -> dict:
        """A whole answer that accepts the slip of `make_slip()`."""
        raise NotImplementedError

    def no(self) -> dict:
        """A whole answer that refuses it."""
        raise NotImplementedError

    @pytest.fixture
    def account(self, server: Scripted) -> ProviderAccount:
        self.prepare(server)
        return make_account(self.provider, base_url=server.url)

    def place(self, account, slip=None, *, deadline_s=DEADLINE_S):
        return services.place(
            account=account, keep=bool, slip=slip or make_slip(), deadline_s=deadline_s
        )

    def last_call(self) -> ProviderCall:
        return ProviderCall.objects.filter(operation="place").latest("id")

    def test_a_yes_is_accepted(self, server, account):
        server.on(self.place_path, reply(self.yes()))
        slip = make_slip()

        placed = self.place(account, slip)

        assert isinstance(placed, Accepted)
        assert placed.reference
        call = self.last_call()
        assert (call.outcome, call.response_status) == (CallOutcome.ACCEPTED, 200)
        assert (call.subject_kind, call.subject_id) == ("coupon", slip.coupon_id)

    def test_a_no_is_rejected(self, server, account):
        server.on(self.place_path, reply(self.no()))

        assert isinstance(self.place(account), Rejected)
        assert self.last_call().outcome == CallOutcome.REJECTED

    def test_fields_that_nobody_knows_change_nothing(self, server, account):
        server.on(self.place_path, reply({**self.yes(), "brandNew": {"a": [1, None, "x"]}}))

        assert isinstance(self.place(account), Accepted)

    @pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/x-odd"])
    def test_the_content_type_is_not_what_counts(self, server, account, content_type):
        server.on(self.place_path, reply(self.yes(), headers=(f"Content-Type: {content_type}",)))

        assert isinstance(self.place(account), Accepted)

    def test_an_answer_compressed_unasked_is_read(self, server, account):
        packed = gzip.compress(json.dumps(self.yes()).encode())
        server.on(self.place_path, reply(packed, headers=("Content-Encoding: gzip",)))

        assert isinstance(self.place(account), Accepted)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html><body style='a{b:c}'>Bad gateway</body></html>",
            b"null",
            b"[]",
            b"{}",
            b'"yes"',
            b'{"a":' * 100_000,
            b"[" * 1_000_000,
            b"\xff\xfe\x00\x01{\x80",
            b"{" + b"\x00" * 50,
            b'{"errorCode": NaN}',
        ],
        ids=lambda body: repr(body[:12]),
    )
    @pytest.mark.parametrize("status", [200, 400, 500])
    def test_what_cannot_be_read_is_unknown(self, server, account, body, status):
        server.on(self.place_path, reply(body, status=status))

        assert isinstance(self.place(account), Unknown)
        assert self.last_call().outcome == CallOutcome.UNKNOWN

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_yes_with_a_server_error_is_unknown(self, server, account, status):
        server.on(self.place_path, reply(self.yes(), status=status))

        assert isinstance(self.place(account), Unknown)

    def test_a_no_with_a_server_error_is_unknown(self, server, account):
        server.on(self.place_path, reply(self.no(), status=500))

        assert isinstance(self.place(account), Unknown)

    def test_half_an_answer_is_unknown(self, server, account):
        server.on(self.place_path, truncated(self.yes()))

        assert isinstance(self.place(account), Unknown)

    def test_a_complete_answer_cut_in_its_json_is_unknown(self, server, account):
        server.on(self.place_path, reply(json.dumps(self.yes()).encode()[:-2]))

        assert isinstance(self.place(account), Unknown)

    @pytest.mark.parametrize("step", [reset, hang_up], ids=["reset", "hang up"])
    def test_no_answer_after_sending_is_unknown(self, server, account, step):
        server.on(self.place_path, step)

        assert isinstance(self.place(account), Unknown)
        assert len(server.requests(self.place_path)) == 1, "a lost placement is never repeated"

    def test_a_reused_connection_that_is_reset_is_unknown(self, server, account):
        server.on(self.place_path, reply(self.yes()), reset)
        self.place(account)

        assert isinstance(self.place(account), Unknown)
        assert len(server.requests(self.place_path)) == 2

    def test_nobody_listening_is_not_sent(self, server, account):
        server.on(self.place_path, reply(self.yes()))
        self.place(account)
        ProviderAccount.objects.filter(pk=account.pk).update(base_url=unused_url())
        account.refresh_from_db()

        placed = self.place(account)

        assert isinstance(placed, NotSent)
        assert placed.code == "provider_unreachable"
        assert self.last_call().outcome == CallOutcome.NOT_SENT

    def test_a_name_that_does_not_exist_is_not_sent(self, server, account):
        server.on(self.place_path, reply(self.yes()))
        self.place(account)
        ProviderAccount.objects.filter(pk=account.pk).update(base_url="http://nobody.invalid")
        account.refresh_from_db()

        assert isinstance(self.place(account), NotSent)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_not_followed(self, server, account, status):
        elsewhere = f"Location: {server.url}/elsewhere"
        server.on(self.place_path, reply(self.yes(), status=status, headers=(elsewhere,)))
        server.on("/elsewhere", reply(self.yes()))

        assert isinstance(self.place(account), Unknown)
        assert server.requests("/elsewhere") == []

    @pytest.mark.parametrize("announces_close", [True, False])
    def test_a_slow_drip_cannot_outlast_the_deadline(self, server, account, announces_close):
        close = b"Connection: close\r\n" if announces_close else b""
        head = b"HTTP/1.1 200 OK\r\n" + close + b"Content-Length: 4000\r\n\r\n"
        server.on(self.place_path, drip(head + b" " * 4000, every_s=0.02))
        started = time.monotonic()

        placed = self.place(account, deadline_s=1.0)

        assert isinstance(placed, Unknown)
        assert time.monotonic() - started < 1.5

    def test_a_body_without_an_end_is_unknown(self, server, account):
        server.on(self.place_path, raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (3 * 1024 * 1024)))

        assert isinstance(self.place(account), Unknown)

    def test_an_exploding_archive_is_unknown(self, server, account):
        bomb = gzip.compress(b"0" * (20 * 1024 * 1024))
        server.on(self.place_path, reply(bomb, headers=("Content-Encoding: gzip",)))

        assert isinstance(self.place(account), Unknown)

    def test_no_secret_is_in_the_call_log(self, server, account):
        server.on(self.place_path, reply({**self.yes(), "echo": "operator-password"}))
        self.place(account)

        kept = "".join(
            f"{call.url} {call.request} {call.response} {call.error}"
            for call in ProviderCall.objects.all()
        )

        for secret in (*account.secret_values(), "callback-token"):
            assert secret not in kept

    def test_a_fault_of_ours_is_unknown(self, server, account, caplog):
        broken = make_slip(stake=None)

        assert isinstance(self.place(account, broken), Unknown)
        assert "failed" in caplog.text
