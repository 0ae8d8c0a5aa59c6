"""The sandbox's page as a trader of the demo uses it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.browser.reading import grave_faults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sandbox(settings: Any) -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20) as running:
        settings.DEMO, settings.SANDBOX_URL = True, running.url
        yield running


@pytest.fixture
def sandbox_page(sandbox: RunningSandbox, logged_in: Page) -> Page:
    logged_in.get_by_role("link", name="Sandbox").click()
    return logged_in


def test_a_fault_is_ordered_and_withdrawn(sandbox_page: Page, sandbox: RunningSandbox):
    card = sandbox_page.get_by_label("gr8", exact=True)
    card.get_by_label("For the next calls").fill("3")
    card.get_by_role("button", name="rate_limited").first.click()

    expect(sandbox_page.get_by_role("listitem").filter(has_text="Ordered:")).to_be_visible()
    expect(sandbox_page.get_by_role("cell", name="next 3")).to_be_visible()
    (fault,) = sandbox.get("/faults")["faults"]
    assert (fault["provider"], fault["fault"], fault["remaining"]) == ("gr8", "rate_limited", 3)

    sandbox_page.get_by_role("button", name="Withdraw all faults").click()
    expect(sandbox_page.get_by_text("None: every call is answered well.")).to_be_visible()


def test_an_order_of_one_provider_is_given(sandbox_page: Page, sandbox: RunningSandbox):
    sandbox_page.get_by_text("Other orders of betflag").click()
    card = sandbox_page.get_by_label("betflag", exact=True)
    card.get_by_label("Order", exact=False).first.select_option("POST /betflag/settings")
    card.get_by_label("Its fields, as JSON").fill('{"traders": false}')
    card.get_by_role("button", name="Give this order").click()

    answered = sandbox_page.get_by_role("listitem").filter(has_text="was answered")
    expect(answered).to_contain_text('"traders": false')


def test_nothing_grave_stands_in_the_way_of_a_reader(sandbox_page: Page, live_server: Any):
    for scheme in ("light", "dark"):
        sandbox_page.emulate_media(color_scheme=scheme)
        sandbox_page.goto(f"{live_server.url}{reverse('sandbox')}")
        sandbox_page.wait_for_load_state("networkidle")
        for fold in sandbox_page.locator("summary").all():
            fold.click()

        assert grave_faults(sandbox_page) == [], scheme
