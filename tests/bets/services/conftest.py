"""Fixtures of the services that take results."""

from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from bets.models import Coupon
from bets.services.inbound import entrance
from providers.contract import Accepted


@pytest.fixture
def report(account):
    def send(*commands):
        with transaction.atomic():
            outcomes = entrance.carry_out(
                account=account, commands=commands, delivery_id=uuid4(), now=timezone.now()
            )
        return [outcome.effect.value for outcome in outcomes]

    return send


@pytest.fixture
def coupon(place, book) -> Coupon:
    book.answers.append(Accepted(reference="b1"))
    return place(stake="10.00", odds=("4.27",))
