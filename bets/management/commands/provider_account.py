"""Provider accounts from the shell: `provider_account set | show | test CODE`."""

import re
from argparse import ArgumentTypeError
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bets.services import accounts
from bets.services.accounts import UnknownPartner
from providers import queries, registry
from providers import services as providers
from providers.encryption import CannotDecrypt
from providers.models import ProviderAccount
from providers.services import InvalidAccount

_OPTIONS = {"code": "CODE", "provider": "--provider", "base_url": "--base-url"}
_LONGEST_FILE = 64 * 1024

Pair = tuple[str, str]


class Command(BaseCommand):
    help = "Create, change, show or test the account that we hold with a provider."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return _in_one_line(super().create_parser(prog_name, subcommand, **kwargs))

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="set|show|test")
        _describe_set(_in_one_line(actions.add_parser("set", help="create or change an account")))
        for name, says in (
            ("show", "print everything but the secrets"),
            ("test", "try the connection and say in one line what it saw"),
        ):
            action = _in_one_line(actions.add_parser(name, help=says))
            action.add_argument("code", metavar="CODE")

    def handle(self, *args: Any, **options: Any) -> None:
        actions = {"set": self._set, "show": self._show, "test": self._test}
        try:
            actions[options["action"]](options)
        except CannotDecrypt as error:
            raise CommandError(f"ENCRYPTION_KEYS: {error}") from None

    def _set(self, options: dict[str, Any]) -> None:
        """The last line is the bare callback address, for scripts."""
        settings = _mapping("--setting", options["setting"])
        secrets = _mapping("--secret", options["secret"])
        try:
            saved = accounts.save_account(
                code=options["code"],
                provider=options["provider"],
                base_url=options["base_url"],
                settings=settings,
                secrets=secrets,
                partner_codes=options["partner"],
            )
        except UnknownPartner as error:
            raise CommandError(f"--partner: {error}") from None
        except InvalidAccount as error:
            raise CommandError(_told(error, settings, secrets)) from None
        for warning in providers.warnings(account=saved.account):
            self.stderr.write(f"warning: {warning}")
        self.stdout.write(f"{saved.account.code} ({saved.account.provider}) is saved.")
        self.stdout.write(saved.callback_base)

    def _show(self, options: dict[str, Any]) -> None:
        account = _find(options["code"])
        for name, value in _shown(account):
            self.stdout.write(f"{name}: {value}")

    def _test(self, options: dict[str, Any]) -> None:
        report = providers.test_connection(account=_find(options["code"]))
        detail = " ".join(report.detail.split())
        if not report.ok:
            raise CommandError(detail)
        self.stdout.write(f"ok: {detail}")


def _in_one_line(parser: CommandParser) -> CommandParser:
    """Tell errors without the usage, and without repeating values that may be secrets."""

    def error(message: str) -> NoReturn:
        told, separator, rest = message.partition("unrecognized arguments: ")
        if separator:
            told = separator + " ".join(re.findall(r"(?:^|(?<= ))--?[\w-]+", rest) or ["(values)"])
        if parser.called_from_command_line:
            parser.exit(2, f"{parser.prog}: {told}\n")
        raise CommandError(told)

    parser.error = error  # type: ignore[method-assign]
    return parser


def _describe_set(parser: CommandParser) -> None:
    parser.add_argument("code", metavar="CODE")
    parser.add_argument("--provider", help=f"one of {', '.join(registry.names())}")
    parser.add_argument("--base-url", metavar="URL", help="where the provider's API is")
    parser.add_argument(
        "--setting", type=_pair, action="append", default=[], metavar="K=V",
        help="a setting; an empty value restores the default",
    )  # fmt: skip
    parser.add_argument(
        "--secret", type=_secret, action="append", default=[], metavar="K=V|K=@FILE",
        help="a secret, or the file that holds it; an empty value removes it",
    )  # fmt: skip
    parser.add_argument(
        "--partner", action="append", default=[], metavar="CODE",
        help="a partner who may use the account",
    )  # fmt: skip


def _pair(text: str) -> Pair:
    name, separator, value = text.partition("=")
    if not separator or not name:
        # The text may be a secret, so it is not repeated.
        raise ArgumentTypeError("must have the form NAME=VALUE")
    return name, value


def _secret(text: str) -> Pair:
    """A secret of the command line, or of a file, whose last line break is not part of it."""
    name, value = _pair(text)
    if not value.startswith("@"):
        return name, value
    try:
        with Path(value[1:]).open("rb") as file:
            content = file.read(_LONGEST_FILE).decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise ArgumentTypeError(f"{name}: cannot read {value[1:]}: {reason}") from None
    return name, content.removesuffix("\n").removesuffix("\r")


def _mapping(option: str, pairs: Sequence[Pair]) -> dict[str, str]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise CommandError(f"{option}: a name is given twice")
    return result


def _told(error: InvalidAccount, settings: Iterable[str], secrets: Iterable[str]) -> str:
    """One line that names the option behind the field."""
    if error.field in _OPTIONS:
        return f"{_OPTIONS[error.field]}: {error.message}"
    option = "--secret" if _is_secret(error.field, settings, secrets) else "--setting"
    return f"{option} {error.field}: {error.message}"


def _is_secret(field: str, settings: Iterable[str], secrets: Iterable[str]) -> bool:
    declared = any(item.name == field for each in registry.all() for item in each.secrets)
    if field in settings:
        # Settings are judged first, so a secret of this name was given as a setting by mistake.
        return field in secrets and not declared
    return field in secrets or declared


def _find(code: str) -> ProviderAccount:
    try:
        return queries.account(code=code)
    except ProviderAccount.DoesNotExist:
        raise CommandError(f"CODE: there is no provider account {code!r}") from None


def _shown(account: ProviderAccount) -> Iterable[Pair]:
    yield "code", account.code
    yield "provider", account.provider
    yield "base_url", account.base_url
    yield "active", "yes" if account.is_active else "no"
    for name, value in providers.effective_settings(account=account).items():
        yield f"setting {name}", value
    given = account.secret_names()
    for declared in registry.get(account.provider).secrets:
        yield f"secret {declared.name}", "set" if declared.name in given else "not set"
    codes = account.partners.order_by("code").values_list("code", flat=True)
    yield "partners", ", ".join(codes)
    for warning in providers.warnings(account=account):
        yield "warning", warning
    yield "callback_base", providers.callback_base(account=account)
