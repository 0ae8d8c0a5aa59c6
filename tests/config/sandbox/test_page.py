"""The page of the demo's admin that orders faults and results."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.factories.staff import a_client
from tests.providers.scripted import unused_url

pytestmark = pytest.mark.django_db
MATCH, SELECTION = "586464528", "17|954|2.5"


@pytest.fixture
def sandbox(settings):
    with running_sandbox(match_seconds=20, auto_settle=False) as running:
        settings.DEMO, settings.SANDBOX_URL = True, running.url
        yield running


def page(client: Client) -> str:
    answer = client.get(reverse("sandbox"))
    assert answer.status_code == 200
    return answer.content.decode()


def give(client: Client, **order: str) -> str:
    """What the page says after an order."""
    text = client.post(reverse("sandbox"), order, follow=True).content.decode()
    return re.sub(r"\s+", " ", text)


def test_it_lists_every_provider_with_its_faults(sandbox: RunningSandbox):
    text = page(a_client())

    for each in sandbox.get("/providers")["providers"]:
        assert f'aria-label="{each["name"]}"' in text
        for call, names in each["faults"].items():
            assert all(f'value="{call}/{name}"' in text for name in names)
            assert all(f'title="{escape(each["explained"][name])}"' in text for name in names)
    assert "None: every call is answered well." in text


def test_a_fault_is_ordered_with_a_click_and_withdrawn(sandbox: RunningSandbox):
    client = a_client("trader")

    said = give(
        client, do="fault", provider="betcalc", fault="place/reject", next="2",
        code="error_exist_bet",
    )  # fmt: skip

    assert "Ordered: reject at betcalc, place, for the next 2 calls." in said
    (fault,) = sandbox.get("/faults")["faults"]
    assert (fault["provider"], fault["call"], fault["fault"]) == ("betcalc", "place", "reject")
    assert (fault["remaining"], fault["code"]) == (2, "error_exist_bet")
    assert "next 2" in page(client)
    assert "Withdrawn: 1 faults." in give(client, do="clear")
    assert sandbox.get("/faults")["faults"] == []


def test_a_fault_takes_the_seconds_that_are_given(sandbox: RunningSandbox):
    give(a_client(), do="fault", provider="betcalc", fault="login/slow", next="1", seconds="0.5")

    (fault,) = sandbox.get("/faults")["faults"]
    assert f"{fault['seconds']}" == "0.5"


def test_results_are_ordered(sandbox: RunningSandbox):
    client = a_client()

    said = give(client, do="outcome", selection=f"{MATCH} {SELECTION}", result="won")
    settled = give(client, do="settle")
    switched = give(client, do="auto")

    assert f"Ordered: {SELECTION} of match {MATCH} ends won." in said
    assert "Settled: " in settled
    assert "by themselves again" in switched
    assert sandbox.get("/settings")["auto_settle"] is True


def test_the_orders_of_one_provider_are_given_as_json(sandbox: RunningSandbox):
    said = give(
        a_client(), do="own", provider="betcalc", own="POST /betcalc/settings",
        fields_json='{"nesting": "nested"}',
    )  # fmt: skip

    assert "POST /betcalc/settings was answered:" in said
    assert "nested" in said


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"do": "nothing"}, "There is no such order."),
        ({}, "There is no such order."),
        ({"do": "fault", "provider": "nobody"}, "The sandbox has no such provider."),
        ({"do": "fault", "provider": "betcalc", "fault": "place/odd", "next": "1"}, "none of"),
        ({"do": "fault", "provider": "betcalc", "fault": "odd", "next": "1"}, "fault:"),
        ({"do": "fault", "provider": "betcalc", "fault": "place/slow", "next": "no"}, "For the"),
        ({"do": "fault", "provider": "betcalc", "fault": "place/slow", "code": "odd"}, "Code of"),
        ({"do": "outcome", "selection": "nowhere", "result": "won"}, "Selection:"),
        ({"do": "own", "provider": "betcalc", "own": "POST /faults"}, "Order:"),
        (
            {"do": "own", "provider": "betcalc", "own": "POST /betcalc/results",
             "fields_json": "{"},
            "This is not JSON",
        ),
        (
            {"do": "own", "provider": "betcalc", "own": "POST /betcalc/results",
             "fields_json": "[]"},
            "This is not an object",
        ),
        (
            {"do": "own", "provider": "betcalc", "own": "POST /betcalc/results",
             "fields_json": '{"odd": 1}'},
            "is missing",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_ordered_is_said_in_words(sandbox: RunningSandbox, order, words):
    said = give(a_client(), **order)

    assert "Not ordered." in said
    assert words in said
    assert sandbox.get("/faults")["faults"] == []


def test_what_was_entered_is_shown_again(sandbox: RunningSandbox):
    text = give(
        a_client(), do="own", provider="betcalc", own="POST /betcalc/results",
        fields_json='{"betcode": "none-such"',
    )  # fmt: skip

    assert "none-such" in text


def test_nothing_that_is_said_becomes_part_of_the_page(sandbox: RunningSandbox):
    script = "<script>alert(1)</script>"

    for told in ({script: 1}, {"nesting": script}):
        text = give(
            a_client(), do="own", provider="betcalc", own="POST /betcalc/settings",
            fields_json=json.dumps(told),
        )  # fmt: skip
        assert script not in text
        assert "&lt;script&gt;alert(1)" in text


def test_the_last_exchanges_hide_the_token_of_a_callback_address(sandbox: RunningSandbox):
    sandbox.target("betflex", f"{unused_url()}/webhooks/betflex/secret-token")
    sandbox.order("betflex", "bet", uid="7", amount="1.00", currency="EUR")

    text = page(a_client("trader"))

    assert "/webhooks/betflex/***/bets" in text
    assert "secret-token" not in text
    assert 'class="sd-time"' in text.split("Last exchanges", 1)[1]


def test_without_a_sandbox_it_says_so(settings):
    settings.DEMO, settings.SANDBOX_URL = True, unused_url()

    assert "The sandbox cannot be asked." in page(a_client())
    assert "The sandbox cannot be asked." in give(a_client(), do="clear")


@pytest.mark.parametrize("role", ["support", "risk", "finance", "auditor"])
def test_others_may_not(sandbox: RunningSandbox, role):
    client = a_client(role)

    assert client.get(reverse("sandbox")).status_code == 403
    assert client.post(reverse("sandbox"), {"do": "settle"}).status_code == 403
    assert reverse("sandbox") not in client.get(reverse("admin:index")).content.decode()


def test_strangers_are_asked_to_sign_in(sandbox: RunningSandbox):
    answer = Client().get(reverse("sandbox"))

    assert answer.status_code == 302
    assert "/login/" in answer.url


def test_an_order_takes_the_forms_own_token(sandbox: RunningSandbox):
    client = Client(enforce_csrf_checks=True)
    client.force_login(a_client().get(reverse("sandbox")).wsgi_request.user)

    assert client.post(reverse("sandbox"), {"do": "settle"}).status_code == 403


def test_it_is_in_the_sidebar_of_the_demo(sandbox: RunningSandbox):
    assert reverse("sandbox") in a_client("trader").get(reverse("admin:index")).content.decode()


def test_outside_the_demo_there_is_no_such_page(sandbox: RunningSandbox, settings):
    settings.DEMO = False
    client = a_client()

    assert client.get(reverse("sandbox")).status_code == 404
    assert client.post(reverse("sandbox"), {"do": "settle"}).status_code == 404
    assert reverse("sandbox") not in client.get(reverse("admin:index")).content.decode()
