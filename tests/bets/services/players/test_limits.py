from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from bets.models import LimitChange
from bets.services.players import limits
from providers.contract import Done, NotSent, Rejected, Unknown

pytestmark = pytest.mark.django_db


@pytest.fixture
def change(player, sports_account):
    def make(prematch: str = "0.5", *, of=player) -> LimitChange:
        return limits.change(
            player=of,
            account=sports_account,
            prematch=Decimal(prematch),
            live=Decimal(1),
            reason="Sharp",
            actor="staff:rita",
            now=timezone.now(),
        )

    return make


def send(after: timedelta = timedelta(0)) -> int:
    return limits.send_due(now=timezone.now() + after)


def states() -> list[str]:
    return list(LimitChange.objects.order_by("id").values_list("state", flat=True))


def sent(sportsbook) -> list[str]:
    return [str(asked[1]) for _, asked in sportsbook.asked]


def test_only_the_newest_that_waits_is_sent(change, sportsbook) -> None:
    for prematch in ("0.1", "0.2", "0.3"):
        change(prematch)
    assert send() == 1
    assert sent(sportsbook) == ["0.30"]
    assert states() == ["superseded", "superseded", "confirmed"]


def test_a_confirmed_change_stays_in_the_history(change, player, sportsbook) -> None:
    change("0.1")
    send()
    change("0.2")
    send()
    assert states() == ["confirmed", "confirmed"]
    assert [str(row.prematch) for row in limits.current(player=player)] == ["0.20"]


def test_what_got_no_clear_answer_is_sent_again(change, sportsbook) -> None:
    sportsbook.limits += [Unknown(reason="time-out"), NotSent(code="x", message="no route")]
    change()
    assert send() == 1
    assert states() == ["sent"]
    assert send() == 0
    assert send(timedelta(seconds=6)) == 1
    assert states() == ["queued"]
    assert send(timedelta(seconds=30)) == 1
    assert states() == ["confirmed"]
    assert LimitChange.objects.get().attempts == 3


def test_what_got_no_clear_answer_is_not_sent_after_a_newer_one(change, sportsbook) -> None:
    sportsbook.limits.append(Unknown(reason="time-out"))
    change("0.1")
    send()
    change("0.2")
    assert send(timedelta(minutes=1)) == 1
    assert sent(sportsbook) == ["0.10", "0.20"]
    assert states() == ["superseded", "confirmed"]


def test_a_no_is_final(change, sportsbook) -> None:
    sportsbook.limits.append(Rejected(code="no", message="No such player."))
    change()
    send()
    row = LimitChange.objects.get()
    assert (row.state, row.error, row.next_attempt_at) == ("failed", "No such player.", None)
    assert send(timedelta(days=1)) == 0


def test_refused_credentials_are_no_answer_to_the_change(change, sportsbook) -> None:
    denied = Rejected(code="provider_access_denied", message="HTTP 401", provider_code="401")
    sportsbook.limits += [denied, Done()]
    row = change()
    now = timezone.now()
    limits.send_due(now=now)
    row.refresh_from_db()
    assert (row.state, row.error) == ("queued", "The provider did not accept our credentials.")
    assert row.next_attempt_at > now
    limits.send_due(now=row.next_attempt_at)
    row.refresh_from_db()
    assert (row.state, row.error) == ("confirmed", "")


def test_the_provider_says_how_long_to_wait(change, sportsbook) -> None:
    sportsbook.limits.append(NotSent(code="rate_limited", message="slow", retry_after_s=120))
    change()
    send()
    assert send(timedelta(seconds=110)) == 0
    assert send(timedelta(seconds=121)) == 1


def test_it_is_given_up_at_last(change, sportsbook) -> None:
    sportsbook.limits += [Unknown(reason="time-out")] * 50
    change()
    now = timezone.now()
    for hours in range(60):
        limits.send_due(now=now + timedelta(hours=2 * hours))
    row = LimitChange.objects.get()
    assert (row.state, row.attempts) == ("failed", 20)
    assert "no clear answer" in row.error


def test_a_process_that_dies_during_the_call_loses_nothing(change, sportsbook) -> None:
    def killed(_):
        raise SystemExit

    sportsbook.limits.append(killed)
    change()
    with pytest.raises(SystemExit):
        send()
    assert states() == ["sent"]
    assert send() == 0
    assert send(timedelta(seconds=31)) == 1
    assert states() == ["confirmed"]


@pytest.mark.django_db(transaction=True)
def test_many_senders_send_each_change_once(change, new_player, sportsbook) -> None:
    players = [new_player(f"p{n}") for n in range(6)]
    for each in players:
        change(of=each)
    run_at_once(send, times=4)
    assert sorted(asked[0].player_id for _, asked in sportsbook.asked) == sorted(
        each.pk for each in players
    )
    assert states() == ["confirmed"] * 6


@pytest.mark.django_db(transaction=True)
def test_many_changes_at_once_end_with_the_newest(change, player, sportsbook) -> None:
    def look(_):
        assert not connection.in_atomic_block
        return Done()

    sportsbook.limits += [look] * 20
    numbers = iter(range(1, 9))

    def change_and_send() -> None:
        change(f"0.{next(numbers)}")
        send()

    run_at_once(change_and_send, times=8)
    while LimitChange.objects.filter(state__in=["queued", "sent"]).exists():
        send(timedelta(minutes=1))
    newest = LimitChange.objects.order_by("-id").first()
    assert newest.state == "confirmed"
    assert sent(sportsbook)[-1] == str(newest.prematch)


def run_at_once(work, *, times: int) -> None:
    start = Barrier(times)

    def run() -> None:
        start.wait(20)
        try:
            work()
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("prematch", ["-0.01", "10.01", "0.001", "NaN", "sNaN", "Infinity"])
def test_what_is_out_of_range(change, prematch) -> None:
    with pytest.raises(limits.LimitsOutOfRange):
        change(prematch)


def test_a_provider_without_limits(player, account) -> None:
    with pytest.raises(limits.LimitsNotSupported):
        limits.change(
            player=player,
            account=account,
            prematch=Decimal(1),
            live=Decimal(1),
            reason="r",
            actor="a",
            now=timezone.now(),
        )


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda rows: rows.update(prematch=9),
        lambda rows: rows.update(reason="another"),
        lambda rows: rows.update(state="confirmed", next_attempt_at=None),
        lambda rows: rows._raw_delete(rows.db),
    ],
)
def test_the_history_is_guarded_by_the_database(change, forbidden) -> None:
    change()
    with pytest.raises(ProgrammingError, match="pgtrigger"), transaction.atomic():
        forbidden(LimitChange.objects.all())
