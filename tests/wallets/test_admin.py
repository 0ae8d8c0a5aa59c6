"""The ledger in the admin is for reading."""

from decimal import Decimal

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from tests.factories.staff import a_client, a_member
from tests.factories.wallets import DEPOSITS, deposit, funded, post_one
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
