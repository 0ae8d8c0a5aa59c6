"""Role x model x action over the admin's real addresses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Success

from bets.models import ExchangeAccount, ExchangeMarket, ExchangeOrder, Flag, FlagKind
from config import roles
from config.roles import ABILITIES, Role
from providers import registry
from providers.models import ProviderCall, SeenDetail
from tests.factories.bets import a_held_coupon, a_partner, a_player, an_account, an_api_key
from tests.factories.exchange import an_order
from tests.factories.staff import a_client, a_member
from wallets.models import Account, Entry, Transfer
from webhooks.models import Delivery, DeliveryEffect

pytestmark = pytest.mark.django_db

S, R, F, T, A = Role
ALL = {S, R, F, T, A}

# Who may open the list and the pages of a model. A superuser may open all of them.
MAY_VIEW: dict[str, set[Role]] = {
    "bets_coupon": ALL,
    "bets_player": ALL,
    "bets_flag": ALL,
    "bets_exchangeorder": ALL,
    "bets_exchangemarket": ALL,
    "bets_exchangeaccount": {R, F, T, A},
    "bets_partner": {F, A},
    "bets_apikey": {F, A},
    "providers_provideraccount": {T, A},
    "providers_providercall": ALL,
    "providers_seendetail": ALL,
    "webhooks_delivery": ALL,
    "webhooks_deliveryeffect": ALL,
    "wallets_account": {F, A},
    "wallets_transfer": {F, A},
    "wallets_entry": {F, A},
    "wallets_seal": {F, A},
    "django_q_failure": {T, A},
    "django_q_ormq": {T, A},
    "django_q_success": {T, A},
    "auth_user": {A},
    "auth_group": {A},
}

# Who may do what to one object.
MAY_DO: dict[tuple[str, str], set[Role]] = {
    ("bets_coupon", "accept"): {T},
    ("bets_coupon", "reject"): {T},
    ("bets_coupon", "ask"): {T},
    ("bets_coupon", "return"): {T, F},
    ("bets_coupon", "settle"): {T, F},
    ("bets_coupon", "return-there"): {T, F},
    ("bets_player", "status"): {S, R},
    ("bets_player", "write-off"): {F},
    ("bets_player", "limits"): {R},
    ("bets_player", "register"): {S, R},
    ("bets_flag", "take"): {S, R, F, T},
    ("bets_flag", "resolve"): {S, R, F, T},
    ("bets_exchangeorder", "refresh"): {S, R, F, T},
    ("bets_exchangeorder", "cancel"): {T},
    ("bets_exchangeorder", "bind"): {T},
    ("bets_exchangeorder", "not-there"): {T},
    ("bets_exchangeorder", "ended"): {T},
    ("bets_exchangemarket", "read"): {S, R, F, T},
    ("bets_exchangemarket", "book"): {S, R, F, T},
    ("bets_exchangemarket", "cancel-all"): {T},
    ("bets_exchangeaccount", "balance"): {R, F, T, A},
    ("bets_exchangeaccount", "holder"): {F, A},
    ("bets_exchangeaccount", "log-out"): {T},
    ("bets_partner", "issue-key"): set(),
    ("bets_partner", "grant"): set(),
    ("bets_partner", "withdraw"): set(),
    ("bets_apikey", "revoke"): set(),
    ("providers_provideraccount", "settings"): set(),
    ("providers_provideraccount", "test"): {T},
    ("providers_provideraccount", "suspend"): {T},
    ("providers_provideraccount", "resume"): {T},
    ("providers_seendetail", "seen"): {T},
    ("providers_provideraccount", "address"): set(),
    ("providers_provideraccount", "rotate"): set(),
    ("providers_provideraccount", "revoke"): set(),
    ("webhooks_delivery", "replay"): {T},
    ("webhooks_delivery", "rehearse"): {S, T},
    ("webhooks_deliveryeffect", "match"): {T},
    ("django_q_failure", "retry"): {T},
}
MAY_CREATE: dict[str, set[Role]] = {"bets_partner": set(), "providers_provideraccount": set()}
NOT_OURS = {"auth_user"}  # Django's own page, which adds and changes


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExchangeOrder]:
    """At an exchange in memory, so that what a role may do can be done."""
    monkeypatch.setitem(registry.PROVIDERS, "fakeexchange", "tests.fakes.exchange.FakeExchange")
    registry.get.cache_clear()
    yield an_order(a_partner("orders"), an_account(code="exchange", provider="fakeexchange"))
    registry.get.cache_clear()


@pytest.fixture
def objects(order: ExchangeOrder) -> dict[str, Any]:
    """One object of each model that has a page."""
    partner = a_partner("acme")
    account = an_account(partner, code="betcalc-eu")
    player = a_player(partner, external_id="ada", balance="100.00")
    coupon = a_held_coupon(player, account)
    an_api_key(partner)
    now = timezone.now()
    delivery = Delivery.objects.create(
        account=account, route="api/bet/result", method="POST", body=b"{}",
        received_at=now, status="parked",
    )  # fmt: skip
    Flag.objects.create(kind=FlagKind.ORPHAN, account=account, reference="9", detail="Who?")
    task = {"func": "config.jobs.canary", "started": now, "stopped": now}
    return {
        "bets_coupon": coupon,
        "bets_player": player,
        "bets_flag": Flag.objects.create(
            kind=FlagKind.RESULT_OVERDUE, coupon=coupon, account=account, detail="Late."
        ),
        "bets_exchangeorder": order,
        "bets_exchangemarket": ExchangeMarket.objects.get(),
        "bets_exchangeaccount": ExchangeAccount.objects.get(pk=order.account_id),
        "bets_partner": partner,
        "bets_apikey": partner.api_keys.get(),
        "providers_provideraccount": account,
        "providers_providercall": ProviderCall.objects.create(
            account=account, operation="place", method="POST", url="http://x/"
        ),
        "providers_seendetail": SeenDetail.objects.create(
            account=account, place="place", kind="field", name="vip"
        ),
        "webhooks_delivery": delivery,
        "webhooks_deliveryeffect": DeliveryEffect.objects.create(
            delivery=delivery, position=0, reference="9", effect="orphan"
        ),
        "wallets_account": Account.objects.filter(kind="available").get(),
        "wallets_transfer": Transfer.objects.first(),
        "wallets_entry": Entry.objects.first(),
        "django_q_failure": Failure.objects.create(id="f" * 32, name="f", success=False, **task),
        "django_q_success": Success.objects.create(id="s" * 32, name="s", success=True, **task),
        "django_q_ormq": OrmQ.objects.create(key="slipdesk", payload="nonsense"),
        "auth_group": Group.objects.get(name="support"),
    }


def _status(client: Any, method: str, url: str) -> int:
    return getattr(client, method)(url).status_code


def _addresses(model: str, found: Any) -> list[str]:
    pages = [reverse(f"admin:{model}_change", args=[found.pk])] if found else []
    return [reverse(f"admin:{model}_changelist"), *pages]


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_it_may_see_and_nothing_else(role, objects):
    client = a_client(role)
    for model, allowed in MAY_VIEW.items():
        wanted = 200 if role in allowed else 403
        for url in _addresses(model, objects.get(model)):
            assert _status(client, "get", url) == wanted, url


@pytest.mark.parametrize("role", list(Role))
def test_a_role_does_what_it_may_and_nothing_else(role, objects):
    client = a_client(role)
    for (model, action), allowed in MAY_DO.items():
        url = reverse(f"admin:{model}_do", args=[objects[model].pk, action])
        for method in ("get", "post"):
            status = _status(client, method, url)
            assert (status != 403) == (role in allowed), f"{method} {url}: {status}"


@pytest.mark.parametrize("role", list(Role))
def test_a_role_sees_no_button_that_it_may_not_press(role, objects):
    client = a_client(role)
    for (model, action), allowed in MAY_DO.items():
        if role not in MAY_VIEW[model] or role in allowed:
            continue
        page = client.get(reverse(f"admin:{model}_change", args=[objects[model].pk]))
        assert f"/do/{action}/" not in page.content.decode(), f"{model} {action}"


@pytest.mark.parametrize("role", ["", *Role])
def test_nothing_is_edited_in_place_or_deleted_by_anybody(role, objects):
    client = a_client(role)
    for model, found in objects.items():
        page = reverse(f"admin:{model}_change", args=[found.pk])
        assert _status(client, "post", page) == 403, page
        delete = reverse(f"admin:{model}_delete", args=[found.pk])
        assert _status(client, "post", delete) == 403, delete


@pytest.mark.parametrize("role", ["", *Role])
def test_only_a_superuser_adds_and_only_where_there_is_a_service(role, objects):
    client = a_client(role)
    for model in MAY_VIEW.keys() - NOT_OURS:
        wanted = 200 if model in MAY_CREATE and not role else 403
        assert _status(client, "get", reverse(f"admin:{model}_add")) == wanted, model


def test_a_superuser_may_do_all_of_it(objects):
    client = a_client()
    for model, action in MAY_DO:
        url = reverse(f"admin:{model}_do", args=[objects[model].pk, action])
        assert _status(client, "get", url) in (200, 302), url


def test_the_replay_of_many_is_refused_without_the_right(objects):
    url = reverse("admin:webhooks_delivery_changelist")
    chosen = {
        "action": "replay_many",
        "_selected_action": [objects["webhooks_delivery"].pk],
        "confirmed": "1",
    }
    a_client("support").post(url, chosen)
    assert not objects["webhooks_delivery"].replays.exists()

    a_client("trader").post(url, chosen)
    assert objects["webhooks_delivery"].replays.count() == 1


def test_every_page_of_ours_is_in_the_matrix():
    from django.contrib import admin  # noqa: PLC0415

    registered = {
        f"{model._meta.app_label}_{model._meta.model_name}": page
        for model, page in admin.site._registry.items()
    }
    assert registered.keys() == MAY_VIEW.keys()
    actions = {
        (name, action.name)
        for name, page in registered.items()
        for action in getattr(page, "staff_actions", ())
    }
    assert actions == MAY_DO.keys()


def test_strangers_are_sent_to_the_login(client):
    assert client.get("/admin/bets/coupon/")["Location"].startswith("/admin/login/")


def test_a_group_has_exactly_what_the_table_says():
    for role in Role:
        stored = {
            f"{permission.content_type.app_label}.{permission.codename}"
            for permission in Group.objects.get(name=role.value)
            .permissions.select_related("content_type")
            .all()
        }
        assert stored == roles.permissions_of(role)


def test_writing_the_groups_again_takes_away_what_is_not_in_the_table():
    group = Group.objects.get(name="auditor")
    group.permissions.add(Permission.objects.get(codename="delete_coupon"))

    roles.write_groups()

    assert not group.permissions.filter(codename="delete_coupon").exists()


def test_every_permission_of_the_table_exists():
    stored = {
        f"{label}.{name}"
        for label, name in Permission.objects.values_list("content_type__app_label", "codename")
    }
    assert {name for ability in ABILITIES for name in ability.permissions} <= stored


def test_the_auditor_can_change_nothing():
    assert all(".view_" in name or name == "bets.see_personal_data"
               for name in roles.permissions_of(Role.AUDITOR))  # fmt: skip


def test_the_guide_shows_the_table():
    guide = Path(__file__).resolve().parents[2] / "docs" / "admin.md"
    assert roles.table() in guide.read_text()


def test_the_auditor_sees_staff_without_their_passwords():
    member = a_member("support")
    member.set_password("only-for-this-test")
    member.save()
    page = a_client("auditor").get(reverse("admin:auth_user_change", args=[member.pk]))
    assert page.status_code == 200
    assert member.password not in page.content.decode()
    assert member.password.rsplit("$", 1)[1] not in page.content.decode()
