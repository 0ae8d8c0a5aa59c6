import logging
from decimal import Decimal

import pytest
from django.db import transaction

from providers import completion, registry
from providers.contract import Incomplete, Settle, Verdict
from providers.models import ProviderAccount
from tests.factories.bets import an_account

pytestmark = pytest.mark.django_db(transaction=True)

WIN = Settle(reference="t1", verdict=Verdict.WON, incomplete=True)


@pytest.fixture
def pam(monkeypatch: pytest.MonkeyPatch) -> ProviderAccount:
    monkeypatch.setitem(registry.PROVIDERS, "fakepam", "tests.fakes.seamless.FakePam")
    registry.get.cache_clear()
    yield an_account(provider="fakepam")
    registry.get.cache_clear()


def complete(account: ProviderAccount) -> Settle:
    return completion.complete(account=account, command=WIN, deadline_s=1.0)


def test_the_result_comes_back_with_its_amounts(pam):
    full = Settle(reference="t1", verdict=Verdict.WON, payout=Decimal("20.00"))
    registry.get("fakepam").tickets["t1"] = full
    assert complete(pam) == full


def test_a_provider_that_does_not_tell_is_to_be_asked_later(pam):
    with pytest.raises(Incomplete, match="could not be read"):
        complete(pam)


def test_an_answer_without_amounts_is_none(pam):
    registry.get("fakepam").tickets["t1"] = WIN
    with pytest.raises(Incomplete, match="did not tell"):
        complete(pam)


def test_a_fault_of_ours_is_to_be_tried_later_and_is_logged(pam, caplog):
    registry.get("fakepam").surprises.append(ZeroDivisionError("nobody thought of this"))
    with caplog.at_level(logging.ERROR), pytest.raises(Incomplete, match="fault of this program"):
        complete(pam)
    assert "asking" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_provider_that_cannot_be_asked(pam):
    with pytest.raises(Incomplete, match="cannot be asked"):
        complete(an_account(provider="betflex"))


def test_nobody_is_asked_inside_a_transaction(pam):
    with pytest.raises(RuntimeError), transaction.atomic():
        complete(pam)
    assert registry.get("fakepam").asked == []
