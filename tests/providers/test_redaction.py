"""What is kept of a call."""

import json

import pytest

from providers.redaction import KEPT, MASK, redact


@pytest.mark.parametrize(
    "text",
    [
        '{"login":"alice","password":"SECRET"}',
        '{"Password" : "SEC\\"RET"}',
        '{"access_token": "SECRET", "x": 1}',
        '{"apiKey":"SECRET"}',
        '{"cookie":"SECRET"}',
        '{"user":{"email":"SECRET"}}',
        '{"card_number":  4111SECRET}',
        "login=alice&password=SECRET&x=1",
        "Authorization: Bearer SECRET",
        "https://h.example/webhooks/betcalc/SECRET/key/api/bet/result",
        '{"remote_host":"https://h.example/webhooks/betcalc/SECRET"}',
        '{"password":"SECRET',
    ],
)
def test_named_secrets_are_taken_out(text):
    kept = redact(text)

    assert "SECRET" not in kept
    assert MASK in kept


def test_known_secrets_are_taken_out_wherever_they_are():
    text = 'echo: p&ss/w"rd p%26ss%2Fw%22rd ' + json.dumps({"a": 'p&ss/w"rd'})

    kept = redact(text, secrets=['p&ss/w"rd', ""])

    assert "p&ss" not in kept
    assert "p%26ss" not in kept


def test_the_rest_stays():
    text = '{"list_bets":["line#586464528|17|954|2.5#4.27"],"realAmount":"2","betCode":"x9c"}'

    assert redact(text, secrets=["abc"]) == text


def test_it_is_cut_after_the_redaction():
    text = "x" * (KEPT - 3) + "SECRETSECRET"

    kept = redact(text, secrets=["SECRETSECRET"])

    assert "SEC" not in kept
    assert len(kept) < KEPT + 20


def test_what_a_text_column_cannot_hold_is_replaced():
    assert "\0" not in redact("a\0b")
