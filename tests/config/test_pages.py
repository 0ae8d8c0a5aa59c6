"""The pages that belong to no app, and the icon."""

import re

import pytest
from django.urls import reverse

from config.staff.display import NOTHING
from tests.factories.providers import make_account
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db


def test_a_page_that_is_not_there_leads_back():
    answer = a_client().get("/admin/nowhere/")

    assert answer.status_code == 404
    assert f'href="{reverse("admin:index")}"' in answer.content.decode()


def test_the_icon_is_served_and_named_on_every_page():
    client = a_client()
    icon = client.get("/favicon.ico", follow=True)

    assert icon.status_code == 200
    assert b"<svg" in b"".join(icon.streaming_content)
    assert icon.redirect_chain[-1][0] in client.get(reverse("admin:index")).content.decode()


def test_an_empty_value_is_the_same_dash_as_on_the_pages():
    make_account("betflex", base_url="")
    listed = a_client().get(reverse("admin:providers_provideraccount_changelist"))

    (shown,) = re.findall(r"field-address[^>]*>\s*([^<]*?)\s*<", listed.content.decode())
    assert shown == NOTHING


@pytest.mark.parametrize(
    ("model", "group", "title"),
    [
        ("bets_flag", "Betting", "Staff queue"),
        ("webhooks_deliveryeffect", "Providers", "Orphans"),
        ("wallets_account", "Ledger", "Accounts"),
        ("auth_user", "House", "Staff"),
    ],
)
def test_a_heading_says_where_one_is_in_the_words_of_the_sidebar(model, group, title):
    page = a_client().get(reverse(f"admin:{model}_changelist")).content.decode()
    heading = re.search(r"<h1.*?</h1>", page, re.DOTALL)[0]
    words = re.sub(r"<[^>]*>", " ", heading).split()
    assert " ".join(words).startswith(f"{group} chevron_right {title}")


def test_a_list_is_titled_by_what_it_lists():
    client = a_client()
    for model, title in (("bets_flag", "Staff queue"), ("bets_coupon", "Coupons")):
        page = client.get(reverse(f"admin:{model}_changelist")).content.decode()
        assert f"<title>{title} |" in " ".join(page.split()).replace("<title> ", "<title>")
