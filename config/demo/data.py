"""The demo's data: made once, completed at each start, never made twice."""

import os
import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from bets.models import Partner, Player, PlayerStatus
from bets.services import partners
from bets.services.players import players
from providers import registry
from providers import services as providers
from providers.contract import Capability
from providers.models import ProviderAccount
from providers.sandbox.contract import Demo, SandboxProvider
from providers.sandbox.registry import PROVIDERS as SIMULATED

ROLES = ("support", "risk", "finance", "trader", "auditor")
_PARTNERS = (("northbet", "Northbet"), ("harbour", "Harbour Sports"))
# The first partner may use every provider account.
_HARBOUR_MAY_USE = ("betcalc",)
# A provider that can do none of these is never called, so that it has no address.
_CALLED_FOR = frozenset(Capability) - {Capability.WALLET, Capability.RESULTS}
_FUNDS = Decimal("1000.00")


@dataclass(frozen=True)
class DemoPlayer:
    """A player of the demo; `external_id` is also the name at providers that know no other."""

    partner: str
    external_id: str
    username: str
    currency: str
    status: PlayerStatus = PlayerStatus.ACTIVE


_PLAYERS = (
    DemoPlayer("northbet", "10001", "ada", "EUR"),
    DemoPlayer("northbet", "10002", "bruno", "EUR"),
    DemoPlayer("northbet", "10003", "carla", "USD"),
    DemoPlayer("northbet", "10004", "dmitri", "EUR", PlayerStatus.BLOCKED),
    DemoPlayer("northbet", "10005", "grace", "KES"),
    DemoPlayer("harbour", "20001", "erin", "EUR"),
    DemoPlayer("harbour", "20002", "farid", "GBP"),
)


@dataclass(frozen=True)
class DemoAccount:
    """An account, and `target`: what the sandbox is told of it, if its provider calls us."""

    code: str
    callback_base: str
    target: dict[str, Any] | None


@dataclass(frozen=True)
class DemoData:
    """What was made or found, with the passwords and keys that cannot be read again."""

    staff: list[dict[str, str]]
    partners: list[dict[str, str]]
    providers: dict[str, DemoAccount]


def create(*, former: dict[str, Any]) -> DemoData:
    """Make what is missing. `former` is the last report: what it knows is kept."""
    accounts = {each.name: _account(each) for each in SIMULATED}
    keys = _partners(former, accounts)
    users = _players()
    return DemoData(
        staff=_staff(former),
        partners=keys,
        providers={each.name: _shown(each, accounts[each.name], users) for each in SIMULATED},
    )


def in_words(made: DemoData) -> str:
    return (
        f"{len(made.partners)} partners, {len(_PLAYERS)} players, {len(made.staff)} staff, "
        f"provider accounts {', '.join(made.providers)}"
    )


# --- provider accounts --------------------------------------------------------------------------


def _account(simulated: type[SandboxProvider]) -> ProviderAccount:
    """Its address and ours follow the ports of this start."""
    name = simulated.name
    provider, demo = registry.get(name), _demo(simulated)
    called = provider.capabilities & _CALLED_FOR
    ours = {"public_url": ""} if "public_url" in {each.name for each in provider.settings} else {}
    return providers.save_account(
        code=name,
        provider=name,
        base_url=f"{os.environ['SANDBOX_URL']}/{name}" if called else None,
        secrets=demo.secrets,
        settings={**ours, **demo.settings},
    )


def _demo(simulated: type[SandboxProvider]) -> Demo:
    return Demo.of(simulated, sandbox_url=os.environ["SANDBOX_URL"])


def _shown(
    simulated: type[SandboxProvider], account: ProviderAccount, users: list[dict[str, str]]
) -> DemoAccount:
    base = providers.callback_base(account=account)
    demo = _demo(simulated)
    target: dict[str, Any] = {"callback_base": base, **demo.target}
    if demo.lists_users:
        target["users"] = users
    calls_us = bool(registry.get(simulated.name).routes)
    return DemoAccount(account.code, base, target if calls_us else None)


# --- partners and players -----------------------------------------------------------------------


def _partners(former: dict[str, Any], accounts: dict[str, ProviderAccount]) -> list[dict[str, str]]:
    """Each with its key and the provider accounts that it may use."""
    keys = {entry["code"]: entry["api_key"] for entry in former.get("partners", [])}
    found = []
    for code, name in _PARTNERS:
        partner = Partner.objects.filter(code=code).first()
        partner = partner or partners.create_partner(code=code, name=name)
        found.append({"code": code, "api_key": _api_key(partner, keys.get(code, ""))})
        for name in accounts if code == _PARTNERS[0][0] else _HARBOUR_MAY_USE:
            partners.grant_access(partner=partner, account=accounts[name])
    return found


def _api_key(partner: Partner, former: str) -> str:
    """The former key while it works, else a new one."""
    known = partners.authenticate(key=former)
    if known is not None and known.partner_id == partner.pk:
        return former
    return partners.issue_api_key(partner=partner, name="demo")


def _players() -> list[dict[str, str]]:
    """Make the players and give them money once; returns those whom vendors may bet for."""
    for wanted in _PLAYERS:
        partner = Partner.objects.get(code=wanted.partner)
        player = Player.objects.filter(partner=partner, external_id=wanted.external_id).first()
        if player is None:
            player = players.create_player(
                partner=partner,
                external_id=wanted.external_id,
                username=wanted.username,
                currency=wanted.currency,
            )
        _fund(player, wanted)
    return [
        {"uid": player.external_id, "currency": player.currency}
        for player in _PLAYERS
        if player.partner == _PARTNERS[0][0] and player.status == PlayerStatus.ACTIVE
    ]


def _fund(player: Player, wanted: DemoPlayer) -> None:
    """The ledger knows the reference, so that a second start gives nothing."""
    if player.status == PlayerStatus.ACTIVE:
        players.deposit(
            player=player,
            amount=_FUNDS,
            reference="demo-funds",
            actor="demo",
            now=timezone.now(),
        )
        if wanted.status != player.status:
            players.set_status(player=player, status=wanted.status, actor="demo")


# --- staff --------------------------------------------------------------------------------------


def _staff(former: dict[str, Any]) -> list[dict[str, str]]:
    """One for each role and a superuser, each with a password of its own."""
    known = {entry["username"]: entry["password"] for entry in former.get("staff", [])}
    return [
        {"role": role, "username": name, "password": _user(name, role, known.get(name, ""))}
        for role, name in (("superuser", "admin"), *((role, role) for role in ROLES))
    ]


def _user(username: str, role: str, password: str) -> str:
    """Create the user, or set another password if the former one is not known any more."""
    user = User.objects.filter(username=username).first()
    if user is not None and password:
        return password
    password = password or secrets.token_urlsafe(12)
    user = user or User(username=username)
    user.is_staff = True
    user.is_superuser = role == "superuser"
    user.set_password(password)
    user.save()
    if role in ROLES:
        group, _ = Group.objects.get_or_create(name=role)
        user.groups.add(group)
    return password
