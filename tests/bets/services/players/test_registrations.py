"""Players whom a provider is told of, once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bets.models import ErrandState, Registration
from bets.services.players import registrations
from bets.services.players.registrations import RegistrationNotSupported
from providers.contract import Done, Rejected, Unknown
from tests.bets.services.players.test_limits import run_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def register(player, sports_account):
    def ask() -> Registration:
        return registrations.register(
            player=player,
            account=sports_account,
            reason="They want to bet",
            actor="staff:rita",
            now=timezone.now(),
        )

    return ask


def send(after: timedelta = timedelta(0)) -> int:
    return registrations.send_due(now=timezone.now() + after)


def state() -> str:
    return Registration.objects.get().state


def test_twenty_who_ask_at_once_register_the_player_once(
    transactional_db, register, sportsbook
) -> None:
    asked: list[Registration] = []
    run_at_once(lambda: asked.append(register()), times=20)
    assert len({row.pk for row in asked}) == 1
    run_at_once(send, times=4)
    assert (state(), len(sportsbook.asked)) == ("confirmed", 1)


def test_who_is_registered_is_not_told_of_again(register, sportsbook) -> None:
    first = register()
    assert send() == 1
    assert register().pk == first.pk
    assert send(timedelta(days=1)) == 0
    assert len(sportsbook.asked) == 1


def test_what_got_no_clear_answer_is_sent_again(register, sportsbook) -> None:
    sportsbook.registrations.extend([Unknown(reason="lost"), Done()])
    register()
    send()
    assert state() == "sent"
    assert register().state == ErrandState.SENT
    send(timedelta(minutes=1))
    assert (state(), len(sportsbook.asked)) == ("confirmed", 2)


def test_one_that_failed_is_queued_again_as_new(register, sportsbook) -> None:
    sportsbook.registrations.append(Rejected(code="no", message="The name is too short."))
    register()
    send()
    failed = Registration.objects.get()
    assert (failed.state, failed.error) == ("failed", "The name is too short.")
    again = register()
    assert (again.pk, again.state, again.error, again.attempts) == (failed.pk, "queued", "", 0)
    send()
    assert state() == "confirmed"


def test_a_provider_that_registers_nobody(player, account) -> None:
    with pytest.raises(RegistrationNotSupported):
        registrations.register(
            player=player, account=account, reason="x", actor="staff:rita", now=timezone.now()
        )
