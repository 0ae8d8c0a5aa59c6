"""What every callback of every provider has to survive. A provider's `test_suite.py` inherits it.

Whatever is sent to us is stored with its bytes, and either acted on, kept for staff, or refused
with an answer of the vendor's form: never a crash, never a guess.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, ClassVar

import pytest
from django.test import Client

from providers import registry
from providers import services as providers
from providers.contract import (
    Effect,
    Inbound,
    MalformedPayload,
    Outcome,
    Parsed,
    Refused,
    Route,
    WrongShape,
)
from providers.models import ProviderAccount
from tests.factories.providers import make_account, make_inbound
from tests.providers.samples import sample
from tests.providers.suite import damage
from webhooks.models import Delivery, DeliveryStatus
from webhooks.reading import BODY_LIMIT

Headers = Mapping[str, str]
_ODD_SEGMENTS = ("%00", "%ff", "z" * 300, "%F0%9F%90%8E", "a%20b", "..%2f", "%27--")


def unsigned(account: ProviderAccount, body: bytes) -> Headers:
    return {}


@dataclass(frozen=True, kw_only=True)
class Strange:
    """A value that no document names, put into the sample at `path`; staff see it as `noted`."""

    path: str
    value: Any
    noted: str = ""


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One call of a provider's server.

    `path` is below the callback address and the coupon's `key`, with its segments filled in;
    `case` is the sample of its body, empty where it has none. `status` is what the sample is
    answered with while nobody knows its player and its bet. `legitimate` names the strange bodies
    (of `damage`) that the document allows. `closed` names objects whose field names are data, so
    that none of them is new. `token` stands for a player in the sample, and is not kept.
    """

    name: str
    path: str
    commands: tuple[type, ...]
    case: str = ""
    key: str = ""
    query: str = ""
    method: str = "POST"
    status: int = 200
    sign: Callable[[ProviderAccount, bytes], Headers] = unsigned
    legitimate: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    token: str = ""
    stranges: tuple[Strange, ...] = ()


@pytest.mark.django_db
class InboundSuite:
    """A subclass names its provider and its callbacks, and how an account of it is set up."""

    provider: ClassVar[str]
    callbacks: ClassVar[tuple[Callback, ...]]

    def make_account(self) -> ProviderAccount:
        return make_account(self.provider)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        kinds = {
            "callback": self.callbacks,
            "written": [each for each in self.callbacks if each.case],
            "signed": [each for each in self.callbacks if each.sign is not unsigned],
            "addressed": [each for each in self.callbacks if self.route(each)[1]],
        }
        if "strange" in metafunc.fixturenames:
            pairs = [(each, one) for each in self.callbacks for one in each.stranges]
            ids = [f"{each.name}: {one.path}={one.value}" for each, one in pairs]
            metafunc.parametrize(("written", "strange"), pairs, ids=ids)
            return
        for kind in kinds.keys() & set(metafunc.fixturenames):
            metafunc.parametrize(kind, kinds[kind], ids=lambda each: each.name)

    # --- how the tests call ---

    @pytest.fixture
    def account(self) -> ProviderAccount:
        return self.make_account()

    def body(self, callback: Callback) -> bytes:
        return sample(self.provider, callback.case, "request") if callback.case else b""

    def stored(self, callback: Callback, body: bytes) -> bytes:
        """What is kept of a body."""
        token = callback.token.encode()
        return body.replace(token, b"*" * len(token)) if token else body

    def send(
        self, account: ProviderAccount, callback: Callback, body: bytes | None = None, **extra: Any
    ) -> Any:
        content = self.body(callback) if body is None else body
        how: dict[str, Any] = {"content_type": "application/json", **extra}
        return Client().generic(
            callback.method,
            self.address(account, callback),
            content,
            QUERY_STRING=callback.query,
            headers=dict(callback.sign(account, content)),
            **how,
        )

    def address(self, account: ProviderAccount, callback: Callback) -> str:
        base = providers.callback_base(account=account).removeprefix("http://testserver")
        return f"{base}/{callback.key}".rstrip("/") + callback.path

    def inbound(self, account: ProviderAccount, callback: Callback, body: bytes) -> Inbound:
        route, params = self.route(callback)
        return make_inbound(
            route.path,
            body,
            method=callback.method,
            query=callback.query,
            params=params,
            coupon_key=callback.key,
            headers={"content-type": "application/json", **callback.sign(account, body)},
        )

    def route(self, callback: Callback) -> tuple[Route, Mapping[str, str]]:
        for route in registry.get(self.provider).routes:
            params = route.match(callback.path)
            if params is not None and route.method == callback.method:
                return route, params
        raise AssertionError(f"{self.provider} has no route for {callback.path}")

    def parse(self, account: ProviderAccount, callback: Callback, body: bytes) -> Parsed:
        provider = registry.get(self.provider)
        return provider.parse(account, self.inbound(account, callback, body))

    def noted(self, account: ProviderAccount) -> set[str]:
        """What staff are told is new in the messages of the account."""
        return set(account.seen_details.values_list("name", flat=True))

    # --- the messages of the document ---

    def test_every_route_has_a_callback(self):
        tried = {self.route(callback)[0] for callback in self.callbacks}

        assert tried == set(registry.get(self.provider).routes)

    def test_a_documented_message_is_understood(self, account, callback):
        parsed = self.parse(account, callback, self.body(callback))

        assert tuple(type(command) for command in parsed.commands) == callback.commands
        assert (parsed.unknown_fields, parsed.unknown_values) == ((), ())

    def test_a_documented_message_is_stored_and_answered(self, account, callback):
        answer = self.send(account, callback)

        assert answer.status_code == callback.status, answer.content
        delivery = Delivery.objects.get()
        assert bytes(delivery.body) == self.stored(callback, self.body(callback))
        assert delivery.status in (DeliveryStatus.RECEIVED, DeliveryStatus.PROCESSED)
        assert delivery.response_status == callback.status

    def test_the_vendor_gets_an_answer_whatever_became_of_it(self, account, callback):
        request = self.inbound(account, callback, self.body(callback))
        for effect in Effect:
            outcomes = [
                Outcome(effect=effect, reference="1", code="some_code", message="why")
                for _ in self.parse(account, callback, self.body(callback)).commands
            ]
            reply = registry.get(self.provider).reply(request, outcomes)

            assert 200 <= reply.status < 600, effect
            assert reply.body == b"" or damage.loads(reply.body) is not None

    # --- messages that differ from the document ---

    def test_new_fields_are_kept_and_change_nothing(self, account, written):
        message = damage.loads(self.body(written))
        grown = damage.dumps(damage.with_new_fields(message, but_not_in=written.closed))
        usual = self.parse(account, written, self.body(written))

        parsed = self.parse(account, written, grown)

        assert parsed.commands == usual.commands
        new = damage.new_fields(message, but_not_in=written.closed)
        assert {name.lower() for name in parsed.unknown_fields} == {name.lower() for name in new}
        assert self.send(account, written, grown).status_code == written.status
        delivery = Delivery.objects.get()
        assert delivery.unknown_fields == list(parsed.unknown_fields)
        assert bytes(delivery.body) == self.stored(written, grown)
        assert set(parsed.unknown_fields) <= self.noted(account)

    @pytest.mark.parametrize("change", [damage.numbers_as_text, damage.text_as_numbers])
    def test_numbers_may_be_text_and_text_numbers(self, account, written, change):
        drifted = damage.dumps(change(damage.loads(self.body(written))))
        usual = self.parse(account, written, self.body(written))

        assert self.plain(self.parse(account, written, drifted)) == self.plain(usual)

    def plain(self, parsed: Parsed) -> Any:
        """What must not depend on how a number is written: all but what is kept for reports."""
        return [
            {name: getattr(each, name) for name in each.__slots__ if name != "details"}
            for each in parsed.commands
        ]

    def test_a_new_value_is_stored_and_named(self, account, written, strange):
        message = damage.loads(self.body(written))
        body = damage.dumps(damage.changed(message, strange.path, strange.value))

        parsed = self.parse(account, written, body)
        answer = self.send(account, written, body)

        assert answer.status_code < 500
        assert bytes(Delivery.objects.get().body) == self.stored(written, body)
        if strange.noted:
            assert strange.noted in parsed.unknown_values
            assert strange.noted in self.noted(account)

    def test_any_field_may_be_anything(self, account, written):
        message = damage.loads(self.body(written))
        for path in damage.leaves(message):
            self.survives(account, written, damage.without(message, path))
            for value in damage.ODD_VALUES:
                self.survives(account, written, damage.changed(message, path, value))

    def survives(self, account: ProviderAccount, callback: Callback, message: Any) -> None:
        """It is read or refused; any other exception is the failure of the test."""
        try:
            status = 200 if self.parse(account, callback, damage.dumps(message)) else 500
        except Refused as refused:
            status = registry.get(self.provider).refusal(refused).status
        assert status < 500

    # --- messages that are none ---

    def test_what_cannot_be_read_is_stored_and_refused(self, account, written):
        for name, body in {**damage.UNREADABLE, **damage.SHAPELESS}.items():
            answer = self.send(account, written, body)

            delivery = Delivery.objects.latest("id")
            assert bytes(delivery.body) == body, name
            assert answer.status_code < 500, name
            if name not in written.legitimate:
                assert answer.status_code >= 400, (name, answer.content)
                assert delivery.status == DeliveryStatus.REFUSED, name
                with pytest.raises((MalformedPayload, WrongShape)):
                    self.parse(account, written, body)

    def test_a_message_cut_in_its_json_is_refused(self, account, written):
        answer = self.send(account, written, damage.cut_short(self.body(written)))

        assert answer.status_code in (400, 401)
        assert Delivery.objects.get().status == DeliveryStatus.REFUSED

    def test_a_message_over_the_limit_is_refused(self, account, written):
        answer = self.send(account, written, self.body(written) + b" " * BODY_LIMIT)

        assert answer.status_code == 413
        assert Delivery.objects.get().status == DeliveryStatus.REFUSED

    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    def test_another_method_is_refused(self, account, callback, method):
        answer = Client().generic(method, self.address(account, callback), b"{}")

        assert answer.status_code in (404, 405)

    # --- connections ---

    def test_the_content_type_is_not_what_counts(self, account, written):
        for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
            answer = self.send(account, written, content_type=content_type)

            assert answer.status_code == written.status, content_type

    def test_a_body_that_drips_in_is_read_whole(self, account, written):
        content = self.body(written)
        stream = {"wsgi.input": _Dripping(content), "CONTENT_LENGTH": str(len(content))}

        assert self.send(account, written, **stream).status_code == written.status
        assert bytes(Delivery.objects.get().body) == self.stored(written, content)

    def test_a_connection_cut_in_the_body_does_nothing(self, account, written):
        for stream in (_Broken(), BytesIO(self.body(written)[:10])):
            answer = self.send(account, written, **{"wsgi.input": stream, "CONTENT_LENGTH": "1000"})

            assert answer.status_code == 400
        assert {each.status for each in Delivery.objects.all()} == {DeliveryStatus.REFUSED}

    def test_a_wrong_token_is_no_address(self, account, callback):
        answer = Client().generic(
            callback.method,
            f"/webhooks/{self.provider}/wrong-token{callback.path}",
            self.body(callback),
            content_type="application/json",
        )

        assert answer.status_code == 404
        assert not Delivery.objects.exists()


class SignedCallbacks(InboundSuite):
    """For providers that sign what they send."""

    def test_a_wrong_signature_is_refused(self, account, signed):
        body = self.body(signed)
        of_another = replace(signed, sign=lambda account, _: signed.sign(account, body + b"x"))

        assert self.send(account, of_another).status_code in (401, 403)
        assert Delivery.objects.get().status == DeliveryStatus.REFUSED


class AddressedCallbacks(InboundSuite):
    """For providers whose paths name a player or a transaction."""

    def test_any_segment_may_be_anything(self, account, addressed):
        """What stands in the address is as much from outside as the body."""
        route, params = self.route(addressed)
        for name in params:
            for segment in _ODD_SEGMENTS:
                path = route.path.format_map({**params, name: segment})

                assert self.send(account, replace(addressed, path=path)).status_code < 500, segment


class _Dripping(BytesIO):
    """A connection that hands over a few bytes at a time."""

    def read(self, size: int = -1, /) -> bytes:
        return super().read(min(size, 7) if size >= 0 else 7)


class _Broken(BytesIO):
    """A connection that is reset in the middle."""

    def read(self, size: int = -1, /) -> bytes:
        raise OSError("connection reset")
