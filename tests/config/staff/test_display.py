"""How values look on a staff page."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from uuid_utils.compat import uuid7

from config.staff.display import moment, moment_text, plain_number, pretty
from config.staff.filters import first_id


def test_a_moment_is_told_in_utc():
    eastern = timezone(timedelta(hours=3))
    assert moment_text(datetime(2026, 11, 21, 17, 3, 7, tzinfo=eastern)) == "21 Nov 2026 14:03 UTC"


def test_a_moment_on_a_page_has_its_seconds():
    assert "21 Nov 2026 14:03:07 UTC" in moment(datetime(2026, 11, 21, 14, 3, 7, tzinfo=UTC))
    assert moment(None) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"a":2.50}', '{\n  "a": 2.50\n}'),
        ('{"a":9007199254740993}', '{\n  "a": 9007199254740993\n}'),
        ('{"a":"2.50"}', '{\n  "a": "2.50"\n}'),
        ("<b>", "<b>"),
        ("", ""),
        ("[" * 100_000, "[" * 100_000),
        ('"\\ud800"', '"\\ud800"'),
    ],
)
def test_json_is_laid_out_and_the_rest_left_alone(body, shown):
    assert pretty(body) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("4.270000", "4.27"), ("10", "10"), ("1000.000000", "1000"), ("1.01", "1.01")],
)
def test_odds_have_no_trailing_zeros(value, shown):
    assert plain_number(Decimal(value)) == shown


def test_a_moment_s_first_key_is_not_above_the_keys_of_that_moment():
    now = datetime.now(UTC)
    assert first_id(now - timedelta(seconds=1)) < uuid7() < first_id(now + timedelta(minutes=1))
    assert first_id(now).version == 7
