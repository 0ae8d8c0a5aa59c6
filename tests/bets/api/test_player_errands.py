"""Limit multipliers and registrations over the API."""

from uuid import uuid4

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from bets.models import LimitChange, Registration
from bets.services.players import limits, registrations
from providers.contract import NotSent, Rejected, Unknown
from tests.factories.bets import a_partner, a_player, an_account
from tests.factories.problems import errors, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def wanted(sports_account):
    def make(**changes):
        fields = {
            "provider_account": sports_account.code,
            "prematch": "0.50",
            "live": "0.25",
            "reason": "Sharp",
        }
        fields = {**fields, **changes}
        return {name: value for name, value in fields.items() if value is not ...}

    return make


# --- limits -------------------------------------------------------------------------------------


def test_limits_are_queued_sent_and_confirmed(api, wanted, player, sportsbook) -> None:
    response = api.put(f"/players/{player.pk}/limits", wanted())
    assert response.status_code == 202
    body = response.json()
    assert body == {
        "player": str(player.pk),
        "provider_account": "fakesports-main",
        "prematch": "0.50",
        "live": "0.25",
        "reason": "Sharp",
        "state": "queued",
        "error": None,
        "requested_at": body["requested_at"],
        "sent_at": None,
        "answered_at": None,
    }
    assert OrmQ.objects.count() == 1
    assert limits.send_due(now=timezone.now()) == 1
    now = api.get(f"/players/{player.pk}/limits", provider_account="fakesports-main").json()
    assert (now["state"], now["prematch"], now["live"]) == ("confirmed", "0.50", "0.25")
    assert now["sent_at"]
    assert now["answered_at"]
    assert api.get(f"/players/{player.pk}/limits").json() == {"results": [now]}
    assert LimitChange.objects.get().actor == "partner:acme"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Rejected(code="no", message="No such player."), "failed"),
        (NotSent(code="provider_unreachable", message="no way to 10.1.2.3"), "queued"),
        (Unknown(reason="time-out"), "sent"),
    ],
)
def test_the_state_says_how_far_it_came(api, wanted, player, sportsbook, answer, state) -> None:
    sportsbook.limits.append(answer)
    api.put(f"/players/{player.pk}/limits", wanted())
    limits.send_due(now=timezone.now())
    (body,) = api.get(f"/players/{player.pk}/limits").json()["results"]
    assert body["state"] == state
    assert body["error"]
    assert "10.1.2.3" not in body["error"]


@pytest.mark.parametrize("multiplier", ["0", "10", "10.00", "1.5", 0, 10, 1.25])
def test_what_a_multiplier_may_be(api, wanted, player, sportsbook, multiplier) -> None:
    response = api.put(f"/players/{player.pk}/limits", wanted(prematch=multiplier))
    assert response.status_code == 202


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"prematch": "10.01"}, {"prematch": "out_of_range"}),
        ({"prematch": 11}, {"prematch": "out_of_range"}),
        ({"live": "0.001"}, {"live": "excess_decimals"}),
        ({"live": "-0.1"}, {"live": "malformed"}),
        ({"live": "1e1"}, {"live": "malformed"}),
        ({"live": True}, {"live": "malformed"}),
        ({"live": None}, {"live": "null"}),
        ({"live": ...}, {"live": "required"}),
        ({"reason": ...}, {"reason": "required"}),
        ({"reason": ""}, {"reason": "blank"}),
        ({"reason": "x" * 501}, {"reason": "max_length"}),
        ({"provider_account": ...}, {"provider_account": "required"}),
        ({"overall": "1"}, {"overall": "unknown_field"}),
    ],
)
def test_what_is_wrong_with_limits_is_named(api, wanted, player, change, expected) -> None:
    assert errors(api.put(f"/players/{player.pk}/limits", wanted(**change))) == expected
    assert not LimitChange.objects.exists()


def test_a_provider_without_limits(api, wanted, player, account) -> None:
    sent = wanted(provider_account=account.code)
    problem(api.put(f"/players/{player.pk}/limits", sent), 409, "limits_not_supported")


def test_limits_that_nobody_set(api, player, sports_account) -> None:
    assert api.get(f"/players/{player.pk}/limits").json() == {"results": []}
    response = api.get(f"/players/{player.pk}/limits", provider_account=sports_account.code)
    problem(response, 404, "not_found")


def test_a_parameter_that_is_none(api, player) -> None:
    for path in ("limits", "registrations"):
        response = api.get(f"/players/{player.pk}/{path}", account="x")
        assert errors(response) == {"account": "unknown_parameter"}


# --- registrations ------------------------------------------------------------------------------


def test_a_player_is_registered_once(api, player, sports_account, sportsbook) -> None:
    sent = {"provider_account": sports_account.code}
    path = f"/players/{player.pk}/registrations"
    first = api.post(path, sent)
    assert (first.status_code, first.json()["state"]) == (202, "queued")
    assert api.post(path, sent).content == first.content
    assert registrations.send_due(now=timezone.now()) == 1
    again = api.post(path, sent)
    assert (again.status_code, again.json()["state"]) == (202, "confirmed")
    assert registrations.send_due(now=timezone.now()) == 0
    ((_, (profile, reason)),) = sportsbook.asked
    assert (profile.player_id, profile.external_id) == (player.pk, player.external_id)
    assert "acme" in reason
    assert api.get(path, provider_account=sports_account.code).json() == again.json()
    assert api.get(path).json() == {"results": [again.json()]}
    assert Registration.objects.count() == 1


def test_a_registration_that_failed_can_be_asked_for_again(
    api, player, sports_account, sportsbook
) -> None:
    sportsbook.registrations.append(Rejected(code="no", message="The name is too short."))
    sent, path = {"provider_account": sports_account.code}, f"/players/{player.pk}/registrations"
    api.post(path, sent)
    registrations.send_due(now=timezone.now())
    failed = api.get(path).json()["results"][0]
    assert (failed["state"], failed["error"]) == ("failed", "The name is too short.")
    assert api.post(path, sent).json()["state"] == "queued"
    registrations.send_due(now=timezone.now())
    assert api.get(path).json()["results"][0]["state"] == "confirmed"


def test_a_provider_that_registers_nobody(api, player, account) -> None:
    sent = {"provider_account": account.code}
    response = api.post(f"/players/{player.pk}/registrations", sent)
    problem(response, 409, "registration_not_supported")


def test_what_is_wrong_with_a_registration_is_named(api, player, sports_account) -> None:
    path = f"/players/{player.pk}/registrations"
    assert errors(api.post(path, {})) == {"provider_account": "required"}
    sent = {"provider_account": sports_account.code, "reason": "x"}
    assert errors(api.post(path, sent)) == {"reason": "unknown_field"}


# --- other partners -----------------------------------------------------------------------------


def test_another_partners_player_or_account_is_not_found(
    api, wanted, player, sports_account
) -> None:
    other = a_partner()
    foreign = a_player(other)
    theirs = an_account(other, provider="fakesports")
    registered = {"provider_account": sports_account.code}
    for player_id in (foreign.pk, uuid4(), "1"):
        problem(api.put(f"/players/{player_id}/limits", wanted()), 404, "not_found")
        problem(api.get(f"/players/{player_id}/limits"), 404, "not_found")
        problem(api.post(f"/players/{player_id}/registrations", registered), 404, "not_found")
        problem(api.get(f"/players/{player_id}/registrations"), 404, "not_found")
    named = {"provider_account": theirs.code}
    for response in (
        api.put(f"/players/{player.pk}/limits", wanted(**named)),
        api.post(f"/players/{player.pk}/registrations", named),
        api.get(f"/players/{player.pk}/limits", **named),
        api.get(f"/players/{player.pk}/registrations", **named),
    ):
        body = problem(response, 404, "not_found")
        assert [error["field"] for error in body["errors"]] == ["provider_account"]
    assert not LimitChange.objects.exists()
    assert not Registration.objects.exists()
