"""What staff do with coupons, players, flags and partners, over the admin's addresses."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bets.admin import values
from bets.models import CouponStatus, Flag, FlagKind, Partner
from bets.services.placing.placement import book_answer
from providers.contract import Accepted, Unknown
from providers.models import ProviderCall
from tests.factories.bets import a_coupon, a_held_coupon, a_partner, a_player, an_account
from tests.factories.staff import a_client, a_member
from wallets import queries as ledger
from wallets import services as posting
from wallets.services import Kind, NewTransfer, Purpose
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db


def _do(client, target, action, **data):
    name = f"admin:{target._meta.app_label}_{target._meta.model_name}_do"
    return client.post(reverse(name, args=[target.pk, action]), data, follow=True)


def _available(player) -> Decimal:
    return ledger.balances([player.wallet_id])[player.wallet_id].available


@pytest.fixture
def account():
    return an_account(code="betcalc-eu")


@pytest.fixture
def ada():
    return a_player(a_partner("acme"), external_id="ada", balance="100.00")


@pytest.fixture
def unknown(ada, account):
    coupon = a_held_coupon(ada, account)
    return book_answer(coupon_id=coupon.pk, answer=Unknown(reason="late"), actor="partner:acme")


def test_returning_gives_the_stake_back_and_names_who_did_it(ada, account):
    held = a_held_coupon(ada, account)
    answer = Accepted(reference="1")
    coupon = book_answer(coupon_id=held.pk, answer=answer, actor="partner:acme")
    trader = a_member("trader")
    client = Client()
    client.force_login(trader)

    page = _do(client, coupon, "return", reason="The match was abandoned").content.decode()

    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.RETURNED
    assert _available(ada) == Decimal("100.00")
    assert coupon.events.last().actor == f"staff:{trader.username}"
    assert "Returned. 10.00 EUR went back to player ada" in page
    assert f"{trader.username} (staff)" in page
    assert LogEntry.objects.get().change_message == "Return the stake: The match was abandoned"


def test_a_reason_is_asked_for(ada, account):
    coupon = a_coupon(ada, account)

    page = _do(a_client("trader"), coupon, "return", reason=" ").content.decode()

    assert "This field is required." in page
    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.ACCEPTED


def test_asking_changes_nothing(unknown):
    a_client("trader").get(reverse("admin:bets_coupon_do", args=[unknown.pk, "reject"]))
    unknown.refresh_from_db()
    assert unknown.status == CouponStatus.UNKNOWN


def test_an_unknown_coupon_is_found_at_the_provider(unknown):
    _do(a_client("trader"), unknown, "accept", reference="B-1", reason="Seen in their office")
    unknown.refresh_from_db()
    assert (unknown.status, unknown.provider_reference) == (CouponStatus.ACCEPTED, "B-1")


def test_an_unknown_coupon_is_not_at_the_provider(unknown, ada):
    _do(a_client("trader"), unknown, "reject", reason="They have no such bet")
    unknown.refresh_from_db()
    assert unknown.status == CouponStatus.REJECTED
    assert _available(ada) == Decimal("100.00")


@pytest.mark.parametrize("action", ["accept", "reject"])
def test_what_is_decided_names_the_coupon_and_the_player(unknown, action):
    address = reverse("admin:bets_coupon_do", args=[unknown.pk, action])
    asked = a_client("trader").get(address).content.decode()
    assert f"Coupon {unknown.code} of player ada, stake 10.00 EUR." in asked


def test_a_reference_that_is_taken_is_refused_in_words(unknown, ada, account):
    a_coupon(ada, account, provider_reference="B-1")
    page = _do(a_client("trader"), unknown, "accept", reference="B-1", reason="x")
    assert "Not done: Another coupon has the reference B-1." in page.content.decode()


def test_what_is_not_possible_now_is_not_done(ada, account):
    coupon = a_coupon(ada, account, status=CouponStatus.RETURNED)
    page = _do(a_client("trader"), coupon, "return", reason="again").content.decode()
    assert "is not possible now" in page


def test_a_post_without_a_token_is_refused(ada, account):
    coupon = a_coupon(ada, account)
    client = Client(enforce_csrf_checks=True)
    client.force_login(a_member("trader"))
    url = reverse("admin:bets_coupon_do", args=[coupon.pk, "return"])
    assert client.post(url, {"reason": "x"}).status_code == 403


def test_a_status_is_changed_with_a_reason(ada):
    page = _do(a_client("risk"), ada, "status", status="blocked", reason="Two accounts")
    ada.refresh_from_db()
    assert ada.status == "blocked"
    assert "Change status: Two accounts" in page.content.decode()


def _owe(player, amount):
    house = posting.house(owner="betcalc-eu", purpose=Purpose.PAYOUTS, currency="EUR")
    posting.post(
        transfers=[
            NewTransfer(
                source=posting.available(player.wallet_id),
                destination=house,
                amount=Decimal(amount),
                currency="EUR",
                kind=Kind.CLAWBACK,
                reference="clawback",
                overflow=True,
            )
        ]
    )


def test_a_debt_is_written_off_once(ada):
    _owe(ada, "130.00")
    client = a_client("finance")
    same = {
        "amount": "20.00",
        "reason": "Goodwill",
        "request_id": "01a1fca0-f89a-730e-946a-7b5a3643b858",
    }

    _do(client, ada, "write-off", **same)
    _do(client, ada, "write-off", **same)

    assert ledger.balances([ada.wallet_id])[ada.wallet_id].owed == Decimal("-10.00")


def test_more_than_the_debt_is_refused_beside_the_field(ada):
    _owe(ada, "130.00")
    page = _do(
        a_client("finance"), ada, "write-off", amount="30.01", reason="x",
        request_id="01a1fca0-f89a-730e-946a-7b5a3643b858",
    )  # fmt: skip
    assert "It is more than the player owes." in page.content.decode()
    assert ledger.balances([ada.wallet_id])[ada.wallet_id].owed == Decimal("-30.00")


def test_a_debt_is_offered_for_writing_off_only_where_there_is_one(ada):
    url = reverse("admin:bets_player_change", args=[ada.pk])
    client = a_client("finance")
    assert "Write off a debt" not in client.get(url).content.decode()
    _owe(ada, "130.00")
    assert "Write off a debt" in client.get(url).content.decode()


def test_a_flag_is_taken_and_resolved(ada, account):
    flag = Flag.objects.create(
        kind=FlagKind.RESULT_OVERDUE, coupon=a_coupon(ada, account), account=account, detail="Late"
    )
    eve = a_member("support")
    client = Client()
    client.force_login(eve)

    _do(client, flag, "take")
    flag.refresh_from_db()
    assert flag.owner == eve

    _do(client, flag, "resolve", note="They will send it tonight")
    flag.refresh_from_db()
    assert (flag.resolved_by, flag.resolution) == (eve, "They will send it tonight")
    assert flag.resolved_at is not None

    page = _do(client, flag, "resolve", note="again").content.decode()
    assert "is not possible now" in page


def test_a_key_is_shown_once_and_stored_nowhere():
    partner = a_partner("acme")
    client = a_client()

    shown = _do(client, partner, "issue-key", name="shop")
    key = shown.context["done"].secret

    assert key.startswith("sd_")
    assert key in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    secret = key.split("_", 2)[2]
    again = client.get(reverse("admin:bets_partner_change", args=[partner.pk])).content.decode()
    assert secret not in again
    assert not LogEntry.objects.filter(change_message__contains=secret).exists()


def test_a_key_is_revoked():
    partner = a_partner("acme")
    client = a_client()
    _do(client, partner, "issue-key", name="shop")
    key = partner.api_keys.get()

    _do(client, key, "revoke")

    key.refresh_from_db()
    assert key.revoked_at is not None


def test_a_partner_is_created_and_given_an_account(account):
    client = a_client()
    client.post(reverse("admin:bets_partner_add"), {"code": "north", "name": "North Bets"})
    partner = Partner.objects.get(code="north")
    _do(client, partner, "grant", account=account.pk)
    assert list(partner.accounts.all()) == [account]
    _do(client, partner, "withdraw", account=account.pk)
    assert not partner.accounts.exists()


def test_a_code_that_is_taken_is_refused_beside_the_field():
    a_partner("north")
    page = a_client().post(reverse("admin:bets_partner_add"), {"code": "north", "name": "x"})
    assert "There is a partner with this code." in page.content.decode()


def test_a_flag_that_is_yours_is_not_offered_to_you_again(account):
    ann = a_member("trader")
    client = Client()
    client.force_login(ann)
    flag = Flag.objects.create(kind=FlagKind.UNFAMILIAR, account=account, reference="1", detail="x")
    address = reverse("admin:bets_flag_change", args=[flag.pk])
    assert "Take it" in client.get(address).content.decode()
    Flag.objects.filter(pk=flag.pk).update(owner=ann)
    page = client.get(address).content.decode()
    assert "Take it" not in page
    assert "Resolve" in page


@pytest.mark.parametrize("by", ["provider_reference", "pk"])
def test_a_flag_leads_to_the_coupon_that_its_reference_names(ada, account, by):
    coupon = a_coupon(ada, account)
    coupon.provider_reference = "BET-77"
    coupon.save(update_fields=["provider_reference"])
    reference = str(getattr(coupon, by))
    flag = Flag.objects.create(
        kind=FlagKind.UNFAMILIAR, account=account, reference=reference, detail="x"
    )
    page = a_client("trader").get(reverse("admin:bets_flag_change", args=[flag.pk]))
    assert coupon.code in page.content.decode()


def test_a_flag_leads_to_the_delivery_that_raised_it(account):
    delivery = Delivery.objects.create(
        account=account, route="api/bet/result", method="POST", body=b"{}",
        received_at=timezone.now(), status="processed", processed_at=timezone.now(),
    )  # fmt: skip
    flag = Flag.objects.create(
        kind=FlagKind.ORPHAN, account=account, reference="1", detail="x", delivery_id=delivery.pk
    )
    address = reverse("admin:bets_flag_change", args=[flag.pk])
    page = a_client("support").get(address).content.decode()
    assert reverse("admin:webhooks_delivery_change", args=[delivery.pk]) in page
    assert "none of ours" in page
    assert "Exchange order" not in page.split("About", 1)[1]


def test_a_call_names_the_coupon_and_the_player_it_is_about(ada, account):
    coupon = a_coupon(ada, account)
    for kind, subject, name in (("coupon", coupon.pk, coupon.code), ("player", ada.pk, "ada")):
        call = ProviderCall.objects.create(
            account=account,
            operation="ask",
            method="GET",
            url="http://x/",
            subject_kind=kind,
            subject_id=subject,
        )
        address = reverse("admin:providers_providercall_change", args=[call.pk])
        assert f">{kind} {name}</a>" in a_client("trader").get(address).content.decode()


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("42.7", "EUR", "42.70 EUR"),
        ("42.7012", "EUR", "42.7012 EUR"),
        ("12345.6789", "USD", "12,345.6789 USD"),
        ("1000", "JPY", "1,000 JPY"),
    ],
)
def test_an_amount_as_its_provider_states_it(value, currency, shown):
    assert values.stated_amount(Decimal(value), currency) == shown
