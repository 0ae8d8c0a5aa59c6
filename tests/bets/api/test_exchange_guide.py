"""Holds the exchange's part of `docs/partner-api.md` to what the API does."""

import json
import re
from pathlib import Path

import pytest

from bets.models import OrderStatus
from bets.models.exchange import NEXT_OF_ORDER
from tests.factories.exchange import an_order

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "partner-api.md").read_text().split("\n## The exchange\n", 1)[1]
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]

pytestmark = pytest.mark.django_db


def shape(value: object) -> object:
    """Names all the way down; of a list, those of its first element."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return ""


def test_the_examples_have_the_fields_of_the_replies(
    api, partner, exchange_account, exchange
) -> None:
    base = f"/exchange/{exchange_account.code}"
    for side in ("back", "lay"):
        exchange.rival("7", "1", side, "2.00" if side == "back" else "1.50", "5.00")
    shapes = [shape(example) for example in EXAMPLES]
    for path in ("/events", "/events/70/markets", "/markets/7/book", "/markets/7/exposure"):
        assert shape(api.get(f"{base}{path}").json()) in shapes, path
    assert shape(api.get(f"{base}/account").json()) in shapes
    an_order(partner, exchange_account)
    listed = api.get(f"{base}/orders").json()["results"]
    assert {"orders": shape(listed)} in shapes


def test_the_request_of_the_guide_is_taken(api, exchange_account, exchange) -> None:
    sent = re.search(r"order-000007' -d '(.*?)'\n```", GUIDE, re.DOTALL)
    body = sent[1].replace("813016", "7").encode()
    response = api.post(f"/exchange/{exchange_account.code}/orders", body, key="order-000007")
    assert [order["status"] for order in response.json()["orders"]] == ["open"]


def test_the_states_and_what_follows_them() -> None:
    section = GUIDE.split("| `status` | meaning | next |", 1)[1].split("\n\n", 1)[0]
    shown = {}
    for row in section.splitlines()[2:]:
        _, status, _, after, _ = row.split("|")
        shown[status.strip(" `")] = set(re.findall(r"`([a-z_]+)`", after))
    assert set(shown) == set(OrderStatus.values) - {"pending"}
    for status in shown.keys() - {"unknown"}:
        assert shown[status] == {str(each) for each in NEXT_OF_ORDER[status]}
