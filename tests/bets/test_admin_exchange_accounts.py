"""Accounts at exchanges in the admin."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from bets.models import ExchangeAccount
from providers.contract import NotSent, ReadRefused, Rejected, Unknown
from tests.factories.exchange import an_offer, placed
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db


def url(target) -> str:
    return reverse(f"admin:bets_{target._meta.model_name}_change", args=[target.pk])


def do(client, target, action, **data) -> str:
    name = f"admin:bets_{target._meta.model_name}_do"
    answer = client.post(reverse(name, args=[target.pk, action]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def order(partner, exchange_account, exchange):
    return placed(partner, exchange_account, an_offer("lay", "3.00", "10.00"))[0]


@pytest.fixture
def holding(exchange_account) -> ExchangeAccount:
    return ExchangeAccount.objects.get(pk=exchange_account.pk)


def test_only_accounts_at_exchanges_are_listed(holding, account):
    listed = a_client("finance").get(reverse("admin:bets_exchangeaccount_changelist"))
    assert [each.code for each in listed.context["cl"].result_list] == [holding.code]
    missing = reverse("admin:bets_exchangeaccount_change", args=[account.pk])
    assert a_client("finance").get(missing).status_code == 404


def test_an_account_counts_what_waits_by_partner(holding, order, partner):
    page = a_client("finance").get(url(holding)).content.decode()
    assert "Acme" in page
    order.batch.orders.update(status="cancelled", remaining=0)
    page = a_client("finance").get(url(holding)).content.decode()
    assert "No order waits at this exchange." in page


def test_the_balance_is_asked_of_the_exchange(holding):
    page = do(a_client("risk"), holding, "balance")
    assert "1,000.00 EUR" in page
    assert "2.51 %" in page


def test_the_holder_is_shown_to_those_who_may_and_kept_nowhere(holding):
    page = do(a_client("finance"), holding, "holder")
    assert "Rossi" in page
    assert "Rossi" not in str(LogEntry.objects.values())
    assert LogEntry.objects.count() == 1
    assert "Rossi" not in a_client("finance").get(url(holding)).content.decode()


def test_an_account_that_gives_no_answer_says_so(holding, exchange):
    for action, operation in (("balance", "funds"), ("holder", "holder")):
        exchange.instead(operation, ReadRefused("provider_unreachable", "no route"))
        assert "gave no answer: no route" in do(a_client("finance"), holding, action)


def test_a_session_is_ended(holding, exchange):
    assert "The session is ended (it is)." in do(a_client("trader"), holding, "log-out")
    assert exchange.calls["log_out"] == 1
    assert "The session is ended" in LogEntry.objects.get().change_message


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Rejected(code="x", message="Sessione scaduta"), "was not ended: Sessione scaduta"),
        (NotSent(code="x", message="away"), "was not ended: away"),
        (Unknown(reason="no answer in time"), "no clear answer: no answer in time"),
        (ZeroDivisionError(), "no clear answer:"),
    ],
    ids=["refused", "not sent", "unknown", "our fault"],
)
def test_a_session_that_is_not_ended_says_so(holding, exchange, answer, told):
    exchange.instead("log_out", answer)
    assert told in do(a_client("trader"), holding, "log-out")
