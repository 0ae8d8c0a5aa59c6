import json
from uuid import uuid4

import pytest
from django.db import DataError, OperationalError, connection
from django.http import Http404
from django.middleware.common import CommonMiddleware
from django.test import Client, RequestFactory
from rest_framework.exceptions import ErrorDetail, ParseError, Throttled

from bets.api.base import PartnerView
from bets.models import ApiKey, Player
from bets.services import partners
from config.problems import exception_handler, field_errors
from tests.factories.bets import a_coupon, a_partner, a_player, an_api_key
from tests.factories.problems import errors, problem

pytestmark = pytest.mark.django_db

ADA = {"external_id": "ada-1", "username": "Ada", "currency": "EUR"}
ENDPOINTS = [
    ("get", "/api/v1/players/{id}"),
    ("post", "/api/v1/players"),
    ("post", "/api/v1/players/{id}/deposits"),
    ("post", "/api/v1/players/{id}/withdrawals"),
    ("get", "/api/v1/coupons"),
    ("post", "/api/v1/coupons"),
    ("get", "/api/v1/coupons/{id}"),
    ("post", "/api/v1/coupons/quote"),
    ("post", "/api/v1/coupons/{id}/return"),
    ("put", "/api/v1/players/{id}/limits"),
    ("get", "/api/v1/players/{id}/limits"),
    ("post", "/api/v1/players/{id}/registrations"),
    ("get", "/api/v1/players/{id}/registrations"),
]


# --- who calls ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Api-Key",
        "Api-Key ",
        "Api-Key nonsense",
        "Bearer {key}",
        "{key}",
        "Basic dXNlcjpwYXNz",
        "Api-Key {key}x",
        "Api-Key \u00e9",
    ],
)
def test_without_a_key_nothing_is_said(client, partner, method, path, header) -> None:
    key = an_api_key(partner)
    headers = {} if header is None else {"Authorization": header.format(key=key)}
    response = getattr(client, method)(path.format(id=uuid4()), headers=headers)
    problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Api-Key")


def test_the_scheme_is_read_in_any_case(client, partner) -> None:
    headers = {"Authorization": f"api-key {an_api_key(partner)}"}
    assert client.get("/api/v1/coupons", headers=headers).status_code == 200


def test_a_revoked_key_and_an_inactive_partner_read_the_same(api, partner) -> None:
    partner.is_active = False
    partner.save()
    inactive = problem(api.get("/coupons"), 401, "not_authenticated")
    partner.is_active = True
    partner.save()
    assert api.get("/coupons").status_code == 200
    key = ApiKey.objects.get()
    partners.revoke_api_key(key=key, now=key.created_at)
    assert problem(api.get("/coupons"), 401, "not_authenticated") == inactive


def test_a_signed_in_member_of_staff_is_no_partner(admin_client) -> None:
    problem(admin_client.get("/api/v1/coupons"), 401, "not_authenticated")


# --- other partners -----------------------------------------------------------------------------


def test_another_partners_ids_and_ids_that_are_none_read_the_same(api, account, partner) -> None:
    other = a_partner()
    player = a_player(other, balance="50")
    coupon = a_coupon(player, account)
    movement = {"amount": "1", "reference": "r"}
    for ident in ("{}", "{}/deposits", "{}/withdrawals"):
        ids = [
            str(player.pk),
            str(uuid4()),
            "1",
            "x" * 36,
            f"%7B{player.pk}%7D",
            str(player.pk.hex),
        ]
        paths = [f"/players/{ident.format(each)}" for each in ids]
        send = api.get if ident == "{}" else lambda path: api.post(path, movement)
        bodies = {send(path).content for path in paths}
        assert len(bodies) == 1
        problem(send(paths[0]), 404, "not_found")
    bodies = {api.get(f"/coupons/{each}").content for each in (coupon.pk, uuid4(), coupon.code)}
    assert len(bodies) == 1
    problem(api.get(f"/coupons/{coupon.pk}"), 404, "not_found")
    assert api.get("/coupons").json()["results"] == []
    assert api.get("/coupons", player=str(player.pk)).json()["results"] == []
    assert api.get("/coupons", provider_account=account.code).json()["results"] == []


# --- addresses, methods, media ------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v1/",
        "/api/v2/coupons",
        "/api/v1/players/",
        "/api/v1/coupons/",
        "/api/v1/players/a/b/c",
        "/api/v1/x%0Ay",
        "/api/v1/%ff%00",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
def test_an_unknown_address(client, method, path) -> None:
    problem(getattr(client, method)(path), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "wrong", "allowed"),
    [
        ("/players", "put", "GET, POST"),
        ("/players/{id}", "post", "GET"),
        ("/players/{id}", "delete", "GET"),
        ("/players/{id}/deposits", "get", "POST"),
        ("/players/{id}/withdrawals", "put", "POST"),
        ("/coupons", "patch", "GET, POST"),
        ("/coupons", "options", "GET, POST"),
        ("/coupons/{id}", "delete", "GET"),
    ],
)
def test_a_wrong_method(api, path, wrong, allowed) -> None:
    address = "/api/v1" + path.format(id=uuid4())
    response = getattr(api.client, wrong)(address, headers=api.headers)
    problem(response, 405, "method_not_allowed")
    assert set(allowed.split(", ")) <= set(response["Allow"].split(", "))


def test_only_json_is_spoken(api) -> None:
    refused = api.client.get("/api/v1/coupons", headers={**api.headers, "Accept": "text/html"})
    problem(refused, 406, "not_acceptable")
    for accept in ("*/*", "application/*", "application/json; q=0.5, text/html"):
        headers = {**api.headers, "Accept": accept}
        assert api.client.get("/api/v1/coupons", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_only_json_is_read(api, content_type) -> None:
    response = api.post("/players", b"external_id=a", content_type=content_type)
    problem(response, 415, "unsupported_media_type")


# --- bodies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b'{"external_id": "a",}',
        b'{"external_id": "a", "external_id": "b", "username": "u", "currency": "EUR"}',
        b'{"username": {"a": 1, "a": 2}}',
        b'{"username": NaN}',
        b'{"username": -Infinity}',
        b'{"username": "a\\u0000b"}',
        b'{"a\\u0000b": 1}',
        b'{"username": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"username": "\xff"}',
        b"\xef\xbb\xbf{}",
        json.dumps(ADA).encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b"1" * 5_000,
        b"\x00",
    ],
)
def test_a_body_that_cannot_be_read(api, body) -> None:
    problem(api.post("/players", body), 400, "malformed_json")
    assert not Player.objects.exists()


def test_a_pair_of_surrogates_is_one_character(api) -> None:
    body = json.dumps({**ADA, "username": "\U0001f600"}).encode()
    assert b"\\ud83d\\ude00" in body
    assert api.post("/players", body).json()["username"] == "\U0001f600"


def test_an_exponent_that_no_number_should_have(api) -> None:
    body = b'{"external_id": 1e999999999, "username": "u", "currency": "EUR"}'
    assert errors(api.post("/players", body)) == {"external_id": "not_a_string"}


def test_a_large_body_is_refused(api) -> None:
    body = json.dumps({**ADA, "username": "x" * 300_000}).encode()
    problem(api.post("/players", body), 413, "body_too_large")
    problem(api.post("/players", b" " * 2_000_000), 413, "body_too_large")


def test_no_more_than_a_hundred_errors_are_listed(api) -> None:
    body = problem(api.post("/players", {f"f{n}": 1 for n in range(500)}), 400, "invalid_request")
    assert len(body["errors"]) == 100


def test_a_foreign_host_name(client) -> None:
    problem(client.get("/api/v1/coupons", headers={"Host": "evil.example"}), 400, "bad_request")
    page = client.get("/admin/", headers={"Host": "evil.example"})
    assert page["Content-Type"].startswith("text/html")


def test_a_fault_in_a_middleware(monkeypatch, rf) -> None:
    client = Client(raise_request_exception=False)

    def broken(self, request):
        raise RuntimeError("the secret detail")

    monkeypatch.setattr(CommonMiddleware, "process_request", broken)
    response = client.get("/api/v1/coupons")
    problem(response, 500, "internal_error")
    assert b"secret" not in response.content
    assert client.get("/admin/")["Content-Type"].startswith("text/html")


# --- what the caller is told to do ---------------------------------------------------------------


def told(response) -> dict[str, str]:
    """What each field is said to lack, by its name."""
    return {each["field"]: each["message"] for each in response.json()["errors"]}


def test_what_is_missing_null_empty_or_too_long_is_said_in_our_words(api) -> None:
    assert told(api.post("/players", {})) == dict.fromkeys(ADA, "It is missing. Send it.")
    assert told(api.post("/players", dict.fromkeys(ADA))) == dict.fromkeys(
        ADA, "Send a value instead of null."
    )
    wrong = {"external_id": "", "username": "x" * 121, "currency": "EUR"}
    assert told(api.post("/players", wrong)) == {
        "external_id": "It is empty. Send at least one character.",
        "username": "It has at most 120 characters.",
    }


def test_a_name_that_occurs_twice_is_named(api) -> None:
    twice = api.post("/players", b'{"username": {"inner": 1, "inner": 2}}')
    assert '"inner" occurs twice' in problem(twice, 400, "malformed_json")["detail"]


def test_a_byte_order_mark_is_called_so(api) -> None:
    marked = api.post("/players", b"\xef\xbb\xbf{}")
    assert "byte order mark" in problem(marked, 400, "malformed_json")["detail"]


def test_a_parameter_that_is_sent_twice_is_not_chosen_from(api) -> None:
    twice = api.client.get(
        "/api/v1/coupons?status=accepted&status=rejected&limit=5", headers=api.headers
    )
    assert errors(twice) == {"status": "repeated_parameter"}


def test_what_the_framework_refuses_says_what_to_send(api, client) -> None:
    keyless = problem(client.get("/api/v1/coupons"), 401, "not_authenticated")
    assert "Authorization: Api-Key <key>" in keyless["detail"]
    bearer = client.get("/api/v1/coupons", headers={"Authorization": "Bearer x"})
    assert problem(bearer, 401, "not_authenticated") == keyless
    text = api.post("/players", b"{}", content_type="text/plain")
    assert "Content-Type: application/json" in text.json()["detail"]
    page = api.client.get("/api/v1/coupons", headers={**api.headers, "Accept": "text/html"})
    assert "Accept: application/json" in page.json()["detail"]
    assert api.post(f"/coupons/{uuid4()}", {}).json()["detail"] == "This address takes GET."


def test_what_is_absent_is_named(api, client) -> None:
    assert api.get(f"/players/{uuid4()}").json()["detail"] == "You have no player with this id."
    assert api.get(f"/coupons/{uuid4()}").json()["detail"] == "You have no coupon with this id."
    assert "slash" in client.get("/api/v1/coupons/").json()["detail"]


# --- the handler --------------------------------------------------------------------------------


def test_a_fault_of_ours_is_recorded_and_not_told(caplog) -> None:
    class Broken(PartnerView):
        authentication_classes = ()
        permission_classes = ()

        def get(self, request):
            raise DataError("the secret detail")

    response = Broken.as_view()(RequestFactory().get("/"))
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert b"secret" not in response.content
    assert json.loads(response.content)["code"] == "internal_error"
    assert "the secret detail" in caplog.text


def test_a_lost_database_is_left_to_the_middleware(api) -> None:
    assert exception_handler(OperationalError("gone"), {}) is None

    def gone(execute, sql, params, many, context):
        raise OperationalError("gone")

    with connection.execute_wrapper(gone):
        response = api.get("/coupons")
    problem(response, 503, "database_away")
    assert response["Retry-After"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "not_found"),
        (Throttled(), 429, "throttled"),
        (ParseError("x"), 400, "parse_error"),
    ],
)
def test_what_the_framework_raises_has_a_code(error, status, code) -> None:
    response = exception_handler(error, {})
    assert (response.status_code, json.loads(response.content)["code"]) == (status, code)


def test_nested_fields_are_named_by_their_place() -> None:
    wrong = [ErrorDetail("m", "c")]
    detail = {
        "items": [{}, {"odds": wrong}],
        "a": {"b": {"c": wrong}},
        "list": {3: wrong},
        "non_field_errors": wrong,
    }
    fields = [error.field for error in field_errors(detail)]
    assert fields == ["items[1].odds", "a.b.c", "list[3]", ""]
