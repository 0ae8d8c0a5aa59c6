"""The ledger in the admin is for reading."""

from decimal import Decimal

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from bets.models import Player
from tests.factories.bets import a_coupon, a_held_coupon, a_partner, a_player, an_account
from tests.factories.staff import a_client, a_member
from tests.factories.wallets import DEPOSITS, deposit, funded, post_one
from wallets.admin.values import account_in_words, amount_text
from wallets.models import Account, Entry, Seal, Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def wallet_id():
    wallet_id = funded("100")
    post_one(deposit(wallet_id, "23.45", reference="dep-2"))
    return wallet_id


def test_not_even_a_superuser_may_change_the_ledger(wallet_id):
    request = RequestFactory().get("/")
    request.user = a_member()
    for model in (Account, Transfer, Entry, Seal):
        page = admin.site.get_model_admin(model)
        assert not page.has_add_permission(request)
        assert not page.has_change_permission(request)
        assert not page.has_delete_permission(request)
        assert page.get_actions(request) == {}


def test_a_house_account_shows_its_derived_balance(wallet_id):
    account = Account.objects.get(address=DEPOSITS)
    page = a_client("finance").get(reverse("admin:wallets_account_change", args=[account.pk]))
    assert "The balance is -123.45 EUR." in page.content.decode()


def test_a_wallet_account_shows_its_statement(wallet_id):
    account = Account.objects.get(address=f"wallet/{wallet_id}/available")
    page = a_client("finance").get(reverse("admin:wallets_account_change", args=[account.pk]))
    text = page.content.decode()
    assert "The balance is 123.45 EUR." in text
    assert "dep-2" in text


def test_a_transfer_shows_both_of_its_entries(wallet_id):
    transfer = Transfer.objects.get(reference="dep-2")
    page = a_client("auditor").get(reverse("admin:wallets_transfer_change", args=[transfer.pk]))
    text = page.content.decode()
    assert "-23.45 EUR" in text
    assert "123.45 EUR" in text


def test_transfers_and_entries_are_found_by_reference(wallet_id):
    client = a_client("finance")
    for model, count in (("transfer", 1), ("entry", 2)):
        url = reverse(f"admin:wallets_{model}_changelist")
        found = client.get(url, {"q": "dep-2"}).context["cl"].result_list
        assert len(found) == count
        assert all(Decimal(abs(row.amount)) == Decimal("23.45") for row in found)


def test_a_wallets_accounts_are_found_by_its_id(wallet_id):
    url = reverse("admin:wallets_account_changelist")
    found = a_client("finance").get(url, {"q": str(wallet_id)}).context["cl"].result_list
    assert {row.kind for row in found} == {"available", "held", "owed"}


# --- whose it is ---------------------------------------------------------------------------------


@pytest.fixture
def ada() -> Player:
    return a_player(a_partner("acme"), external_id="cust-1", username="ada", balance="100")


def _list(client, model, **query) -> str:
    return client.get(reverse(f"admin:wallets_{model}_changelist"), query).content.decode()


@pytest.mark.parametrize("model", ["account", "transfer", "entry"])
def test_lists_name_the_player_and_lead_there(ada, model):
    page = _list(a_client("finance"), model)
    assert reverse("admin:bets_player_change", args=[ada.pk]) in page
    assert ">ada</a>" in page
    assert str(ada.wallet_id) not in page


def test_the_pages_of_the_ledger_name_the_player_and_the_coupon(ada):
    coupon = a_held_coupon(ada, an_account(ada.partner, code="betcalc-eu"))
    client = a_client("auditor")
    transfer = Transfer.objects.get(coupon_id=coupon.pk)
    page = client.get(reverse("admin:wallets_transfer_change", args=[transfer.pk]))
    text = page.content.decode()
    assert "From ada: available to ada: held" in text
    assert reverse("admin:bets_player_change", args=[ada.pk]) in text
    assert reverse("admin:bets_coupon_change", args=[coupon.pk]) in text
    account = Account.objects.get(address=f"wallet/{ada.wallet_id}/available")
    text = client.get(reverse("admin:wallets_account_change", args=[account.pk])).content.decode()
    assert "ada: available" in text
    assert f">{coupon.code}</a>" in text


def test_a_wallet_that_nobody_claims_is_called_by_its_id(wallet_id):
    assert f"wallet {wallet_id}: available" in _list(a_client("finance"), "account")


def test_accounts_are_found_by_their_player_and_transfers_by_the_coupons_code(ada):
    coupon = a_held_coupon(ada, an_account(ada.partner, code="betcalc-eu"))
    client = a_client("finance")
    for term in ("ada", "cust-1"):
        url = reverse("admin:wallets_account_changelist")
        found = client.get(url, {"q": term}).context["cl"].result_list
        assert {row.wallet_id for row in found} == {ada.wallet_id}
    url = reverse("admin:wallets_transfer_changelist")
    found = client.get(url, {"q": coupon.code.lower()}).context["cl"].result_list
    assert [row.coupon_id for row in found] == [coupon.pk]


def test_a_list_names_all_of_its_players_at_once(ada, django_assert_max_num_queries):
    for number in range(9):
        a_coupon(a_player(ada.partner, balance="5"), an_account(ada.partner, code=f"b{number}"))
    client = a_client("finance")
    for model in ("account", "transfer", "entry"):
        _list(client, model)
        with django_assert_max_num_queries(25):
            _list(client, model)


def test_a_house_account_shows_its_balance_in_the_list(wallet_id):
    assert "-123.45 EUR" in _list(a_client("finance"), "account", kind__exact="house")


def test_accounts_in_words():
    assert account_in_words("wallet/7/held", who="ada") == "ada: held"
    assert account_in_words("house/betcalc/stakes/EUR", who="") == "house: stakes (betcalc)"
    told = account_in_words("house/partner:acme/write_offs/EUR", who="")
    assert told == "house: write-offs (partner acme)"


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("1234567.5", "EUR", "1,234,567.50 EUR"),
        ("-1000", "JPY", "-1,000 JPY"),
        ("0.125", "KWD", "0.125 KWD"),
        ("999.00", "USD", "999.00 USD"),
        ("-0.00", "EUR", "0.00 EUR"),
    ],
)
def test_an_amount_is_easy_on_the_eye(value, currency, shown):
    assert amount_text(Decimal(value), currency) == shown
