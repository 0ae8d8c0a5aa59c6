"""What stands in the log, as the settings configure it."""

import io
import logging
import logging.config
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

TOKEN = "not-a-token-of-anybody-but-long-enough"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the root logger writes with the formatter of the settings."""
    text = io.StringIO()
    formatters = settings.LOGGING["formatters"]
    configurator = logging.config.DictConfigurator({"version": 1, "formatters": formatters})
    handler = logging.StreamHandler(text)
    handler.setFormatter(configurator.configure_formatter(formatters["line"]))
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
def test_a_refused_callback_is_logged_without_its_token(client: Client, log: io.StringIO):
    client.post(f"/webhooks/betcalc/{TOKEN}/api/bet/result", "{}", content_type="application/json")

    assert "/webhooks/betcalc/***/api/bet/result" in log.getvalue()
    assert TOKEN not in log.getvalue()


def test_a_traceback_is_logged_without_the_token(log: io.StringIO):
    try:
        raise ValueError(f"http://127.0.0.1:9/webhooks/betflex/{TOKEN} is not reached")
    except ValueError:
        logging.getLogger("anything").exception("failed for /webhooks/betflex/%s?page=1", TOKEN)

    assert "/webhooks/betflex/*** is not reached" in log.getvalue()
    assert "/webhooks/betflex/***?page=1" in log.getvalue()
    assert TOKEN not in log.getvalue()


def test_other_addresses_stay_as_they_are(log: io.StringIO):
    logging.getLogger("anything").error("Not Found: /api/v1/coupons/17")

    assert log.getvalue().endswith(" ERROR anything Not Found: /api/v1/coupons/17\n")
