"""Accounts, callback addresses and the call log."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from providers import encryption, queries, registry, services
from providers.contract import AccountView, Capability, Provider, Unknown
from providers.models import CallbackToken, ProviderAccount
from providers.services import InvalidAccount
from tests.factories.providers import make_account, make_slip

SECRETS = {"login": "operator-login", "password": "operator-password"}


def save(**changes):
    values = {
        "code": "main",
        "provider": "betcalc",
        "base_url": "http://127.0.0.1:9/",
        "secrets": SECRETS,
    }
    return services.save_account(**{**values, **changes})


@pytest.mark.django_db
class TestSaving:
    def test_an_account_has_its_values_and_the_declared_defaults(self):
        account = save(settings={"amount_mode": "fixed:1000.50"})

        assert account.base_url == "http://127.0.0.1:9"
        assert account.setting("lang") == "en"
        assert services.effective_settings(account=account) == {
            "lang": "en",
            "login_url": "",
            "amount_mode": "fixed:1000.50",
            "public_url": "",
            "allowed_ips": "",
            "result_due_h": "72",
            "return_statuses": "",
            "poll_email": "",
            "rate_per_s": "",
            "rate_burst": "",
        }

    def test_what_is_not_named_stays(self):
        save(settings={"lang": "tr", "result_due_h": "5"})

        account = services.save_account(
            code="main", settings={"lang": "ru"}, secrets={"login": "other"}, is_active=False
        )

        assert (account.setting("lang"), account.setting("result_due_h")) == ("ru", "5")
        assert (account.secret("login"), account.secret("password")) == (
            "other",
            "operator-password",
        )
        assert (account.base_url, account.is_active) == ("http://127.0.0.1:9", False)
        assert ProviderAccount.objects.count() == 1

    def test_an_empty_value_goes_back_to_the_default(self):
        save(settings={"lang": "tr"})

        assert services.save_account(code="main", settings={"lang": ""}).setting("lang") == "en"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"code": "no spaces"}, "code"),
            ({"code": ""}, "code"),
            ({"code": "x" * 51}, "code"),
            ({"provider": "nobody"}, "provider"),
            ({"provider": None}, "provider"),
            ({"base_url": ""}, "base_url"),
            ({"base_url": None}, "base_url"),
            ({"base_url": "provider.example"}, "base_url"),
            ({"base_url": "http://169.254.169.254"}, "base_url"),
            ({"settings": {"colour": "red"}}, "colour"),
            ({"settings": {"login": "x"}}, "login"),
            ({"settings": {"lang": "english"}}, "lang"),
            ({"settings": {"lang": "e\0"}}, "lang"),
            ({"settings": {"amount_mode": "fixed"}}, "amount_mode"),
            ({"settings": {"amount_mode": "fixed:0"}}, "amount_mode"),
            ({"settings": {"amount_mode": "fixed:0.00"}}, "amount_mode"),
            ({"settings": {"amount_mode": "fixed:-5"}}, "amount_mode"),
            ({"settings": {"amount_mode": "fixed:1e3"}}, "amount_mode"),
            ({"settings": {"login_url": "http://100.64.0.1"}}, "login_url"),
            ({"settings": {"public_url": "slipdesk.example"}}, "public_url"),
            ({"settings": {"public_url": "https://slipdesk.example/"}}, "public_url"),
            ({"settings": {"allowed_ips": "1.2.3.4, office"}}, "allowed_ips"),
            ({"settings": {"allowed_ips": "1.2.3.4,"}}, "allowed_ips"),
            ({"settings": {"result_due_h": "0"}}, "result_due_h"),
            ({"settings": {"result_due_h": "1.5"}}, "result_due_h"),
            ({"settings": {"return_statuses": "3;4"}}, "return_statuses"),
            ({"secrets": {}}, "login"),
            ({"secrets": {"login": "x"}}, "password"),
            ({"secrets": {**SECRETS, "password": ""}}, "password"),
            ({"secrets": {**SECRETS, "pin": "1"}}, "pin"),
            ({"secrets": {**SECRETS, "login": "x" * 9000}}, "login"),
        ],
    )
    def test_what_the_provider_does_not_declare_is_refused(self, changes, field):
        with pytest.raises(InvalidAccount) as refused:
            save(**changes)

        assert refused.value.field == field
        assert not ProviderAccount.objects.exists()

    def test_a_refused_change_changes_nothing(self):
        save(settings={"lang": "tr"})

        with pytest.raises(InvalidAccount):
            services.save_account(code="main", settings={"lang": "ru", "colour": "red"})

        assert queries.account(code="main").setting("lang") == "tr"

    def test_an_account_keeps_its_provider(self):
        save()

        with pytest.raises(InvalidAccount) as refused:
            services.save_account(code="main", provider="betflex")

        assert refused.value.field == "provider"

    def test_a_provider_that_is_never_called_needs_no_address(self):
        assert make_account("betflex", base_url="").base_url == ""

    def test_loopback_needs_the_switch(self, settings):
        settings.ALLOW_PRIVATE_PROVIDERS = False

        with pytest.raises(InvalidAccount) as refused:
            save()

        assert refused.value.field == "base_url"

    def test_secrets_are_stored_encrypted_and_printed_nowhere(self):
        account = save()

        stored = bytes(ProviderAccount.objects.get().secrets)
        printed = f"{account} {account!r} {account.settings}"
        assert b"operator" not in stored
        assert "operator" not in printed
        assert account.secret_names() == ("login", "password")
        assert account.secret("unset") == ""

    def test_undeclared_settings_do_not_exist(self):
        with pytest.raises(KeyError):
            save().setting("colour")


@pytest.mark.django_db
class TestCallbackAddresses:
    def test_the_address_names_the_account(self):
        account = save()
        make_account("betflex")

        base = services.callback_base(account=account)

        start, token = base.rsplit("/", 1)
        assert start == "http://testserver/webhooks/betcalc"
        assert len(token) >= 40
        assert services.account_for_token(provider="betcalc", token=token) == account

    def test_the_public_address_of_an_account_goes_first(self):
        account = save(settings={"public_url": "https://callbacks.slipdesk.example/in"})

        base = services.callback_base(account=account)

        assert base.startswith("https://callbacks.slipdesk.example/in/webhooks/betcalc/")

    def test_the_token_is_found_by_one_query(self, django_assert_num_queries):
        token = _token(save())

        with django_assert_num_queries(1):
            account = services.account_for_token(provider="betcalc", token=token)
            assert account.setting("lang") == "en"
            assert account.code == "main"

    def test_the_token_itself_is_not_stored(self):
        token = _token(save())

        stored = CallbackToken.objects.get()
        assert token.encode() not in bytes(stored.token) + bytes(stored.token_hash)
        assert token not in f"{stored} {stored!r}"

    @pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 5000, "\0", "ż"])
    def test_other_tokens_name_nobody(self, token):
        save()

        assert services.account_for_token(provider="betcalc", token=token) is None

    def test_a_token_is_good_for_its_own_provider_only(self):
        token = _token(save())

        assert services.account_for_token(provider="betflex", token=token) is None

    def test_a_rotated_token_still_works(self):
        account = save()
        old = _token(account)

        new = services.rotate_callback_token(account=account)

        assert new == _token(account) != old
        for token in (old, new):
            assert services.account_for_token(provider="betcalc", token=token) == account

    def test_a_revoked_token_works_no_more_and_a_current_one_is_replaced(self):
        account = save()
        old = _token(account)

        services.revoke_callback_token(token=queries.callback_tokens(account=account)[0])

        assert services.account_for_token(provider="betcalc", token=old) is None
        assert _token(account) != old

    def test_revoking_a_retired_token_leaves_the_current_one(self):
        account = save()
        services.rotate_callback_token(account=account)
        current, retired = queries.callback_tokens(account=account)

        services.revoke_callback_token(token=retired)

        assert encryption.decrypt(current.token) == _token(account)
        assert queries.callback_tokens(account=account).count() == 2

    def test_results_reach_an_account_that_is_switched_off(self):
        account = save(is_active=False)

        token = _token(account)
        assert services.account_for_token(provider="betcalc", token=token) == account

    def test_the_database_keeps_one_current_token(self):
        account = save()

        with pytest.raises(IntegrityError), transaction.atomic():
            CallbackToken.objects.create(account=account, token=b"x", token_hash=b"y")


@pytest.mark.django_db(transaction=True)
def test_tokens_rotated_at_once_leave_one_current():
    account = save()
    barrier, tokens = threading.Barrier(4), []

    def rotate() -> None:
        barrier.wait()
        tokens.append(services.rotate_callback_token(account=account))
        connection.close()

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(set(tokens)) == 4
    assert _token(account) in tokens
    assert account.callback_tokens.filter(retired_at=None).count() == 1


@pytest.mark.django_db
class TestEncryption:
    def test_a_new_key_reads_what_the_old_one_wrote(self, settings):
        account = save()
        old = settings.ENCRYPTION_KEYS
        new = "bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleSE="
        settings.ENCRYPTION_KEYS = [new, *old]
        services.save_account(code="main", secrets={"login": "later"})

        settings.ENCRYPTION_KEYS = [new]
        account.refresh_from_db()
        assert account.secret("password") == "operator-password"

    def test_without_the_key_the_error_says_no_secret(self, settings):
        account = save()
        settings.ENCRYPTION_KEYS = ["bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleSE="]

        with pytest.raises(encryption.CannotDecrypt) as failed:
            account.secret("password")

        assert "operator" not in str(failed.value)

    def test_without_the_key_a_placement_is_not_a_crash(self, settings):
        account = save()
        settings.ENCRYPTION_KEYS = ["bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleSE="]

        placed = services.place(account=account, keep=bool, slip=make_slip(), deadline_s=1)

        assert isinstance(placed, Unknown)

    def test_the_hash_depends_on_its_key(self, settings):
        before = encryption.keyed_hash("token")
        settings.HASH_KEY = "another-hash-key-of-at-least-32-characters"

        assert encryption.keyed_hash("token") != before


class TestRegistry:
    @pytest.mark.parametrize("provider", registry.all(), ids=lambda provider: provider.name)
    def test_every_provider_keeps_the_contract(self, provider):
        members = [*Provider.__annotations__, *vars(Provider)]
        for member in (name for name in members if not name.startswith("_")):
            assert hasattr(provider, member), member
        assert type(registry.get(provider.name)) is type(provider)
        names = [item.name for item in (*provider.settings, *provider.secrets)]
        assert len(names) == len(set(names))
        takes_coupons = Capability.EXCHANGE not in provider.capabilities
        assert ("result_due_h" in names) == takes_coupons

    def test_an_unknown_name_is_a_typed_error(self):
        with pytest.raises(registry.UnknownProvider):
            registry.get("nobody")


def _token(account: AccountView) -> str:
    return services.callback_base(account=account).rsplit("/", 1)[1]
