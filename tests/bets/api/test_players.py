from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bets.models import Player, PlayerStatus
from tests.factories.bets import a_partner, a_player
from tests.factories.problems import errors, problem
from wallets.models import Account, Transfer, Wallet

pytestmark = pytest.mark.django_db

ADA = {"external_id": "ada-1", "username": "Ada Łovelace", "currency": "EUR"}


# --- players ------------------------------------------------------------------------------------


def test_a_player_is_created_and_read(api) -> None:
    created = api.post("/players", ADA)
    assert created.status_code == 201
    body = created.json()
    player = Player.objects.get()
    assert body == {
        "id": str(player.pk),
        "external_id": "ada-1",
        "username": "Ada Łovelace",
        "currency": "EUR",
        "status": "active",
        "wallet": {"available": "0.00", "held": "0.00", "owed": "0.00", "currency": "EUR"},
        "created_at": body["created_at"],
    }
    assert UUID(body["id"]).version == 7
    assert body["created_at"].endswith("Z")
    assert api.get(f"/players/{player.pk}").json() == body


def test_the_same_external_id_again_is_a_conflict(api) -> None:
    api.post("/players", ADA)
    problem(api.post("/players", {**ADA, "username": "B"}), 409, "player_exists")
    assert (Player.objects.count(), Wallet.objects.count()) == (1, 1)


def test_a_player_whose_id_was_lost_is_found_again(api, partner) -> None:
    created = api.post("/players", ADA).json()
    again = problem(api.post("/players", ADA), 409, "player_exists")
    assert again["player"] == created["id"]
    found = api.get("/players", external_id="ada-1").json()
    assert found == {"next": None, "previous": None, "results": [created]}


def test_another_partners_player_is_not_found_by_its_external_id(api) -> None:
    a_player(a_partner("other"), external_id="ada-1")
    assert api.get("/players", external_id="ada-1").json()["results"] == []
    assert api.post("/players", ADA).status_code == 201


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"external_id": "required"}),
        ({"external_id": ""}, {"external_id": "required"}),
        ({"external_id": "a\x00"}, {"external_id": "malformed"}),
        ({"external_id": "é", "x": "1"}, {"external_id": "malformed", "x": "unknown_parameter"}),
    ],
)
def test_a_player_is_asked_for_by_external_id(api, asked, expected) -> None:
    assert errors(api.get("/players", **asked)) == expected


def test_amounts_have_the_decimals_of_the_currency(api) -> None:
    for currency, zero in {"JPY": "0", "KWD": "0.000"}.items():
        body = api.post("/players", {**ADA, "external_id": currency, "currency": currency}).json()
        assert body["wallet"]["available"] == zero


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"external_id": ""}, {"external_id": "blank"}),
        ({"external_id": None}, {"external_id": "null"}),
        ({"external_id": 17}, {"external_id": "not_a_string"}),
        ({"external_id": "a b"}, {"external_id": "not_printable_ascii"}),
        ({"external_id": "é"}, {"external_id": "not_printable_ascii"}),
        ({"external_id": "x" * 65}, {"external_id": "max_length"}),
        ({"username": "x" * 121}, {"username": "max_length"}),
        ({"username": " "}, {"username": "not_printable"}),
        ({"username": "a\nb"}, {"username": "not_printable"}),
        ({"username": ["a"]}, {"username": "not_a_string"}),
        ({"currency": "eur"}, {"currency": "malformed"}),
        ({"currency": "ZZZ"}, {"currency": "unknown_currency"}),
        ({"currency": "DEM"}, {"currency": "unknown_currency"}),
        ({"status": "active"}, {"status": "unknown_field"}),
        ({"id": str(uuid4()), "currency": 1}, {"id": "unknown_field", "currency": "not_a_string"}),
    ],
)
def test_what_is_wrong_with_a_player_is_named(api, change, expected) -> None:
    assert errors(api.post("/players", {**ADA, **change})) == expected
    assert not Player.objects.exists()
    assert not Wallet.objects.exists()


def test_every_missing_field_is_named(api) -> None:
    assert errors(api.post("/players", {})) == {
        "external_id": "required",
        "username": "required",
        "currency": "required",
    }


@pytest.mark.parametrize("body", [None, [], "text", 1, True])
def test_a_body_that_is_no_object_is_refused(api, body) -> None:
    assert errors(api.post("/players", body)) == {"body": "not_an_object"}


def test_a_body_of_null_is_refused(api) -> None:
    assert api.post("/players", None).status_code == 400


@pytest.mark.parametrize(
    ("field", "longest"), [("external_id", "x" * 64), ("username", "\U0001f600" * 120)]
)
def test_the_longest_names_fit(api, field, longest) -> None:
    assert api.post("/players", {**ADA, field: longest}).json()[field] == longest


# --- deposits and withdrawals -------------------------------------------------------------------


def test_a_deposit_and_its_repeat(api, partner) -> None:
    player = a_player(partner)
    path = f"/players/{player.pk}/deposits"
    first = api.post(path, {"amount": "25.50", "reference": "d-1"})
    api.post(path, {"amount": "1", "reference": "d-2"})
    again = api.post(path, {"reference": "d-1", "amount": "25.5"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert first.json() == {
        "player": str(player.pk),
        "type": "deposit",
        "reference": "d-1",
        "amount": "25.50",
        "currency": "EUR",
        "collected": "0.00",
        "available": "25.50",
        "created_at": first.json()["created_at"],
    }
    assert api.get(f"/players/{player.pk}").json()["wallet"]["available"] == "26.50"


def test_other_content_is_a_conflict(api, partner) -> None:
    path = f"/players/{a_player(partner).pk}/deposits"
    api.post(path, {"amount": "10", "reference": "d-1"})
    problem(api.post(path, {"amount": "10.01", "reference": "d-1"}), 409, "reference_conflict")
    assert Transfer.objects.count() == 1


def test_a_withdrawal_takes_what_is_available_and_no_more(api, partner) -> None:
    path = f"/players/{a_player(partner, balance='20').pk}/withdrawals"
    assert api.post(path, {"amount": "20", "reference": "w"}).json()["available"] == "0.00"
    again = api.post(path, {"amount": "20", "reference": "w"})
    assert (again.status_code, again.json()["available"]) == (200, "0.00")
    problem(api.post(path, {"amount": "0.01", "reference": "x"}), 422, "insufficient_funds")


@pytest.mark.parametrize(
    ("status", "deposit", "withdrawal"),
    [
        ("blocked", "player_blocked", "player_blocked"),
        ("self_excluded", "player_self_excluded", None),
        ("closed", "player_closed", None),
    ],
)
def test_the_status_of_a_player_decides(api, partner, status, deposit, withdrawal) -> None:
    player = a_player(partner, balance="20", status=PlayerStatus(status))
    movement = {"amount": "5", "reference": "r"}
    problem(api.post(f"/players/{player.pk}/deposits", movement), 422, deposit)
    response = api.post(f"/players/{player.pk}/withdrawals", movement)
    if withdrawal:
        problem(response, 422, withdrawal)
    else:
        assert response.status_code == 201


def test_a_debt_is_shown_and_collected(api, partner) -> None:
    player = a_player(partner)
    Account.objects.filter(wallet=player.wallet_id, kind="owed").update(balance=Decimal("-3.5"))
    assert api.get(f"/players/{player.pk}").json()["wallet"]["owed"] == "-3.50"
    body = api.post(f"/players/{player.pk}/deposits", {"amount": "5", "reference": "r"}).json()
    assert (body["collected"], body["available"]) == ("3.50", "1.50")


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (10, "not_a_string"),
        (True, "not_a_string"),
        (None, "null"),
        ({}, "not_a_string"),
        ("", "malformed"),
        ("0", "not_positive"),
        ("0.00", "not_positive"),
        ("-1", "malformed"),
        ("+1", "malformed"),
        (" 1", "malformed"),
        ("1 ", "malformed"),
        ("1\n", "malformed"),
        ("1,00", "malformed"),
        ("1_000", "malformed"),
        ("1.", "malformed"),
        (".5", "malformed"),
        ("01", "malformed"),
        ("1e2", "malformed"),
        ("0x10", "malformed"),
        ("NaN", "malformed"),
        ("Infinity", "malformed"),
        ("\u0661\u0662", "malformed"),
        ("\uff11", "malformed"),
        ("9" * 41, "malformed"),
        ("1.001", "excess_decimals"),
        ("0.0000000001", "excess_decimals"),
        ("10000000000000000", "too_large"),
        ("9" * 40, "too_large"),
    ],
)
@pytest.mark.parametrize("kind", ["deposits", "withdrawals"])
def test_an_amount_of_the_wrong_form_is_refused(api, partner, kind, amount, code) -> None:
    path = f"/players/{a_player(partner).pk}/{kind}"
    assert errors(api.post(path, {"amount": amount, "reference": "r"})) == {"amount": code}
    assert not Transfer.objects.exists()


def test_a_number_is_refused_saying_what_to_send(api, partner) -> None:
    path = f"/players/{a_player(partner).pk}/deposits"
    response = api.post(path, b'{"amount": 10.50, "reference": "r"}')
    assert errors(response) == {"amount": "not_a_string"}
    assert 'as a string, such as "10.00"' in response.json()["detail"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(amount=st.decimals("0.01", "999999999999.99", places=2, allow_nan=False))
def test_every_amount_comes_back_as_it_was_sent(api, partner, amount: Decimal) -> None:
    path = f"/players/{a_player(partner).pk}/deposits"
    body = api.post(path, {"amount": f"{amount:f}", "reference": "r"}).json()
    assert (body["amount"], body["available"]) == (f"{amount:f}", f"{amount:f}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(alphabet="0123456789.eE+- ,_\u0660nN", max_size=12))
def test_no_text_is_misread_as_an_amount(api, partner, text: str) -> None:
    player = a_player(partner)
    response = api.post(f"/players/{player.pk}/deposits", {"amount": text, "reference": "r"})
    if response.status_code == 201:
        assert Decimal(response.json()["amount"]) == Decimal(text) > 0
        assert set(text) <= set("0123456789.")
    else:
        assert response.status_code == 400


@pytest.mark.parametrize("reference", ["", "x" * 101, "a b", "a\tb", "é", 5, None])
def test_a_reference_of_the_wrong_form_is_refused(api, partner, reference) -> None:
    path = f"/players/{a_player(partner).pk}/deposits"
    assert set(errors(api.post(path, {"amount": "1", "reference": reference}))) == {"reference"}


def test_partners_may_use_the_same_references(api, partner, api_of) -> None:
    other = a_partner()
    for sender, owner in ((api, partner), (api_of(other), other)):
        path = f"/players/{a_player(owner).pk}/deposits"
        assert sender.post(path, {"amount": "1", "reference": "r" * 100}).status_code == 201
