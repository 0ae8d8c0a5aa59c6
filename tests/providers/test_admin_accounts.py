"""Provider accounts in the admin: credentials are written and never read."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from providers.models import ProviderAccount
from providers.services import account_for_token, save_account
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db

LOGIN, PASSWORD = "operator-7", "s3cret-pass-word"
ADD = "admin:providers_provideraccount_add"


@pytest.fixture
def account():
    return save_account(
        code="betcalc-eu",
        provider="betcalc",
        base_url="http://127.0.0.1:9",
        settings={"lang": "de"},
        secrets={"login": LOGIN, "password": PASSWORD},
    )


@pytest.fixture
def client():
    return a_client()


def _url(account, action):
    return reverse("admin:providers_provideraccount_do", args=[account.pk, action])


def _page(account):
    return reverse("admin:providers_provideraccount_change", args=[account.pk])


def _form(**changes):
    return {"base_url": "http://127.0.0.1:9", "setting_lang": "de", "is_active": "on", **changes}


def _stored(account) -> ProviderAccount:
    return ProviderAccount.objects.get(pk=account.pk)


def test_no_secret_is_in_any_page(client, account):
    token = account.callback_tokens.get()
    pages = [_page(account), _url(account, "settings"), _url(account, "revoke"),
             reverse("admin:providers_provideraccount_changelist")]  # fmt: skip
    for url in pages:
        source = client.get(url).content.decode()
        assert PASSWORD not in source
        assert LOGIN not in source
        assert bytes(token.token).decode() not in source


def test_a_blank_secret_keeps_the_stored_one(client, account):
    client.post(_url(account, "settings"), _form(setting_lang="en", secret_password=""))
    stored = _stored(account)
    assert stored.secret("password") == PASSWORD
    assert stored.setting("lang") == "en"


def test_a_new_secret_replaces_the_stored_one_and_is_not_logged(client, account):
    answer = client.post(
        _url(account, "settings"), _form(secret_password="n3w-pass-word"), follow=True
    )
    assert _stored(account).secret("password") == "n3w-pass-word"
    assert _stored(account).secret("login") == LOGIN
    assert "n3w-pass-word" not in answer.content.decode()
    entry = LogEntry.objects.get()
    assert "n3w-pass-word" not in entry.change_message
    assert "password" in entry.change_message


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_changed(client, account):
    answer = client.post(
        _url(account, "settings"),
        _form(setting_result_due_h="soon", secret_password="n3w-pass-word"),
    )
    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {"setting_result_due_h"}
    assert "n3w-pass-word" not in answer.content.decode()
    assert _stored(account).secret("password") == PASSWORD


def test_an_account_is_switched_off(client, account):
    client.post(_url(account, "settings"), {"base_url": "http://127.0.0.1:9"})
    assert not _stored(account).is_active


def test_an_optional_secret_is_removed_by_a_tick_only(client):
    account = save_account(code="flex", provider="betflex", secrets={"jwt_key": "k" * 40})
    client.post(_url(account, "settings"), {"is_active": "on", "base_url": ""})
    assert _stored(account).secret("jwt_key") == "k" * 40

    client.post(
        _url(account, "settings"), {"is_active": "on", "base_url": "", "remove_jwt_key": "on"}
    )
    assert _stored(account).secret("jwt_key") == ""


def test_an_account_is_created_at_a_chosen_provider(client):
    choice = client.get(reverse(ADD)).content.decode()
    assert "?provider=betcalc" in choice

    client.post(
        reverse(ADD) + "?provider=betcalc",
        {
            "code": "new-one",
            "provider": "betcalc",
            "base_url": "http://127.0.0.1:9",
            "secret_login": LOGIN,
            "secret_password": PASSWORD,
        },
    )

    created = ProviderAccount.objects.get(code="new-one")
    assert created.secret("login") == LOGIN
    assert created.callback_tokens.count() == 1


def test_a_bad_address_is_refused_beside_its_field(client):
    answer = client.post(
        reverse(ADD) + "?provider=betcalc",
        {
            "code": "new-one",
            "provider": "betcalc",
            "base_url": "ftp://x",
            "secret_login": LOGIN,
            "secret_password": PASSWORD,
        },
    )
    assert answer.context["form"].errors.keys() == {"base_url"}
    assert not ProviderAccount.objects.exists()
    assert PASSWORD not in answer.content.decode()


def test_the_address_is_shown_on_request_and_that_is_kept(client, account):
    answer = client.post(_url(account, "address"))
    address = answer.context["done"].secret
    token = address.rsplit("/", 1)[1]
    assert account_for_token(provider="betcalc", token=token) == account
    assert LogEntry.objects.get().change_message == "Looked at the callback address."
    assert token not in LogEntry.objects.get().change_message


def test_a_new_token_and_the_end_of_the_old_one(client, account):
    old = account.callback_tokens.get()
    before = client.post(_url(account, "address")).context["done"].secret.rsplit("/", 1)[1]

    after = client.post(_url(account, "rotate")).context["done"].secret.rsplit("/", 1)[1]

    assert account_for_token(provider="betcalc", token=before) == account
    assert account_for_token(provider="betcalc", token=after) == account
    client.post(_url(account, "revoke"), {"token": old.pk})
    assert account_for_token(provider="betcalc", token=before) is None
    assert account_for_token(provider="betcalc", token=after) == account


def test_a_connection_that_fails_says_so(client, account):
    answer = client.post(_url(account, "test"))
    assert not answer.context["done"].ok
    assert answer.context["done"].message.startswith("It failed: ")


def test_the_help_of_a_field_is_sentences(client):
    page = client.get(reverse("admin:providers_provideraccount_add"), {"provider": "gr8"})
    helps = [each.help_text for each in page.context["form"] if each.help_text]
    assert helps
    assert [each for each in helps if not each[0].isupper()] == []
    assert [each for each in helps if re.search(r"[^.] Default:", each)] == []
    assert all(each.endswith(".") for each in helps)
    assert "several lines" not in page.content.decode()
    betflex = client.get(reverse("admin:providers_provideraccount_add"), {"provider": "betflex"})
    assert "A key of several lines is set from the shell." in betflex.content.decode()


def test_the_page_says_first_how_the_account_stands(client, account):
    page = client.get(reverse("admin:providers_provideraccount_change", args=[account.pk]))
    assert page.context["page"].summary.headline == "Healthy. Calls go through."
