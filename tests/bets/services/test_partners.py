import pytest
from django.test import override_settings
from django.utils import timezone

from bets.models import ApiKey, PartnerAccess
from bets.services import partners
from bets.services.partners import IdentityTaken, PartnerExists
from bets.services.players import identities
from tests.factories.bets import a_partner, a_player, an_account

pytestmark = pytest.mark.django_db


def issued() -> tuple[ApiKey, str]:
    partner = a_partner()
    key = partners.issue_api_key(partner=partner, name="till")
    return ApiKey.objects.get(partner=partner), key


def test_a_key_is_shown_once_and_not_stored() -> None:
    row, key = issued()
    assert key.startswith(f"sd_{row.prefix}_")
    stored = "".join(str(value) for value in ApiKey.objects.values_list().get())
    assert key not in stored
    assert key.split("_", 2)[2] not in stored


def test_a_key_is_found_with_its_partner_in_one_query(django_assert_num_queries) -> None:
    row, key = issued()
    code = row.partner.code
    with django_assert_num_queries(1):
        found = partners.authenticate(key=key)
        assert found is not None
        assert found.partner.code == code


def _changed(key: str) -> str:
    return key[:-1] + ("A" if key[-1] != "A" else "B")


@pytest.mark.parametrize(
    "spoil",
    [
        _changed,
        lambda key: key + "x",
        lambda key: key[:-1],
        lambda key: "",
        lambda key: key.replace("sd_", "sk_"),
        lambda key: key.upper(),
        lambda key: key.replace("_", "\0", 1),
        lambda key: "sd_" + "\u0661" * 10 + "_" + "a" * 43,
        lambda key: "sd_" + "0" * 10 + "_" + "a" * 43,
        lambda key: "sd_" * 100_000,
    ],
)
def test_no_other_text_is_taken_for_the_key(spoil) -> None:
    _, key = issued()
    assert partners.authenticate(key=spoil(key)) is None


def test_a_revoked_key_ends_at_once_and_keeps_its_first_time() -> None:
    row, key = issued()
    first = timezone.now()
    partners.revoke_api_key(key=row, now=first)
    partners.revoke_api_key(key=row, now=timezone.now())
    assert partners.authenticate(key=key) is None
    row.refresh_from_db()
    assert row.revoked_at == first


def test_the_keys_of_an_inactive_partner_do_not_work() -> None:
    row, key = issued()
    row.partner.is_active = False
    row.partner.save()
    assert partners.authenticate(key=key) is None


def test_keys_are_hashed_with_the_hash_key() -> None:
    _, key = issued()
    with override_settings(HASH_KEY="another" * 8):
        assert partners.authenticate(key=key) is None


def test_a_partner_code_is_taken_once() -> None:
    partners.create_partner(code="acme", name="Acme")
    with pytest.raises(PartnerExists):
        partners.create_partner(code="acme", name="Other")


def test_access_is_granted_once_and_revoked() -> None:
    partner, account = a_partner(), an_account()
    partners.grant_access(partner=partner, account=account)
    partners.grant_access(partner=partner, account=account)
    assert PartnerAccess.objects.count() == 1
    partners.revoke_access(partner=partner, account=account)
    assert not PartnerAccess.objects.exists()


def test_an_identity_stands_in_for_the_external_id_and_belongs_to_one_player() -> None:
    partner = a_partner()
    account = an_account(partner)
    ada, bob = a_player(partner, external_id="ada"), a_player(partner, external_id="bob")
    assert identities.uid_of(account=account, player=ada) == "ada"
    partners.set_identity(player=ada, account=account, uid="777")
    partners.set_identity(player=ada, account=account, uid="778")
    assert identities.uid_of(account=account, player=ada) == "778"
    with pytest.raises(IdentityTaken):
        partners.set_identity(player=bob, account=account, uid="778")
