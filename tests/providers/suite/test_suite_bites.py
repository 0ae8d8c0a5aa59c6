"""The suite finds what it looks for: a careless client fails it, test by test."""

import json
import urllib.error
import urllib.request
from decimal import Decimal

import pytest
from django.core.exceptions import ObjectDoesNotExist

from providers.contract import Accepted, Rejected, Unknown
from providers.models import ProviderAccount
from tests.factories.providers import make_account
from tests.providers.scripted import Scripted, reset
from tests.providers.suite import damage
from tests.providers.suite.operations import Ending, Operation
from tests.providers.suite.outgoing import OutgoingSuite


def careless(account: ProviderAccount, deadline_s: float) -> Accepted | Rejected | Unknown:
    """Believes what it gets, follows where it is sent, and asks again if it hears nothing."""
    url = f"{account.base_url}/bet/place/"
    for _ in range(2):
        try:
            with urllib.request.urlopen(url, data=b"{}", timeout=10) as answer:
                told = answer.read()
        except urllib.error.HTTPError as error:
            return Rejected(code=str(error.code), message="no")
        except OSError:
            continue
        try:
            return Accepted(reference=str(json.loads(told)["betCode"]))
        except (ValueError, LookupError, TypeError, RecursionError):
            return Rejected(code="unreadable", message="no")
    return Unknown(reason="nothing came")


PLACE = Operation(
    name="place",
    route="POST /bet/place/",
    ask=careless,
    yes="placement_accepted",
    unsent=Ending.NOT_SENT,
)


class Careless(OutgoingSuite):
    provider = "betcalc"
    operations = (PLACE,)


@pytest.fixture
def account(server: Scripted, db: None) -> ProviderAccount:
    server.on(PLACE.route, Careless().yes(PLACE))
    return make_account(base_url=server.url)


@pytest.mark.parametrize(
    "name",
    [
        "test_a_yes_is_understood",
        "test_new_fields_change_nothing_and_are_noted",
        "test_what_cannot_be_read_is_no_answer",
        "test_what_cannot_be_read_is_no_refusal",
        "test_an_answer_cut_in_its_json_is_none",
        "test_a_name_that_does_not_exist_is_not_sent",
        "test_a_yes_with_a_server_error_is_none",
        "test_a_redirect_is_not_followed",
        "test_an_exploding_archive_is_none",
        "test_an_answer_compressed_unasked_is_read",
        "test_nobody_listening_is_not_sent",
        "test_no_secret_is_in_the_call_log",
    ],
)
def test_a_careless_client_fails(server: Scripted, account: ProviderAccount, name: str):
    with pytest.raises((AssertionError, ObjectDoesNotExist)):
        getattr(Careless(), name)(server, account, PLACE)


def test_asking_again_is_noticed(server: Scripted, account: ProviderAccount):
    with pytest.raises(AssertionError):
        Careless().test_no_answer_after_sending_is_not_repeated(server, account, PLACE, reset)


MESSAGE = {"id": "12", "amount": Decimal("19.85"), "code": "007", "lines": [{"odds": "1.50"}]}


def test_a_new_field_is_put_into_every_object():
    grown = damage.with_new_fields(MESSAGE)

    assert damage.NEW_FIELD in grown
    assert damage.NEW_FIELD in grown["lines"][0]
    assert damage.new_fields(MESSAGE) == {"brandNewField", "lines[].brandNewField"}
    assert damage.NEW_FIELD not in damage.with_new_fields(
        MESSAGE, but_not_in=frozenset({"lines"})
    )["lines"][0]  # fmt: skip


def test_numbers_change_their_type_and_nothing_else():
    assert damage.numbers_as_text(MESSAGE) == {**MESSAGE, "amount": "19.85"}
    assert damage.text_as_numbers(MESSAGE) == {
        "id": 12,
        "amount": Decimal("19.85"),
        "code": "007",
        "lines": [{"odds": Decimal("1.50")}],
    }


def test_every_value_is_changed_once():
    paths = list(damage.leaves(MESSAGE))

    assert paths == [
        ("id",),
        ("amount",),
        ("code",),
        ("lines",),
        ("lines", 0),
        ("lines", 0, "odds"),
    ]
    assert damage.changed(MESSAGE, "lines.0.odds", 7)["lines"] == [{"odds": 7}]
    assert damage.without(MESSAGE, ("lines", 0)) == {**MESSAGE, "lines": []}
    assert MESSAGE["lines"] == [{"odds": "1.50"}]


def test_what_is_written_is_what_was_read():
    assert damage.dumps(MESSAGE) == (
        b'{"id":"12","amount":19.85,"code":"007","lines":[{"odds":"1.50"}]}'
    )
    assert damage.loads(b"\xef\xbb\xbf<!-- node --> " + damage.dumps(MESSAGE)) == MESSAGE
