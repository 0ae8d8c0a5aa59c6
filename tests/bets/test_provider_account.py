import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from bets.management.commands.provider_account import Command
from bets.models import PartnerAccess
from providers import services as providers
from providers.models import CallbackToken, ProviderAccount
from tests.factories.bets import a_partner
from tests.fakes.book import FakeBook

pytestmark = pytest.mark.django_db

BETCALC = [
    "--provider=betcalc",
    "--base-url=http://127.0.0.1:9/api/",
    "--secret=login=me",
    "--secret=password=top secret=1",
]


def run(*arguments: str) -> tuple[list[str], str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("provider_account", *arguments, stdout=out, stderr=err)
    return out.getvalue().splitlines(), err.getvalue()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as error:
        run(*arguments)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_an_account_is_created_and_its_callback_address_is_the_last_line() -> None:
    partner = a_partner("acme")
    a_partner("zeta")
    lines, _ = run("set", "bc", *BETCALC, "--setting=lang=de", "--partner=acme", "--partner=zeta")
    account = ProviderAccount.objects.get()
    assert (account.code, account.provider, account.base_url) == (
        "bc",
        "betcalc",
        "http://127.0.0.1:9/api",
    )
    assert (account.setting("lang"), account.setting("amount_mode")) == ("de", "real")
    assert (account.secret("login"), account.secret("password")) == ("me", "top secret=1")
    assert lines[-1] == providers.callback_base(account=account)
    assert lines[-1].startswith("http://testserver/webhooks/betcalc/")
    assert partner.accounts.get() == account
    assert PartnerAccess.objects.count() == 2


def test_an_update_keeps_what_it_does_not_name() -> None:
    a_partner("acme")
    first, _ = run("set", "bc", *BETCALC, "--setting=lang=de", "--partner=acme")
    again, _ = run("set", "bc", "--secret=password=new", "--setting=amount_mode=fixed:5")
    account = ProviderAccount.objects.get()
    assert first[-1] == again[-1]
    assert CallbackToken.objects.count() == 1
    assert (account.setting("lang"), account.setting("amount_mode")) == ("de", "fixed:5")
    assert (account.secret("login"), account.secret("password")) == ("me", "new")
    assert PartnerAccess.objects.count() == 1


def test_an_empty_value_restores_the_default() -> None:
    run("set", "bc", *BETCALC, "--setting=lang=de")
    run("set", "bc", "--setting=lang=")
    assert ProviderAccount.objects.get().setting("lang") == "en"


def test_betflex_calls_us_and_needs_no_address() -> None:
    lines, _ = run("set", "bf", "--provider=betflex")
    assert lines[-1].startswith("http://testserver/webhooks/betflex/")


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("line 1\nline 2=é\n")
    run("set", "bc", *BETCALC[:3], f"--secret=password=@{file}")
    assert ProviderAccount.objects.get().secret("password") == "line 1\nline 2=é"


SPOILT = {
    "no provider": (["bc"], "--provider"),
    "unknown provider": (["bc", "--provider=x"], "--provider"),
    "no address": (["bc", BETCALC[0], *BETCALC[2:]], "--base-url"),
    "no http": (["bc", *BETCALC, "--base-url=ftp://x"], "--base-url"),
    "code": (["b c", *BETCALC], "CODE"),
    "long code": (["b" * 51, *BETCALC], "CODE"),
    "unknown setting": (["bc", *BETCALC, "--setting=colour=red"], "--setting colour"),
    "unknown secret": (["bc", *BETCALC, "--secret=pin=hidden"], "--secret pin"),
    "bad setting": (["bc", *BETCALC, "--setting=amount_mode=x"], "--setting amount_mode"),
    "secret as a setting": (["bc", *BETCALC, "--setting=login=hidden"], "--setting login"),
    "missing secret": (["bc", *BETCALC[:3]], "--secret password"),
    "no pair": (["bc", *BETCALC, "--secret=hidden"], "--secret"),
    "no name": (["bc", *BETCALC, "--setting==hidden"], "--setting"),
    "no file": (["bc", *BETCALC, "--secret=password=@/nowhere"], "/nowhere"),
    "twice": (["bc", *BETCALC, "--setting=lang=de", "--setting=lang=fr"], "--setting"),
    "partner": (["bc", *BETCALC, "--partner=acme", "--partner=nobody"], "--partner"),
    "option": (["bc", *BETCALC, "--secert=password=hidden"], "--secert"),
}


@pytest.mark.parametrize(("arguments", "named"), SPOILT.values(), ids=SPOILT.keys())
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_stored(arguments, named) -> None:
    a_partner("acme")
    message = refused("set", *arguments)
    assert named in message
    assert "hidden" not in message
    assert not ProviderAccount.objects.exists()
    assert not PartnerAccess.objects.exists()


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"\xff\xfe")
    assert "--secret" in refused("set", "bc", *BETCALC[:3], f"--secret=password=@{file}")


def test_a_refused_update_changes_nothing() -> None:
    run("set", "bc", *BETCALC)
    for arguments in (
        ["--provider=betflex"],
        ["--setting=lang=de", "--partner=nobody"],
        ["--setting=lang=de", "--setting=amount_mode=x"],
        ["--setting=lang=de", "--secret=password="],
        ["--setting=lang=de", "--base-url="],
    ):
        refused("set", "bc", *arguments)
        account = ProviderAccount.objects.get()
        assert (account.setting("lang"), account.secret("password")) == ("en", "top secret=1")


def test_show_prints_everything_but_the_secrets() -> None:
    a_partner("acme")
    saved, _ = run("set", "bc", *BETCALC, "--setting=lang=de", "--partner=acme")
    lines, errors = run("show", "bc")
    shown = dict(line.split(": ", 1) for line in lines)
    assert shown["provider"] == "betcalc"
    assert shown["base_url"] == "http://127.0.0.1:9/api"
    assert (shown["setting lang"], shown["setting amount_mode"]) == ("de", "real")
    assert (shown["secret login"], shown["secret password"]) == ("set", "set")
    assert (shown["partners"], shown["active"]) == ("acme", "yes")
    assert shown["callback_base"] == saved[-1]
    assert "top secret" not in "".join(lines) + errors
    run("set", "bf", "--provider=betflex")
    assert "secret jwt_key: not set" in run("show", "bf")[0]


def test_a_doubtful_setting_is_saved_with_a_warning() -> None:
    lines, errors = run("set", "bc", *BETCALC, "--setting=amount_mode=fixed:0.01")
    assert "amount_mode" in errors
    assert lines[-1].startswith("http://")


def test_the_connection_is_tried_and_told_in_one_line(book: FakeBook) -> None:
    run("set", "fb", "--provider=fakebook", "--base-url=http://127.0.0.1:9")
    lines, _ = run("test", "fb")
    assert lines == ["ok: fine"]


def test_a_connection_that_fails_is_an_error() -> None:
    run("set", "bc", *BETCALC)
    assert refused("test", "bc")


@pytest.mark.parametrize("action", ["show", "test"])
def test_an_account_that_is_not_there(action) -> None:
    assert "CODE" in refused(action, "nowhere")


def test_secrets_that_no_key_opens_are_told() -> None:
    run("set", "bc", *BETCALC)
    with override_settings(ENCRYPTION_KEYS=["b3RoZXItZmVybmV0LWtleS10aGlydHktdHdvLWJ5dGU="]):
        for arguments in (["show", "bc"], ["set", "bc", "--secret=login=you"]):
            assert "ENCRYPTION_KEYS" in refused(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [[], ["set"], ["rename", "x"], ["set", "x", "--setting"], ["set", "x", "--wrong=hidden"]],
)
def test_a_wrong_command_line_is_told_in_one_line(capsys, arguments) -> None:
    command = Command()
    command._called_from_command_line = True
    with pytest.raises(SystemExit) as left:
        command.create_parser("manage.py", "provider_account").parse_args(arguments)
    told = capsys.readouterr().err
    assert left.value.code == 2
    assert told.count("\n") == 1
    assert "hidden" not in told


# --- the accounts of every provider, by the names that are given out ------------------------------


@pytest.mark.parametrize(
    ("provider", "settings", "secrets"),
    [
        (
            "gr8",
            {
                "token_url": "http://127.0.0.1:9/oauth/token",
                "operator_id": "op",
                "brand": "b",
                "channel": "WEB",
                "limits_in": "body",
                "wallet_mode": "seamless",
            },
            {"client_id": "c", "client_secret": "s", "token": "Bearer x"},
        ),
        (
            "superbet",
            {"operator": "site", "field_set": "psp_rtag", "pam_skew_s": "60"},
            {"signing_secret": "12345ABCDE"},
        ),
        (
            "betflag",
            {"ticks": "1.01-2:0.01", "min_stake": "1.00", "path.login": "/other/login"},
            {"api_key": "k", "username": "u", "password": "p=1"},
        ),
    ],
)
def test_every_documented_name_can_be_scripted(provider, settings, secrets) -> None:
    given = [f"--setting={name}={value}" for name, value in settings.items()]
    given += [f"--secret={name}={value}" for name, value in secrets.items()]
    run("set", "main", f"--provider={provider}", "--base-url=http://127.0.0.1:9", *given)
    account = ProviderAccount.objects.get()
    assert {name: account.setting(name) for name in settings} == settings
    assert {name: account.secret(name) for name in secrets} == secrets
    shown = dict(line.split(": ", 1) for line in run("show", "main")[0])
    assert {name: shown[f"setting {name}"] for name in settings} == settings
    assert all(shown[f"secret {name}"] == "set" for name in secrets)
    assert not any(value in str(shown) for value in secrets.values() if len(value) > 1)


def test_a_path_of_no_operation_is_refused_by_its_name() -> None:
    run("set", "ex", "--provider=betflag", "--base-url=http://127.0.0.1:9", *_BETFLAG)
    message = refused("set", "ex", "--setting=path.fly=/x")
    assert message.startswith("--setting path.fly: is not one of ")
    message = refused("set", "ex", "--setting=path.login=no-slash")
    assert message.startswith("--setting path.login: does not have the form: ")
    assert ProviderAccount.objects.get().settings == {}


_BETFLAG = ["--secret=api_key=k", "--secret=username=u", "--secret=password=p"]
