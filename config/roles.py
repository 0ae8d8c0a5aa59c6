"""What each staff role may do. This table is the only place; `migrate` writes it to the groups.

A superuser may do everything that is listed, and alone manages partners, API keys, provider
accounts and staff. `docs/admin.md` shows the same table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.apps import AppConfig, apps


class Role(StrEnum):
    SUPPORT = "support"
    RISK = "risk"
    FINANCE = "finance"
    TRADER = "trader"
    AUDITOR = "auditor"


EVERYONE = frozenset(Role)
NOBODY: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Ability:
    """Something that staff can do, the permissions that it takes, and who has them."""

    label: str
    permissions: tuple[str, ...]
    roles: frozenset[Role]


def _only(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


SUPPORT, RISK, FINANCE, TRADER, AUDITOR = Role

ABILITIES = (
    Ability(
        "See players, coupons and the staff queue",
        ("bets.view_player", "bets.view_coupon", "bets.view_flag"),
        EVERYONE,
    ),
    Ability(
        "See players' names, and raw requests that name them",
        ("bets.see_personal_data",),
        _only(SUPPORT, RISK, FINANCE, AUDITOR),
    ),
    Ability("Take and resolve flags", ("bets.resolve_flag",), EVERYONE - {AUDITOR}),
    Ability("Change a player's status", ("bets.change_player_status",), _only(SUPPORT, RISK)),
    Ability("Write off a debt", ("bets.write_off_debt",), _only(FINANCE)),
    Ability("Set a player's limit multipliers", ("bets.set_limits",), _only(RISK)),
    Ability("Make a player known to a provider", ("bets.register_player",), _only(SUPPORT, RISK)),
    Ability("Decide a coupon without a clear answer", ("bets.decide_coupon",), _only(TRADER)),
    Ability("Return a coupon's stake", ("bets.return_coupon",), _only(TRADER, FINANCE)),
    Ability("Settle a coupon by hand", ("bets.settle_by_hand",), _only(TRADER, FINANCE)),
    Ability(
        "See orders at exchanges, and their markets",
        ("bets.view_exchangeorder", "bets.view_exchangemarket"),
        EVERYONE,
    ),
    Ability(
        "See accounts at exchanges: balance and commission",
        ("bets.view_exchangeaccount",),
        EVERYONE - {SUPPORT},
    ),
    Ability(
        "See in whose name an account at an exchange is",
        ("bets.view_account_holder",),
        _only(FINANCE, AUDITOR),
    ),
    Ability("Read an exchange again", ("bets.refresh_order",), EVERYONE - {AUDITOR}),
    Ability("Cancel orders at an exchange", ("bets.cancel_order",), _only(TRADER)),
    Ability(
        "Decide an order at an exchange without a clear answer",
        ("bets.decide_order",),
        _only(TRADER),
    ),
    Ability(
        "See deliveries, orphans and calls to providers",
        (
            "webhooks.view_delivery",
            "webhooks.view_deliveryeffect",
            "providers.view_providercall",
            "providers.view_seendetail",
        ),
        EVERYONE,
    ),
    Ability("Rehearse a delivery", ("webhooks.rehearse_delivery",), _only(SUPPORT, TRADER)),
    Ability("Replay deliveries", ("webhooks.replay_delivery",), _only(TRADER)),
    Ability("Match an orphan with a coupon", ("webhooks.match_orphan",), _only(TRADER)),
    Ability(
        "See provider accounts, without credentials",
        ("providers.view_provideraccount",),
        _only(TRADER, AUDITOR),
    ),
    Ability("Test a provider connection", ("providers.test_connection",), _only(TRADER)),
    Ability(
        "Suspend and resume a provider account",
        ("providers.suspend_provideraccount",),
        _only(TRADER),
    ),
    Ability(
        "Mark what is new in providers' messages as seen",
        ("providers.acknowledge_seendetail",),
        _only(TRADER),
    ),
    Ability(
        "Create and change provider accounts",
        ("providers.add_provideraccount", "providers.change_provideraccount"),
        NOBODY,
    ),
    Ability("See, rotate and revoke callback tokens", ("providers.rotate_callback_token",), NOBODY),
    Ability(
        "See the ledger: accounts, transfers, entries, seals",
        (
            "wallets.view_account",
            "wallets.view_transfer",
            "wallets.view_entry",
            "wallets.view_seal",
        ),
        _only(FINANCE, AUDITOR),
    ),
    Ability(
        "See partners and their API keys",
        ("bets.view_partner", "bets.view_apikey"),
        _only(FINANCE, AUDITOR),
    ),
    Ability(
        "Create partners, issue and revoke API keys",
        ("bets.add_partner", "bets.change_partner", "bets.add_apikey", "bets.change_apikey"),
        NOBODY,
    ),
    Ability(
        "See jobs",
        ("django_q.view_ormq", "django_q.view_failure", "django_q.view_success"),
        _only(TRADER, AUDITOR),
    ),
    Ability("Retry a failed job", ("django_q.change_failure",), _only(TRADER)),
    Ability("See staff and their roles", ("auth.view_user", "auth.view_group"), _only(AUDITOR)),
    Ability("Manage staff", ("auth.add_user", "auth.change_user"), NOBODY),
)


def permissions_of(role: Role) -> set[str]:
    return {name for ability in ABILITIES if role in ability.roles for name in ability.permissions}


def write_groups(**_: Any) -> None:
    """Give each role's group exactly its permissions. Running it again changes nothing."""
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")  # noqa: N806
    stored = {
        f"{label}.{codename}": pk
        for pk, label, codename in Permission.objects.values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    for role in Role:
        group, _created = Group.objects.get_or_create(name=role.value)
        group.permissions.set(stored[name] for name in permissions_of(role) if name in stored)


def write_groups_at_the_end(sender: AppConfig, **kwargs: Any) -> None:
    """After the last app: only then do all permissions exist."""
    if sender == list(_apps_with_models())[-1]:
        write_groups(**kwargs)


def _apps_with_models() -> Iterator[AppConfig]:
    return (app for app in apps.get_app_configs() if app.models_module)


def table() -> str:
    """The abilities as a table in Markdown, for `docs/admin.md`."""
    head = ["", *(role.value for role in Role), "superuser"]
    lines = [head, ["---", *("---" for _ in head[1:])]]
    lines += [
        [ability.label, *("yes" if role in ability.roles else "" for role in Role), "yes"]
        for ability in ABILITIES
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
