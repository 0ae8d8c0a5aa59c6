"""Holds `docs/partner-api.md` to what the API does."""

import ast
import json
import re
from pathlib import Path

import pytest

from bets.models import CouponStatus
from bets.models.coupons import NEXT
from bets.services import plain_words
from config import problems
from tests.factories.bets import a_coupon, a_player

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "partner-api.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]

pytestmark = pytest.mark.django_db


def documented(heading: str) -> set[str]:
    """The codes in the first column of the table below this heading."""
    section = GUIDE.split(heading, 1)[1].split("\n\n", 2)[1]
    return set(re.findall(r"`([a-z_]+)`", " ".join(row.split("|")[1] for row in _rows(section))))


def _rows(table: str) -> list[str]:
    return [row for row in table.splitlines() if row.startswith("|")]


def strings_in(*folders: str) -> set[str]:
    """Every text that stands alone in the code, as the codes do."""
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    assert files
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    return {
        node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is str
    }


def test_every_status_and_code_of_the_table_is_real() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([a-z_]+)` \|", GUIDE, re.MULTILINE)
    known = strings_in("bets/api", "bets/services", "config")
    codes = {code for status, code in rows if int(status) >= 400}
    assert codes
    assert codes <= known
    for status, code in problems._CODES.values():
        assert (str(status), code) in rows or code == "not_allowed"


def test_every_code_of_a_field_is_documented() -> None:
    codes = documented("The codes of `errors`:")
    fields = strings_in("bets/serializers")
    raised = {"unknown_field", "not_a_string", "malformed", "not_positive", "excess_decimals"}
    raised |= {"odds_too_low", "odds_too_high", "not_a_whole_number", "not_a_boolean"}
    raised |= {"not_printable", "not_printable_ascii", "wrong_system_size", "too_large"}
    raised |= {"wrong_number_of_items", "invalid_choice", "unknown_currency", "required"}
    assert raised <= fields
    assert raised <= codes


def test_the_states_and_what_follows_them() -> None:
    section = GUIDE.split("### The states of a coupon", 1)[1].split("### ", 1)[0]
    shown = {}
    for row in _rows(section)[2:]:
        _, status, _, after, _ = row.split("|")
        shown[status.strip(" `")] = set(re.findall(r"`([a-z]+)`", after))
    assert set(shown) == set(CouponStatus.values)
    for status, after in shown.items():
        assert after - {status} == {str(each) for each in NEXT[status]}


def test_the_examples_have_the_fields_of_the_replies(api, partner, account) -> None:
    player = a_player(partner)
    coupon = a_coupon(player, account)
    movement = api.post(f"/players/{player.pk}/deposits", {"amount": "1", "reference": "r"})
    shown = [sorted(example) for example in EXAMPLES]
    for reply in (
        api.get(f"/players/{player.pk}"),
        movement,
        api.get(f"/coupons/{coupon.pk}"),
        api.get("/coupons"),
        api.post("/players", {}),
    ):
        assert sorted(reply.json()) in shown
    item = api.get(f"/coupons/{coupon.pk}").json()["items"][0]
    (example,) = [each for each in EXAMPLES if "placed_at" in each]
    assert [sorted(each) for each in example["items"]] == [sorted(item)] * 2


def test_the_request_of_the_guide_is_taken(api, player, account, book) -> None:
    sent = re.search(r"slip-000042' -d '(.*?)'\n```", GUIDE, re.DOTALL)
    body = sent[1].replace("'$PLAYER'", str(player.pk)).replace('"betcalc"', f'"{account.code}"')
    assert api.post("/coupons", body.encode(), key="slip-000042").json()["status"] == "accepted"


# What no coupon and no quote is refused with: answers to a provider's own wallet calls that leave
# no coupon, and to returns, limits and registrations, whose words stand in `detail` or `error`.
_NOT_OF_COUPONS = {
    "bet_already_settled",
    "cancelled",
    "currency_mismatch",
    "invalid_amount",
    "unknown_user",
    "wrong_limits",
    "wrong_player_data",
}
_REFUSALS = {"Rejected", "NotSent", "Withheld", "NotAuthorized", "LoginFailed", "_Refusal"}


def neutral_codes() -> set[str]:
    """The codes that the code refuses bets with; those of exchanges have a table of their own."""
    folders = (ROOT / "providers").rglob("*.py"), (ROOT / "bets" / "services").rglob("*.py")
    files = [file for folder in folders for file in folder]
    files = [file for file in files if not {"sandbox", "betflag", "exchange"} & set(file.parts)]
    calls = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    return {code for call in calls if isinstance(call, ast.Call) for code in _codes_of(call)}


def _codes_of(call: ast.Call) -> list[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name not in _REFUSALS | {"Meaning"}:
        return []
    given = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "code")]
    return [str(each.value) for each in given if isinstance(each, ast.Constant)]


def test_every_code_of_a_rejection_is_documented() -> None:
    table = GUIDE.split("`max_stake` is set where", 1)[1].split("Providers may add codes", 1)[0]
    documented = set(re.findall(r"`([a-z_]+)`", table))
    codes = neutral_codes() | set(plain_words._WORDS)
    assert {"odds_changed", "provider_suspended", "not_at_provider", "rate_limited"} <= codes
    assert codes - documented == _NOT_OF_COUPONS
