import pytest

from config.staff.actors import actor_in_words
from config.staff.display import NOTHING


@pytest.mark.parametrize(
    ("actor", "told"),
    [
        ("staff:eve", "eve (staff)"),
        ("provider:betcalc", "the provider, by betcalc"),
        ("partner:acme", "partner acme"),
        ("sweep", "the sweep of overdue coupons"),
        ("watch", "the job that reads the exchange"),
        ("demo", "demo"),
        ("", NOTHING),
    ],
)
def test_an_actor_in_words(actor, told):
    assert actor_in_words(actor) == told
