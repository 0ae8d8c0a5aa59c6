import threading
from collections.abc import Iterator

import pytest

from providers.sandbox.courier import Answer, Callback, Courier
from providers.sandbox.journal import Journal


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def courier(journal: Journal) -> Iterator[Courier]:
    courier = Courier(journal=journal, retry_s=0.02, allow_remote=False)
    courier.start()
    yield courier
    courier.stop()


def deliver(courier: Courier, url: str, *, attempts: int) -> list[Answer]:
    """Schedule one callback and wait for that many answers."""
    answers: list[Answer] = []
    done = threading.Event()

    def note(answer: Answer) -> None:
        answers.append(answer)
        if len(answers) >= attempts:
            done.set()

    courier.schedule(Callback("betcalc", url, '{"a": 1}'), on_answer=note)
    assert done.wait(10)
    return answers


def test_a_callback_is_sent_again_until_it_is_answered_well(courier, recorder) -> None:
    recorder.answers = [(500, "down"), (302, ""), (404, ""), (201, "thanks")]
    answers = deliver(courier, recorder.url + "/x", attempts=4)
    assert [answer.status for answer in answers] == [500, 302, 404, 201]
    assert {call.text for call in recorder.received} == {'{"a": 1}'}


def test_an_answered_callback_is_not_sent_again(courier, recorder) -> None:
    deliver(courier, recorder.url + "/once", attempts=1)
    # A second errand, due after a repeat of the first would have been, shows that there is none.
    done = threading.Event()
    later = Callback("betcalc", recorder.url + "/later", "{}")
    courier.schedule(later, on_answer=lambda answer: done.set(), delay_s=0.2)
    assert done.wait(10)
    assert [call.path for call in recorder.received] == ["/once", "/later"]


def test_a_callback_goes_on_after_its_target_was_away(courier, recorder) -> None:
    answers = deliver(courier, "http://127.0.0.1:1/", attempts=2)
    assert {answer.status for answer in answers} == {0}
    assert "refused" in answers[0].error


@pytest.mark.parametrize("host", ["192.0.2.7", "mysites.com", "localhost.evil.example", "[::2]"])
def test_other_machines_are_not_called(courier, host: str) -> None:
    answer = courier.send_now(Callback("betcalc", f"http://{host}:9/", "{}"))
    assert answer.status == 0
    assert "--allow-remote" in answer.error


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "[::1]"])
def test_this_machine_may_be_called(courier, host: str) -> None:
    assert courier.may_call(f"http://{host}:9/x?y=z/api/bet/result")


def test_what_was_sent_is_in_the_journal(courier, journal, recorder) -> None:
    recorder.answers = [(503, "not now")]
    courier.send_now(Callback("betflex", recorder.url + "/bets", "{}"))
    entry = journal.last(1)[0]
    assert (entry["direction"], entry["status"], entry["answer"]) == ("out", 503, "not now")
