"""BetFlex: who may call us, and what an account of it needs."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from providers import registry, services
from providers.contract import Debit, NotSent, NotVerified, Settle
from tests.factories.providers import make_account, make_inbound, make_slip
from tests.providers.samples import sample

KEY = "a-shared-secret-of-at-least-sixty-four-bytes-as-HS512-would-like-it"
BETFLEX = registry.get("betflex")


def verify(account, *, authorization="", remote_ip="203.0.113.7"):
    headers = {"authorization": authorization} if authorization else {}
    BETFLEX.verify(account, make_inbound("/bets", b"{}", headers=headers, remote_ip=remote_ip))


def token(key=KEY, algorithm="HS256", **claims):
    return jwt.encode({"sub": "fanteam", **claims}, key, algorithm=algorithm)


@pytest.fixture
def account(db):
    return make_account("betflex", secrets={"jwt_key": KEY})


def test_without_a_key_no_token_is_asked_for(db):
    verify(make_account("betflex"))


@pytest.mark.parametrize("prefix", ["Bearer", "Bearer customer", "bearer"])
def test_a_signed_token_is_accepted_in_both_forms(account, prefix):
    verify(account, authorization=f"{prefix} {token(aud='anyone')}")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer not-a-token",
        "Basic " + token(),
        "Bearer " + token(key=KEY[::-1]),
        "Bearer " + token(algorithm="HS512"),
        "Bearer " + token(exp=datetime.now(UTC) - timedelta(minutes=5)),
        "Bearer " + jwt.encode({"sub": "x"}, None, algorithm="none"),
        "Bearer \x00\xff.a.b",
    ],
    ids=[
        "nothing",
        "no token",
        "no jwt",
        "another scheme",
        "another key",
        "another algorithm",
        "expired",
        "unsigned",
        "not ascii",
    ],
)
def test_everything_else_is_not_verified(account, authorization):
    with pytest.raises(NotVerified) as refused:
        verify(account, authorization=authorization)

    assert refused.value.status == 401


def test_an_issuer_can_be_required(account):
    services.save_account(code=account.code, settings={"jwt_issuer": "fanteam"})
    account.refresh_from_db()

    verify(account, authorization="Bearer " + token(iss="fanteam"))
    with pytest.raises(NotVerified):
        verify(account, authorization="Bearer " + token(iss="other"))


def test_a_public_key_verifies_and_cannot_be_used_as_a_shared_secret(db):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    account = make_account(
        "betflex", settings={"jwt_algorithm": "RS256"}, secrets={"jwt_key": public.decode()}
    )

    verify(account, authorization="Bearer " + token(key=private, algorithm="RS256"))
    with pytest.raises(NotVerified):
        verify(account, authorization="Bearer " + token())


@pytest.mark.parametrize("name", ["none", "HS1", "hs256"])
def test_no_other_algorithm_can_be_set(db, name):
    with pytest.raises(services.InvalidAccount) as refused:
        make_account("betflex", settings={"jwt_algorithm": name})

    assert refused.value.field == "jwt_algorithm"


@pytest.mark.parametrize("remote_ip", ["198.51.100.9", "192.0.2.1", "::ffff:192.0.2.1"])
def test_addresses_on_the_list_are_accepted(db, remote_ip):
    account = make_account("betflex", settings={"allowed_ips": "192.0.2.1, 198.51.100.0/24"})

    verify(account, remote_ip=remote_ip)


@pytest.mark.parametrize("remote_ip", ["192.0.2.2", "2001:db8::1", "", "unknown"])
def test_addresses_that_are_not_on_the_list_are_refused(db, remote_ip):
    account = make_account("betflex", settings={"allowed_ips": "192.0.2.1, 198.51.100.0/24"})

    with pytest.raises(NotVerified) as refused:
        verify(account, remote_ip=remote_ip)

    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("path", "case", "kind"), [("/bets", "bets", Debit), ("/winners", "winners", Settle)]
)
def test_each_route_is_read_by_its_own_rules(account, path, case, kind):
    parsed = BETFLEX.parse(account, make_inbound(path, sample("betflex", case)))

    assert [type(command) for command in parsed.commands] == [kind]


def test_nothing_is_placed_at_betflex(account):
    slip = make_slip()

    assert services.check_slip(account=account, slip=slip).code == "placement_not_supported"
    assert isinstance(BETFLEX.place(account, slip, deadline_s=1, keep=bool), NotSent)


def test_the_connection_test_says_how_requests_are_verified(account):
    report = services.test_connection(account=account)

    assert report.ok
    assert "JWT (HS256)" in report.detail


def test_a_short_key_is_warned_of(db):
    account = make_account("betflex", secrets={"jwt_key": "short"})

    assert "jwt_key" in services.warnings(account=account)[0]
